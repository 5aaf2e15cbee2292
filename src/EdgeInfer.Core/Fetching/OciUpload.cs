using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>
/// Pushes to one repository of a registry, as the OCI distribution specification 1.1 has it: a blob that is there is not sent again, so that
/// what was broken off goes on with the blob that was missing.
/// </summary>
/// <param name="reference">The repository.</param>
/// <param name="registry">Knows what to send with a request; asks for tokens that allow pushing.</param>
/// <param name="http">Asks; configured for the registry.</param>
/// <param name="attempts">How often to try.</param>
/// <param name="report">Is told.</param>
internal sealed class OciUpload(OciReference reference, OciRegistry registry, HttpFetch http, Attempts attempts, IPullReport report)
{
    private const string BlobType = "application/octet-stream";

    /// <summary>Sends a file, unless it is there.</summary>
    /// <param name="name">For people.</param>
    /// <param name="sha256">64 hexadecimal digits in lower case.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="file">Where it lies.</param>
    /// <param name="stop">Gives up; blobs before it stay.</param>
    /// <returns>Whether it was sent.</returns>
    /// <exception cref="FaultException">The registry does not take it.</exception>
    public Task<bool> Blob(string name, string sha256, long bytes, string file, CancellationToken stop) => attempts.Run(
        async token =>
        {
            if (await Asked(sha256, bytes, token).ConfigureAwait(false)) return false;
            report.Begin(name, 0, bytes);
            Uri place = await Begin(token).ConfigureAwait(false);
            string digest = $"digest={Uri.EscapeDataString($"sha256:{sha256}")}";
            Uri target = new UriBuilder(place) { Query = place.Query.Length > 1 ? $"{place.Query[1..]}&{digest}" : digest }.Uri;
            FetchRequest request = new(target) { Method = HttpMethod.Put, Content = () => Typed(new UploadContent(file, bytes, report.Received), BlobType) };
            using HttpResponseMessage response = await Ask(request, token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.Created) throw await Refused(request, response, $"{name} ({bytes} bytes)", token).ConfigureAwait(false);
            CheckDigest(response, sha256, name);
            report.End();
            return true;
        },
        stop);

    /// <summary>Gives a manifest a tag; its blobs are there.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="mediaType">The manifest's.</param>
    /// <param name="manifest">Its bytes.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <exception cref="FaultException">The registry does not take it.</exception>
    public Task Manifest(string tag, string mediaType, byte[] manifest, CancellationToken stop) => attempts.Run(
        async token =>
        {
            FetchRequest request = new(At($"manifests/{tag}")) { Method = HttpMethod.Put, Content = () => Typed(new ByteArrayContent(manifest), mediaType) };
            using HttpResponseMessage response = await Ask(request, token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.Created) throw await Refused(request, response, $"the manifest '{tag}'", token).ConfigureAwait(false);
            CheckDigest(response, Convert.ToHexStringLower(SHA256.HashData(manifest)), $"the manifest '{tag}'");
            return true;
        },
        stop);

