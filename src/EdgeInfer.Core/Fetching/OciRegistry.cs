using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>
/// Asks one registry as the OCI distribution specification 1.1 has it. A registry that answers 401 names who gives out tokens; the
/// token, or the user of Docker's configuration file, is sent to that registry alone.
/// </summary>
internal sealed class OciRegistry(OciReference reference, IRegistryLogins logins, HttpFetch http, Attempts attempts)
{
    private const string Accepted = $"{OciManifest.ImageType}, {OciManifest.IndexType}, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

    private const int TokenBytes = 1 << 20;

    /// <summary>What a token has to allow, as in <c>pull,push</c>; null for what the registry itself says, which is what one request needs.</summary>
    public string? Actions { get; init; }

    /// <summary>What to send with each further request; null for nothing.</summary>
    public AuthenticationHeaderValue? Authorization { get; private set; }

    /// <summary>What to do where the registry refuses.</summary>
    public string Cure => logins.Cure(reference.Registry);

    /// <summary>A manifest's bytes, and their sha256.</summary>
    /// <param name="name">Tag or digest.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <exception cref="FaultException">There is none, or it may not be had.</exception>
    public Task<(byte[] Bytes, string Sha256)> Manifest(string name, CancellationToken stop) => attempts.Run(
        async token =>
        {
            FetchRequest request = new(new Uri(reference.Address, $"v2/{reference.Repository}/manifests/{name}")) { Accept = Accepted };
            (HttpResponseMessage response, byte[] body) = await http.Read(request with { Authorization = Authorization }, token).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                using (response) await Answer(response, token).ConfigureAwait(false);
                if (Authorization is not null) (response, body) = await http.Read(request with { Authorization = Authorization }, token).ConfigureAwait(false);
            }

            using (response)
            {
                if (response.StatusCode == HttpStatusCode.NotFound) throw Final(FaultKind.NoInput, $"the registry has no {reference.Repository} with '{name}' (404)", "check the repository and the tag");
                if (response.StatusCode != HttpStatusCode.OK) throw OfStatus(request.Url, response);
                return (body, Convert.ToHexStringLower(SHA256.HashData(body)));
            }
        },
        stop);

    /// <summary>Where a blob is.</summary>
    public Uri Blob(string sha256) => new(reference.Address, $"v2/{reference.Repository}/blobs/sha256:{sha256}");

    /// <summary>Finds out what to send where the registry wants to know who asks; a token that it no longer takes is asked for anew.</summary>
    /// <param name="refused">Its answer.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <returns>The same as <see cref="Authorization"/> then; null where there is nothing to send.</returns>
    /// <exception cref="TransferException">There is no token to be had.</exception>
    public async Task<AuthenticationHeaderValue?> Answer(HttpResponseMessage refused, CancellationToken stop)
    {
        // Where blobs are kept, others answer: they may not say whom the registry's user is shown to.
        if (refused.RequestMessage?.RequestUri is { } asked && !HttpFetch.IsSameOrigin(asked, reference.Address)) return Authorization = null;
        return Authorization = await Authorise(refused, stop).ConfigureAwait(false);
    }

    private async Task<AuthenticationHeaderValue?> Authorise(HttpResponseMessage refused, CancellationToken stop)
    {
        Login? login = logins.Find(reference.Registry);
        foreach (AuthenticationHeaderValue challenge in refused.Headers.WwwAuthenticate)
        {
            if (challenge.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase)) return login?.Basic;
            if (challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) return await Token(OciChallenge.Read(challenge.Parameter ?? ""), login, stop).ConfigureAwait(false);
        }

        return null;
    }

    private async Task<AuthenticationHeaderValue> Token(OciChallenge challenge, Login? login, CancellationToken stop)
    {
        if (Actions is not null) challenge = challenge with { Scope = "" };
        if (challenge.TokenAddress($"repository:{reference.Repository}:{Actions ?? "pull"}") is not { } address) throw Final(FaultKind.Unavailable, "the registry names nobody who gives out tokens", "check the address");
        bool isProtected = address.Scheme == Uri.UriSchemeHttps || (RemoteReference.IsLoopback(address.Host) && RemoteReference.IsLoopback(reference.Address.Host));
        if (!isProtected) throw Final(FaultKind.Unavailable, $"the registry gives out tokens at {address.Scheme}://{address.Authority}, without TLS", "use another registry");
        (HttpResponseMessage response, byte[] body) = await http.Read(new(address) { Authorization = login?.Basic, Accept = "application/json", MostBytes = TokenBytes }, stop).ConfigureAwait(false);
        using (response)
        {
            if (response.StatusCode != HttpStatusCode.OK) throw OfStatus(address, response);
            return OciChallenge.TokenOf(body) is { } token
                ? new AuthenticationHeaderValue("Bearer", token)
                : throw Final(FaultKind.Unavailable, $"{address.Authority} gave no token", "check the address");
        }
    }

    private TransferException OfStatus(Uri url, HttpResponseMessage response)
    {
        TransferException general = http.OfStatus(url, response, Cure);
        return new(general.Fault with { Where = reference.Display }, general.IsPassing) { RetryAfter = general.RetryAfter };
    }

    private TransferException Final(FaultKind kind, string what, string cure) => new(new(kind, reference.Display, what, cure), isPassing: false);
}
