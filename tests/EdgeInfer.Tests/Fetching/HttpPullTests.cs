using System.Net;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Tests.Messaging;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.Tests.Fetching;

/// <summary>A file from an address: whole, broken off, changed, refused.</summary>
public sealed class HttpPullTests : IDisposable
{
    private const string Tag = "\"v1\"";

    // Larger than one piece of the copying, so that a cut falls in the midst.
    private static readonly byte[] s_net = TestModels.Yolox().Metadata("padding", new string('x', 400_000)).ToArray();

    private readonly PullBench _bench = new();

    private static string Digest => PullBench.Sha256(s_net);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_file_with_the_right_digest_becomes_a_model_and_nothing_else_is_left()
    {
        using FileServer server = new(request => Reply.File(request, s_net, Tag));
        InstalledModel installed = _bench.Pull(server.Url("/files/net.onnx"), Digest);
        Assert.Equal("net", installed.Name);
        Assert.Equal(s_net, File.ReadAllBytes(Path.Combine(installed.Path, "model.onnx")));
        Assert.Equal(["net"], _bench.Stored);
        Assert.Equal("identity", server.Requests[0].Header("Accept-Encoding"));
    }

    [Fact]
    public void What_is_refused_before_a_byte_has_come_leaves_no_folder_that_was_not_there()
    {
        using FileServer server = new(static _ => new Reply(404, []));
        Assert.Throws<FaultException>(() => _bench.Pull(server.Url(), Digest));
        Assert.False(Directory.Exists(_bench.Store));

        Directory.CreateDirectory(_bench.Store);
        Assert.Throws<FaultException>(() => _bench.Pull(server.Url(), Digest));
        Assert.Empty(_bench.Stored);
        Assert.True(Directory.Exists(_bench.Store));
    }

    [Fact]
    public void Labels_and_contract_of_this_device_are_put_beside_the_graph()
    {
        using FileServer server = new(request => Reply.File(request, s_net, Tag));
        string labels = _bench.Write("coco.txt", "cup\nplate\nspoon\n");
        string contract = _bench.Write("my.yaml", "name: things\nthreshold: 0.6\n");
        InstalledModel installed = _bench.Pull(server.Url(), Digest, contract: contract, labels: labels);
        Model model = ModelLoader.Load(installed.Path);
        Assert.Equal(("things", 0.6f, "spoon"), (installed.Name, model.Threshold, model.Labels[^1]));
    }

