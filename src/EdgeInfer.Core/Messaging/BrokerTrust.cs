using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Messaging;

/// <summary>
/// The TLS side of one connection attempt: the files are read anew each time, so that they may be replaced while the agent runs, and a
/// certificate that is refused, the broker's or the device's, is kept as a fault that says whose it is and what is wanted. Revocation is
/// not checked and no certificate fetched: devices seldom reach the servers that tell, and would wait for them.
/// </summary>
internal sealed class BrokerTrust
{
    /// <summary>TLS Web Server Authentication: else any device whose authority is the broker's could stand in for it.</summary>
    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";

    private readonly MqttSettings _settings;
    private readonly TimeProvider _time;

    /// <summary>Reads the files.</summary>
    /// <exception cref="MqttLinkException">A file cannot be used.</exception>
    public BrokerTrust(MqttSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        Files = TrustFiles.Read(settings);
    }

    /// <summary>What the files held.</summary>
    public TrustFiles Files { get; }

    /// <summary>Why the broker's certificate was refused; null while it was not.</summary>
    public MqttLinkException? Refusal { get; private set; }

    /// <summary>What TLS is asked for.</summary>
    public SslClientAuthenticationOptions ToOptions()
    {
        X509ChainPolicy policy = new()
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTime = _time.GetUtcNow().UtcDateTime,
        };
        policy.ApplicationPolicy.Add(new Oid(ServerPurpose));
        if (Files.Authorities is { } authorities)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);

            // One that another signs is no anchor; it stands in for what the broker does not send.
            policy.ExtraStore.AddRange(authorities);
        }

        return new()
        {
            TargetHost = _settings.Options.Url.IdnHost,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = policy,
            ClientCertificateContext = Files.Context,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors),
        };
    }

    /// <summary>What the broker thinks of the device's certificate, or of TLS as such; null where the exception does not say.</summary>
    public MqttLinkException? Explain(Exception e) => TlsFaults.OfAlert(_settings, Files.Certificate, _time.GetUtcNow(), e);

    /// <summary>A word on the device's own certificate while it still works, or why it will not; null where there is none to say.</summary>
    /// <param name="notice">How long before its end.</param>
    public Fault? OwnTrouble(TimeSpan notice) => TlsFaults.OfOwn(_settings, Files.Certificate, _time.GetUtcNow(), notice);

    private bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        Refusal = certificate is not X509Certificate2 own || chain is null
            ? new(new(FaultKind.Unavailable, _settings.Address, "the broker sent no certificate", "check the broker's TLS configuration"), true)
            : (errors & SslPolicyErrors.RemoteCertificateChainErrors) != 0 && TlsFaults.OfChain(_settings, Files.Authorities, own, chain, _time.GetUtcNow()) is { } untrusted
                ? untrusted
                : TlsFaults.OfName(_settings, own);
        return false;
    }
}
