using System.Formats.Asn1;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>The public half of a key that lies elsewhere, as <c>openssl pkey -pubout</c> and key services give it.</summary>
internal static class PrivateKeyPublicHalf
{
    private const string Label = "PUBLIC KEY";

    /// <summary>Reads a PEM SubjectPublicKeyInfo.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="where">Its name, for faults.</param>
    /// <exception cref="FaultException">It is no Ed25519 or P-256 key.</exception>
    public static TrustKey Read(string pem, string where)
    {
        try
        {
            if (!PemEncoding.TryFind(pem, out PemFields fields) || pem[fields.Label] != Label) throw new CryptographicException("no PEM 'PUBLIC KEY'");
            byte[] info = Convert.FromBase64String(pem[fields.Base64Data]);
            AsnReader outer = new AsnReader(info, AsnEncodingRules.DER).ReadSequence();
            if (outer.ReadSequence().ReadObjectIdentifier() == PrivateKeyNames.Ed25519) return TrustKey.Ed25519(outer.ReadBitString(out _));
            using ECDsa key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(info, out _);
            return key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == PrivateKeyNames.P256 ? TrustKey.Ecdsa(key) : throw new CryptographicException("another curve");
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or UpdateException)
        {
            throw FaultException.Of(FaultKind.Data, where, "this is no public key on Ed25519 or P-256", "give what 'openssl pkey -in KEY -pubout' writes", e);
        }
    }
}
