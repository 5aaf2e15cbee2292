using System.CommandLine;
using System.Net.Http;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Commands.Release;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
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
        Option<string?> certificate = new("--certificate") { Description = "PEM file with a client certificate, where the repository wants one", HelpName = "FILE" };
        Option<string?> key = new("--key") { Description = "PEM file with the certificate's private key", HelpName = "FILE" };
        Option<string?> username = new("--username") { Description = "User at the repository", HelpName = "NAME" };
        Option<string?> password = new("--password-file") { Description = "File with the user's password", HelpName = "FILE" };
        Command command = new(
            "enroll",
            "This device trusts a fleet's releases from now on: the root with the given digest is fetched, verified and kept. To be run as the service's user, while the agent is stopped; prints what to write into the configuration.\n\n"
            + "Example: sudo -u edgeinfer edgeinfer enroll --repository https://models.example --root-sha256 0067… --model parts")
        {
            repository, root, models, state, ca, certificate, key, username, password,
        };
        command.SetAction(parsed =>
        {
            string url = parsed.GetValue(repository)!;
            string? user = parsed.GetValue(username), passwordFile = parsed.GetValue(password);
            if (user is null != passwordFile is null) throw FaultException.Of(FaultKind.Usage, (user is null ? password : username).Name, "one of the two is missing", "give --username and --password-file");
            UpdateTransportOptions transport = new()
            {
                Repository = RepositoryAddress.Read(url, out (string What, string Cure) wrong) ?? throw FaultException.Of(FaultKind.Usage, repository.Name, wrong.What, wrong.Cure),
                AuthorityFile = parsed.GetValue(ca) is { } file ? Path.GetFullPath(file) : null,
                Identity = RegistryOptionSet.ClientFiles(parsed, certificate, key),
                Credential = user is null ? null : new(user, RegistryOptionSet.Password(password, passwordFile!)),
                Words = static _ => FetchWords.Verb("--repository", "--", ""),
            };
            if (transport.Identity is var (own, ownKey))
                foreach (X509Certificate2 read in CertificateFiles.ReadOwn((own, certificate.Name), (ownKey, key.Name))) read.Dispose();
            string[] written = [.. Written(transport, user, passwordFile)];
            Enroll(transport, parsed.GetValue(root)!, [.. parsed.GetValue(models)!.Distinct()], parsed.GetValue(state)!, written, parsed.InvocationConfiguration.Output).GetAwaiter().GetResult();
            return CommandLine.Success;
        });
        return command;
    }

    private static async Task Enroll(UpdateTransportOptions options, string digest, string[] models, string state, string[] written, TextWriter output)
    {
        string display = options.Repository.Display;
        RootPin pin = Pin(digest);
        foreach (string model in models)
            if (!ConfiguredName.IsSound(model)) throw FaultException.Of(FaultKind.Usage, "--model", $"{Quoted.Text(model)} is no name of a model in the configuration", ConfiguredName.Expected);
        using ManagedStore store = ManagedStore.Open(state, new(), TimeProvider.System, static _ => { });
        TrustStore trusted = TrustStore.In(store.Folders.State);
        UpdateClock clock = new(trusted, TimeProvider.System);
        TrustClient trust = TrustClient.Open(trusted, pin, clock);
        using TransferProgress progress = new(NullLogger.Instance);
#pragma warning disable CA5394 // Jitter needs to be spread, not secret.
        using UpdateTransport transport = new(
            options with { Clock = () => clock.Now }, HttpClient.DefaultProxy, TimeProvider.System, new Random(Environment.ProcessId), progress);
#pragma warning restore CA5394
        if (trusted.ReadRoot() is { } kept && !await EnrolledFleet.IsOf(pin, kept, transport.Repository))
        {
            throw FaultException.Of(FaultKind.Usage, trusted.Folder, "this device trusts a fleet already",
                "to change to another fleet, remove this folder first; a new root of the same fleet comes by itself");
        }

        await trust.Refresh(transport.Repository, CancellationToken.None);
        output.WriteLine($"this device trusts the root {pin.Sha256[..12]} of {display}");
        foreach (string model in models)
        {
            if (await trust.Find($"rollout/{model}.json", CancellationToken.None) is null)
                output.WriteLine($"nothing is rolled out of {model} yet: edgeinfer release rollout {model} --to SEQ");
        }

        output.WriteLine("write into the configuration, name the models in pipelines, and start the agent:");
        output.WriteLine($"  models: {{ {string.Join(", ", models.Select(static m => $"{m}: {{ managed: {m} }}"))} }}");
        output.WriteLine($"  updates: {{ {string.Join(", ", written)} }}");
    }

    private static IEnumerable<string> Written(UpdateTransportOptions options, string? user, string? passwordFile)
    {
        yield return $"repository: \"{options.Repository.Display}\"";
        if (options.AuthorityFile is { } authorities) yield return $"ca: {authorities}";
        if (options.Identity is var (certificate, key)) yield return $"certificate: {certificate}, key: {key}";
        if (user is not null) yield return $"username: {user}, password: {{ file: {Path.GetFullPath(passwordFile!)} }}";
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
