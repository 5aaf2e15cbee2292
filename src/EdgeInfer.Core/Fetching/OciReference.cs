using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>An artifact in an OCI registry: <c>oci://registry[:port]/repository:tag</c> or <c>…@sha256:…</c>.</summary>
/// <param name="Registry">Host, and port where it is written.</param>
/// <param name="Repository">Path in the registry.</param>
/// <param name="Tag">The tag; null beside a digest.</param>
/// <param name="Digest">sha256 of the manifest in hexadecimal digits; null for a tag.</param>
internal sealed record OciReference(string Registry, string Repository, string? Tag, string? Digest) : RemoteReference
{
    private const string Form = "write oci://REGISTRY/REPOSITORY:TAG or oci://REGISTRY/REPOSITORY@sha256:DIGEST";
    private const int TagLimit = 128;

    /// <inheritdoc/>
    public override string Display => $"oci://{Registry}/{Repository}{(Digest is null ? $":{Tag}" : $"@sha256:{Digest}")}";

    /// <summary>What the manifest is asked for by.</summary>
    public string ManifestName => Digest is null ? Tag! : $"sha256:{Digest}";

    /// <summary>Whether it was written with http: whoever speaks it that way sees to it that it is on a private network.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Whether it was written with https: on this machine too TLS is spoken then.</summary>
    public bool IsSecured { get; init; }

    /// <summary>The registry's address. One on this machine is spoken to without TLS, unless the reference says otherwise.</summary>
    public Uri Address
    {
        get
        {
            // Docker's own registry answers under another name than the one in use.
            string host = Registry is "docker.io" or "index.docker.io" ? "registry-1.docker.io" : Registry;
            Uri secure = new($"https://{host}/");
            return IsPlain || (!IsSecured && IsLoopback(secure.Host)) ? new Uri($"http://{host}/") : secure;
        }
    }

    internal static OciReference Read(string text)
    {
        string shown = "oci:" + (text.Contains('@', StringComparison.Ordinal) && !text.Contains("@sha256:", StringComparison.Ordinal) ? "…" : text);
        if (!text.StartsWith("//", StringComparison.Ordinal)) throw Wrong(shown, "the slashes after oci: are not there", Form);
        text = text[2..];
        string? digest = null;
        int at = text.IndexOf('@');
        if (at >= 0)
        {
            digest = text[(at + 1)..].StartsWith("sha256:", StringComparison.Ordinal) ? ExpectedDigest.Sha256(text[(at + 1)..]) : null;
            if (digest is null) throw Wrong(shown, "what follows the @ is no sha256 digest", Form);
            text = text[..at];
        }

        int slash = text.IndexOf('/');
        string path = slash < 0 ? "" : text[(slash + 1)..];
        string registry = slash < 0 ? text : text[..slash];
        int colon = path.LastIndexOf(':');
        // A tag beside a digest says nothing more.
        string tag = colon < 0 ? "latest" : path[(colon + 1)..];
        string repository = colon < 0 ? path : path[..colon];
        if (!Uri.TryCreate($"https://{registry}/", UriKind.Absolute, out Uri? address) || address.UserInfo.Length > 0 || address.AbsolutePath != "/")
            throw Wrong(shown, "this names no registry", Form);
        if (!IsRepository(repository)) throw Wrong(shown, $"'{repository}' is no repository: lower case letters, digits, '.', '-', '_' between slashes", Form);
        if (!IsTag(tag)) throw Wrong(shown, $"'{tag}' is no tag", Form);
        return new(registry, repository, digest is null ? tag : null, digest);
    }

    private static bool IsRepository(string path) => path.Split('/').All(static part
        => part.Length > 0 && IsLowerOrDigit(part[0]) && IsLowerOrDigit(part[^1]) && part.All(static c => IsLowerOrDigit(c) || c is '.' or '-' or '_'));

    private static bool IsLowerOrDigit(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);

    private static bool IsTag(string tag) => tag.Length is > 0 and <= TagLimit && tag[0] is not ('.' or '-') && tag.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