    /// <summary>What a tag names.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="mediaType">The manifest's.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <returns>sha256 of the manifest; empty where the registry does not say, null where there is no such tag.</returns>
    /// <exception cref="FaultException">It may not be known.</exception>
    public Task<string?> Tagged(string tag, string mediaType, CancellationToken stop) => attempts.Run(
        async token =>
        {
            FetchRequest request = new(At($"manifests/{tag}")) { Method = HttpMethod.Head, Accept = mediaType };
            using HttpResponseMessage response = await Ask(request, token).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound) return null;
            if (response.StatusCode != HttpStatusCode.OK) throw await Refused(request, response, $"the manifest '{tag}'", token).ConfigureAwait(false);
            return DigestOf(response) ?? "";
        },
        stop);

    /// <summary>Whether a file is there, in its size.</summary>
    /// <param name="sha256">64 hexadecimal digits in lower case.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <exception cref="FaultException">It may not be known.</exception>
    public Task<bool> Has(string sha256, long bytes, CancellationToken stop) => attempts.Run(token => Asked(sha256, bytes, token), stop);

    private async Task<bool> Asked(string sha256, long bytes, CancellationToken stop)
    {
        FetchRequest request = new(registry.Blob(sha256)) { Method = HttpMethod.Head };
        using HttpResponseMessage response = await Ask(request, stop).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound) return false;
        if (response.StatusCode != HttpStatusCode.OK) throw await Refused(request, response, $"sha256:{sha256}", stop).ConfigureAwait(false);
        // A storage that has lost some of its bytes gets them anew.
        return response.Content.Headers.ContentLength is not { } there || there == bytes;
    }

    private async Task<Uri> Begin(CancellationToken stop)
    {
        FetchRequest request = new(At("blobs/uploads/")) { Method = HttpMethod.Post, Content = static () => new ByteArrayContent([]) };
        using HttpResponseMessage response = await Ask(request, stop).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Accepted) throw await Refused(request, response, "uploads", stop).ConfigureAwait(false);
        Uri asked = response.RequestMessage?.RequestUri ?? request.Url;
        if (response.Headers.Location is not { } location || !Uri.TryCreate(asked, location, out Uri? place))
            throw Final(FaultKind.Unavailable, "the registry names no place for the upload", "check --registry: what answers there may be no registry");
        if (place.Scheme != reference.Address.Scheme && place.Scheme != Uri.UriSchemeHttps)
            throw Final(FaultKind.Unavailable, $"the registry names a place for the upload without TLS ({place.Scheme}://{place.Authority})", "let the proxy before it set X-Forwarded-Proto, or set the registry's own address (http.host)");
        return place;
    }

    // What the registry is told about who asks is for itself alone: an upload may go to another host.
    private async Task<HttpResponseMessage> Ask(FetchRequest request, CancellationToken stop)
    {
        bool isHere = HttpFetch.IsSameOrigin(request.Url, reference.Address);
        HttpResponseMessage response = await http.Send(request with { Authorization = isHere ? registry.Authorization : null }, stop).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !isHere) return response;
        using (response)
        {
            if (await registry.Answer(response, stop).ConfigureAwait(false) is null) throw await Refused(request, response, "", stop).ConfigureAwait(false);
        }

        return await http.Send(request with { Authorization = registry.Authorization }, stop).ConfigureAwait(false);
    }

    private async Task<TransferException> Refused(FetchRequest request, HttpResponseMessage response, string subject, CancellationToken stop)
    {
        int status = (int)response.StatusCode;
        OciRefusal said = request.Method == HttpMethod.Head ? default : OciRefusal.Read(await http.Beginning(request.Url, response, OciRefusal.MostBytes, stop).ConfigureAwait(false));
        string told = $" ({status}{said.Display})";
        return (status, said.Code) switch
        {
            (401 or 403, _) => Final(FaultKind.Unavailable, $"{(status == 401 ? "the registry wants a user who may push" : "the user may not push")} to {reference.Repository}{told}", registry.Cure),
            (_, "NAME_INVALID") => Final(FaultKind.Unavailable, $"the registry does not take the name {reference.Repository}{told}", "choose another repository in --registry: many want a project or an owner before the slash"),
            (_, "TAG_INVALID") => Final(FaultKind.Unavailable, $"the registry does not take the name of {subject}{told}", "choose a shorter name for the model"),
            (404, _) => Final(FaultKind.NoInput, $"the registry has no place for {reference.Repository}{told}", "make the repository or project there first, or check --registry"),
            (405, _) or (_, "UNSUPPORTED") => Final(FaultKind.Unavailable, $"the registry takes nothing{told}", "it is read-only or a mirror of another: push to that one"),
            (413, _) or (_, "SIZE_INVALID") => Final(FaultKind.Unavailable, $"{subject} is too large for the registry, or for the proxy before it{told}", "raise its limit (nginx: client_max_body_size 0)"),
            (301 or 302 or 303, _) => Final(FaultKind.Unavailable, $"the registry sends this on to {Target(request, response)}, and an upload does not follow{told}", "name that address in --registry"),
            (408 or 429 or >= 500, _) => OfStatus(request, response),
            (_, { Length: > 0 }) => Final(FaultKind.Unavailable, $"the registry does not take {subject}{told}", "look into its log"),
            _ => OfStatus(request, response),
        };
    }

    private TransferException OfStatus(FetchRequest request, HttpResponseMessage response)
    {
        TransferException general = http.OfStatus(request.Url, response, registry.Cure);
        return new(general.Fault with { Where = Where }, general.IsPassing) { RetryAfter = general.RetryAfter };
    }

    private void CheckDigest(HttpResponseMessage response, string sha256, string name)
    {
        if (DigestOf(response) is { } there && there != sha256) throw Final(FaultKind.Data, $"the registry took {name} as sha256:{there}, and it is sha256:{sha256}", "look for what changes bytes on the way there");
    }

    // Its path may hold a signature.
    private static string Target(FetchRequest request, HttpResponseMessage response)
        => response.Headers.Location is { } location && Uri.TryCreate(request.Url, location, out Uri? target) ? $"{target.Scheme}://{target.Authority}" : "nowhere";

    private static string? DigestOf(HttpResponseMessage response)
        => response.Headers.TryGetValues("Docker-Content-Digest", out IEnumerable<string>? values) ? ExpectedDigest.Sha256(values.First()) : null;

    private static HttpContent Typed(HttpContent content, string mediaType)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    private Uri At(string path) => new(reference.Address, $"v2/{reference.Repository}/{path}");

    private string Where => $"oci://{reference.Registry}/{reference.Repository}";

    private TransferException Final(FaultKind kind, string what, string cure) => new(new(kind, Where, what, cure), isPassing: false);
}
