using System.CommandLine;

namespace EdgeInfer.Commands.Release;

/// <summary><c>edgeinfer release …</c>: signs releases of models and says who gets which; what it writes are static files.</summary>
internal static class ReleaseCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create() => new(
        "release",
        "Signs releases of models for a fleet, and says who gets which. The folder 'repository' that it writes is copied to any web server or bucket.\n"
        + "Passphrases: asked for at a terminal, or EDGEINFER_PASSPHRASE_ROOT, …_CI, or --passphrase-file.")
    {
        ReleaseInitCommand.Create(), ReleaseGoldenCommand.Create(), ReleasePackCommand.Create(), ReleasePublishCommand.Create(), ReleaseRolloutCommand.Create(),
        ReleaseStatusCommand.Create(), ReleaseRefreshCommand.Create(), ReleaseRotateCommand.Create(), ReleaseRevokeCommand.Create(), ReleaseServeCommand.Create(),
    };
}
