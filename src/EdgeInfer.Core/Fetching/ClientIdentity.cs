using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Fetching;

/// <summary>
/// The certificate by which a server knows who asks, as its files have it now: they may be replaced while the program runs. Not thread-safe.
/// </summary>
/// <param name="certificateFile">Absolute path; the certificates that stand between it and its authority may follow it in the file.</param>
/// <param name="keyFile">Absolute path.</param>
/// <param name="words">Name the files.</param>
internal sealed class ClientIdentity(string certificateFile, string keyFile, FetchWords words)
{
    private (FileStamp Certificate, FileStamp Key) _stamps;

    /// <summary>What is shown; null before the first <see cref="Renew"/>.</summary>
    public X509Certificate2? Certificate { get; private set; }

    /// <summary>The same as TLS takes it.</summary>
    public SslStreamCertificateContext? Context { get; private set; }

    /// <summary>Reads the files where they are others than the last time.</summary>
    /// <returns>Whether there is another certificate now. Files that cannot be used change nothing while there is one.</returns>
    /// <exception cref="FaultException">There is none yet, and the files cannot be used.</exception>
    public bool Renew()
    {
        (FileStamp, FileStamp) stamps = (FileStamp.Of(certificateFile), FileStamp.Of(keyFile));
        if (Certificate is not null && stamps == _stamps) return false;
        X509Certificate2Collection own;
        try
        {
            own = CertificateFiles.ReadOwn((certificateFile, words.Certificate), (keyFile, words.Key));
        }
        catch (FaultException) when (Certificate is not null)
        {
            // They are being replaced: looked at again with the next request.
            return false;
        }

        _stamps = stamps;
        Certificate = own[0];
        // Nothing is fetched from anywhere to complete the chain.
        Context = SslStreamCertificateContext.Create(own[0], own, offline: true);
        return true;
    }
}
