using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;

namespace EdgeInfer.Releasing;

/// <summary>Which registry files of releases are pushed to, and as whom; paths are absolute.</summary>
/// <param name="Registry">The repository in it.</param>
internal sealed record PushOptions(OciReference Registry)
{
    /// <summary>The option that names the registry.</summary>
    public const string Option = "--registry";

    /// <summary>Who pushes; null for who is in <see cref="Docker"/>.</summary>
    public RepositoryCredential? Credential { get; init; }

    /// <summary>Docker's users.</summary>
    public required IRegistryLogins Docker { get; init; }

    /// <summary>A PEM file with the registry's authorities; null for the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>PEM files by which the registry knows who pushes; null for none.</summary>
    public (string Certificate, string Key)? Identity { get; init; }

    /// <summary>Bounds.</summary>
    public FetchLimits Limits { get; init; } = FetchLimits.ForPush;

    /// <summary>Changes how the registry is reached; for tests.</summary>
    public Func<HttpHome, HttpHome> Reach { get; init; } = static home => home;

    /// <summary>Cures.</summary>
    public static FetchWords Words { get; } = FetchWords.Verb(Option, "--registry-", ": what is in the registry is not sent again");
}

/// <summary>Who pushes: the user that was named, or who has logged in with Docker's tools.</summary>
internal sealed class PushLogins(PushOptions options) : IRegistryLogins
{
    /// <inheritdoc/>
    public Login? Find(string registry)
    {
        if (options.Credential is { } credential) return new(credential.ToHeader());
        // A password that was kept for TLS goes nowhere without it.
        return options.Registry.Address.Scheme == Uri.UriSchemeHttps || RemoteReference.IsLoopback(options.Registry.Address.Host) ? options.Docker.Find(registry) : null;
    }

    /// <inheritdoc/>
    public string Cure(string registry) => options.Credential is null
        ? $"log in as a user who may push there (docker login {registry}), or give --registry-username and --registry-password-file"
        : "check --registry-username and the password, and whether that user may push there";
}
