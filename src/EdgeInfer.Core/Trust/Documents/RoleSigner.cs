using System.Security.Cryptography;

namespace EdgeInfer.Trust.Documents;

/// <summary>Signs metadata; wherever the private key is.</summary>
internal interface IRoleSigner
{
    /// <summary>The public key that verifies what is signed here.</summary>
    TrustKey Key { get; }

    /// <summary>Signs bytes (the canonical form of a role's metadata) as the key's scheme demands.</summary>
    byte[] Sign(byte[] message);
}

/// <summary>An Ed25519 key in memory.</summary>
/// <param name="seed">The private key: 32 bytes.</param>
internal sealed class Ed25519Signer(byte[] seed) : IRoleSigner
{
    /// <inheritdoc/>
    public TrustKey Key { get; } = TrustKey.Ed25519(Ed25519Signature.PublicKey(seed));

    /// <inheritdoc/>
    public byte[] Sign(byte[] message) => Ed25519Signature.Sign(seed, message);
}

/// <summary>A key on P-256.</summary>
/// <param name="key">The private key; stays its owner's.</param>
internal sealed class EcdsaSigner(ECDsa key) : IRoleSigner
{
    /// <inheritdoc/>
    public TrustKey Key { get; } = TrustKey.Ecdsa(key);

    /// <inheritdoc/>
    public byte[] Sign(byte[] message) => key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
}
