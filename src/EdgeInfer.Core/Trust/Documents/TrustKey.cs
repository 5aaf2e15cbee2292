using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>A public key as metadata carry it, with the members that this program does not know: the key's id is over all of them.</summary>
internal sealed class TrustKey
{
    private const string EcdsaScheme = "ecdsa-sha2-nistp256";
    private const string RsaScheme = "rsassa-pss-sha256";
    private const string Ed25519Scheme = "ed25519";
    private const string NistP256 = "1.2.840.10045.3.1.7";
    private const int LeastRsaBits = 2048;

    // A signature by a larger key costs more than 1 ms on a small device.
    private const int MostRsaBits = 8192;

    private readonly byte[] _material;

    private TrustKey(JsonElement json, string type, string scheme, byte[] material, string identity)
    {
        (Json, Type, Scheme, _material, Identity) = (json, type, scheme, material, identity);
        Id = Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Encode(json)));
    }

    /// <summary>The key object as it was read.</summary>
    public JsonElement Json { get; }

    /// <summary><c>keytype</c>.</summary>
    public string Type { get; }

    /// <summary><c>scheme</c>.</summary>
    public string Scheme { get; }

    /// <summary>Lower-case hex of the SHA-256 of the key object's canonical form.</summary>
    public string Id { get; }

    /// <summary>Equal for two objects that hold the same key, whatever else they say: one key counts once towards a threshold, under however many ids.</summary>
    public string Identity { get; }

    /// <summary>Reads a key object. A type or scheme that this program does not know is a key whose signatures never count, as the specification
    /// allows for; a key of a known scheme has to be one.</summary>
    /// <exception cref="UpdateException">It is no key object (<see cref="UpdateCode.Signature"/>).</exception>
    public static TrustKey Read(JsonElement json, string where)
    {
        JsonMembers key = new(json, where, "a key");
        string type = key.Text("keytype");
        string scheme = key.Text("scheme");
        JsonElement value = key.Take("keyval");
        string text = new JsonMembers(value, where, "a key's keyval").Text("public");
        try
        {
            (byte[] material, string identity) = (type, scheme) switch
            {
                ("ed25519", Ed25519Scheme) => OfEd25519(text),
                ("ecdsa" or EcdsaScheme, EcdsaScheme) => OfEcdsa(text),
                ("rsa", RsaScheme) => OfRsa(text),
                _ => ([], $"{type} {scheme} {text}"),
            };
            return new TrustKey(json, type, scheme, material, identity);
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            throw UpdateException.Of(UpdateCode.Signature, where, $"a key of scheme {scheme} is none: {OneLine.Of(e.Message)}", inner: e);
        }
    }

    /// <summary>The key object of an Ed25519 key.</summary>
    /// <param name="publicKey">32 bytes.</param>
    public static TrustKey Ed25519(ReadOnlySpan<byte> publicKey) => Of("ed25519", Ed25519Scheme, Convert.ToHexStringLower(publicKey));

    /// <summary>The key object of a key on P-256.</summary>
    public static TrustKey Ecdsa(ECDsa key) => Of("ecdsa", EcdsaScheme, key.ExportSubjectPublicKeyInfoPem());

    /// <summary>The key object of an RSA key.</summary>
    public static TrustKey Rsa(RSA key) => Of("rsa", RsaScheme, key.ExportSubjectPublicKeyInfoPem());

    /// <summary>Whether a signature is this key's over these bytes; false for whatever is no signature at all.</summary>
    public bool Verifies(byte[] message, byte[] signature)
    {
        try
        {
            switch (_material.Length == 0 ? "" : Scheme)
            {
                case Ed25519Scheme:
                    return Ed25519Signature.Verify(_material, message, signature);
                case EcdsaScheme:
                    using (ECDsa ecdsa = ECDsa.Create())
                    {
                        ecdsa.ImportSubjectPublicKeyInfo(_material, out _);
                        return ecdsa.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
                    }

                case RsaScheme:
                    using (RSA rsa = RSA.Create())
                    {
                        rsa.ImportSubjectPublicKeyInfo(_material, out _);
                        return rsa.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
                    }

                default:
                    return false;
            }
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static TrustKey Of(string type, string scheme, string text) => Read(
        CanonicalJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("keytype", type);
            writer.WriteString("scheme", scheme);
            writer.WriteStartObject("keyval");
            writer.WriteString("public", text);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }),
        "a key of our own");

    private static (byte[] Material, string Identity) OfEd25519(string text)
    {
        byte[] key = Convert.FromHexString(text);
        if (key.Length != Ed25519Signature.KeyBytes) throw new FormatException($"{key.Length} bytes in place of {Ed25519Signature.KeyBytes}");
        return (key, "ed25519 " + Convert.ToHexStringLower(key));
    }

    private static (byte[] Material, string Identity) OfEcdsa(string text)
    {
        byte[] info = OfPem(text);
        using ECDsa key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(info, out int read);
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        if (read != info.Length || parameters.Curve.Oid.Value != NistP256) throw new FormatException("the curve is not P-256");
        return (info, $"ecdsa {Convert.ToHexStringLower(parameters.Q.X!)} {Convert.ToHexStringLower(parameters.Q.Y!)}");
    }

    private static (byte[] Material, string Identity) OfRsa(string text)
    {
        byte[] info = OfPem(text);
        using RSA key = RSA.Create();
        key.ImportSubjectPublicKeyInfo(info, out int read);
        if (read != info.Length || key.KeySize is < LeastRsaBits or > MostRsaBits) throw new FormatException($"{key.KeySize} bits, where {LeastRsaBits} to {MostRsaBits} are taken");
        RSAParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return (info, $"rsa {Convert.ToHexStringLower(parameters.Modulus!)} {Convert.ToHexStringLower(parameters.Exponent!)}");
    }

    private static byte[] OfPem(string text)
    {
        PemFields fields = PemEncoding.Find(text);
        if (!text.AsSpan()[fields.Label].SequenceEqual("PUBLIC KEY")) throw new FormatException("the PEM is no PUBLIC KEY");
        return Convert.FromBase64String(text[fields.Base64Data]);
    }
}
