using System.Net;
using EdgeInfer.Configuration;

namespace EdgeInfer.Sources.Streams;

/// <summary>Gives the user and password to the configured host alone, never to another one that it points to.</summary>
internal sealed class CameraCredentials : ICredentials
{
    private readonly Uri _url;
    private readonly NetworkCredential _credential;

    private CameraCredentials(Uri url, NetworkCredential credential)
    {
        _url = url;
        _credential = credential;
    }

    /// <summary>The credentials of a stream; null where it has none. Those within the address serve where none are set beside it.</summary>
    public static CameraCredentials? Of(StreamOptions options)
    {
        if (options.Username is { } user) return new(options.Url, new(user, options.Password?.Reveal() ?? ""));
        if (options.Url.UserInfo.Length == 0) return null;
        string[] parts = options.Url.UserInfo.Split(':', 2);
        return new(options.Url, new(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : ""));
    }

    /// <inheritdoc/>
    public NetworkCredential? GetCredential(Uri uri, string authType)
    {
        bool isKnown = authType.Equals("Digest", StringComparison.OrdinalIgnoreCase) || authType.Equals("Basic", StringComparison.OrdinalIgnoreCase);
        bool isSameHost = uri.Host.Equals(_url.Host, StringComparison.OrdinalIgnoreCase) && (uri.Port == _url.Port || uri.Scheme == Uri.UriSchemeHttps);
        bool isWeaker = _url.Scheme == Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttps;
        return isKnown && isSameHost && !isWeaker ? _credential : null;
    }
}
