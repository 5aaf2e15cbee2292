using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;

namespace EdgeInfer.Fetching.Updates;

/// <summary>A repository of updates over HTTP: plain files below an address, signed metadata and blobs by digest.</summary>
/// <param name="address">The repository's.</param>
/// <param name="credential">Sent to the repository's own host alone; null for none.</param>
/// <param name="http">Asks; configured for this address.</param>
/// <param name="attempts">How often to try.</param>
internal sealed class UpdateRepository(RepositoryAddress address, RepositoryCredential? credential, HttpFetch http, Attempts attempts) : IRoleSource, IBlobOrigin
{
    private const int LongestName = 1024;

    // What the path of an address may hold beside letters and digits (RFC 3986).
    private const string Marks = "/-._~%!$&'()*+,;=:@";

    /// <inheritdoc/>
    public AuthenticationHeaderValue? Authorization { get; } = credential?.ToHeader();

    /// <inheritdoc/>
    public string Cure => credential is null ? http.Words.NoLogin : http.Words.WrongLogin;

    /// <summary>Fetches one file whole.</summary>
    /// <param name="name">Relative to the repository, with <c>/</c>, its parts quoted as an address has them.</param>
    /// <param name="maxBytes">The most it may have; more are never held.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <returns>Null where the repository has no such file: 404, 410, and 403, which storage services answer where nobody may list.</returns>
    /// <exception cref="UpdateException">Network: not to be had now. Size: it has more bytes.</exception>
    public async ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
    {
        FetchRequest request = new(At(name)) { Authorization = Authorization, MostBytes = maxBytes, IsFresh = true, Check = CheckHeader };
        try
        {
            return await attempts.Run(token => Once(request, token), stop).ConfigureAwait(false);
        }
        catch (FaultException e) when (e.InnerException is TransferException transferred)
        {
            throw UpdateFaults.Of(transferred);
        }
    }

    /// <inheritdoc/>
    public Uri Blob(string sha256) => At($"blobs/sha256/{sha256}");

    /// <inheritdoc/>
    public Task<AuthenticationHeaderValue?> Answer(HttpResponseMessage refused, CancellationToken stop) => Task.FromResult<AuthenticationHeaderValue?>(null);

    private async Task<byte[]?> Once(FetchRequest request, CancellationToken stop)
    {
        (HttpResponseMessage response, byte[] body) = await http.Read(request, stop).ConfigureAwait(false);
        using (response)
        {
            return response.StatusCode switch
            {
                HttpStatusCode.OK => body,
                HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Forbidden => null,
                _ => throw http.OfStatus(request.Url, response, Cure),
            };
        }
    }

    private void CheckHeader(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK) return;
        if (Transfer.IsWebPage(response)) throw Passing(response, "the answer is a web page (text/html), as of a network that wants a sign-in");
        // Its end would look like a break, and half a document like a forged one.
        if (response.Content.Headers.ContentLength is null && response.Headers.TransferEncodingChunked != true) throw Passing(response, "the answer does not say where it ends (neither Content-Length nor chunked)");
    }

    private TransferException Passing(HttpResponseMessage response, string what)
        => new(new(FaultKind.Unavailable, HttpFetchFaults.Shown(response.RequestMessage?.RequestUri ?? address.Url), what, http.Words.Network), isPassing: true);

    // Names of roles and targets come from metadata, quoted as an address has them; none leads anywhere but below the repository.
    private Uri At(string name)
    {
        bool isPath = name.Length <= LongestName && name.Split('/').All(static p => p is not ("" or "." or "..")) && name.All(static c => char.IsAsciiLetterOrDigit(c) || Marks.Contains(c, StringComparison.Ordinal));
        if (isPath && Uri.TryCreate(address.Url.AbsoluteUri + name, UriKind.Absolute, out Uri? url) && url.AbsoluteUri == address.Url.AbsoluteUri + name) return url;
        throw UpdateException.Of(UpdateCode.Signature, address.Display, "metadata name a file by a path that no repository has", "publish the release again with this version's tools");
    }
}
