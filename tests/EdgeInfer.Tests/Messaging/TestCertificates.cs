using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeInfer.Tests.Messaging;

/// <summary>An authority and what it signs, made anew for each test.</summary>
internal sealed class TestCertificates : IDisposable
{
    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";
    private const string ClientPurpose = "1.3.6.1.5.5.7.3.2";
    private static readonly DateTimeOffset s_begin = new(2010, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_end = new(2049, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly bool _isOwner;
    private byte _serial;

    public TestCertificates(string name)
    {
        Folder = Directory.CreateTempSubdirectory("edgeinfer-tls-").FullName;
        _isOwner = true;
        _authority = AuthorityRequest(name, _key).CreateSelfSigned(s_begin, s_end);
        AuthorityFile = Write("ca.pem", AuthorityPem);
    }

    private TestCertificates(string name, TestCertificates above)
    {
        Folder = above.Folder;
        using X509Certificate2 signed = AuthorityRequest(name, _key).Create(above._authority, s_begin, s_end, [9, 9, ++above._serial]);
        _authority = signed.CopyWithPrivateKey(_key);
        AuthorityFile = Write("between.pem", AuthorityPem);
    }

    /// <summary>The authority's certificate, PEM.</summary>
    public string AuthorityFile { get; }

    /// <summary>The same as text.</summary>
    public string AuthorityPem => _authority.ExportCertificatePem() + "\n";

    /// <summary>The authority's certificate.</summary>
    public X509Certificate2 Authority => _authority;

    public string Folder { get; }

    /// <summary>Path of one of its files.</summary>
    public string this[string name] => Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>An authority that this one signs, its files in the same folder.</summary>
    public TestCertificates Between(string name) => new(name, this);

    /// <summary>A server certificate for an address and, on the side, its PEM files <c>server.pem</c> and <c>server.key</c>.</summary>
    public X509Certificate2 Server(string address = "127.0.0.1", int notBeforeYear = 2010, int notAfterYear = 2048, bool isForServers = true)
    {
        SubjectAlternativeNameBuilder names = new();
        if (IPAddress.TryParse(address, out IPAddress? ip)) names.AddIpAddress(ip);
        else names.AddDnsName(address);
        return Sign("broker.test", "server", notBeforeYear, notAfterYear, names.Build(), Purpose(isForServers ? ServerPurpose : ClientPurpose));
    }

    /// <summary>A client certificate; its PEM files are <c>{file}.pem</c> and <c>{file}.key</c>.</summary>
    public X509Certificate2 Client(string name = "press-3", string file = "client", int notBeforeYear = 2010, int notAfterYear = 2048, bool isForClients = true)
        => Sign(name, file, notBeforeYear, notAfterYear, Purpose(isForClients ? ClientPurpose : ServerPurpose));

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
        if (_isOwner) Directory.Delete(Folder, recursive: true);
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key)
    {
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        return request;
    }

    private static X509EnhancedKeyUsageExtension Purpose(string purpose) => new([new Oid(purpose)], false);

    private X509Certificate2 Sign(string name, string file, int notBeforeYear, int notAfterYear, params X509Extension[] extensions)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        foreach (X509Extension extension in extensions) request.CertificateExtensions.Add(extension);
        DateTimeOffset begin = new(notBeforeYear, 1, 1, 0, 0, 0, TimeSpan.Zero), end = new(notAfterYear, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using X509Certificate2 signed = request.Create(_authority, begin, end, [1, 2, 3, ++_serial]);
        Write($"{file}.pem", signed.ExportCertificatePem() + "\n");
        Write($"{file}.key", key.ExportPkcs8PrivateKeyPem() + "\n");
        using X509Certificate2 whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
