using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>What a device listens to and tells of its updates over MQTT, as mosquitto sees it.</summary>
public sealed class UpdateMessageTests
{
    private const string Own = "edgeinfer/press-3/update/desired", Everybody = "edgeinfer/_fleet/update/desired", Install = "edgeinfer/press-3/update/install/parts";

    // By the client's id, which begins every line that is about what it subscribes to.
    private const string Subscribed = ": edgeinfer-press-3 1 ", Sent = ": Sending PUBLISH to edgeinfer-press-3 ";

    [Fact]
    public async Task Without_update_in_accept_no_hint_and_no_approval_reaches_the_device()
    {
        await using Fleet fleet = await Fleet.Enrolled();
        await using ChildProcess answers = fleet.Broker.Subscribe("edgeinfer/press-3/cmd/ping/result");
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.1.0"), 1);
        await fleet.StartAgent("3/300ms", fps: 2, updates: ", install: approve", mqtt: ", accept: [set, cmd]");
        await fleet.Until(static r => Fleet.SeqOf(r, "job") == 1 && Fleet.Outcome(r).State == "window");
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.2.0"), 2);
        await SayEverything("deaf");
        Assert.Equal(["edgeinfer/press-3/+/set/+", "edgeinfer/press-3/cmd/+"], Filters(fleet));
        Assert.Equal(["edgeinfer/press-3/cmd/ping"], Delivered(fleet));
        (int code, string said) = await AgentProcess.Run("update", "status", "--socket", fleet.Socket);
        Assert.True(code == 0, said);
        Assert.Contains("release 1 (1.1.0): window since ", said, StringComparison.Ordinal);
        await fleet.StopAgent();

        // The same broker's view of one that listens.
        await fleet.StartAgent("3/300ms", fps: 2, updates: ", install: approve");
        await SayEverything("listening");
        Assert.Equal([Everybody, "edgeinfer/press-3/+/set/+", "edgeinfer/press-3/cmd/+", Own, "edgeinfer/press-3/update/install/+"], Filters(fleet));
        Assert.Equal([Own, Everybody, Install, "edgeinfer/press-3/cmd/ping"], Delivered(fleet));
        await fleet.StopAgent();

        // What was said while it was away: a hint is for whoever was not there, an approval is not.
        await fleet.Tell(Everybody, """{"model":"parts"}""", isRetained: true);
        await fleet.Tell(Install, "{}", isRetained: true);
        await fleet.StartAgent("3/300ms", fps: 2, updates: ", install: approve");
        await Ping("back");
        Assert.Equal([Everybody, "edgeinfer/press-3/cmd/ping"], Delivered(fleet));
        await fleet.StopAgent();

        // What a device hears comes in the order in which it was said: behind the answer all of it has been heard that ever will be.
        async Task SayEverything(string id)
        {
            foreach (string topic in (string[])[Own, Everybody]) await fleet.Tell(topic, """{"model":"parts"}""");
            await fleet.Tell(Install, "");
            await Ping(id);
        }

        async Task Ping(string id)
        {
            await fleet.Tell("edgeinfer/press-3/cmd/ping", $$"""{"id":"{{id}}"}""");
            await answers.Line($"\"id\":\"{id}\",\"ok\":true");
        }
    }

    [Fact]
    public async Task While_a_release_comes_the_status_says_every_two_seconds_how_much_of_it_is_here()
    {
        const int GraphBytes = 6 << 20;
        await using Fleet fleet = await Fleet.Enrolled();
        Random random = new(1);
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.1.0", graph => PartsModel.Grown(graph, GraphBytes, random)), 1);
        await fleet.StartAgent("3/300ms", fps: 2, updates: ", rate: 1MiB/s");
        List<(DateTimeOffset At, long Bytes, long Total)> said = [];
        await fleet.Until(r =>
        {
            if (Fleet.SeqOf(r, "job") != 1) return false;
            string state = Fleet.Outcome(r).State;
            if (state == "fetching" && r.TryGetProperty("progress", out JsonElement progress)) said.Add((r.GetProperty("at").GetDateTimeOffset(), progress.GetProperty("bytes").GetInt64(), progress.GetProperty("total").GetInt64()));
            return state is not ("offered" or "metadata" or "admitted" or "fetching");
        });
        foreach ((DateTimeOffset at, long bytes, long total) in said) TestContext.Current.TestOutputHelper?.WriteLine($"{at:ss.fff}: {bytes} of {total}");
        Assert.True(said.Count >= 2, $"{said.Count} told of it");
        Assert.True(Assert.Single(said.Select(static s => s.Total).Distinct()) > GraphBytes);
        Assert.All(said, static s => Assert.InRange(s.Bytes, 1, s.Total));
        foreach (((DateTimeOffset At, long Bytes, long Total) one, (DateTimeOffset At, long Bytes, long Total) next) in said.Zip(said.Skip(1)))
        {
            Assert.True(next.Bytes > one.Bytes);
            // Counted on the device from before a report is put together, and a busy machine takes its time between the two.
            Assert.InRange((next.At - one.At).TotalSeconds, 1.5, double.MaxValue);
        }
    }

    // Of the device's last connection.
    private static IEnumerable<string> Log(Fleet fleet)
    {
        string[] lines = fleet.Broker.Log.Split('\n');
        return lines[Array.FindLastIndex(lines, static l => l.Contains(" as edgeinfer-press-3 ", StringComparison.Ordinal))..];
    }

    private static string[] Filters(Fleet fleet) => [.. Log(fleet).Select(static l => Behind(l, Subscribed)).OfType<string>().Order(StringComparer.Ordinal)];

    private static string[] Delivered(Fleet fleet) => [.. Log(fleet).Select(static l => Behind(l, Sent)?.Split('\'')[1]).OfType<string>()];

    private static string? Behind(string line, string mark) => line.IndexOf(mark, StringComparison.Ordinal) is var at and >= 0 ? line[(at + mark.Length)..] : null;
}
