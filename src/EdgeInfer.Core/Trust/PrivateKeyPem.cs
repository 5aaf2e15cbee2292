using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust;

/// <summary>
/// Private keys as files: PEM, PKCS#8, encrypted by PBES2 (RFC 8018: PBKDF2 with HMAC-SHA-256, AES-256 in CBC mode), which OpenSSL and
/// every library read. Anything else is refused, so that no key lies in the open by mistake.
/// </summary>
internal static class PrivateKeyPem
{
    /// <summary>Rounds of PBKDF2 for new files: what OWASP's password storage cheat sheet advises for HMAC-SHA-256.</summary>
    public const int Rounds = 600_000;

    /// <summary>The label of an encrypted key.</summary>
    public const string Label = "ENCRYPTED PRIVATE KEY";

    private const int MostRounds = 10_000_000;
    private const int SaltBytes = 16;
    private const int KeyBytes = 32;
    private const int BlockBytes = 16;

    /// <summary>The text of a file.</summary>
    /// <param name="key">The key.</param>
    /// <param name="passphrase">What opens it.</param>
    /// <param name="rounds">Rounds of PBKDF2.</param>
    public static string Write(PrivateKey key, string passphrase, int rounds = Rounds)
    {
        Envelope envelope = new(RandomNumberGenerator.GetBytes(SaltBytes), rounds, RandomNumberGenerator.GetBytes(BlockBytes), []);
        byte[] info = key.ExportInfo();
        using (Aes cipher = Cipher(passphrase, envelope)) envelope = envelope with { Encrypted = cipher.EncryptCbc(info, envelope.Vector) };
        CryptographicOperations.ZeroMemory(info);
        return PemEncoding.WriteString(Label, Encode(envelope)) + "\n";
    }

    /// <summary>Reads a file.</summary>
    /// <param name="pem">Its text.</param>
    /// <param name="passphrase">What opens it.</param>
    /// <param name="where">Its name, for faults.</param>
    /// <exception cref="FaultException">It is no such file, or the passphrase does not open it.</exception>
    public static PrivateKey Read(string pem, string passphrase, string where)
    {
        Envelope envelope = Decode(Find(pem, where), where);
        byte[] info;
        try
        {
            using Aes cipher = Cipher(passphrase, envelope);
            info = cipher.DecryptCbc(envelope.Encrypted, envelope.Vector);
            // One wrong passphrase in 256 gives a padding that looks right.
            _ = new AsnReader(info, AsnEncodingRules.DER).ReadSequence();
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw FaultException.Of(FaultKind.NoInput, where, "the passphrase does not open this key", "give the one that it was made with", e);
        }

        try
        {
            return PrivateKey.FromInfo(info, where);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(info);
        }
    }

    private static Aes Cipher(string passphrase, Envelope envelope)
    {
        Aes cipher = Aes.Create();
        cipher.Key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase), envelope.Salt, envelope.Rounds, HashAlgorithmName.SHA256, KeyBytes);
        return cipher;
    }

    private static byte[] Find(string pem, string where)
    {
        const string Cure = "encrypt it: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in KEY -out FILE";
        if (!PemEncoding.TryFind(pem, out PemFields fields)) throw FaultException.Of(FaultKind.Data, where, "this is no PEM file", Cure);
        string label = pem[fields.Label];
        return label == Label
            ? Convert.FromBase64String(pem[fields.Base64Data])
            : throw FaultException.Of(FaultKind.Data, where, label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) ? "this key is not encrypted by a passphrase" : $"this is a '{label}' and no encrypted private key", Cure);
    }

    private static byte[] Encode(Envelope envelope)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(PrivateKeyNames.Pbes2);
                using (writer.PushSequence())
                {
                    EncodeDerivation(writer, envelope);
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(PrivateKeyNames.Aes256Cbc);
                        writer.WriteOctetString(envelope.Vector);
                    }
                }
            }

            writer.WriteOctetString(envelope.Encrypted);
        }

        return writer.Encode();
    }

    private static void EncodeDerivation(AsnWriter writer, Envelope envelope)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(PrivateKeyNames.Pbkdf2);
            using (writer.PushSequence())
            {
                writer.WriteOctetString(envelope.Salt);
                writer.WriteInteger(envelope.Rounds);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(PrivateKeyNames.HmacSha256);
                    writer.WriteNull();
                }
            }
        }
    }

    private static Envelope Decode(byte[] der, string where)
    {
        try
        {
            AsnReader outer = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
            AsnReader algorithm = outer.ReadSequence();
            byte[] encrypted = outer.ReadOctetString();
            Expect(algorithm, PrivateKeyNames.Pbes2);
            AsnReader parameters = algorithm.ReadSequence();
            AsnReader derivation = parameters.ReadSequence();
            Expect(derivation, PrivateKeyNames.Pbkdf2);
            derivation = derivation.ReadSequence();
            byte[] salt = derivation.ReadOctetString();
            if (!derivation.TryReadInt32(out int rounds) || rounds is < 1 or > MostRounds) throw new AsnContentException("rounds");
            // The length of the key may stand here, and is the cipher's anyway.
            if (derivation.PeekTag() == Asn1Tag.Integer) _ = derivation.ReadInteger();
            Expect(derivation.ReadSequence(), PrivateKeyNames.HmacSha256);
            AsnReader cipher = parameters.ReadSequence();
            Expect(cipher, PrivateKeyNames.Aes256Cbc);
            byte[] vector = cipher.ReadOctetString();
            return vector.Length == BlockBytes ? new(salt, rounds, vector, encrypted) : throw new AsnContentException("vector");
        }
        catch (AsnContentException e)
        {
            throw FaultException.Of(
                FaultKind.Data, where, "this key is encrypted in another way than PBES2 with HMAC-SHA-256 and AES-256",
                "convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in KEY -out FILE", e);
        }
    }

    private static void Expect(AsnReader reader, string identifier)
    {
        if (reader.ReadObjectIdentifier() != identifier) throw new AsnContentException(identifier);
    }

    private sealed record Envelope(byte[] Salt, int Rounds, byte[] Vector, byte[] Encrypted);
}
