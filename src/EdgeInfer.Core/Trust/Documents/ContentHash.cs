using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>Digests by algorithm, as metadata give them: SHA-256 and SHA-512 are known, others are passed over.</summary>
internal static class ContentHash
{
    /// <summary>The algorithm that our publisher gives.</summary>
    public const string Sha256 = "sha256";

    /// <summary>Hexadecimal digits of a SHA-256.</summary>
    public const int Sha256Digits = 64;

    private const string Sha512 = "sha512";

    /// <summary>Whether a text is a SHA-256 as everything that is signed and stored writes it: 64 hexadecimal digits in lower case.</summary>
    public static bool IsSha256(string? text) => text is { Length: Sha256Digits } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether bytes have the digests given: all that are known, and at least one.</summary>
    /// <exception cref="UpdateException">They have not, or none is of a known algorithm (<see cref="UpdateCode.Digest"/>).</exception>
    public static void Require(IReadOnlyDictionary<string, string> hashes, ReadOnlySpan<byte> bytes, string where)
    {
        _ = Preferred(hashes, where);
        if (hashes.TryGetValue(Sha256, out string? sha256) && Convert.ToHexStringLower(SHA256.HashData(bytes)) != sha256) throw Wrong(where, Sha256, sha256);
        if (hashes.TryGetValue(Sha512, out string? sha512) && Convert.ToHexStringLower(SHA512.HashData(bytes)) != sha512) throw Wrong(where, Sha512, sha512);
    }

    /// <summary>The digest that a file is named by.</summary>
    /// <exception cref="UpdateException">None is of a known algorithm (<see cref="UpdateCode.Digest"/>).</exception>
    public static string Preferred(IReadOnlyDictionary<string, string> hashes, string where)
        => hashes.TryGetValue(Sha256, out string? sha256) ? sha256 : hashes.TryGetValue(Sha512, out string? sha512) ? sha512
            : throw UpdateException.Of(UpdateCode.Digest, where, "signed with no digest of SHA-256 or SHA-512");

    /// <summary>Refuses digests that could not be one: they become names of files.</summary>
    public static void Check(IReadOnlyDictionary<string, string> hashes, JsonMembers of)
    {
        if (hashes.Count == 0) throw of.Refused("has no digest in hashes");
        foreach ((string algorithm, string hex) in hashes)
        {
            int length = algorithm switch { Sha256 => Sha256Digits, Sha512 => 128, _ => -1 };
            if (length >= 0 && (hex.Length != length || !hex.All(char.IsAsciiHexDigitLower))) throw of.Refused($"has no lower-case hex of {length} digits in {algorithm}");
        }
    }

    /// <summary>Writes the member <c>hashes</c>.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> hashes)
    {
        writer.WriteStartObject("hashes");
        foreach ((string algorithm, string hex) in hashes) writer.WriteString(algorithm, hex);
        writer.WriteEndObject();
    }

    private static UpdateException Wrong(string where, string algorithm, string signed)
        => UpdateException.Of(UpdateCode.Digest, where, $"the bytes have another {algorithm} than the signed {signed}", "look whether the repository was published completely");
}
