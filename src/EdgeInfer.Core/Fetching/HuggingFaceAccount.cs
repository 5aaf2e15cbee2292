using System.Net.Http.Headers;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Which hub is asked, and as whom: the environment and files that Hugging Face's own tools use.</summary>
/// <param name="Endpoint">The hub, ending in a slash.</param>
/// <param name="Token">For gated and private repositories; null for none.</param>
internal sealed record HuggingFaceAccount(Uri Endpoint, Secret? Token)
{
    private const int TokenBytes = 4 << 10;

    /// <summary>The request header; null where there is no token.</summary>
    public AuthenticationHeaderValue? Authorization => Token is null ? null : new AuthenticationHeaderValue("Bearer", Token.Reveal());

    /// <summary>What to do where the hub wants to know who asks.</summary>
    public string Cure(HuggingFaceReference reference) => Token is null
        ? $"accept its terms at {Endpoint}{reference.Repository}, and set HF_TOKEN to a token that may read it (under sudo: sudo --preserve-env=HF_TOKEN)"
        : $"accept its terms at {Endpoint}{reference.Repository} as the user whose token this is";

    /// <summary>Reads <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c>, and the token's file.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="home">The user's folder.</param>
    /// <exception cref="FaultException">The endpoint is no address that may be used.</exception>
    public static HuggingFaceAccount From(IReadOnlyDictionary<string, string> environment, string home)
    {
        string written = Value(environment, "HF_ENDPOINT") ?? "https://huggingface.co";
        if (!Uri.TryCreate(written.TrimEnd('/') + "/", UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("http" or "https") || endpoint.UserInfo.Length > 0)
            throw FaultException.Of(FaultKind.Usage, "HF_ENDPOINT", "this is no address of a hub", "set it as in HF_ENDPOINT=https://hub.example");
        if (endpoint.Scheme == Uri.UriSchemeHttp && !RemoteReference.IsLoopback(endpoint.Host))
            throw FaultException.Of(FaultKind.Usage, "HF_ENDPOINT", "over plain http everybody on the way can see and change the model", "use https");
        return new(endpoint, TokenOf(environment, home));
    }

    private static Secret? TokenOf(IReadOnlyDictionary<string, string> environment, string home)
    {
        if ((Value(environment, "HF_TOKEN") ?? Value(environment, "HUGGING_FACE_HUB_TOKEN")) is { } token)
        {
            // What is not printable ASCII cannot be sent in a header.
            return IsToken(token.Trim())
                ? new(token.Trim())
                : throw FaultException.Of(FaultKind.Usage, "HF_TOKEN", "this is no token: it has characters that none has", "set it to the token alone, which begins with hf_");
        }

        string folder = Value(environment, "HF_HOME") ?? Path.Combine(Value(environment, "XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "huggingface");
        string file = Value(environment, "HF_TOKEN_PATH") ?? Path.Combine(folder, "token");
        try
        {
            if (!File.Exists(file)) return null;
            string text = System.Text.Encoding.UTF8.GetString(BoundedFile.Read(file, TokenBytes)).Trim();
            return IsToken(text) ? new(text) : null;
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            // Most repositories need none; one that does will say so.
            return null;
        }
    }

    private static bool IsToken(string text) => text.Length > 0 && text.All(static c => c is > ' ' and < '\x7f');

    private static string? Value(IReadOnlyDictionary<string, string> environment, string name)
        => environment.TryGetValue(name, out string? value) && value.Trim().Length > 0 ? value : null;
}
