using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>A message that waits.</summary>
/// <param name="Key">Which.</param>
/// <param name="Id">Its key for de-duplication.</param>
/// <param name="Where"><c>ring</c> or <c>store</c>.</param>
internal sealed record WaitingMessage(MessageKey Key, string Id, string Where);

/// <summary>What tests/reliability/read_outbox.py finds in a ring and a database; it shares no code with the agent and changes neither.</summary>
internal sealed record OutboxReading(IReadOnlyList<WaitingMessage> Messages)
{
    /// <summary>Messages in the ring.</summary>
    public IEnumerable<MessageKey> Ring => Messages.Where(static m => m.Where == "ring").Select(static m => m.Key);

    /// <summary>Messages in the database.</summary>
    public IEnumerable<MessageKey> Store => Messages.Where(static m => m.Where == "store").Select(static m => m.Key);

    /// <summary>Reads both.</summary>
    public static async Task<OutboxReading> Of(string stateFolder, string runFolder)
    {
        string script = Path.Combine(PublishedBinary.Root, "tests", "reliability", "read_outbox.py");
        (int code, string output) = await ChildProcess.Run(Peer.Program("/usr/bin/python3"), script, stateFolder, runFolder);
        Assert.True(code == 0, $"{script} ended with {code}:\n{output}");
        return new([.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line[0] == '{').Select(Parse).OfType<WaitingMessage>()]);
    }

    // Torn slots of the ring and dead letters do not wait.
    private static WaitingMessage? Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement message = document.RootElement;
        if (message.GetProperty("state").GetString() != "waiting") return null;
        MessageKey key = new(message.GetProperty("stream").GetString()!, message.GetProperty("boot").GetInt64(), message.GetProperty("seq").GetInt64());
        return new(key, message.GetProperty("id").GetString()!, message.GetProperty("where").GetString()!);
    }
}
