using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Messaging;

/// <summary>What is wrong with a certificate or with TLS, in the words of an operator.</summary>
internal static class TlsFaults
{
    private const string ClockCure = "set the clock, or let a time service keep it; it is tried again by itself";

    /// <summary>The broker's certificate is for another name.</summary>
    public static MqttLinkException OfName(MqttSettings settings, X509Certificate2 certificate) => Wanting(settings,
        $"the broker's certificate is for {Names(certificate)}, not for {settings.Options.Url.IdnHost}",
        "use one of its names in mqtt.url, or give the broker a certificate for this name");

    /// <summary>What keeps the broker's certificate from being trusted.</summary>
    /// <param name="settings">The session's.</param>
    /// <param name="authorities">Those of <c>mqtt.tls.ca</c>; null for the system's.</param>
    /// <param name="certificate">The broker's.</param>
    /// <param name="chain">As built from it.</param>
    /// <param name="now">What the clock says.</param>
    public static MqttLinkException OfChain(MqttSettings settings, X509Certificate2Collection? authorities, X509Certificate2 certificate, X509Chain chain, DateTimeOffset now)
    {
        X509ChainStatusFlags flags = default;
        foreach (X509ChainStatus status in chain.ChainStatus) flags |= status.Status;
        const X509ChainStatusFlags Unsigned = X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotSignatureValid;
        if ((flags & Unsigned) != 0) return Unknown(settings, authorities, certificate, chain);
        if ((flags & X509ChainStatusFlags.NotTimeValid) != 0) return OutOfTime(settings, certificate, chain, now);
        return (flags & X509ChainStatusFlags.NotValidForUsage) != 0
            ? Wanting(settings, $"the broker's certificate ({certificate.Subject}) is not made for servers", "give the broker one with the extended key usage serverAuth")
            : Wanting(settings, $"the broker's certificate ({certificate.Subject}) cannot be trusted: {flags}", "give the broker another one");
    }

    /// <summary>What a TLS alert of the broker says; null where there is none in an exception.</summary>
    /// <param name="settings">The session's.</param>
    /// <param name="own">The device's certificate; null where it has none.</param>
    /// <param name="now">What the clock says.</param>
    /// <param name="e">What was thrown.</param>
    public static MqttLinkException? OfAlert(MqttSettings settings, X509Certificate2? own, DateTimeOffset now, Exception e) => TlsAlert.Of(e) switch
    {
        TlsAlert.ProtocolVersion or TlsAlert.UnsupportedProtocol => Wanting(settings, "the broker speaks no TLS that is safe today: 1.2 and 1.3 are taken", "turn TLS 1.2 or 1.3 on at the broker"),
        TlsAlert.CertificateRequired => WantsOne(settings),
        TlsAlert.HandshakeFailure => own is null
            ? Wanting(settings, "the broker breaks off the TLS handshake: most likely it wants a client certificate", "set mqtt.tls.certificate and mqtt.tls.key; else let the broker allow a usual cipher")
            : Wanting(settings, "the broker breaks off the TLS handshake: it refuses the device's certificate, or shares no cipher with this device", "look into the broker's log"),
        TlsAlert.InsufficientSecurity => Wanting(settings, "the broker finds what this device offers in TLS too weak", "look into the broker's log"),
        TlsAlert.UnrecognizedName => Wanting(settings, $"the broker does not know the name '{settings.Options.Url.IdnHost}'", "use one of its names in mqtt.url"),
        >= TlsAlert.BadCertificate and <= TlsAlert.UnknownCa or TlsAlert.AccessDenied or TlsAlert.DecryptError => own is null ? WantsOne(settings) : RefusesOwn(settings, own, now, TlsAlert.Of(e)),
        _ => null,
    };

    /// <summary>A word on the device's own certificate, before the broker has one.</summary>
    public static Fault? OfOwn(MqttSettings settings, X509Certificate2? own, DateTimeOffset now, TimeSpan notice)
    {
        if (own is null) return null;
        DateTimeOffset begin = own.NotBefore.ToUniversalTime(), end = own.NotAfter.ToUniversalTime();
        string which = Own(settings, own);
        if (now < begin) return new(FaultKind.Configuration, settings.Address, $"{which} is not valid before {Day(begin)}, and {Clock(settings, now)}", ClockCure);
        if (now > end) return new(FaultKind.Configuration, settings.Address, $"{which} expired on {Day(end)}" + (IsDoubtful(settings, now) ? $", if the clock is right: {Clock(settings, now)}" : ""), "renew it: new files are used as soon as they are there");
        return end - now < notice ? new(FaultKind.Configuration, settings.Address, $"{which} expires on {Day(end)}", "renew it: new files are used as soon as they are there") : null;
    }

    private static MqttLinkException OutOfTime(MqttSettings settings, X509Certificate2 certificate, X509Chain chain, DateTimeOffset now)
    {
        X509Certificate2 wrong = certificate;
        foreach (X509ChainElement element in chain.ChainElements)
        {
            if (now >= element.Certificate.NotBefore.ToUniversalTime() && now <= element.Certificate.NotAfter.ToUniversalTime()) continue;
            wrong = element.Certificate;
            break;
        }

        string which = wrong.Equals(certificate) ? $"the broker's certificate ({wrong.Subject})" : $"a certificate that the broker's stands on ({wrong.Subject})";
        DateTimeOffset begin = wrong.NotBefore.ToUniversalTime(), end = wrong.NotAfter.ToUniversalTime();
        if (now < begin)
        {
            // Time mends it, of the clock or of the certificate: never the long wait.
            return IsDoubtful(settings, now)
                ? Clockwise(settings, $"this device's clock says {Moment(now)} and is probably wrong: {which} is valid from {Day(begin)} to {Day(end)}", ClockCure)
                : Clockwise(settings, $"{which} is not valid before {Moment(begin)}, and {Clock(settings, now)}", "compare this device's clock with that of the broker's authority; it is tried again by itself");
        }

        return IsDoubtful(settings, now)
            ? Clockwise(settings, $"{which} expired on {Day(end)}, if the clock is right: {Clock(settings, now)}", $"renew the certificate at the broker, or {ClockCure}")
            : Wanting(settings, $"{which} expired on {Day(end)}", "renew it at the broker");
    }

