using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Fetching;

/// <summary>
/// A repository on Hugging Face: the revision is resolved to a commit, the commit's listing states size and digest of each file (the
/// sha256 of files in LFS, git's blob id of others), and the files are asked for under that commit.
/// </summary>
internal sealed class HuggingFaceOrigin(HuggingFaceReference reference, HuggingFaceAccount account, string? sha256, HttpFetch http, Attempts attempts, IPullReport report)
    : IModelOrigin
{
    /// <summary>Files that are no graph and larger than this are weights: taken only if the graph keeps its own in them.</summary>
    private const long SmallBytes = 4 << 20;

    /// <summary>Of a listing, which the hub gives a thousand entries at a time; whoever has more names a folder within.</summary>
    private const int MostPages = 20;

    private readonly AuthenticationHeaderValue? _authorization = account.Authorization;

    /// <inheritdoc/>
    public async Task<FetchPlan> Plan(CancellationToken stop)
    {
        string commit = await Commit(stop).ConfigureAwait(false);
        string folder = reference.IsFile ? reference.Path[..Math.Max(0, reference.Path.LastIndexOf('/'))] : reference.Path;
        IReadOnlyList<RemoteFile> listed = await List(commit, folder, stop).ConfigureAwait(false);
        IReadOnlyList<RemoteFile> arranged = ModelLayout.Arrange(reference.Display, listed, reference.IsFile ? reference.Path[(folder.Length > 0 ? folder.Length + 1 : 0)..] : null);
        RemoteFile graph = arranged[0];
        if (sha256 is not null)
        {
            if (graph.Digest.IsGitBlob) graph = graph with { Digest = new(false, sha256) };
            else if (graph.Digest.Hex != sha256) throw OtherDigest(graph.Digest.Hex);
        }

        // A file given by itself comes with nothing but the weights it names; the contract of a folder comes along.
        IEnumerable<RemoteFile> small = arranged.Skip(1).Where(f => !reference.IsFile && f.Bytes <= SmallBytes);
        Dictionary<string, RemoteFile> beside = arranged.Skip(1).Where(f => reference.IsFile || f.Bytes > SmallBytes).ToDictionary(static f => f.Name);
        return new(ModelName.From(reference.SuggestedName), [graph, .. small], beside);
    }

    private async Task<string> Commit(CancellationToken stop)
    {
        if (reference.IsPinned) return reference.Revision;
        (JsonDocument page, _) = await Ask(new(account.Endpoint, $"api/models/{reference.Repository}/revision/{Uri.EscapeDataString(reference.Revision)}"), stop).ConfigureAwait(false);
        using JsonDocument answer = page;
        string? commit = answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty("sha", out JsonElement sha) && sha.ValueKind == JsonValueKind.String
            ? sha.GetString()
            : null;
        if (commit is null || !HuggingFaceReference.IsCommit(commit)) throw Unexpected("no commit of the revision");
        report.Say($"{reference.Display}: '{reference.Revision}' may move; this is {(reference with { Revision = commit }).Display}");
        return commit;
    }

    private async Task<IReadOnlyList<RemoteFile>> List(string commit, string folder, CancellationToken stop)
    {
        string path = string.Join('/', folder.Split('/').Select(Uri.EscapeDataString));
        string depth = reference.IsFile ? "" : "?recursive=true";
        Uri? next = new(account.Endpoint, $"api/models/{reference.Repository}/tree/{commit}{(path.Length > 0 ? "/" + path : "")}{depth}");
        Dictionary<string, RemoteFile> files = new(StringComparer.Ordinal);
        for (int pages = 0; next is not null; pages++)
        {
            if (pages == MostPages) throw FaultException.Of(FaultKind.Data, reference.Display, $"the listing has more than {MostPages} pages", "name a folder or a file within the repository");
            (JsonDocument page, next) = await Ask(next, stop).ConfigureAwait(false);
            using JsonDocument answer = page;
            if (answer.RootElement.ValueKind != JsonValueKind.Array) throw Unexpected("no listing");
            try
            {
                AddEntries(answer.RootElement, commit, folder, files);
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw Unexpected("a listing of another form");
            }
        }

        return [.. files.Values];
    }

    private void AddEntries(JsonElement listing, string commit, string folder, Dictionary<string, RemoteFile> files)
    {
        foreach (JsonElement entry in listing.EnumerateArray())
        {
            if (entry.GetProperty("type").GetString() != "file") continue;
            string full = entry.GetProperty("path").GetString() ?? "";
            string name = folder.Length > 0 && full.StartsWith(folder + "/", StringComparison.Ordinal) ? full[(folder.Length + 1)..] : full;
            // Names with a dot in front (.gitattributes) are no part of a model, and odd ones are never asked for.
            if (!RemoteFile.IsSafe(name)) continue;
            bool isLarge = entry.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object;
            string? oid = isLarge ? lfs.GetProperty("oid").GetString() : entry.GetProperty("oid").GetString();
            if (ExpectedDigest.From(oid) is not { } digest) throw Unexpected($"no digest of {name}");
            RemoteFile file = new(name, Resolve(commit, full), digest, entry.GetProperty("size").GetInt64(), _authorization);
            if (!files.TryAdd(name, file)) throw Unexpected($"{name} is listed twice");
        }
    }

    private Uri Resolve(string commit, string path)
        => new(account.Endpoint, $"{reference.Repository}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    /// <summary>Where a listing goes on, as the answer's <c>Link</c> says (RFC 8288); null where this is its end.</summary>
    private Uri? NextPage(HttpResponseMessage response, Uri page)
    {
        if (!response.Headers.NonValidated.TryGetValues("Link", out HeaderStringValues links)) return null;
        foreach (string link in links.SelectMany(static value => value.Split(',')))
        {
            int end = link.IndexOf('>', StringComparison.Ordinal);
            if (end < 0 || !link[end..].Contains("rel=\"next\"", StringComparison.Ordinal)) continue;
            Uri next = Uri.TryCreate(page, link[..end].TrimStart(' ', '<'), out Uri? found) ? found : throw Unexpected("a next page without an address");

            // The token goes along: nowhere but to the hub.
            if (Uri.Compare(next, account.Endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) != 0)
                throw Unexpected("the listing goes on at another server");
            return next;
        }

        return null;
    }

    private async Task<(JsonDocument Answer, Uri? Next)> Ask(Uri url, CancellationToken stop)
    {
        FetchRequest request = new(url) { Authorization = _authorization, Accept = "application/json" };
        return await attempts.Run(
            async token =>
            {
                (HttpResponseMessage response, byte[] body) = await http.Read(request, token).ConfigureAwait(false);
                using (response)
                {
                    if (!response.IsSuccessStatusCode) throw Refused(request.Url, response);
                    try
                    {
                        return (JsonDocument.Parse(body), NextPage(response, url));
                    }
                    catch (JsonException)
                    {
                        throw new TransferException(Unexpected("no JSON").Fault, isPassing: false);
                    }
                }
            },
            stop).ConfigureAwait(false);
    }

    private TransferException Refused(Uri url, HttpResponseMessage response)
    {
        string code = response.Headers.NonValidated.TryGetValues("X-Error-Code", out HeaderStringValues values) ? values.ToString() : "";
        (string What, string Cure)? known = code switch
        {
            // Of a repository that is private the hub says the same as of one that is not there.
            "RepoNotFound" => ("there is no such repository, or it is private", _authorization is null ? $"check the name; for a private one {account.Cure(reference)}" : "check the name, and that the token may read it"),
            "RevisionNotFound" => ($"the repository has no revision '{reference.Revision}'", "write a commit, tag or branch that it has after the @"),
            "EntryNotFound" => ($"the repository has no '{reference.Path}' at this revision", "check the path"),
            _ => null,
        };
        if (known is { } said) return new(new(FaultKind.NoInput, reference.Display, said.What, said.Cure), isPassing: false);
        TransferException general = HttpFetchFaults.OfStatus(url, response, account.Cure(reference));
        return new(general.Fault with { Where = reference.Display }, general.IsPassing);
    }

    private FaultException OtherDigest(string stated) => FaultException.Of(
        FaultKind.Data, reference.Display, $"the graph has the sha256 {stated}, and {sha256} was expected; nothing was downloaded", "take the reference and the digest from the same place");

    private FaultException Unexpected(string what) => FaultException.Of(
        FaultKind.Unavailable, account.Endpoint.Authority, $"the server does not answer as Hugging Face does: {what}", "check the environment variable HF_ENDPOINT");
}
