using System.Runtime.InteropServices;
using EdgeInfer.Configuration;

namespace EdgeInfer.Sources.Children;

/// <summary>Takes out of a program's words what opens a camera: addresses, and user, password and query in both their forms wherever they stand.</summary>
internal sealed class StreamRedaction
{
    private readonly List<string> _secrets = [];

    /// <summary>Hides nothing but addresses.</summary>
    public StreamRedaction()
    {
    }

    /// <summary>Hides what a stream's options hold.</summary>
    public StreamRedaction(StreamOptions options)
    {
        Add(options.Password?.Reveal());
        // A shorter one would be found in half of all words; within an address it is hidden all the same.
        if (options.Username is { Length: > 2 } user) Add(user);
        Add(options.Url.Query.TrimStart('?'));
        Add(options.Url.UserInfo);

        // The longest first: a user's name may be a part of the password.
        _secrets.Sort(static (a, b) => b.Length.CompareTo(a.Length));
    }

    /// <summary>The line without secrets.</summary>
    public string Clean(string line) => Redaction.Of(line, CollectionsMarshal.AsSpan(_secrets));

    private void Add(string? secret)
    {
        if (string.IsNullOrEmpty(secret)) return;
        _secrets.Add(secret);
        string encoded = Uri.EscapeDataString(secret);
        if (encoded != secret) _secrets.Add(encoded);
    }
}
