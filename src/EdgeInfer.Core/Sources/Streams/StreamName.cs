using System.Collections.Frozen;
using System.Text;

namespace EdgeInfer.Sources.Streams;

/// <summary>Names a stream for people without giving away what opens it.</summary>
internal static class StreamName
{
    /// <summary>Query keys whose values tell one picture from another; every other value may be a password and is hidden.</summary>
    private static readonly FrozenSet<string> s_openKeys = FrozenSet.ToFrozenSet(
        ["action", "camera", "cam", "channel", "ch", "chn", "fps", "height", "profile", "quality", "rate", "resolution", "size", "stream", "subtype", "width"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the value of a query's key may be shown.</summary>
    public static bool IsOpen(string key) => s_openKeys.Contains(key);

    /// <summary>The address without user, password, fragment and the secrets of its query, also where that stands in the path.</summary>
    public static string Of(Uri url)
    {
        StringBuilder name = new(url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
        AddPath(name, "/" + url.GetComponents(UriComponents.Path, UriFormat.UriEscaped));
        if (url.Query.Length < 2) return name.ToString();

        char separator = '?';
        foreach (string pair in url.Query[1..].Split('&'))
        {
            int equals = pair.IndexOf('=');
            name.Append(separator);
            if (equals >= 0 && s_openKeys.Contains(pair[..equals])) name.Append(pair);
            else if (equals >= 0) name.Append(pair.AsSpan(0, equals)).Append("=***");
            else name.Append("***");
            separator = '&';
        }

        return name.ToString();
    }

    // Many recorders take user and password there: /user=admin_password=…_channel=1_stream=0.sdp.
    private static void AddPath(StringBuilder name, string path)
    {
        bool isHidden = false;
        for (int start = 0; start < path.Length;)
        {
            int end = path.AsSpan(start + 1).IndexOfAny('/', '&', '_') is var next and >= 0 ? start + 1 + next : path.Length;
            string piece = path[start..end];
            int equals = piece.IndexOf('=');
            bool wasHidden = isHidden && piece[0] != '/';
            isHidden = equals >= 0 ? !IsOpen(piece[..equals].TrimStart('/', '&', '_')) : wasHidden;
            if (!isHidden) name.Append(piece);
            else if (equals >= 0) name.Append(piece.AsSpan(0, equals)).Append("=***");
            start = end;
        }
    }
}
