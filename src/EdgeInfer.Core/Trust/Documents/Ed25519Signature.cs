using Org.BouncyCastle.Math.EC.Rfc8032;

namespace EdgeInfer.Trust.Documents;

/// <summary>Ed25519 of RFC 8032 over keys, messages and signatures as bytes. .NET has none; the library's primitive is all that is used of it.</summary>
internal static class Ed25519Signature
{
    /// <summary>Bytes of a private key as RFC 8032 has it (the seed).</summary>
    public const int SeedBytes = 32;

    /// <summary>Bytes of a public key.</summary>
    public const int KeyBytes = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int Bytes = 64;

    /// <summary>Whether the signature is this key's over this message.</summary>
    public static bool Verify(byte[] key, byte[] message, byte[] signature)
        => key.Length == KeyBytes && signature.Length == Bytes && Ed25519.Verify(signature, 0, key, 0, message, 0, message.Length);

    /// <summary>Signs.</summary>
    public static byte[] Sign(byte[] seed, byte[] message)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedBytes);
        byte[] signature = new byte[Bytes];
        Ed25519.Sign(seed, 0, message, 0, message.Length, signature, 0);
        return signature;
    }

    /// <summary>The public key of a private one.</summary>
    public static byte[] PublicKey(byte[] seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedBytes);
        byte[] key = new byte[KeyBytes];
        Ed25519.GeneratePublicKey(seed, 0, key, 0);
        return key;
    }
}
