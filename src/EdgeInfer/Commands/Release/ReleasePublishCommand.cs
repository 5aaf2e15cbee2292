using System.CommandLine;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release publish</c>: signs what was packed.</summary>
internal static class ReleasePublishCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        Command command = shared.Verb(
            "publish",
            "Signs every packed release, then snapshot and timestamp. Devices know of it then, and none takes it before 'release rollout' says so.\n\n"
            + "Example: EDGEINFER_PASSPHRASE_CI=… edgeinfer release publish",
            signs: true);
        command.SetAction(parsed =>
        {
            using ReleaseDesk desk = shared.Open(parsed);
            foreach (string path in ReleasePublish.Run(desk)) parsed.InvocationConfiguration.Output.WriteLine($"published {path}");
            return CommandLine.Success;
        });
        return command;
    }
}
