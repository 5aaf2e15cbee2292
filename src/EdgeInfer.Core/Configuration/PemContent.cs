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
        string noun = label == Certificate ? "certificate" : "private key";
        byte[] bytes;
        try
        {
            bytes = BoundedFile.Read(path, LongestBytes);
        }
        catch (UnauthorizedAccessException)
        {
            // A key is the service's alone, and whoever checks the configuration may be somebody else.
            return null;
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            return BoundedFile.Explain(e, path, $"name a PEM file with a {noun}");
        }

        if (bytes.Length == 0) return ($"the file {path} is empty", $"write a {noun} in PEM into it");
        if (bytes[0] == DerSequence) return ($"the file {path} is DER, not PEM", $"convert it: openssl {(label == Certificate ? "x509" : "pkey")} -inform der -in {path}");
        List<string> found = Labels(System.Text.Encoding.Latin1.GetString(bytes));
        if (label == PrivateKey && found.Contains("ENCRYPTED PRIVATE KEY"))
            return ($"the private key in {path} has a passphrase, which nobody could enter", "keep it without one, readable by the service alone: openssl pkey -in KEY -out NEW");
        if (found.Any(l => label == Certificate ? l is Certificate or "TRUSTED CERTIFICATE" or "X509 CERTIFICATE" : l.EndsWith(label, StringComparison.Ordinal))) return null;
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
