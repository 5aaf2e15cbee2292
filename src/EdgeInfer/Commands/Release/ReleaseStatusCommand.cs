using System.CommandLine;
using EdgeInfer.Releasing;

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
            "status", "What is published, who gets it, and until when each role holds. Verifies the whole repository.\n\nExample: edgeinfer release status", signs: false);
        command.Add(json);
        command.SetAction(parsed =>
        {
            using ReleaseDesk desk = ReleaseDesk.Open(shared.Folder(parsed), [], new PassphraseSource([], new Dictionary<string, string>(), null), TimeProvider.System);
            ReleaseStatus status = ReleaseStatus.Of(desk);
            if (parsed.GetValue(json)) ReleaseStatusText.WriteJson(status, parsed.InvocationConfiguration.Output);
            else ReleaseStatusText.Write(status, parsed.InvocationConfiguration.Output);
            return CommandLine.Success;
        });
        return command;
    }
}
