using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.Tests.Fetching;

/// <summary>Repositories of a hub that answers as Hugging Face's does.</summary>
public sealed class HuggingFacePullTests : IDisposable
{
    private const string Commit = "6fd293d22b523ec88959f104b8eef5395e3adfbc";
    private const string Token = "hf_canary-7f3a9c";

    private static readonly byte[] s_net = TestModels.Yolox().ToArray();
    private static readonly byte[] s_labels = "cup\nplate\nspoon\n"u8.ToArray();

    private readonly PullBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_file_is_checked_against_the_digest_of_the_listing_and_a_branch_is_resolved_to_its_commit()
    {
        using FileServer hub = Hub(("model.onnx", s_net));
        InstalledModel installed = _bench.Pull("hf:acme/belt/model.onnx@main");
        Assert.Equal("belt", installed.Name);
        Assert.Equal(s_net, File.ReadAllBytes(Path.Combine(installed.Path, "model.onnx")));
        Assert.Contains($"hf:acme/belt/model.onnx@{Commit}", Assert.Single(_bench.Said), StringComparison.Ordinal);
        Assert.Contains($"/acme/belt/resolve/{Commit}/model.onnx", hub.Requests.Select(r => r.Target));
    }

    [Fact]
    public void A_commit_is_pinned_and_needs_no_word()
    {
        using FileServer hub = Hub(("model.onnx", s_net));
        _bench.Pull($"hf:acme/belt/model.onnx@{Commit}");
        Assert.Empty(_bench.Said);
    }

    [Fact]
    public void A_folder_brings_its_contract_and_labels_and_neither_other_graphs_nor_their_weights()
    {
        using FileServer hub = Hub(
            ("onnx/model.onnx", s_net), ("onnx/labels.txt", s_labels), ("onnx/model_fp16.onnx", new byte[10]), ("onnx/model_fp16.onnx_data", new byte[20]), ("onnx/.gitattributes", new byte[5]));
        InstalledModel installed = _bench.Pull($"hf:acme/belt/onnx@{Commit}");
        Assert.Equal(["labels.txt", "model.onnx"], Directory.GetFiles(installed.Path).Select(Path.GetFileName).Order());
        Assert.Equal("plate", ModelLoader.Load(installed.Path).Labels[1]);
    }

