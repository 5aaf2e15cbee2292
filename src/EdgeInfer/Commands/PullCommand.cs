using System.CommandLine;
using System.Net.Http;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Hosting;
using EdgeInfer.Models;

namespace EdgeInfer.Commands;

/// <summary><c>edgeinfer model pull</c>: a model from a server onto this device.</summary>
internal static class PullCommand
{
    /// <summary>Makes the verb.</summary>
    /// <param name="modelsDir">The option that the <c>model</c> verbs share.</param>
    public static Command Create(Option<string> modelsDir)
    {
        Argument<string> reference = new("REF") { Description = "https://HOST/model.onnx, hf:OWNER/REPOSITORY/PATH@REVISION, or oci://REGISTRY/REPOSITORY:TAG (or @sha256:DIGEST)" };
        Option<string?> sha256 = new("--sha256") { Description = "Digest of the graph (oci: of the manifest); needed for https", HelpName = "HEX" };
        Option<string?> name = new("--name") { Description = "Its name here; default: the model's own", HelpName = "NAME" };
        Option<string?> contract = new("--contract") { Description = "A model.yaml of this device to put beside the graph", HelpName = "FILE" };
        Option<string?> labels = new("--labels") { Description = "A file with one label a line, likewise", HelpName = "FILE" };
        Command command = new(
            "pull",
            "Downloads a model, checks digest and contract, and installs it whole or not at all. A download that was broken off goes on with the next pull.\n"
            + "Environment: HF_ENDPOINT, HF_TOKEN (or ~/.cache/huggingface/token), DOCKER_CONFIG (logins for registries), https_proxy, no_proxy.\n\n"
            + "Example: sudo edgeinfer model pull https://host.example/best.onnx --sha256 9f86d0… --name parts")
        {
            reference, sha256, name, contract, labels, modelsDir,
        };
        command.SetAction(parsed =>
        {
            PullOptions options = new()
            {
                Store = parsed.GetValue(modelsDir)!,
                Name = parsed.GetValue(name),
                Sha256 = Digest(parsed.GetValue(sha256)),
                Contract = parsed.GetValue(contract),
                Labels = parsed.GetValue(labels),
            };
            RemoteReference remote = RemoteReference.Parse(parsed.GetValue(reference)!);
            return Pull(remote, options, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        });
        return command;
    }

    private static int Pull(RemoteReference reference, PullOptions options, TextWriter output, TextWriter errors)
    {
        using StopSignals signals = new();
        using PullProgress progress = new(errors, isTerminal: !Console.IsErrorRedirected, TimeProvider.System);
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        Random random = new(Environment.ProcessId);
        ModelPull pull = new(options, RunCommand.ProcessEnvironment(), home, HttpClient.DefaultProxy, TimeProvider.System, random, progress);
        try
        {
            InstalledModel installed = pull.Run(reference, signals.Token).GetAwaiter().GetResult();
            output.WriteLine($"{installed.Name}  {installed.Path}");
            return CommandLine.Success;
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            progress.Say("stopped; what has come so far is kept, and the same command goes on from there");
            return CommandLine.Interrupted;
        }
        finally
        {
            progress.Finish();
        }
    }

    private static string? Digest(string? text)
    {
        if (text is null) return null;
        return ExpectedDigest.Sha256(text) ?? throw FaultException.Of(
            FaultKind.Usage, "--sha256", $"{Quoted.Text(text)} is no sha256", "give the 64 hexadecimal digits that sha256sum prints first");
    }
}
