using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>A device with <c>install: approve</c>: what has passed its probe goes live when somebody says so, and then between two frames.</summary>
[Collection(Alone.Name)]
public sealed class ApprovalTests
{
    private const string Install = "edgeinfer/press-3/update/install/parts";

    // "At most one late", whatever it is late for.
    private const int MostLost = 1;

    [Fact]
    public async Task A_release_waits_until_a_message_or_an_operator_releases_this_one_and_then_costs_one_frame_at_most()
    {
        await using Fleet fleet = await Fleet.Enrolled();
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.1.0"), 1);
        await fleet.StartAgent("3/300ms", fps: 10, updates: ", install: approve");
        await UntilWaiting(fleet, 1);
        Assert.Contains("release 1 (1.1.0): window since ", await Status(fleet), StringComparison.Ordinal);

        // What is retained would release the next one too; what cannot be read and another number release none.
        await fleet.Tell(Install, "{}", isRetained: true);
        await fleet.Agent.Line($"'{Install}': a retained message is ignored");
        await fleet.Tell(Install, "go");
        await fleet.Tell(Install, """{"seq":2}""");
        await fleet.Agent.Line("release 2 does not wait for approval, 1 does");
        await fleet.Results.Lines("\"version\":\"1.0.0\"", Count(fleet, "1.0.0") + 5);
        Assert.Contains("it waits for approval", await Status(fleet), StringComparison.Ordinal);
        Assert.Equal(0, Count(fleet, "1.1.0"));

        await AtMostOneIsLost(fleet, async () =>
        {
            await fleet.Tell(Install, "");
            Assert.Equal(("committed", null), Fleet.Outcome(await fleet.UntilState(1)));
            await fleet.Results.Lines("\"version\":\"1.1.0\"", 5);
        });

        // The hint that a whole fleet gets, with nothing else that would make the device look.
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.2.0"), 2);
        await fleet.Tell("edgeinfer/_fleet/update/desired", """{"model":"parts","serial":2}""", isRetained: true);
        await UntilWaiting(fleet, 2);
        (int code, string said) = await AgentProcess.Run("update", "approve", "parts", "1", "--socket", fleet.Socket);
        Assert.Equal(69, code);
        Assert.Contains("release 1 does not wait for approval, 2 does", said, StringComparison.Ordinal);
        Assert.Equal(0, Count(fleet, "1.2.0"));
        await AtMostOneIsLost(fleet, async () =>
        {
            (code, said) = await AgentProcess.Run("update", "approve", "parts", "2", "--socket", fleet.Socket);
            Assert.True(code == 0, said);
            Assert.Equal(("committed", null), Fleet.Outcome(await fleet.UntilState(2)));
            await fleet.Results.Lines("\"version\":\"1.2.0\"", 5);
        });

        int before = Count(fleet, "1.1.0");
        await AtMostOneIsLost(fleet, async () =>
        {
            (code, said) = await AgentProcess.Run("model", "rollback", "parts", "--socket", fleet.Socket);
            Assert.True(code == 0, said);
            await fleet.Results.Lines("\"version\":\"1.1.0\"", before + 5);
        });
        await fleet.StopAgent();
    }

    private static Task<JsonElement> UntilWaiting(Fleet fleet, long seq) => fleet.Until(r => Fleet.SeqOf(r, "job") == seq && Fleet.Outcome(r).State == "window"
        && r.GetProperty("job").TryGetProperty("reason", out JsonElement reason) && reason.GetString()!.StartsWith("it waits for approval", StringComparison.Ordinal));

    private static async Task AtMostOneIsLost(Fleet fleet, Func<Task> swap)
    {
        long before = await fleet.LostFrames();
        await swap();
        Assert.InRange(await fleet.LostFrames() - before, 0, MostLost);
        fleet.AssertNumbersAreWhole();
    }

    private static int Count(Fleet fleet, string version) => fleet.Heard.Count(l => l.Contains($"\"version\":\"{version}\"", StringComparison.Ordinal));

    private static async Task<string> Status(Fleet fleet)
    {
        (int code, string said) = await AgentProcess.Run("update", "status", "--socket", fleet.Socket);
        Assert.True(code == 0, said);
        return said;
    }
}
