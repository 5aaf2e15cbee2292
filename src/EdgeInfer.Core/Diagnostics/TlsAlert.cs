using System.Globalization;

namespace EdgeInfer.Diagnostics;

/// <summary>
/// The TLS alert in an exception. .NET passes OpenSSL's line on, whose words differ from version to version
/// (<c>error:0A00045C:SSL routines::tlsv13 alert certificate required</c>) and whose number does not: its reason is 1000 and the alert
/// (ssl.h, SSL_AD_REASON_OFFSET), which RFC 8446, section 6, lists.
/// </summary>
internal static class TlsAlert
{
    public const int None = 0;
    public const int HandshakeFailure = 40;
    public const int BadCertificate = 42;
    public const int UnsupportedCertificate = 43;
    public const int CertificateRevoked = 44;
    public const int CertificateExpired = 45;
    public const int UnknownCa = 48;
    public const int AccessDenied = 49;
    public const int DecryptError = 51;
    public const int ProtocolVersion = 70;
    public const int InsufficientSecurity = 71;
    public const int UnrecognizedName = 112;
    public const int CertificateRequired = 116;

    /// <summary>No alert: OpenSSL's own refusal of the version that the other side chose (SSL_R_UNSUPPORTED_PROTOCOL).</summary>
    public const int UnsupportedProtocol = -258;

    /// <summary>No alert: what came is no TLS (SSL_R_WRONG_VERSION_NUMBER, and two words for plain HTTP).</summary>
    public const int NoTls = -267;

    private const int AlertReason = 1000;
    private const string Mark = "error:";

    // Version 3 has 23 bits for a reason and version 1.1 has 12; none is longer than that.
    private const uint ReasonMask = 0xFFF;

    /// <summary>The alert's number, one of the two below zero, or <see cref="None"/>.</summary>
    public static int Of(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            int at = e.Message.IndexOf(Mark, StringComparison.Ordinal);
            if (at < 0) continue;
            ReadOnlySpan<char> rest = e.Message.AsSpan(at + Mark.Length);
            int length = rest.IndexOf(':');
            if (length <= 0 || !uint.TryParse(rest[..length], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)) continue;
            int reason = (int)(code & ReasonMask);
            if (reason is > AlertReason and < AlertReason + 256) return reason - AlertReason;
            if (reason is -UnsupportedProtocol) return UnsupportedProtocol;
            if (reason is -NoTls or 155 or 156) return NoTls;
        }

        return None;
    }
}