    [Fact]
    public void Weights_outside_the_graph_come_along_also_with_a_single_file()
    {
        byte[] weights = [1, 2, 3, 4];
        byte[] graph = TestModels.Yolox().External("w", "net.onnx_data", 0, 4, 1).ToArray();
        using FileServer hub = Hub(("net.onnx", graph), ("net.onnx_data", weights), ("readme.md", s_labels));
        InstalledModel installed = _bench.Pull($"hf:acme/belt/net.onnx@{Commit}");
        Assert.Equal(["model.onnx", "net.onnx_data"], Directory.GetFiles(installed.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_changed_file_is_refused_whether_it_is_kept_in_LFS_or_in_git()
    {
        using (FileServer hub = Hub(("model.onnx", s_net)))
        {
            _corrupt = "model.onnx";
            Assert.Contains("sha256", _bench.Refused($"hf:acme/belt/model.onnx@{Commit}").What, StringComparison.Ordinal);
        }

        using (FileServer hub = Hub(("model.onnx", s_net), ("labels.txt", s_labels)))
        {
            _corrupt = "labels.txt";
            Assert.Contains("git blob id", _bench.Refused($"hf:acme/belt@{Commit}").What, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_digest_that_is_given_is_held_against_the_listing_before_anything_is_downloaded()
    {
        using FileServer hub = Hub(("model.onnx", s_net));
        Fault fault = _bench.Refused($"hf:acme/belt/model.onnx@{Commit}", new string('b', 64));
        Assert.Contains("nothing was downloaded", fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain(hub.Requests, r => r.Target.Contains("/resolve/", StringComparison.Ordinal));
        _bench.Pull($"hf:acme/belt/model.onnx@{Commit}", PullBench.Sha256(s_net));
    }

    [Fact]
    public void The_token_goes_to_the_hub_and_not_on_to_where_it_redirects()
    {
        using FileServer store = new(request => Reply.File(request, s_net, "\"v1\""));
        using FileServer hub = Hub(("model.onnx", s_net));
        _redirect = store.Url("/blob?signature=x");
        _bench.Environment["HF_TOKEN"] = Token;
        _bench.Pull($"hf:acme/belt/model.onnx@{Commit}");
        Assert.All(hub.Requests, r => Assert.Equal($"Bearer {Token}", r.Header("Authorization")));
        Assert.Equal("", Assert.Single(store.Requests).Header("Authorization"));
    }

    [Fact]
    public void The_token_of_Hugging_Faces_own_tools_is_found()
    {
        _bench.Write("home/.cache/huggingface/token", Token + "\n");
        using FileServer hub = Hub(("model.onnx", s_net));
        _bench.Pull($"hf:acme/belt/model.onnx@{Commit}");
        Assert.Equal($"Bearer {Token}", hub.Requests[0].Header("Authorization"));
    }

    [Theory]
    [InlineData(401, "GatedRepo", FaultKind.Unavailable, "HF_TOKEN")]
    [InlineData(401, "RepoNotFound", FaultKind.NoInput, "check the name")]
    [InlineData(404, "RevisionNotFound", FaultKind.NoInput, "commit, tag or branch")]
    [InlineData(404, "EntryNotFound", FaultKind.NoInput, "check the path")]
    public void What_the_hub_refuses_is_told_in_words_with_the_cure(int status, string code, FaultKind kind, string cure)
    {
        using FileServer hub = new(_ => Reply.Empty(status, $"X-Error-Code: {code}"));
        _bench.Environment["HF_ENDPOINT"] = hub.Url("");
        Fault fault = _bench.Refused("hf:acme/belt/model.onnx@v9");
        Assert.Equal(kind, fault.Kind);
        Assert.Contains(cure, fault.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_that_is_refused_is_never_shown()
    {
        using FileServer hub = new(_ => Reply.Empty(403, "X-Error-Code: GatedRepo"));
        _bench.Environment["HF_ENDPOINT"] = hub.Url("");
        _bench.Environment["HF_TOKEN"] = Token;
        Fault fault = _bench.Refused("hf:acme/belt/model.onnx@v9");
        Assert.DoesNotContain(Token, fault.ToString(), StringComparison.Ordinal);
        Assert.Contains("accept its terms", fault.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"sha\": 7}")]
    [InlineData("[]")]
    [InlineData("<html>")]
    [InlineData("{\"sha\": \"main\"}")]
    public void A_hub_that_is_none_is_refused(string answer)
    {
        using FileServer hub = new(_ => Reply.Json(answer));
        _bench.Environment["HF_ENDPOINT"] = hub.Url("");
        Assert.Contains("HF_ENDPOINT", _bench.Refused("hf:acme/belt/model.onnx").Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_graphs_of_which_none_is_the_model_are_named()
    {
        using FileServer hub = Hub(("a.onnx", s_net), ("b.onnx", s_net));
        Assert.EndsWith("a.onnx, b.onnx", _bench.Refused($"hf:acme/belt@{Commit}").What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endpoint_without_TLS_elsewhere_is_refused()
    {
        _bench.Environment["HF_ENDPOINT"] = "http://mirror.example";
        Assert.Equal("use https", _bench.Refused("hf:acme/belt/model.onnx").Cure);
    }

    [Fact]
    public void A_token_of_two_lines_is_refused_and_not_shown()
    {
        using FileServer hub = Hub(("model.onnx", s_net));
        _bench.Environment["HF_TOKEN"] = Token + "\nmore";
        Fault fault = _bench.Refused($"hf:acme/belt/model.onnx@{Commit}");
        Assert.Equal((FaultKind.Usage, "HF_TOKEN"), (fault.Kind, fault.Where));
        Assert.DoesNotContain(Token, fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_listing_with_one_name_twice_is_refused()
    {
        using FileServer hub = Hub(("model.onnx", s_net), ("labels.txt", s_labels), ("labels.txt", s_labels));
        Assert.Contains("labels.txt is listed twice", _bench.Refused($"hf:acme/belt@{Commit}").What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_listing_of_several_pages_is_read_to_its_end()
    {
        _pageEntries = 2;
        using FileServer hub = Hub(("a.txt", s_labels), ("b.txt", s_labels), ("c.txt", s_labels), ("labels.txt", s_labels), ("model.onnx", s_net));
        InstalledModel installed = _bench.Pull($"hf:acme/belt@{Commit}");
        Assert.Equal("plate", ModelLoader.Load(installed.Path).Labels[1]);
        Assert.Equal(3, hub.Requests.Count(r => r.Target.Contains("/tree/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_listing_that_goes_on_elsewhere_is_refused_and_nobody_gets_the_token()
    {
        _bench.Environment["HF_TOKEN"] = Token;
        using FileServer other = new(static _ => Reply.Json("[]"));
        _nextPage = other.Url("/x");
        using FileServer hub = Hub(("model.onnx", s_net));
        Assert.EndsWith("the listing goes on at another server", _bench.Refused($"hf:acme/belt@{Commit}").What, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public void A_listing_without_end_is_given_up()
    {
        _nextPage = "/api/models/acme/belt/tree/again";
        using FileServer hub = new(request => request.Target.Contains("/tree/", StringComparison.Ordinal)
            ? new Reply(200, "[]"u8.ToArray(), "Content-Type: application/json", $"Link: <{_nextPage}>; rel=\"next\"")
            : Reply.Empty(404));
        _bench.Environment["HF_ENDPOINT"] = hub.Url("");
        Assert.Contains("more than 20 pages", _bench.Refused($"hf:acme/belt@{Commit}").What, StringComparison.Ordinal);
    }

    private int _pageEntries = int.MaxValue;
    private string? _nextPage;
    private string? _corrupt;
    private string? _redirect;

    // Graphs are in LFS, as the hub keeps them; other files in git.
    private FileServer Hub(params (string Path, byte[] Bytes)[] files)
    {
        FileServer hub = new(request =>
        {
            string path = request.Target.Split('?')[0];
            if (path == "/api/models/acme/belt/revision/main") return Reply.Json($$"""{"id":"acme/belt","sha":"{{Commit}}"}""");
            string tree = $"/api/models/acme/belt/tree/{Commit}";
            if (path.StartsWith(tree, StringComparison.Ordinal))
            {
                string folder = path[tree.Length..].TrimStart('/');
                int first = request.Target.Split("cursor=") is [_, string cursor] ? int.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture) : 0;
                (string Path, byte[] Bytes)[] listed = [.. files.Where(f => f.Path.StartsWith(folder, StringComparison.Ordinal))];
                string listing = $"[{string.Join(',', listed.Skip(first).Take(_pageEntries).Select(f => Entry(f.Path, f.Bytes)))}]";
                string? next = _nextPage ?? (listed.Length - first > _pageEntries ? $"{path}?recursive=true&cursor={first + _pageEntries}" : null);
                Reply page = Reply.Json(listing);
                return next is null ? page : page with { Headers = [.. page.Headers, $"Link: <{next}>; rel=\"next\""] };
            }

            string resolve = $"/acme/belt/resolve/{Commit}/";
            if (!path.StartsWith(resolve, StringComparison.Ordinal)) return Reply.Empty(404, "X-Error-Code: EntryNotFound");
            if (_redirect is not null) return Reply.Redirect(_redirect, $"X-Repo-Commit: {Commit}");
            (string name, byte[] bytes) = files.First(f => f.Path == path[resolve.Length..]);
            byte[] sent = name == _corrupt ? [.. bytes.Select(b => (byte)~b)] : bytes;
            return Reply.File(request, sent, "\"v1\"");
        });
        _bench.Environment["HF_ENDPOINT"] = hub.Url("");
        return hub;
    }

    private static string Entry(string path, byte[] bytes)
    {
#pragma warning disable CA5350 // Git's name of a blob.
        string blob = Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));
#pragma warning restore CA5350
        string lfs = path.Contains(".onnx", StringComparison.Ordinal) ? $$""","lfs":{"oid":"{{PullBench.Sha256(bytes)}}","size":{{bytes.Length}},"pointerSize":134}""" : "";
        return $$"""{"type":"file","oid":"{{blob}}","size":{{bytes.Length}},"path":"{{path}}"{{lfs}}}""";
    }
}
