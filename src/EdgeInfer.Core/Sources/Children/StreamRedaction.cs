using System.Text;
using EdgeInfer.Configuration;

namespace EdgeInfer.Sources.Children;

/// <summary>Takes out of a program's words what opens a camera: every address, and user, password and query wherever they stand.</summary>
internal sealed class StreamRedaction
{
    private const string Hidden = "***";

    private readonly List<string> _secrets = [];

    /// <summary>Hides nothing but addresses.</summary>
    public StreamRedaction()
    {
    }

    /// <summary>Hides what a stream's options hold.</summary>
    public StreamRedaction(StreamOptions options)
    {
        Add(options.Password?.Reveal());
        Add(options.Username);
        Add(options.Url.Query.TrimStart('?'));
        Add(options.Url.UserInfo);

        // The longest first: a user's name may be a part of the password.
        _secrets.Sort(static (a, b) => b.Length.CompareTo(a.Length));
    }

    /// <summary>The line without secrets.</summary>
    public string Clean(string line)
    {
        foreach (string secret in _secrets) line = line.Replace(secret, Hidden, StringComparison.Ordinal);
        StringBuilder clean = new();
        int from = 0;
        while (line.IndexOf("://", from, StringComparison.Ordinal) is var at and >= 0)
        {
            int start = at;
            while (start > from && char.IsAsciiLetter(line[start - 1])) start--;
            int end = line.AsSpan(at).IndexOfAny(' ', '\'', '"') is var length and >= 0 ? at + length : line.Length;
            clean.Append(line, from, start - from).Append("the address");
            from = end;
        }

        return clean.Append(line, from, line.Length - from).ToString();
    }

    private void Add(string? secret)
    {
        if (string.IsNullOrEmpty(secret)) return;
        _secrets.Add(secret);
        string encoded = Uri.EscapeDataString(secret);
        if (encoded != secret) _secrets.Add(encoded);
    }
}
