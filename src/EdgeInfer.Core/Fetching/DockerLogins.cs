using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;

namespace EdgeInfer.Fetching;

/// <summary>A user at a registry.</summary>
/// <param name="Basic">As the request header has it.</param>
internal sealed record Login(AuthenticationHeaderValue Basic)
{
    /// <inheritdoc/>
    public override string ToString() => "***";
}

/// <summary>Knows users at registries.</summary>
internal interface IRegistryLogins
{
    /// <summary>The user at a registry; null where there is none.</summary>
    Login? Find(string registry);

    /// <summary>What to do where a registry refuses.</summary>
    string Cure(string registry);
}

/// <summary>Users and passwords that <c>docker login</c> (or podman, oras) wrote into a configuration file.</summary>
/// <param name="file">The file; it may be absent.</param>
internal sealed class DockerLogins(string file) : IRegistryLogins
{
    private const int FileBytes = 1 << 20;
    private const string DockerHub = "https://index.docker.io/v1/";

    /// <summary><c>config.json</c> in <c>DOCKER_CONFIG</c> or in the user's <c>.docker</c>.</summary>
    public static DockerLogins From(IReadOnlyDictionary<string, string> environment, string home)
    {
        string folder = environment.TryGetValue("DOCKER_CONFIG", out string? set) && set.Length > 0 ? set : Path.Combine(home, ".docker");
        return new(Path.Combine(folder, "config.json"));
    }

    /// <inheritdoc/>
    public string Cure(string registry) => Find(registry) is null
        ? $"docker login {registry} writes a user into {file}, where it is read; one kept by a credential helper is not seen"
        : $"the user in {file} may not read this";

    /// <inheritdoc/>
    public Login? Find(string registry)
    {
        try
        {
            if (!File.Exists(file)) return null;
            using JsonDocument document = JsonDocument.Parse(BoundedFile.Read(file, FileBytes));
            if (!document.RootElement.TryGetProperty("auths", out JsonElement logins)) return null;
            string[] names = registry is "docker.io" or "index.docker.io" ? [DockerHub, registry] : [registry, $"https://{registry}", $"https://{registry}/"];
            foreach (string name in names)
                if (logins.TryGetProperty(name, out JsonElement login) && login.TryGetProperty("auth", out JsonElement auth) && auth.GetString() is { Length: > 0 } text && IsPair(text)) return new(new AuthenticationHeaderValue("Basic", text));
        }
        catch (Exception e) when (BoundedFile.IsExpected(e) || e is JsonException or InvalidOperationException)
        {
            // Not this program's file: most registries need no user, and one that does will say so.
        }

        return null;
    }

    private static bool IsPair(string base64)
    {
        Span<byte> pair = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, pair, out int length) && Encoding.UTF8.GetString(pair[..length]).Contains(':', StringComparison.Ordinal);
    }
}
