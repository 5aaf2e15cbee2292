using System.Net;
using EdgeInfer.Configuration;

namespace EdgeInfer.Sources.Streams;

/// <summary>Gives the user and password to the configured host alone, never to another one that it points to.</summary>
internal sealed class CameraCredentials : ICredentials
{
    /// <summary>Cameras lock an account after five to ten wrong tries, for all its viewers: a refused password is not tried again every second.</summary>
    public static readonly TimeSpan PauseAfterRefusal = TimeSpan.FromMinutes(1);

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
        bool isDigest = authType.Equals("Digest", StringComparison.OrdinalIgnoreCase);
        if (!isDigest && !authType.Equals("Basic", StringComparison.OrdinalIgnoreCase)) return null;
        if (!uri.Host.Equals(_url.Host, StringComparison.OrdinalIgnoreCase)) return null;
        // A camera may send on from http to its own https, on another port; never back to http.
        return uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == _url.Scheme && uri.Port == _url.Port) ? _credential : null;
    }
}
