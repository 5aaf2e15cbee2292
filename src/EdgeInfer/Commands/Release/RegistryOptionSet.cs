using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary>Options that say which registry files of releases are pushed to, and as whom. Passwords come from a file, the environment or the terminal, never from an argument.</summary>
internal sealed class RegistryOptionSet
{
    private const string UserVariable = "EDGEINFER_REGISTRY_USERNAME";
    private const string PasswordVariable = "EDGEINFER_REGISTRY_PASSWORD";

    /// <summary>The registry; without it nothing is pushed.</summary>
    public Option<string?> Registry { get; } = new(PushOptions.Option) { Description = "Push the files to this repository of an OCI registry first; devices find them by updates.registry", HelpName = "oci://HOST/REPOSITORY" };

    /// <summary>Whether files leave the folder.</summary>
    public Option<bool> NoBlobs { get; } = new("--no-blobs") { Description = "Take out of the release folder what the registry has; 'update apply' and devices without updates.registry need it there" };

    /// <summary>Who pushes.</summary>
    public Option<string?> Username { get; } = new("--registry-username") { Description = $"User at the registry; default: ${UserVariable}, or who is logged in by docker, podman or oras", HelpName = "NAME" };

    /// <summary>Where his password is.</summary>
    public Option<string?> PasswordFile { get; } = new("--registry-password-file") { Description = $"File with the user's password; default: ${PasswordVariable}, or the terminal", HelpName = "FILE" };

    /// <summary>The registry's authorities.</summary>
    public Option<string?> Ca { get; } = new("--registry-ca") { Description = "PEM file with the registry's authorities; default: the system's", HelpName = "FILE" };

    /// <summary>What a registry is shown.</summary>
    public Option<string?> Certificate { get; } = new("--registry-certificate") { Description = "PEM file with a client certificate, where the registry wants one", HelpName = "FILE" };

    /// <summary>Its key.</summary>
    public Option<string?> Key { get; } = new("--registry-key") { Description = "PEM file with the certificate's private key", HelpName = "FILE" };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Registry, NoBlobs, Username, PasswordFile, Ca, Certificate, Key]) command.Add(option);
    }

    /// <summary>What was said.</summary>
    /// <returns>Null where no registry was named.</returns>
    /// <exception cref="FaultException">It does not belong together.</exception>
    public PushOptions? Read(ParseResult parsed)
    {
        if (parsed.GetValue(Registry) is not { } text)
        {
            Option? lonely = ((Option[])[NoBlobs, Username, PasswordFile, Ca, Certificate, Key]).FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
            return lonely is null ? null : throw FaultException.Of(FaultKind.Usage, lonely.Name, "it says how to push, and no registry is named", $"add {Registry.Name} oci://HOST/REPOSITORY");
        }

        OciReference registry = RegistryAddress.Read(text, out (string What, string Cure) wrong) ?? throw FaultException.Of(FaultKind.Usage, Registry.Name, wrong.What, wrong.Cure);
        IReadOnlyDictionary<string, string> environment = RunCommand.ProcessEnvironment();
        return new(registry)
        {
            Credential = Login(parsed, environment),
            Docker = DockerLogins.From(environment, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)),
            AuthorityFile = Absolute(parsed, Ca),
            Identity = ClientFiles(parsed, Certificate, Key),
        };
    }

    /// <summary>A certificate and its key; null where neither is named.</summary>
    /// <exception cref="FaultException">One of the two is missing.</exception>
    public static (string Certificate, string Key)? ClientFiles(ParseResult parsed, Option<string?> certificate, Option<string?> key) => (Absolute(parsed, certificate), Absolute(parsed, key)) switch
    {
        (null, null) => null,
        ({ } file, { } keyFile) => (file, keyFile),
        (null, _) => throw FaultException.Of(FaultKind.Usage, key.Name, "a key without its certificate", $"add {certificate.Name} FILE"),
        _ => throw FaultException.Of(FaultKind.Usage, certificate.Name, "a certificate without its key", $"add {key.Name} FILE"),
    };

    /// <summary>A password out of a file.</summary>
    /// <exception cref="FaultException">There is none.</exception>
    public static Secret Password(Option<string?> option, string file) => SecretFile.Read(Path.GetFullPath(file), out (string What, string Cure) wrong)
        ?? throw FaultException.Of(FaultKind.NoInput, option.Name, wrong.What, "write the password into that file, readable by you alone");

    private RepositoryCredential? Login(ParseResult parsed, IReadOnlyDictionary<string, string> environment)
    {
        string? user = parsed.GetValue(Username) ?? (environment.GetValueOrDefault(UserVariable) is { Length: > 0 } set ? set : null);
        string? file = parsed.GetValue(PasswordFile);
        if (user is null) return file is null ? null : throw FaultException.Of(FaultKind.Usage, PasswordFile.Name, "there is no user name", $"add {Username.Name} NAME");
        if (file is not null) return new(user, Password(PasswordFile, file));
        if (environment.GetValueOrDefault(PasswordVariable) is { Length: > 0 } password) return new(user, new Secret(password));
        return TerminalPrompt.Asker(parsed.InvocationConfiguration.Error) is { } ask
            ? new(user, new Secret(ask($"password of {user} at the registry: ")))
            : throw FaultException.Of(FaultKind.Usage, Username.Name, $"nobody says the password of {Quoted.Text(user)}, and there is no terminal to ask at", $"set {PasswordVariable}, or give {PasswordFile.Name} FILE");
    }

    private static string? Absolute(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is { } file ? Path.GetFullPath(file) : null;
}
