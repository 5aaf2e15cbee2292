using System.CommandLine;
using System.Net.Http;
using EdgeInfer.Hosting;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release publish</c>: signs what was packed.</summary>
internal static class ReleasePublishCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        RegistryOptionSet registry = new();
        Command command = shared.Verb(
            "publish",
            "Signs every packed release, then snapshot and timestamp. Devices know of it then, and none takes it before 'release rollout' says so.\n"
            + "With --registry the files are pushed first, also those of releases that were published before; what is there is not sent again, and each release is tagged NAME-SEQ. The signed metadata stay plain files.\n\n"
            + "Example: EDGEINFER_PASSPHRASE_CI=… edgeinfer release publish\n"
            + "         edgeinfer release publish --registry oci://registry.example/fleet/models --registry-username ci --registry-password-file pass",
            signs: true);
        registry.AddTo(command);
        command.SetAction(parsed =>
        {
            PushOptions? push = registry.Read(parsed);
            using ReleaseDesk desk = shared.Open(parsed);
            if (push is not null) return Push(desk, push, !parsed.GetValue(registry.NoBlobs), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            foreach (string path in ReleasePublish.Run(desk)) parsed.InvocationConfiguration.Output.WriteLine($"published {path}");
            return CommandLine.Success;
        });
        return command;
    }

    private static int Push(ReleaseDesk desk, PushOptions options, bool keepsFiles, TextWriter output, TextWriter errors)
    {
        using StopSignals signals = new();
        using PullProgress progress = new(errors, isTerminal: !Console.IsErrorRedirected, TimeProvider.System);
#pragma warning disable CA5394 // Pauses need to be spread, not secret.
        using ReleaseRegistry registry = new(options, HttpClient.DefaultProxy, TimeProvider.System, new Random(Environment.ProcessId), progress);
#pragma warning restore CA5394
        try
        {
            IReadOnlyList<string> published = ReleasePublish.RunAsync(desk, registry, keepsFiles, progress.Say, signals.Token).GetAwaiter().GetResult();
            foreach (string line in published) output.WriteLine($"published {line}");
            if (published.Count == 0) output.WriteLine("nothing new is packed; the registry has what was published before");
            return CommandLine.Success;
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            progress.Say("stopped; nothing was signed, and what is in the registry is not sent again");
            return CommandLine.Interrupted;
        }
        finally
        {
            progress.Finish();
        }
    }
}
