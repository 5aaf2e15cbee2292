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
        X509Certificate2Collection? authorities = options.TlsCa is { } ca ? Certificates(settings, "mqtt.tls.ca", ca) : null;
        X509Certificate2Collection? own = null;
        if (options is { TlsCertificate: { } certificate, TlsKey: { } key })
        {
            own = Certificates(settings, "mqtt.tls.certificate", certificate);
            own[0] = WithKey(settings, own[0], certificate, key);
        }

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

    private static X509Certificate2Collection Certificates(MqttSettings settings, string key, string file)
    {
        string text = Text(settings, key, file, PemContent.Certificate);
        X509Certificate2Collection found = [];
        try
        {
            found.ImportFromPem(text);
        }
        catch (CryptographicException e)
        {
            throw Unusable(settings, key, $"a certificate in {file} is damaged: {e.Message.TrimEnd('.')}", "write it again", e);
        }

        // Of a file that is being written the first certificates are whole; a trusted one counts as a certificate only here.
        int begun = text.Split("-----BEGIN CERTIFICATE-----").Length - 1;
        if (found.Count == 0 || found.Count < begun)
            throw Unusable(settings, key, $"the file {file} is damaged, or not written to its end: {found.Count} of {begun} certificates are whole", "write it again", null);
        return found;
    }

    private static X509Certificate2 WithKey(MqttSettings settings, X509Certificate2 certificate, string certificateFile, string keyFile)
    {
        string key = Text(settings, "mqtt.tls.key", keyFile, PemContent.PrivateKey);
        try
        {
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            throw IsKey(key)
                ? Unusable(settings, "mqtt.tls.key", $"the key in {keyFile} does not belong to the certificate in {certificateFile} ({certificate.Subject})", "name the key that the certificate was made for", e)
                : Unusable(settings, "mqtt.tls.key", $"the private key in {keyFile} is damaged, or of a kind that cannot be used", "use an RSA or EC key in PEM", e);
        }
    }

    private static bool IsKey(string text) => IsKeyOf(RSA.Create(), text) || IsKeyOf(ECDsa.Create(), text);

    private static bool IsKeyOf(AsymmetricAlgorithm kind, string text)
    {
        using (kind)
        {
            try
            {
                kind.ImportFromPem(text);
                return true;
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                return false;
            }
        }
    }

    private static string Text(MqttSettings settings, string key, string file, string label)
    {
        try
        {
            string text = PemContent.Read(file, label, out (string What, string Cure)? wrong);
            return wrong is null ? text : throw Unusable(settings, key, wrong.Value.What, wrong.Value.Cure, null);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, file, $"name a PEM file with a {PemContent.Noun(label)}");
            throw Unusable(settings, key, what, cure, e);
        }
    }

    private static MqttLinkException Unusable(MqttSettings settings, string key, string what, string cure, Exception? inner)
        => new(new(FaultKind.Configuration, settings.Address, $"{key}: {what}", cure), true, inner);
}
