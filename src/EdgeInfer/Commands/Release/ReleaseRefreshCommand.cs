using System.CommandLine;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release refresh</c>: from cron.</summary>
internal static class ReleaseRefreshCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        Command command = shared.Verb(
            "refresh",
            "Signs snapshot and timestamp anew, and every role that has a third of its time left and whose key is at hand. For cron, once a day: a timestamp holds 7 days.\n\n"
            + "Example: 0 4 * * *  edgeinfer release refresh --dir /srv/release --passphrase-file ci=/etc/release/ci.pass",
            signs: true);
        command.SetAction(parsed =>
        {
            using ReleaseDesk desk = shared.Open(parsed);
            foreach (Refreshed role in ReleaseRefresh.Run(desk))
            {
                if (role.IsSigned) parsed.InvocationConfiguration.Output.WriteLine($"{role.Role}  until {role.Expires:yyyy-MM-dd}");
                else parsed.InvocationConfiguration.Error.WriteLine($"edgeinfer: {role.Role} expires on {role.Expires:yyyy-MM-dd}, and its keys are not at hand; run this where they are");
            }

            return CommandLine.Success;
        });
        return command;
    }
}
