namespace EdgeInfer.Trust;

/// <summary>Object identifiers of keys and of what encrypts them.</summary>
internal static class PrivateKeyNames
{
    /// <summary>id-Ed25519 (RFC 8410).</summary>
    public const string Ed25519 = "1.3.101.112";

    /// <summary>secp256r1, which NIST calls P-256 (RFC 5480).</summary>
    public const string P256 = "1.2.840.10045.3.1.7";

    /// <summary>id-PBES2 (RFC 8018).</summary>
    public const string Pbes2 = "1.2.840.113549.1.5.13";

    /// <summary>id-PBKDF2 (RFC 8018).</summary>
    public const string Pbkdf2 = "1.2.840.113549.1.5.12";

    /// <summary>id-hmacWithSHA256 (RFC 8018).</summary>
    public const string HmacSha256 = "1.2.840.113549.2.9";

    /// <summary>aes256-CBC-PAD (RFC 8018).</summary>
    public const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";
}
