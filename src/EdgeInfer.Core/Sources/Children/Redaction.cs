using System.Text;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Sources.Children;

/// <summary>Takes out of a program's own words what opens a camera: users and passwords in addresses, and the secrets that are known.</summary>
internal static class Redaction
{
    private const string Hidden = "***";

    /// <summary>The text with every address shown as <see cref="StreamName"/> shows it, and without the secrets.</summary>
    public static string Of(string text, params ReadOnlySpan<string> secrets)
    {
        foreach (string secret in secrets)
            if (secret.Length > 0) text = text.Replace(secret, Hidden, StringComparison.Ordinal);

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
