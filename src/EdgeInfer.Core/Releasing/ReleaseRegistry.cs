using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;

namespace EdgeInfer.Releasing;

/// <summary>
/// The registry that devices fetch files of releases from. Each release is an artifact there, tagged <c>NAME-SEQ</c>, so that the registry
/// keeps its files; devices ask for them by the digests that are signed.
/// </summary>
internal sealed class ReleaseRegistry : IDisposable
{
    private readonly OciReference _reference;
    private readonly HttpFetch _http;
    private readonly OciUpload _upload;
    private readonly IPullReport _report;

    /// <summary>Prepares; nothing is opened.</summary>
    /// <param name="options">Which registry, and as whom.</param>
    /// <param name="proxy">For https beyond this machine.</param>
    /// <param name="time">For deadlines and pauses.</param>
    /// <param name="random">Spreads the pauses.</param>
    /// <param name="report">Is told.</param>
    /// <exception cref="FaultException">A password would go over plain http, or the file of authorities cannot be used.</exception>
    public ReleaseRegistry(PushOptions options, IWebProxy proxy, TimeProvider time, Random random, IPullReport report)
    {
        (_reference, _report) = (options.Registry, report);
        UpdateTransport.RefuseExposed(_reference.Address, options.Credential, PushOptions.Option);
        X509Certificate2Collection? authorities = options.AuthorityFile is { } file ? CertificateFiles.Read(file, PushOptions.Words.Authorities) : null;
        ClientIdentity? identity = options.Identity is var (certificate, key) ? new(certificate, key, PushOptions.Words) : null;
        _http = new HttpFetch(options.Limits, proxy, time, options.Reach(new HttpHome(_reference.Address, PushOptions.Words) { Authorities = authorities, Identity = identity }));
        Attempts attempts = new(options.Limits, time, random, report);
        _upload = new OciUpload(_reference, new OciRegistry(_reference, new PushLogins(options), _http, attempts) { Actions = "pull,push" }, _http, attempts, report);
    }

    /// <summary>The tag of a release; other releases may have the same where a name ends in a number.</summary>
    public static string TagOf(ReleasePath path) => path.ToString()[ReleasePath.Root.Length..].Replace('/', '-');

    /// <summary>Where a release is in the registry.</summary>
    public string Display(ReleasePath path) => $"oci://{_reference.Registry}/{_reference.Repository}:{TagOf(path)}";

    /// <summary>Sees to it that the registry has a release: what is there is not sent again.</summary>
    /// <param name="path">The release.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="blobs">Where its files lie.</param>
    /// <param name="seesFiles">Whether each file of a release that is there already is asked for, because this folder will not have it.</param>
    /// <param name="stop">Gives up; what was sent stays there.</param>
    /// <returns>False where the registry lacks a file that is not here either.</returns>
    /// <exception cref="FaultException">The registry does not take it.</exception>
    public async Task<bool> Push(ReleasePath path, byte[] manifest, BlobFolder blobs, bool seesFiles, CancellationToken stop)
    {
        string tag = TagOf(path), sha256 = Convert.ToHexStringLower(SHA256.HashData(manifest));
        string? tagged = await _upload.Tagged(tag, ReleaseManifest.ManifestType, stop).ConfigureAwait(false);
        ReleaseManifest read = ReleaseManifest.Read(manifest, new(), path.ToString());
        // A registry takes a manifest only with all its files, and keeps them as long as it is tagged; most of them.
        if (tagged == sha256 && (!seesFiles || await HasAll(read, stop).ConfigureAwait(false))) return true;
        if (tagged != sha256 && tagged is { Length: > 0 }) _report.Say($"{Display(path)} was sha256:{tagged} before, which has no tag any more now");
        foreach ((string name, ReleaseBlob blob) in Files(read))
        {
            if (!blobs.IsWhole(blob)) return false;
            await _upload.Blob(name, blob.Sha256, blob.Bytes, blobs.PathOf(blob.Sha256), stop).ConfigureAwait(false);
        }

        await _upload.Manifest(tag, ReleaseManifest.ManifestType, manifest, stop).ConfigureAwait(false);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<bool> HasAll(ReleaseManifest manifest, CancellationToken stop)
    {
        foreach (ReleaseBlob blob in manifest.Blobs)
            if (!await _upload.Has(blob.Sha256, blob.Bytes, stop).ConfigureAwait(false)) return false;
        return true;
    }

    private static IEnumerable<(string Name, ReleaseBlob Blob)> Files(ReleaseManifest manifest)
        => [("config", manifest.Config), .. manifest.Files.Select(static f => (f.Name, (ReleaseBlob)f))];
}
