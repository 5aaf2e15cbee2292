using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>Loads certificates and keys from PEM files that an operator names; what is wrong with one is said under its key.</summary>
internal static class CertificateFiles
{
    private const string Begin = "-----BEGIN CERTIFICATE-----";

    /// <summary>All certificates of a file, at least one.</summary>
    /// <param name="file">Absolute path.</param>
    /// <param name="key">Names the file in the configuration or on the command line.</param>
    /// <exception cref="FaultException">It is missing, is not PEM, or is not written to its end.</exception>
    public static X509Certificate2Collection Read(string file, string key)
    {
        string text = Text(file, key, PemContent.Certificate);
        X509Certificate2Collection found = [];
        try
        {
            found.ImportFromPem(text);
        }
        catch (CryptographicException e)
        {
            throw Unusable(key, $"a certificate in {file} is damaged: {e.Message.TrimEnd('.')}", "write it again", e);
        }

        // Of a file that is being written the first certificates are whole; a trusted one counts as a certificate only here.
        int begun = text.Split(Begin).Length - 1;
        if (found.Count == 0 || found.Count < begun) throw Unusable(key, $"the file {file} is damaged, or not written to its end: {found.Count} of {begun} certificates are whole", "write it again", null);
        return found;
    }

    /// <summary>A certificate with its private key, and behind it what signed it.</summary>
    /// <param name="certificate">Absolute path and key of the file with the certificate first.</param>
    /// <param name="privateKey">The same of the private key's.</param>
    /// <exception cref="FaultException">A file cannot be used, or the key is another certificate's.</exception>
    public static X509Certificate2Collection ReadOwn((string File, string Key) certificate, (string File, string Key) privateKey)
    {
        X509Certificate2Collection own = Read(certificate.File, certificate.Key);
        string key = Text(privateKey.File, privateKey.Key, PemContent.PrivateKey);
        try
        {
            own[0] = X509Certificate2.CreateFromPem(own[0].ExportCertificatePem(), key);
            return own;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            throw IsKey(key)
                ? Unusable(privateKey.Key, $"the key in {privateKey.File} does not belong to the certificate in {certificate.File} ({own[0].Subject})", "name the key that the certificate was made for", e)
                : Unusable(privateKey.Key, $"the private key in {privateKey.File} is damaged, or of a kind that cannot be used", "use an RSA or EC key in PEM", e);
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

    private static string Text(string file, string key, string label)
    {
        try
        {
            string text = PemContent.Read(file, label, out (string What, string Cure)? wrong);
            return wrong is null ? text : throw Unusable(key, wrong.Value.What, wrong.Value.Cure, null);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, file, $"name a PEM file with a {PemContent.Noun(label)}");
            throw Unusable(key, what, cure, e);
        }
    }

    private static FaultException Unusable(string key, string what, string cure, Exception? inner) => FaultException.Of(FaultKind.Configuration, key, what, cure, inner);
}
