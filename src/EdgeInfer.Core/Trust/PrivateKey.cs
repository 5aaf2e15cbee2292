using System.Formats.Asn1;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>The kinds of private keys that are made and read here.</summary>
internal enum PrivateKeyKind
{
    /// <summary>Ed25519 (RFC 8032).</summary>
    Ed25519,

    /// <summary>ECDSA over P-256 with SHA-256.</summary>
    EcdsaP256,
}

/// <summary>A private key in memory. Its bytes are wiped when it is disposed, and it cannot be printed.</summary>
internal abstract class PrivateKey : IRoleSigner, IDisposable
{
    /// <inheritdoc/>
    public abstract TrustKey Key { get; }

    /// <summary>Makes a key from the system's randomness.</summary>
    public static PrivateKey Create(PrivateKeyKind kind) => kind switch
    {
        PrivateKeyKind.Ed25519 => new Ed25519PrivateKey(RandomNumberGenerator.GetBytes(Ed25519Signature.SeedBytes)),
        PrivateKeyKind.EcdsaP256 => new EcdsaPrivateKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Reads a DER PrivateKeyInfo (PKCS#8).</summary>
    /// <exception cref="FaultException">It is no Ed25519 or P-256 key.</exception>
    public static PrivateKey FromInfo(ReadOnlyMemory<byte> info, string where)
    {
        try
        {
            return Ed25519PrivateKey.TryRead(info) ?? EcdsaPrivateKey.Read(info.Span);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw FaultException.Of(FaultKind.Data, where, "this is no Ed25519 and no P-256 key", "make one with 'edgeinfer release init', or 'openssl genpkey -algorithm ed25519'", e);
        }
    }

    /// <summary>The DER PrivateKeyInfo (PKCS#8), not encrypted: to be wiped by the caller.</summary>
    public abstract byte[] ExportInfo();

    /// <inheritdoc/>
    public abstract byte[] Sign(byte[] message);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <inheritdoc/>
    public sealed override string ToString() => "***";

    private sealed class Ed25519PrivateKey : PrivateKey
    {
        private readonly byte[] _seed;

        public Ed25519PrivateKey(byte[] seed)
        {
            _seed = seed;
            Key = TrustKey.Ed25519(Ed25519Signature.PublicKey(seed));
        }

        public override TrustKey Key { get; }

        // version 0, algorithm id-Ed25519, an OCTET STRING within an OCTET STRING of 32 bytes: RFC 8410, section 7.
        private static ReadOnlySpan<byte> Head => [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

        /// <summary>Null where the algorithm is another one.</summary>
        public static PrivateKey? TryRead(ReadOnlyMemory<byte> info)
        {
            AsnReader outer = new AsnReader(info, AsnEncodingRules.DER).ReadSequence();
            _ = outer.ReadInteger();
            if (outer.ReadSequence().ReadObjectIdentifier() != PrivateKeyNames.Ed25519) return null;
            byte[] seed = new AsnReader(outer.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
            return seed.Length == Ed25519Signature.SeedBytes ? new Ed25519PrivateKey(seed) : throw new CryptographicException("a key of another length");
        }

        public override byte[] ExportInfo() => [.. Head, .. _seed];

        public override byte[] Sign(byte[] message) => Ed25519Signature.Sign(_seed, message);

        public override void Dispose() => CryptographicOperations.ZeroMemory(_seed);
    }

    private sealed class EcdsaPrivateKey(ECDsa key) : PrivateKey
    {
        private readonly EcdsaSigner _signer = new(key);

        public override TrustKey Key => _signer.Key;

        public static EcdsaPrivateKey Read(ReadOnlySpan<byte> info)
        {
            ECDsa key = ECDsa.Create();
            try
            {
                key.ImportPkcs8PrivateKey(info, out _);
                return key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == PrivateKeyNames.P256 ? new(key) : throw new CryptographicException("another curve");
            }
            catch
            {
                key.Dispose();
                throw;
            }
        }

        public override byte[] ExportInfo() => key.ExportPkcs8PrivateKey();

        public override byte[] Sign(byte[] message) => _signer.Sign(message);

        public override void Dispose() => key.Dispose();
    }
}
