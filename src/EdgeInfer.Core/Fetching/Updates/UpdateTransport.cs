using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching.Updates;

/// <summary>Where updates come from and how; paths are absolute.</summary>
internal sealed record UpdateTransportOptions
{
    /// <summary><c>updates.repository</c>.</summary>
    public required RepositoryAddress Repository { get; init; }

    /// <summary>Shown to the repository's host alone; null for nothing.</summary>
    public RepositoryCredential? Credential { get; init; }

    /// <summary><c>updates.registry</c>: where blobs lie; null for the repository.</summary>
    public OciReference? Registry { get; init; }

    /// <summary>A user of the registry; null for none.</summary>
    public RepositoryCredential? RegistryCredential { get; init; }

    /// <summary><c>updates.ca</c>: a PEM file with the authorities of repository and registry; null for the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary><c>updates.certificate</c> and <c>updates.key</c>: PEM files by which repository and registry know who asks; null for none.</summary>
    public (string Certificate, string Key)? Identity { get; init; }

    /// <summary>Cures, for the server that a key of the configuration names.</summary>
    public Func<string, FetchWords> Words { get; init; } = FetchWords.Update;

    /// <summary><c>updates.rate</c> in bytes per second; null for no bound.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>The time to judge certificates by; null for the clock.</summary>
    public Func<DateTimeOffset>? Clock { get; init; }

    /// <summary>Bounds.</summary>
    public FetchLimits Limits { get; init; } = FetchLimits.ForUpdates;

    /// <summary>Changes how servers are reached; for tests.</summary>
    public Func<HttpHome, HttpHome> Reach { get; init; } = static home => home;
}

/// <summary>The way of updates to this device: signed metadata from the repository, blobs from there or from a registry. For one job at a time.</summary>
internal sealed class UpdateTransport : IDisposable
{
    private readonly HttpFetch _repositoryHttp;
    private readonly HttpFetch _blobHttp;

    /// <summary>Prepares clients; nothing is opened.</summary>
    /// <param name="options">Where from and how.</param>
    /// <param name="proxy">For https beyond this machine.</param>
    /// <param name="time">For deadlines and pauses.</param>
    /// <param name="random">Spreads the pauses.</param>
    /// <param name="report">Is told; as often as pieces come.</param>
    /// <exception cref="FaultException">The file of authorities cannot be used, or a credential would go over plain http.</exception>
    public UpdateTransport(UpdateTransportOptions options, IWebProxy proxy, TimeProvider time, Random random, IPullReport report)
    {
        FetchLimits limits = options.Limits;
        RefuseExposed(options.Repository.Url, options.Credential, "updates.repository");
        if (options.Registry is { } checkedRegistry) RefuseExposed(checkedRegistry.Address, options.RegistryCredential, "updates.registry");
        X509Certificate2Collection? authorities = options.AuthorityFile is { } file ? CertificateFiles.Read(file, options.Words("updates.repository").Authorities) : null;
        Attempts attempts = new(limits, time, random, report);
        _repositoryHttp = Client(options.Repository.Url, "updates.repository");
        Repository = new UpdateRepository(options.Repository, options.Credential, _repositoryHttp, attempts);
        _blobHttp = options.Registry is { } registry ? Client(registry.Address, "updates.registry") : _repositoryHttp;
        IBlobOrigin origin = options.Registry is { } named
            ? new RegistryBlobs(new OciRegistry(named, new ConfiguredLogin(options.RegistryCredential), _blobHttp, attempts))
            : Repository;
        Blobs = new BlobFetch(origin, _blobHttp, limits, options.BytesPerSecond is { } rate ? new RateLimit(rate, time) : null, attempts, report);

        HttpFetch Client(Uri address, string key)
        {
            FetchWords words = options.Words(key);
            ClientIdentity? identity = options.Identity is var (certificate, privateKey) ? new(certificate, privateKey, words) : null;
            return new(limits, proxy, time, options.Reach(new HttpHome(address, words) { Authorities = authorities, Identity = identity, Clock = options.Clock }));
        }
    }

    /// <summary>Gives signed metadata.</summary>
    public UpdateRepository Repository { get; }

    /// <summary>Gives blobs.</summary>
    public BlobFetch Blobs { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _blobHttp.Dispose();
        _repositoryHttp.Dispose();
    }

    /// <summary>Refuses to send a credential where others read along; on this machine nobody does.</summary>
    internal static void RefuseExposed(Uri address, RepositoryCredential? credential, string key)
    {
        if (credential is null || address.Scheme == Uri.UriSchemeHttps || RemoteReference.IsLoopback(address.Host)) return;
        throw FaultException.Of(FaultKind.Configuration, key, "a password or token would go over plain http, where everybody on the way reads it", "use https, or leave the credential out");
    }

    private sealed class RegistryBlobs(OciRegistry registry) : IBlobOrigin
    {
        public AuthenticationHeaderValue? Authorization => registry.Authorization;

        public string Cure => registry.Cure;

        public Uri Blob(string sha256) => registry.Blob(sha256);

        public Task<AuthenticationHeaderValue?> Answer(HttpResponseMessage refused, CancellationToken stop) => registry.Answer(refused, stop);
    }
}