    [Fact]
    public void A_download_that_is_cut_goes_on_where_it_broke()
    {
        using FileServer server = new(request => Reply.File(request, s_net, Tag) with { CutAfter = request.Number < 3 ? 150_000 : null });
        _bench.Pull(server.Url(), Digest);
        Assert.Equal([null, 150_000, 300_000], server.Requests.Select(r => r.From));
        Assert.All(server.Requests.Skip(1), r => Assert.Equal(Tag, r.Header("If-Range")));
        Assert.Equal(2, _bench.Said.Count(line => line.Contains("trying again", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_stopped_pull_keeps_its_part_and_the_next_one_asks_for_the_rest_alone()
    {
        using CancellationTokenSource stop = new();
        using FileServer server = new(request => Reply.File(request, s_net, Tag) with { StallAfter = request.Number == 1 ? 200_000 : null });
        _bench.OnReceived = bytes =>
        {
            if (bytes == 200_000) stop.Cancel();
        };
        Assert.ThrowsAny<OperationCanceledException>(() => _bench.Pull(server.Url(), Digest, stop: stop.Token));
        Assert.Equal(200_000, new FileInfo(Assert.Single(_bench.Parts)).Length);
        Assert.Empty(new ModelLocator([_bench.Store]).List());

        _bench.Pull(server.Url(), Digest);
        Assert.Equal(200_000, server.Requests[1].From);
        Assert.Equal(["net"], _bench.Stored);
    }

    [Fact]
    public void A_file_that_changed_on_the_server_is_begun_anew()
    {
        byte[] old = new byte[s_net.Length];
        using FileServer server = new(request => request.Number == 1 ? Reply.File(request, old, "\"v0\"") with { CutAfter = 100_000 } : Reply.File(request, s_net, Tag));
        _bench.Pull(server.Url(), Digest);
        Assert.Equal(["\"v0\""], server.Requests.Skip(1).Select(r => r.Header("If-Range")));
        Assert.Equal(0, _bench.Begun[^1].Received);
    }

    [Fact]
    public void A_part_without_a_validator_is_begun_anew()
    {
        using FileServer server = new(request => new Reply(200, s_net, "ETag: W/\"weak\"") { CutAfter = request.Number == 1 ? 100_000 : null });
        _bench.Pull(server.Url(), Digest);
        Assert.Equal([null, null], server.Requests.Select(r => r.From));
    }

    [Fact]
    public void A_part_that_was_damaged_on_the_disk_is_begun_anew_once()
    {
        using FileServer server = new(request => Reply.File(request, s_net, Tag) with { StallAfter = request.Number == 1 ? 200_000 : null });
        using CancellationTokenSource stop = new();
        _bench.OnReceived = bytes =>
        {
            if (bytes == 200_000) stop.Cancel();
        };
        Assert.ThrowsAny<OperationCanceledException>(() => _bench.Pull(server.Url(), Digest, stop: stop.Token));
        File.WriteAllBytes(_bench.Parts[0], new byte[200_000]);
        _bench.Pull(server.Url(), Digest);
        Assert.Equal([null, 200_000, null], server.Requests.Select(r => r.From));
    }

    [Fact]
    public void A_wrong_digest_shows_both_and_leaves_nothing()
    {
        using FileServer server = new(request => Reply.File(request, s_net, Tag));
        string expected = new('a', 64);
        Fault fault = _bench.Refused(server.Url(), expected);
        Assert.Equal(FaultKind.Data, fault.Kind);
        Assert.Contains(Digest, fault.What, StringComparison.Ordinal);
        Assert.Contains(expected, fault.What, StringComparison.Ordinal);
        Assert.Empty(_bench.Parts);
        Assert.Empty(new ModelLocator([_bench.Store]).List());
    }

    [Fact]
    public void A_model_that_was_there_stays_when_the_new_one_is_wrong()
    {
        using FileServer server = new(request => request.Target == "/net.onnx" ? Reply.File(request, s_net, Tag) : Reply.File(request, [.. s_net, 1], Tag));
        InstalledModel installed = _bench.Pull(server.Url(), Digest, name: "a");
        _bench.Refused(server.Url("/new.onnx"), Digest, name: "a");
        Assert.Equal(s_net, File.ReadAllBytes(Path.Combine(installed.Path, "model.onnx")));
    }

    [Fact]
    public void A_server_that_falls_silent_is_noticed_and_asked_again()
    {
        _bench.Limits = _bench.Limits with { Stall = TimeSpan.FromMilliseconds(200) };
        using FileServer server = new(request => Reply.File(request, s_net, Tag) with { StallAfter = request.Number == 1 ? 70_000 : null });
        _bench.Pull(server.Url(), Digest);
        Assert.Contains("no byte for 0.2 s", _bench.Said[0], StringComparison.Ordinal);
        Assert.Equal(70_000, server.Requests[1].From);
    }

    [Fact]
    public void A_server_that_always_cuts_at_once_is_given_up_and_the_part_is_kept()
    {
        using FileServer server = new(request => Reply.File(request, s_net, Tag) with { CutAfter = request.Number == 1 ? 100 : 0 });
        Fault fault = _bench.Refused(server.Url(), Digest);
        Assert.Equal((FaultKind.Unavailable, "the connection ended early"), (fault.Kind, fault.What));
        Assert.Equal(_bench.Limits.Attempts + 1, server.Requests.Count);
        Assert.Equal(100, new FileInfo(Assert.Single(_bench.Parts)).Length);
    }

    [Fact]
    public void A_web_page_is_no_model()
    {
        using FileServer server = new(_ => new Reply(200, "<!DOCTYPE html>"u8.ToArray(), "Content-Type: text/html; charset=utf-8"));
        Fault fault = _bench.Refused(server.Url(), Digest);
        Assert.Equal(FaultKind.Data, fault.Kind);
        Assert.Contains("web page", fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, FaultKind.Unavailable)]
    [InlineData(403, FaultKind.Unavailable)]
    [InlineData(404, FaultKind.NoInput)]
    public void A_refusal_is_told_once_with_its_number(int status, FaultKind kind)
    {
        using FileServer server = new(_ => Reply.Empty(status));
        Fault fault = _bench.Refused(server.Url(), Digest);
        Assert.Equal(kind, fault.Kind);
        Assert.Contains($"({status})", fault.What, StringComparison.Ordinal);
        Assert.NotEmpty(fault.Cure);
        Assert.Single(server.Requests);
        Assert.Empty(_bench.Stored);
    }

    [Fact]
    public void A_server_in_trouble_is_asked_again()
    {
        using FileServer server = new(request => request.Number < 3 ? Reply.Empty(503) : Reply.File(request, s_net, Tag));
        Assert.Equal("net", _bench.Pull(server.Url(), Digest).Name);
    }

    [Fact]
    public void Redirects_are_followed_a_few_times_and_no_further()
    {
        using FileServer server = new(request => request.Target == "/net.onnx" ? Reply.Redirect("/real") : Reply.File(request, s_net, Tag));
        _bench.Pull(server.Url(), Digest);
        using FileServer loop = new(request => Reply.Redirect("/net.onnx"));
        Assert.Contains("more than 5 times", _bench.Refused(loop.Url(), Digest).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_redirect_to_plain_http_elsewhere_is_not_followed()
    {
        using FileServer server = new(_ => Reply.Redirect("http://models.example/net.onnx?signature=secret"));
        Fault fault = _bench.Refused(server.Url(), Digest);
        Assert.Contains("http://models.example", fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_beyond_the_limit_is_refused_before_its_bytes_are_read()
    {
        _bench.Limits = _bench.Limits with { ModelBytes = 1000 };
        using FileServer server = new(request => Reply.File(request, s_net, Tag));
        Fault fault = _bench.Refused(server.Url(), Digest);
        Assert.Contains("at most 1000 are taken", fault.What, StringComparison.Ordinal);
        Assert.Empty(_bench.Parts);
    }

    [Fact]
    public void A_file_of_unstated_size_beyond_the_limit_is_cut_off()
    {
        _bench.Limits = _bench.Limits with { ModelBytes = 200_000 };
        using FileServer server = new(_ => new Reply(200, s_net) { IsOpenEnded = true });
        Assert.Contains("more than 200000 bytes", _bench.Refused(server.Url(), Digest).What, StringComparison.Ordinal);
        Assert.Empty(_bench.Parts);
    }

    [Fact]
    public void A_file_larger_than_the_disk_is_refused_before_a_byte_is_written()
    {
        _bench.Limits = _bench.Limits with { ModelBytes = long.MaxValue };
        using FileServer server = new(_ => new Reply(200, [], "Content-Length: 9000000000000000") { IsOpenEnded = true });
        Fault fault = _bench.Refused(server.Url(), Digest);
        Assert.Equal(FaultKind.InputOutput, fault.Kind);
        Assert.StartsWith("the disk is full: 9000000000000000 more bytes are needed and ", fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_listening_is_told_at_once()
    {
        FileServer gone = new(_ => Reply.Empty(500));
        string url = gone.Url();
        gone.Dispose();
        Fault fault = _bench.Refused(url, Digest);
        Assert.Contains("connection refused", fault.What, StringComparison.Ordinal);
        Assert.Empty(_bench.Said);
    }

    [Fact]
    public void A_certificate_of_an_unknown_authority_is_refused()
    {
        using TestCertificates certificates = new("pull");
        using FileServer server = new(request => Reply.File(request, s_net, Tag), certificates.Server());
        Fault fault = _bench.Refused(server.Url(), Digest);
        Assert.Contains("no trusted TLS connection", fault.What, StringComparison.Ordinal);
        Assert.Contains("update-ca-certificates", fault.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_proxy_is_asked_for_hosts_beyond_this_machine_and_named_when_it_refuses()
    {
        using FileServer proxy = new(_ => Reply.Empty(403));
        _bench.Proxy = new WebProxy($"http://127.0.0.1:{proxy.Port}");
        Fault fault = _bench.Refused("https://models.example/net.onnx", Digest);
        Assert.Equal(("CONNECT", "models.example:443"), (proxy.Requests[0].Method, proxy.Requests[0].Target));
        Assert.Contains($"(by the proxy 127.0.0.1:{proxy.Port}", fault.Where, StringComparison.Ordinal);

        using FileServer server = new(request => Reply.File(request, s_net, Tag));
        Assert.Equal("net", _bench.Pull(server.Url(), Digest).Name);
    }

    [Fact]
    public void Bytes_that_are_no_graph_are_refused_and_dropped_however_right_their_digest()
    {
        byte[] text = "hello, this is no graph"u8.ToArray();
        using FileServer server = new(request => Reply.File(request, text, Tag));
        Fault fault = _bench.Refused(server.Url(), PullBench.Sha256(text));
        Assert.Equal(FaultKind.Data, fault.Kind);
        Assert.StartsWith(server.Url(), fault.Where, StringComparison.Ordinal);
        Assert.Empty(_bench.Stored);
    }

    [Fact]
    public void A_model_that_says_too_little_is_kept_and_installed_with_a_contract_without_another_download()
    {
        byte[] bare = TestModels.QuantisedClassifier().ToArray();
        using FileServer server = new(request => Reply.File(request, bare, Tag));
        FaultException refused = Assert.Throws<FaultException>(() => _bench.Pull(server.Url(), PullBench.Sha256(bare)));
        Assert.Contains(refused.Faults, f => f.ToString().Contains("input.resize is stated nowhere", StringComparison.Ordinal));
        Assert.Contains("--contract", _bench.Said[^1], StringComparison.Ordinal);
        Assert.Empty(new ModelLocator([_bench.Store]).List());

        string contract = _bench.Write("model.yaml", "task: classify\ninput: { color: rgb, resize: stretch, kernel: bilinear-tf }\n");
        _bench.Pull(server.Url(), PullBench.Sha256(bare), contract: contract);
        Assert.Single(server.Requests);
        Assert.Equal(["net"], _bench.Stored);
    }

    [Fact]
    public void A_second_pull_of_the_same_is_told_that_another_is_at_it()
    {
        PullBench other = _bench;
        Fault? second = null;
        using FileServer server = new(request => Reply.File(request, s_net, Tag));
        _bench.OnReceived = _ => second ??= other.Refused(server.Url(), Digest);
        _bench.Pull(server.Url(), Digest);
        Assert.Equal("another process is pulling this model", second!.What);
    }

    [Fact]
    public void Parts_that_nobody_came_back_for_are_cleared_after_a_week()
    {
        string old = Path.Combine(_bench.Store, ".pull", "0123456789abcdef");
        Directory.CreateDirectory(old);
        Directory.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromDays(8));
        using FileServer server = new(request => Reply.File(request, s_net, Tag));
        _bench.Pull(server.Url(), Digest);
        Assert.Equal(["net"], _bench.Stored);
    }

    [Fact]
    public void A_file_from_an_address_needs_a_digest()
    {
        Fault fault = _bench.Refused("http://127.0.0.1:1/net.onnx");
        Assert.Equal(FaultKind.Usage, fault.Kind);
        Assert.Contains("sha256sum", fault.Cure, StringComparison.Ordinal);
    }
}
