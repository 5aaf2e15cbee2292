using System.Text.Json;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Starts the published agent.</summary>
internal static class AgentProcess
{
    /// <summary>Starts a verb.</summary>
    public static ChildProcess Start(params string[] arguments) => ChildProcess.Start(PublishedBinary.Path, arguments);

    /// <summary>Runs a verb to its end.</summary>
    public static Task<(int ExitCode, string Output)> Run(params string[] arguments) => ChildProcess.Run(PublishedBinary.Path, arguments);

    /// <summary>The JSON of a subscriber's <c>topic payload</c> line.</summary>
    public static JsonElement Payload(string line)
    {
        Canary.AbsentFrom(line);
        using JsonDocument document = JsonDocument.Parse(line[line.IndexOf('{', StringComparison.Ordinal)..]);
        return document.RootElement.Clone();
    }
}
