using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Sources.Children;

/// <summary>
/// Takes out of a program's own words what opens a camera: what addresses hold, and the secrets that are known, plain and
/// percent-encoded, wherever they stand.
/// </summary>
internal sealed class Redaction
{
    private const string Hidden = "***";

    /// <summary>A shorter user name or value of a query would be found in half of all words; within an address it is hidden all the same.</summary>
    private const int ShortestGuess = 3;

    private readonly List<string> _secrets = [];

    /// <summary>Hides what addresses hold, and these.</summary>
    public Redaction(params ReadOnlySpan<string> secrets)
    {
        foreach (string secret in secrets) Add(secret, 1);
        Sort();
    }

    /// <summary>Hides what a stream's options hold.</summary>
    public Redaction(StreamOptions options)
    {
        Add(options.Password?.Reveal(), 1);
        Add(options.Username, ShortestGuess);
        string[] user = options.Url.UserInfo.Split(':', 2);
        Add(options.Url.UserInfo, 1);
        Add(user[0], ShortestGuess);
        if (user.Length > 1) Add(user[1], 1);
        Add(options.Url.Query.TrimStart('?'), 1);
        foreach (string pair in options.Url.Query.TrimStart('?').Split('&'))
            if (pair.IndexOf('=') is var equals and >= 0 && !StreamName.IsOpen(pair[..equals])) Add(pair[(equals + 1)..], ShortestGuess);
        Sort();
    }

    /// <summary>Hides nothing but what addresses hold.</summary>
    public static Redaction OfAddresses { get; } = new();

    /// <summary>The text with every address shown as <see cref="StreamName"/> shows it, and without the secrets.</summary>
    public string Clean(string text)
    {
        foreach (string secret in _secrets) text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        StringBuilder plain = new(text.Length);
        int at = 0;
        while (text.IndexOf("://", at, StringComparison.Ordinal) is var separator and >= 0)
        {
            int start = separator;
            while (start > at && IsOfScheme(text[start - 1])) start--;
            int end = separator + 3;
            while (end < text.Length && !IsBehindAddress(text[end])) end++;
            plain.Append(text, at, start - at).Append(Address(text[start..end]));
            at = end;
        }

        return plain.Append(text, at, text.Length - at).ToString();
    }

    private void Add(string? secret, int shortest)
    {
        if (secret is null || secret.Length < shortest) return;
        foreach (string form in (string[])[secret, Uri.EscapeDataString(secret), Uri.UnescapeDataString(secret)])
            if (!_secrets.Contains(form)) _secrets.Add(form);
    }

    // The longest first: a user's name may be a part of the password.
    private void Sort() => _secrets.Sort(static (a, b) => b.Length.CompareTo(a.Length));

    // Its colon and full stop belong to the sentence.
    private static string Address(string address)
    {
        string core = address.TrimEnd('.', ',', ':', ';', ')', ']');
        string rest = address[core.Length..];
        return (Uri.TryCreate(core, UriKind.Absolute, out Uri? url) && url.Host.Length > 0 ? StreamName.Of(url) : core[..(core.IndexOf("://", StringComparison.Ordinal) + 3)] + Hidden) + rest;
    }

    private static bool IsOfScheme(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.';

    private static bool IsBehindAddress(char c) => char.IsWhiteSpace(c) || c is '\'' or '"' or '<' or '>' or '|';
}