    private static MqttLinkException Unknown(MqttSettings settings, X509Certificate2Collection? authorities, X509Certificate2 certificate, X509Chain chain)
    {
        X509Certificate2 top = chain.ChainElements.Count > 0 ? chain.ChainElements[^1].Certificate : certificate;
        bool isSelfSigned = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
        bool isTopSelfSigned = top.SubjectName.RawData.AsSpan().SequenceEqual(top.IssuerName.RawData);
        string wanted = isTopSelfSigned ? top.Subject : top.Issuer;
        string sent = $"the broker's certificate (subject {certificate.Subject}, issuer {certificate.Issuer})";
        if (authorities is null)
        {
            return isSelfSigned
                ? Wanting(settings, $"{sent} is signed by itself, and mqtt.tls.ca is not set", "set mqtt.tls.ca to a PEM file with that very certificate, or give the broker one of an authority")
                : Wanting(settings, $"{sent} is signed by no authority that this system trusts", $"set mqtt.tls.ca to a PEM file with the certificate of {wanted}");
        }

        string file = $"{settings.Options.TlsCa} ({string.Join("; ", authorities.Take(3).Select(static a => a.Subject))}{(authorities.Count > 3 ? $" and {authorities.Count - 3} more" : "")})";
        if (authorities.Any(top.Equals) && !isTopSelfSigned)
            return Wanting(settings, $"{sent}: mqtt.tls.ca, {file}, ends with {top.Subject}, which another authority signs", $"add the certificate of {wanted} to that file");
        string missing = top.Equals(certificate) && !isSelfSigned ? ", or the broker does not send what is between" : "";
        return Wanting(settings, $"{sent} is not signed by an authority of mqtt.tls.ca, {file}{missing}",
            $"set mqtt.tls.ca to a PEM file with the certificate of {wanted}{(missing.Length > 0 ? ", or let the broker send its whole chain" : "")}");
    }

    private static MqttLinkException WantsOne(MqttSettings settings)
        => Wanting(settings, "the broker wants a client certificate", "set mqtt.tls.certificate and mqtt.tls.key");

    private static MqttLinkException RefusesOwn(MqttSettings settings, X509Certificate2 own, DateTimeOffset now, int alert)
    {
        string which = Own(settings, own);
        DateTimeOffset begin = own.NotBefore.ToUniversalTime(), end = own.NotAfter.ToUniversalTime();
        string what = $"the broker refuses {which}";
        if (now > end)
        {
            string clock = IsDoubtful(settings, now) ? $", if the clock is right: {Clock(settings, now)}" : "";
            return Wanting(settings, $"{what}: it expired on {Day(end)}{clock}", "renew it: new files are used as soon as they are there");
        }

        if (now < begin) return Clockwise(settings, $"{what}: it is not valid before {Day(begin)}, and {Clock(settings, now)}", ClockCure);
        return alert switch
        {
            TlsAlert.CertificateExpired => Wanting(settings, $"{what} as expired; it is valid to {Day(end)}, and {Clock(settings, now)}", "compare the clocks of broker and device"),
            TlsAlert.CertificateRevoked => Wanting(settings, $"{what} as revoked", "make a new one: new files are used as soon as they are there"),
            TlsAlert.UnsupportedCertificate => Wanting(settings, $"{what}: it is not made for clients", "use one with the extended key usage clientAuth"),
            TlsAlert.UnknownCa => Wanting(settings, $"{what}: it does not know the authority, {own.Issuer}",
                $"let the broker trust {own.Issuer}, or use a certificate of an authority that it trusts; where one between signed it, put that one's certificate behind it in the same file"),
            _ => Wanting(settings, what, $"look into the broker's log; the certificate is valid from {Moment(begin)} to {Moment(end)}, and {Clock(settings, now)}"),
        };
    }

    private static string Own(MqttSettings settings, X509Certificate2 own) => $"this device's certificate ({settings.Options.TlsCertificate}, {own.Subject})";

    private static bool IsDoubtful(MqttSettings settings, DateTimeOffset now) => now < ProgramDate.WrittenAt || !settings.IsClockSynced();

    private static string Clock(MqttSettings settings, DateTimeOffset now)
    {
        string said = $"this device's clock says {Moment(now)}";
        if (now < ProgramDate.WrittenAt) return $"{said} and is wrong";
        return settings.IsClockSynced() ? said : $"{said}, and no time service keeps it";
    }

    private static string Day(DateTimeOffset time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Moment(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);

    private static MqttLinkException Wanting(MqttSettings settings, string what, string cure) => new(new(FaultKind.Configuration, settings.Address, what, cure), true);

    private static MqttLinkException Clockwise(MqttSettings settings, string what, string cure)
        => new(new(FaultKind.Unavailable, settings.Address, what, cure), true) { WaitsLong = false };

    private static string Names(X509Certificate2 certificate)
    {
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension is not X509SubjectAlternativeNameExtension names) continue;
            string found = string.Join(", ", names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(a => a.ToString())));
            if (found.Length > 0) return found;
        }

        return certificate.Subject;
    }
}
