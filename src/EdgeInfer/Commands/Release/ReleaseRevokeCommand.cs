using System.CommandLine;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release revoke</c>: releases that no device may take any more.</summary>
internal static class ReleaseRevokeCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        Argument<string> model = new("MODEL") { Description = "What devices call the model" };
        Option<long> below = new("--below") { Description = "The first number that stays good", HelpName = "SEQ", Required = true };
        Command command = shared.Verb(
            "revoke",
            "Takes back every release of a model below a number: no device takes one any more, and none returns to one.\n\n"
            + "Example: edgeinfer release revoke parts --below 12",
            signs: true);
        command.Add(model);
        command.Add(below);
        command.SetAction(parsed =>
        {
            using ReleaseDesk desk = shared.Open(parsed);
            RevokedReleases revoked = ReleaseRevoke.Run(desk, parsed.GetValue(model)!, parsed.GetValue(below));
            parsed.InvocationConfiguration.Output.WriteLine($"revoked {(revoked.Paths.Count == 0 ? "nothing that is published" : string.Join(", ", revoked.Paths))}");
            foreach (Fault warning in revoked.Warnings) parsed.InvocationConfiguration.Error.WriteLine($"edgeinfer: warning: {warning}");
            return CommandLine.Success;
        });
        return command;
    }
}
