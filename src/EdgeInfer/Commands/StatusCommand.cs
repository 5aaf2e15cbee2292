using System.CommandLine;
using System.Text;
using System.Text.Json;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Sinks;

namespace EdgeInfer.Commands;

/// <summary><c>status</c>: the running agent, over its control socket.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<bool> json = new("--json") { Description = "The status message as it is on MQTT: one JSON object" };
        Option<bool> watch = new("--watch") { Description = "Again every 2 s until Ctrl-C; with --json one object a line" };
        Option<string?> socket = SocketOption();
        Command verb = new("status", "The running agent: its pipelines, cameras, models and the way to the broker. Ends with 69 where none answers.\n\nExample: edgeinfer status --watch")
        {
            json, watch, socket,
        };
        verb.SetAction(parsed => Run(parsed.GetValue(socket), parsed.GetValue(json), parsed.GetValue(watch), parsed.InvocationConfiguration.Output));
        return verb;
    }

    /// <summary><c>--socket</c>, of every verb that asks a running agent.</summary>
    public static Option<string?> SocketOption() => new("--socket") { Description = "The agent's control socket; default where runtime.control puts it", HelpName = "PATH" };

    /// <summary>Connects to the agent.</summary>
    public static ControlClient Connect(string? socket) => ControlClient.Connect(socket, Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"));

    private static int Run(string? socket, bool isJson, bool isRepeated, TextWriter output)
    {
        using StopSignals? stop = isRepeated ? new StopSignals() : null;
        while (true)
        {
            // Anew each time: the agent may have been restarted meanwhile.
            using (ControlClient client = Connect(socket))
            {
                JsonElement status = client.Ask(new() { Op = "status" });
                if (isJson) output.WriteLine(status.GetRawText());
                else Print(Read(client.Path, status), isRepeated, output);
            }

            if (stop is null) return CommandLine.Success;
            Task.WhenAny(stop.Requested, Task.Delay(s_interval, TimeProvider.System, CancellationToken.None)).GetAwaiter().GetResult();
            if (stop.Requested.IsCompleted) return CommandLine.Success;
        }
    }

    private static void Print(StatusMessage status, bool isRepeated, TextWriter output)
    {
        // Home, and clear what is there: a screen that stays in place.
        if (isRepeated && !Console.IsOutputRedirected) output.Write("\u001b[H\u001b[2J\u001b[3J");
        foreach (string line in StatusText.Of(status, TimeProvider.System.GetUtcNow())) output.WriteLine(line);
    }

    private static StatusMessage Read(string path, JsonElement status)
    {
        try
        {
            return StatusMessage.Decode(Encoding.UTF8.GetBytes(status.GetRawText()))!;
        }
        catch (JsonException e)
        {
            throw FaultException.Of(FaultKind.Unavailable, path, $"the agent says what this version does not know: {e.Message}", "use the agent's own version, or --json", e);
        }
    }
}
