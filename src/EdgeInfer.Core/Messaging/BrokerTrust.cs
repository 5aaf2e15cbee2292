using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;
using MQTTnet;

namespace EdgeInfer.Messaging;

/// <summary>
/// The TLS side of one connection attempt: authorities and client certificate are read anew each time, so that files may be replaced
/// while the agent runs, and a refused broker certificate is kept as a fault that says whose authority is wanted.
/// Revocation is not checked: devices seldom reach the servers that tell.
/// </summary>
internal sealed class BrokerTrust : IMqttClientCertificatesProvider
{
    private readonly string _where;
    private readonly string _host;
    private readonly string? _authorityFile;
    private readonly X509Certificate2Collection? _authorities;
    private readonly X509CertificateCollection _own = [];

    /// <summary>Reads the files.</summary>
    /// <exception cref="MqttLinkException">A file is missing or is not PEM.</exception>
    public BrokerTrust(MqttSettings settings)
    {
        _where = settings.Address;
        _host = settings.Options.Url.IdnHost;
        _authorityFile = settings.Options.TlsCa;
        if (_authorityFile is not null) _authorities = Read(_authorityFile, "mqtt.tls.ca", static file =>
        {
            X509Certificate2Collection found = [];
            found.ImportFromPemFile(file);
            return found.Count > 0 ? found : throw new CryptographicException("it holds no certificate");
        });
        if (settings.Options is { TlsCertificate: { } certificate, TlsKey: { } key })
            _own.Add(Read(certificate, "mqtt.tls.certificate", file => X509Certificate2.CreateFromPemFile(file, key)));
    }

    /// <summary>Why the broker's certificate was refused; null while it was not.</summary>
    public Fault? Refusal { get; private set; }

    /// <summary>The options MQTTnet takes.</summary>
    public MqttClientTlsOptions ToOptions() => new()
    {
        UseTls = true,
        RevocationMode = X509RevocationMode.NoCheck,
        ClientCertificatesProvider = this,
        CertificateValidationHandler = arguments => IsTrusted(arguments.Certificate, arguments.Chain, arguments.SslPolicyErrors),
    };

    /// <inheritdoc/>
    public X509CertificateCollection GetCertificates() => _own;

    private bool IsTrusted(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            Refusal = new(FaultKind.Unavailable, _where, "the broker sent no certificate", "check the broker's TLS configuration");
            return false;
        }

        using X509Certificate2 own = X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert));
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
        {
            Refusal = new(FaultKind.Configuration, _where, $"the broker's certificate is for {Names(own)}, not for {_host}",
                "use one of its names in mqtt.url, or give the broker a certificate for this name");
            return false;
        }

        using X509Chain chain = new();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (_authorities is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        }

        if (sent is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
            foreach (X509ChainElement element in sent.ChainElements) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        if (chain.Build(own)) return true;
        Refusal = Explain(own, chain);
        return false;
    }

    private Fault Explain(X509Certificate2 certificate, X509Chain chain)
    {
        X509ChainStatusFlags flags = default;
        foreach (X509ChainStatus status in chain.ChainStatus) flags |= status.Status;
        if ((flags & X509ChainStatusFlags.NotTimeValid) != 0)
        {
            return new(FaultKind.Unavailable, _where,
                $"the broker's certificate ({certificate.Subject}) or one above it is not valid now: it runs from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd} to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}",
                "check this device's clock, then the broker's certificate");
        }

        string sent = $"the broker's certificate (subject {certificate.Subject}, issuer {certificate.Issuer})";
        if (_authorities is null)
        {
            return new(FaultKind.Configuration, _where, $"{sent} is signed by no authority that this system trusts",
                $"set mqtt.tls.ca to a PEM file with the certificate of {certificate.Issuer}");
        }

        return new(FaultKind.Configuration, _where, $"{sent} is not signed by an authority of mqtt.tls.ca, {_authorityFile} ({_authorities[0].Subject})",
            $"set mqtt.tls.ca to a PEM file with the certificate of {certificate.Issuer}");
    }

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

    private T Read<T>(string file, string key, Func<string, T> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new MqttLinkException(new(FaultKind.Configuration, _where, $"{key}: cannot use {file}: {e.Message.TrimEnd('.')}", "name a readable PEM file"), true, e);
        }
    }
}
