using System.CommandLine;
using System.Net.Http;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Models;
using EdgeInfer.Slots;
using EdgeInfer.Trust;
using EdgeInfer.Updates;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Commands;

/// <summary><c>enroll</c>: from now on this device trusts a fleet's root. The digest has to come another way than the repository.</summary>
internal static class EnrollCommand
{
    private const string DefaultState = "/var/lib/edgeinfer";

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<string> repository = new("--repository") { Description = "Where signed releases lie", HelpName = "URL", Required = true };
        Option<string> root = new("--root-sha256") { Description = "The sha256 of the fleet's root.json, as 'release init' and 'release status' print it", HelpName = "HEX", Required = true };
        Option<string[]> models = new("--model") { Description = "A model that the fleet publishes; may be repeated", HelpName = "NAME", Required = true, Arity = ArgumentArity.OneOrMore };
        Option<string> state = new("--state-folder") { Description = "The agent's state folder (runtime.state_folder)", HelpName = "DIR", DefaultValueFactory = static _ => DefaultState };
        Option<string?> ca = new("--ca") { Description = "PEM file with the repository's authorities", HelpName = "FILE" };
        Command command = new(
            "enroll",
            "This device trusts a fleet's releases from now on: the root with the given digest is fetched, verified and kept. To be run as the service's user, while the agent is stopped; prints what to write into the configuration.\n\n"
            + "Example: sudo -u edgeinfer edgeinfer enroll --repository https://models.example --root-sha256 0067… --model parts")
        {
            repository, root, models, state, ca,
        };
        command.SetAction(parsed =>
        {
            Enroll(parsed.GetValue(repository)!, parsed.GetValue(root)!, parsed.GetValue(models)!, parsed.GetValue(state)!, parsed.GetValue(ca), parsed.InvocationConfiguration.Output)
                .GetAwaiter().GetResult();
            return CommandLine.Success;
        });
        return command;
    }

    private static async Task Enroll(string repository, string digest, string[] models, string state, string? ca, TextWriter output)
    {
        RepositoryAddress address = RepositoryAddress.Read(repository, out (string What, string Cure) wrong) ?? throw FaultException.Of(FaultKind.Usage, "--repository", wrong.What, wrong.Cure);
        RootPin pin = Pin(digest);
        foreach (string model in models)
            if (!ModelName.IsValid(model)) throw FaultException.Of(FaultKind.Usage, "--model", $"{Quoted.Text(model)} is no name of a model", ModelName.Rule);
        using ManagedStore store = ManagedStore.Open(state, new(), TimeProvider.System, static _ => { });
        TrustStore trusted = new(Path.Combine(store.Folders.State, "tuf"));
        if (trusted.ReadRoot() is not null)
        {
            throw FaultException.Of(FaultKind.Usage, trusted.Folder, "this device trusts a fleet already",
                "to change to another fleet, remove this folder first; a new root of the same fleet comes by itself");
        }

        UpdateClock clock = new(trusted, TimeProvider.System);
        TrustClient trust = TrustClient.Open(trusted, pin, clock);
        using TransferProgress progress = new(NullLogger.Instance);
#pragma warning disable CA5394 // Jitter needs to be spread, not secret.
        using UpdateTransport transport = new(
            new() { Repository = address, AuthorityFile = ca is null ? null : Path.GetFullPath(ca), Clock = () => clock.Now }, HttpClient.DefaultProxy, TimeProvider.System, new Random(Environment.ProcessId), progress);
#pragma warning restore CA5394
        await trust.Refresh(transport.Repository, CancellationToken.None);
        output.WriteLine($"this device trusts the root {pin.Sha256[..12]} of {address.Display}");
        foreach (string model in models)
        {
            if (await trust.Find($"rollout/{model}.json", CancellationToken.None) is null)
                output.WriteLine($"nothing is rolled out of {model} yet: edgeinfer release rollout {model} --to SEQ");
        }

        output.WriteLine("write into the configuration, name the models in pipelines, and start the agent:");
        output.WriteLine($"  models: {{ {string.Join(", ", models.Select(static m => $"{m}: {{ managed: {m} }}"))} }}");
        output.WriteLine($"  updates: {{ repository: \"{address.Display}\" }}");
    }

    private static RootPin Pin(string digest)
    {
        try
        {
            return RootPin.OfSha256(digest);
        }
        catch (FormatException)
        {
            throw FaultException.Of(FaultKind.Usage, "--root-sha256", $"{Quoted.Text(digest)} is no sha256", "give the 64 hexadecimal digits that 'release init' printed");
        }
    }
}
