using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EdgeInfer.Fetching;

/// <summary>What a file's bytes must hash to.</summary>
/// <param name="IsGitBlob">Whether it is git's name of the file (sha1 over a header and the bytes) and not a sha256 of the bytes.</param>
/// <param name="Hex">In lower case.</param>
internal readonly record struct ExpectedDigest(bool IsGitBlob, string Hex)
{
    /// <summary>Length of a sha256 in hexadecimal digits.</summary>
    public const int Sha256Digits = 64;

    private const int Sha1Digits = 40;

    /// <summary>Its kind in words.</summary>
    public string Kind => IsGitBlob ? "git blob id" : "sha256";

    /// <summary>The digest of that form; null where the text has neither form.</summary>
    public static ExpectedDigest? From(string? text) => text is null ? null : Normal(text) switch
    {
        { Length: Sha256Digits } hex when IsHex(hex) => new(false, hex),
        { Length: Sha1Digits } hex when IsHex(hex) => new(true, hex),
        _ => null,
    };

    /// <summary>A sha256; null where the text is none.</summary>
    public static string? Sha256(string text) => From(text) is { IsGitBlob: false } digest ? digest.Hex : null;

    /// <summary>Whether every character is a hexadecimal digit.</summary>
    public static bool IsHex(string text) => text.All(char.IsAsciiHexDigit);

    /// <summary>A hash to be fed with the file's bytes.</summary>
    /// <param name="bytes">All the file's bytes, which git's header states.</param>
    public IncrementalHash Begin(long bytes)
    {
        if (!IsGitBlob) return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
#pragma warning disable CA5350 // Git names blobs by SHA-1; it is what the listing states for files outside LFS, and TLS names the server.
        IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {bytes}\0")));
        return hash;
    }

    private static string Normal(string text)
    {
        string hex = text.Trim().Trim('"').ToLowerInvariant();
        return hex.StartsWith("sha256:", StringComparison.Ordinal) ? hex["sha256:".Length..] : hex;
    }
}
