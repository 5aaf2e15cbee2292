using System.Security.Cryptography;

namespace EdgeInfer.Configuration;

/// <summary>Looks whether a file that should hold PEM does, as text alone: nothing is loaded and no signature checked.</summary>
internal static class PemContent
{
    /// <summary>Label of a certificate.</summary>
    public const string Certificate = "CERTIFICATE";

    /// <summary>End of the label of every private key.</summary>
    public const string PrivateKey = "PRIVATE KEY";

    private const int LongestBytes = 4 << 20;
    private const byte DerSequence = 0x30;

    /// <summary>What is wrong with a file, and the cure; null where it holds what it should, or may not be read by this user.</summary>
    /// <param name="path">An existing file.</param>
    /// <param name="label"><see cref="Certificate"/> or <see cref="PrivateKey"/>.</param>
    public static (string What, string Cure)? Wrong(string path, string label)
    {
        try
        {
            Read(path, label, out (string, string)? wrong);
            return wrong;
        }
        catch (UnauthorizedAccessException)
        {
            // A key is the service's alone, and whoever checks the configuration may be somebody else.
            return null;
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            return BoundedFile.Explain(e, path, $"name a PEM file with a {Noun(label)}");
        }
    }

    /// <summary>The text of a file, and what is wrong with it.</summary>
    /// <param name="path">An existing file.</param>
    /// <param name="label"><see cref="Certificate"/> or <see cref="PrivateKey"/>.</param>
    /// <param name="wrong">What is wrong with it, and the cure; null where it holds what it should.</param>
    /// <exception cref="Exception">As <see cref="BoundedFile.Read"/>.</exception>
    public static string Read(string path, string label, out (string What, string Cure)? wrong)
    {
        byte[] bytes = BoundedFile.Read(path, LongestBytes);
        wrong = Wrong(path, label, bytes);
        return System.Text.Encoding.Latin1.GetString(bytes);
    }

    /// <summary>What a label stands for.</summary>
    public static string Noun(string label) => label == Certificate ? "certificate" : "private key";

    private static (string What, string Cure)? Wrong(string path, string label, byte[] bytes)
    {
        string noun = Noun(label);
        if (bytes.Length == 0) return ($"the file {path} is empty", $"write a {noun} in PEM into it");
        if (bytes[0] == DerSequence) return ($"the file {path} is DER, not PEM", $"convert it: openssl {(label == Certificate ? "x509" : "pkey")} -inform der -in {path}");
        string text = System.Text.Encoding.Latin1.GetString(bytes);
        List<string> found = Labels(text);

        // RFC 1421's header, as OpenSSL wrote keys with a passphrase before PKCS #8.
        if (label == PrivateKey && (found.Contains("ENCRYPTED PRIVATE KEY") || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal)))
            return ($"the private key in {path} has a passphrase, which nobody could enter", "keep it without one, readable by the service alone: openssl pkey -in KEY -out NEW");
        if (found.Any(l => label == Certificate ? l is Certificate or "TRUSTED CERTIFICATE" or "X509 CERTIFICATE" : l.EndsWith(label, StringComparison.Ordinal))) return null;
        if (text.Contains("-----BEGIN ", StringComparison.Ordinal) && found.Count == 0) return ($"the file {path} is damaged, or not written to its end", $"write a whole {noun} in PEM into it");
        string there = found.Count == 0 ? "no PEM at all" : $"only {string.Join(", ", found.Distinct().Take(3).Select(l => Quoted.Text(l)))}";
        return ($"the file {path} holds no {noun}: {there}", $"name a PEM file with -----BEGIN {(label == Certificate ? label : "PRIVATE KEY")}-----");
    }

    private static List<string> Labels(string text)
    {
        List<string> labels = [];
        ReadOnlySpan<char> rest = text;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            labels.Add(rest[fields.Label].ToString());
            rest = rest[fields.Location.End..];
        }

        return labels;
    }
}
