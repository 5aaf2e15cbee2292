using System.CommandLine;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Hosting;
using EdgeInfer.Releasing;
using EdgeInfer.Releasing.Fleet;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release status</c>: what is published, until when, and by whom it was signed.</summary>
internal static class ReleaseStatusCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        Option<bool> json = new("--json") { Description = "Print JSON" };
        Command command = shared.Verb(
            "status",
            "What is published, who gets it, and until when each role holds. Verifies the whole repository. With --broker: how far the fleet is with it, by the devices' retained messages.\n\n"
            + "Examples: edgeinfer release status\n"
            + "          edgeinfer release status --broker mqtts://broker.plant --username operator --password-file pw", signs: false);
        command.Add(json);
        BrokerOptionSet broker = new("Counts the devices that publish to this broker instead");
        broker.AddTo(command, hasPrefix: true);
        command.SetAction(parsed =>
        {
            if (broker.Named(parsed) is { } named) return CountAsync(parsed, shared, parsed.GetValue(json), named.Broker, named.Prefix).GetAwaiter().GetResult();
            using ReleaseDesk desk = Open(parsed, shared);
            ReleaseStatus status = ReleaseStatus.Of(desk);
            if (parsed.GetValue(json)) ReleaseStatusText.WriteJson(status, parsed.InvocationConfiguration.Output);
            else ReleaseStatusText.Write(status, parsed.InvocationConfiguration.Output);
            return CommandLine.Success;
        });
        return command;
    }

    private static ReleaseDesk Open(ParseResult parsed, ReleaseOptionSet shared)
        => ReleaseDesk.Open(shared.Folder(parsed), [], new PassphraseSource([], new Dictionary<string, string>(), null), TimeProvider.System);

    private static async Task<int> CountAsync(ParseResult parsed, ReleaseOptionSet shared, bool isJson, MqttOptions broker, string prefix)
    {
        // A folder that is none, or damaged, before anybody is listened to.
        Open(parsed, shared).Dispose();
        using StopSignals stop = new();
        await using FleetLine line = FleetText.Line(broker, prefix);
        try
        {
            await FleetText.HearAsync(line, stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            return CommandLine.Interrupted;
        }

        using ReleaseDesk desk = Open(parsed, shared);
        FleetReport report = FleetReport.Of(desk, line.Book);
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (isJson) output.WriteLine(Encoding.UTF8.GetString(report.Encode(isIndented: true)));
        else FleetText.Write(report, output);
        if (line.Book.Models.Count == 0)
            parsed.InvocationConfiguration.Error.WriteLine($"edgeinfer: {prefix}: no device says anything of a managed model{(line.Trouble is { } trouble ? $" ({trouble})" : "")}; check --broker, --prefix and what the user may read");
        return CommandLine.Success;
    }
}
