using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Messaging;

/// <summary>The files behind TLS as they were at one moment: authorities, and the device's own certificate with what signed it and its key.</summary>
internal sealed class TrustFiles
{
    private readonly FileStamp[] _stamps;
    private readonly string _identity;

    private TrustFiles(FileStamp[] stamps, X509Certificate2Collection? authorities, X509Certificate2Collection? own)
    {
        _stamps = stamps;
        Authorities = authorities;
        Certificate = own?[0];
        if (own is not null) Context = SslStreamCertificateContext.Create(own[0], own, offline: true);
        _identity = string.Join(' ', Hashes(authorities).Order(StringComparer.Ordinal)) + '|' + string.Join(' ', Hashes(own));
    }

    /// <summary>What a broker's certificate has to be signed by; null for the system's authorities.</summary>
    public X509Certificate2Collection? Authorities { get; }

    /// <summary>The device's own certificate; null where there is none.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>The own certificate as TLS shows it: the certificates behind it in its file go along.</summary>
    public SslStreamCertificateContext? Context { get; }

    /// <summary>The states of the files that a session depends on: those of TLS and the password's.</summary>
    public static FileStamp[] Stamps(MqttOptions options)
        => [Stamp(options.TlsCa), Stamp(options.TlsCertificate), Stamp(options.TlsKey), Stamp(options.Password?.File)];

    /// <summary>Reads the files.</summary>
    /// <exception cref="MqttLinkException">One is missing, is not PEM, is not written to its end, or the key is another certificate's.</exception>
    public static TrustFiles Read(MqttSettings settings)
    {
        MqttOptions options = settings.Options;
        FileStamp[] stamps = Stamps(options);
        X509Certificate2Collection? authorities = options.TlsCa is { } ca ? Load(settings, () => CertificateFiles.Read(ca, "mqtt.tls.ca")) : null;
        X509Certificate2Collection? own = options is { TlsCertificate: { } certificate, TlsKey: { } key }
            ? Load(settings, () => CertificateFiles.ReadOwn((certificate, "mqtt.tls.certificate"), (key, "mqtt.tls.key")))
            : null;
        return new(stamps, authorities, own);
    }

    /// <summary>The states of the files when these were read.</summary>
    public FileStamp[] Stamps() => _stamps;

    /// <summary>Whether the files are as they were when these were read.</summary>
    public bool IsCurrent(FileStamp[] stamps) => stamps.AsSpan().SequenceEqual(_stamps);

    /// <summary>Whether other files hold the same certificates and, so, the same key.</summary>
    public bool IsSameAs(TrustFiles other) => _identity == other._identity;

    /// <summary>What they hold, for a log.</summary>
    public override string ToString()
    {
        string authorities = Authorities is null ? "the system's authorities" : $"{Authorities.Count} {(Authorities.Count == 1 ? "authority" : "authorities")}";
        return Certificate is null ? authorities : string.Create(CultureInfo.InvariantCulture, $"{authorities} and {Certificate.Subject}, valid to {Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}");
    }

    private static FileStamp Stamp(string? path) => path is null ? default : FileStamp.Of(path);

    private static IEnumerable<string> Hashes(X509Certificate2Collection? certificates)
        => certificates is null ? ["none"] : certificates.Select(static c => c.GetCertHashString(HashAlgorithmName.SHA256));

    // What is wrong with a file is the session's trouble: a later attempt reads it anew.
    private static T Load<T>(MqttSettings settings, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (FaultException e)
        {
            throw new MqttLinkException(new(FaultKind.Configuration, settings.Address, $"{e.Fault.Where}: {e.Fault.What}", e.Fault.Cure), true, e);
        }
    }
}
