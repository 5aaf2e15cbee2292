using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>
/// TLS of one configured server and of those that it sends requests on to. Certificates are judged here, by the clock that is given, and
/// without asking anybody for revocations or missing issuers; what was wrong with one is kept in words.
/// </summary>
internal sealed class ServerTrust(HttpHome home, TimeProvider time)
{
    /// <summary>TLS Web Server Authentication.</summary>
    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";

    private readonly ConcurrentDictionary<string, (string What, string Cure)> _refusals = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What TLS is asked for.</summary>
    /// <param name="own">The certificate to show where one is asked for; null for none.</param>
    public SslClientAuthenticationOptions ToOptions(SslStreamCertificateContext? own)
    {
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        return new()
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = policy,
            ClientCertificateContext = own,
            RemoteCertificateValidationCallback = IsTrusted,
        };
    }

    /// <summary>Why a host's certificate was refused the last time; null where it was not.</summary>
    public (string What, string Cure)? Refusal(string host) => _refusals.TryGetValue(host, out (string, string) refusal) ? refusal : null;

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        string host = (sender as SslStream)?.TargetHostName ?? "";
        if (Judge(host, certificate as X509Certificate2, chain, errors) is not { } refusal)
        {
            _refusals.TryRemove(host, out _);
            return true;
        }

        _refusals[host] = refusal;
        return false;
    }

    private (string What, string Cure)? Judge(string host, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null) return ("the server sent no certificate", "check the server's TLS configuration");
        DateTimeOffset now = (home.Clock ?? time.GetUtcNow)();
        X509Certificate2Collection between = [];
        if (chain is not null)
        {
            between.AddRange(chain.ChainPolicy.ExtraStore);
            foreach (X509ChainElement element in chain.ChainElements) between.Add(element.Certificate);
        }

        X509ChainStatusFlags flags = home.Authorities is { } authorities ? Flags(certificate, between, authorities, now) : Flags(certificate, between, null, now);
        if (flags != 0 && home.Authorities is not null && !home.Address.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase)) flags = Flags(certificate, between, null, now);
        const X509ChainStatusFlags Unsigned = X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotSignatureValid;
        if ((flags & Unsigned) != 0) return Unknown(certificate);
        if ((flags & X509ChainStatusFlags.NotTimeValid) != 0) return OutOfTime(certificate, now);
        if ((flags & X509ChainStatusFlags.NotValidForUsage) != 0) return ($"the server's certificate ({certificate.Subject}) is not made for servers", "give the server one with the extended key usage serverAuth");
        if (flags != 0) return ($"the server's certificate ({certificate.Subject}) cannot be trusted: {flags}", "give the server another one");
        return (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0
            ? null
            : ($"the server's certificate is for {Names(certificate)}, not for {host}", "use one of its names in the address, or give the server a certificate for this name");
    }

    private static X509ChainStatusFlags Flags(X509Certificate2 certificate, X509Certificate2Collection between, X509Certificate2Collection? authorities, DateTimeOffset now)
    {
        using X509Chain chain = new();
        X509ChainPolicy policy = chain.ChainPolicy;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = now.UtcDateTime;
        policy.VerificationTimeIgnored = false;
        policy.ApplicationPolicy.Add(new Oid(ServerPurpose));
        policy.ExtraStore.AddRange(between);
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
            policy.ExtraStore.AddRange(authorities);
        }

        if (chain.Build(certificate)) return 0;
        X509ChainStatusFlags flags = default;
        foreach (X509ChainStatus status in chain.ChainStatus) flags |= status.Status;
        return flags == 0 ? X509ChainStatusFlags.PartialChain : flags;
    }

    private (string What, string Cure) Unknown(X509Certificate2 certificate)
    {
        bool isSelfSigned = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
        string signer = isSelfSigned ? "by itself" : $"by {certificate.Issuer}";
        string trusted = home.Authorities is null ? "which this system does not trust" : $"which is none of {home.Words.Authorities}";
        return ($"the server's certificate ({certificate.Subject}) is signed {signer}, {trusted}", $"set {home.Words.Authorities} to a PEM file with {(isSelfSigned ? "that very certificate" : "the certificate of that authority")}");
    }

    private static (string What, string Cure) OutOfTime(X509Certificate2 certificate, DateTimeOffset now) => (
        string.Create(CultureInfo.InvariantCulture, $"the server's certificate, or one that it stands on, is valid from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd} to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}, and it is {now:yyyy-MM-dd} here"),
        "renew it at the server, or set this device's clock; it is tried again by itself");

    private static string Names(X509Certificate2 certificate)
    {
        X509SubjectAlternativeNameExtension? names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (names is null) return certificate.Subject;
        string[] all = [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(static a => a.ToString())];
        return string.Join(", ", all.Take(3));
    }
}
