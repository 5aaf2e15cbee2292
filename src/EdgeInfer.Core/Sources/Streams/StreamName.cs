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

    /// <summary>The address without user, password, fragment and the query's secrets.</summary>
    public static string Of(Uri url)
    {
        string address = url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        if (url.Query.Length < 2) return address;

        StringBuilder name = new(address);
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
}
