using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Slots;

/// <summary>Digests as names of files: 64 hexadecimal digits in lower case, and nothing else, before they become a path.</summary>
internal static class BlobName
{
    /// <summary>Digits of a sha256.</summary>
    public const int Digits = ContentHash.Sha256Digits;

    /// <summary>Whether a text is a sha256 as this store writes it.</summary>
    public static bool IsValid(string? text) => ContentHash.IsSha256(text);

    /// <summary>Refuses what is no sha256.</summary>
    /// <param name="where">Who says it.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="UpdateException">Digest: it is none.</exception>
    public static void Require(string where, string text)
    {
        if (IsValid(text)) return;
        throw UpdateException.Of(UpdateCode.Digest, where, $"'{OneLine.Short(text)}' is no sha256 of {Digits} hexadecimal digits in lower case", "publish the release again");
    }

    /// <summary>The sha256 of some bytes.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
