using System.Security.Cryptography;

namespace EdgeInfer.Trust;

/// <summary>The root metadata that trust begins with, given to the device by hand: its bytes, or their SHA-256.</summary>
internal sealed class RootPin
{
    private RootPin(byte[]? content, string sha256) => (Content, Sha256) = (content, sha256);

    /// <summary>The metadata; null where only the digest is known.</summary>
    public byte[]? Content { get; }

    /// <summary>Lower-case hex of the file's SHA-256.</summary>
    public string Sha256 { get; }

    /// <summary>None: nothing is trusted, and each refresh says so. What serves goes on, since it needs no trust.</summary>
    public static RootPin Nobody { get; } = OfBytes([]);

    /// <summary>The file itself.</summary>
    public static RootPin OfBytes(byte[] content) => new(content, Convert.ToHexStringLower(SHA256.HashData(content)));

    /// <summary>The file's digest: the repository is asked for the version that has it.</summary>
    /// <exception cref="FormatException">These are not 64 hex digits.</exception>
    public static RootPin OfSha256(string hex)
        => Convert.FromHexString(hex) is { Length: SHA256.HashSizeInBytes } bytes ? new(null, Convert.ToHexStringLower(bytes)) : throw new FormatException("a SHA-256 has 64 hex digits");
}
