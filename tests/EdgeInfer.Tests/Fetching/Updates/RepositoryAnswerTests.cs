using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>What a repository answers: statuses, breaks, coded bodies, web pages.</summary>
public sealed class RepositoryAnswerTests : IDisposable
{
    private const long LittleBytes = 256 << 10;

    private static readonly byte[] s_document = Encoding.UTF8.GetBytes("{\"signed\":{\"_type\":\"timestamp\",\"pad\":\"" + new string('x', 400) + "\"}}");

    private readonly UpdateBench _bench = new();

    public static TheoryData<string> Cuts => [.. CutAnswers.Keys];

    private static string Text => Encoding.UTF8.GetString(s_document);

    private static string Head => $"HTTP/1.1 200 OK\r\nContent-Length: {s_document.Length}\r\n\r\n";

    private static string Chunked => $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{s_document.Length:x}\r\n";

    private static Dictionary<string, Action<Wire>> CutAnswers => new()
    {
        ["before the status line"] = static _ => { },
        ["within the status line"] = static wire => wire.Send("HTTP/1.1 20"),
        ["after the status line"] = static wire => wire.Send("HTTP/1.1 200 OK\r\n"),
        ["within a header's name"] = static wire => wire.Send("HTTP/1.1 200 OK\r\nContent-Len"),
        ["within a header's value"] = static wire => wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 4"),
        ["before the empty line"] = static wire => wire.Send(Head[..^2]),
        ["after the header"] = static wire => wire.Send(Head),
        ["after the first byte"] = static wire => wire.Send(Head + Text[..1]),
        ["in the midst of the body"] = static wire => wire.Send(Head + Text[..200]),
        ["one byte before the end"] = static wire => wire.Send(Head + Text[..^1]),
        ["within a chunk's size"] = static wire => wire.Send(Chunked[..^3]),
        ["before a chunk"] = static wire => wire.Send(Chunked),
        ["within a chunk"] = static wire => wire.Send(Chunked + Text[..200]),
        ["after a chunk"] = static wire => wire.Send(Chunked + Text),
        ["before the last chunk"] = static wire => wire.Send(Chunked + Text + "\r\n"),
        ["within the last chunk"] = static wire => wire.Send(Chunked + Text + "\r\n0"),
        ["before the end of the trailer"] = static wire => wire.Send(Chunked + Text + "\r\n0\r\n"),
        ["by a reset in the midst of the body"] = static wire =>
        {
            wire.Send(Head + Text[..200]);
            wire.Reset();
        },
        ["by a reset before the answer"] = static wire => wire.Reset(),
    };

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_file_comes_whole_from_below_the_address_and_asks_caches_to_look_again()
    {
        using FileServer server = new(_ => new Reply(200, s_document));
        Assert.Equal(s_document, _bench.Fetch(server.Url("/fleet"), "metadata/3.root.json"));
        Request request = Assert.Single(server.Requests);
        Assert.Equal("/fleet/metadata/3.root.json", request.Target);
        Assert.Equal(("identity", "no-cache", ""), (request.Header("Accept-Encoding"), request.Header("Cache-Control"), request.Header("Authorization")));
    }

    [Fact]
    public void A_file_in_chunks_comes_whole()
    {
        using FileServer server = new(_ => Reply.Raw(Chunked + Text + "\r\n0\r\n\r\n"));
        Assert.Equal(s_document, _bench.Fetch(server.Url("/")));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(410)]
    public void A_file_that_is_not_there_is_null(int status)
    {
        using FileServer server = new(_ => Reply.Empty(status));
        Assert.Null(_bench.Fetch(server.Url("/")));
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(201, 1)]
    [InlineData(204, 1)]
    [InlineData(206, 1)]
    [InlineData(300, 1)]
    [InlineData(304, 1)]
    [InlineData(305, 1)]
    [InlineData(400, 1)]
    [InlineData(401, 1)]
    [InlineData(402, 1)]
    [InlineData(405, 1)]
    [InlineData(407, 1)]
    [InlineData(408, 3)]
    [InlineData(409, 1)]
    [InlineData(416, 1)]
    [InlineData(421, 1)]
    [InlineData(429, 3)]
    [InlineData(451, 1)]
    [InlineData(500, 3)]
    [InlineData(502, 3)]
    [InlineData(503, 3)]
    [InlineData(504, 3)]
    [InlineData(599, 3)]
    [InlineData(999, 3)]
    public void Any_other_status_is_a_passing_fault_that_names_address_status_and_cure(int status, int requests)
    {
        _bench.Retry(3);
        using FileServer server = new(_ => Reply.Empty(status));
        UpdateException refused = _bench.Refused(server.Url("/fleet"));
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.StartsWith(server.Url("/fleet/metadata/timestamp.json"), refused.Fault.Where, StringComparison.Ordinal);
        Assert.Contains($"{status}", refused.Fault.What, StringComparison.Ordinal);
        Assert.NotEmpty(refused.Fault.Cure);
        Assert.Equal(requests, server.Requests.Count);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void An_answer_that_is_cut_is_a_passing_fault(string where)
    {
        _bench.Retry(2);
        using FileServer server = new(_ => Reply.Raw(CutAnswers[where]));
        UpdateException refused = _bench.Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.StartsWith(server.Url("/metadata/timestamp.json"), refused.Fault.Where, StringComparison.Ordinal);
        // Where not a byte has come, .NET's own client asks three times more in each attempt.
        Assert.InRange(server.Requests.Count, 2, 8);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void An_answer_that_is_cut_is_mended_by_the_next_attempt(string where)
    {
        _bench.Retry(2);
        using FileServer server = new(request => request.Number == 1 ? Reply.Raw(CutAnswers[where]) : new Reply(200, s_document));
        Assert.Equal(s_document, _bench.Fetch(server.Url("/")));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public void A_body_whose_end_nobody_states_is_not_believed()
    {
        using FileServer server = new(_ => new Reply(200, s_document) { IsOpenEnded = true, CutAfter = 100 });
        UpdateException refused = _bench.Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("does not say where it ends", refused.Fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Encoding: gzip")]
    [InlineData("Content-Encoding: x-gzip")]
    [InlineData("Content-Encoding: br")]
    [InlineData("Content-Encoding: deflate")]
    [InlineData("Content-Encoding: zstd")]
    [InlineData("Content-Encoding: gzip, gzip")]
    [InlineData("Content-Encoding: identity, gzip")]
    [InlineData("Content-Encoding: something-new")]
    [InlineData("Transfer-Encoding: gzip, chunked")]
    public void A_coded_answer_is_refused_before_its_body_is_read(string header)
    {
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\n{header}\r\n{(header[0] == 'C' ? "Content-Length: 1000000000\r\n" : "")}\r\n");
            if (header[0] == 'T') wire.Send("3b9aca00\r\n");
            wire.SendForever(new string('\x1f', 4096));
        }));
        UpdateException refused = _bench.Refused(server.Url("/"), cap: 64 << 20);
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("coded", refused.Fault.What, StringComparison.Ordinal);
        _bench.CloseClients();
        server.WaitUntilIdle();
        Assert.InRange(server.SentBytes, 1, LittleBytes);
    }

    [Fact]
    public void An_answer_that_calls_itself_uncoded_is_taken()
    {
        using FileServer server = new(_ => new Reply(200, s_document, "Content-Encoding: identity"));
        Assert.Equal(s_document, _bench.Fetch(server.Url("/")));
    }

    [Fact]
    public void The_sign_in_page_of_a_network_is_a_passing_fault_and_no_forged_signature()
    {
        using FileServer server = new(_ => new Reply(200, "<html>Welcome, guest</html>"u8.ToArray(), "Content-Type: text/html; charset=utf-8"));
        UpdateException refused = _bench.Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("sign-in", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_speaks_no_HTTP_is_a_passing_fault()
    {
        using FileServer server = new(_ => Reply.Raw("220 mail.example ESMTP\r\n"));
        Assert.Equal(UpdateCode.Network, _bench.Refused(server.Url("/")).Code);
    }

    [Fact]
    public void Where_nobody_listens_is_a_passing_fault_that_says_so()
    {
        FileServer gone = new(_ => Reply.Empty(500));
        string url = gone.Url("/");
        gone.Dispose();
        UpdateException refused = _bench.Refused(url);
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("connection refused", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_nobody_knows_is_a_passing_fault_that_says_so()
    {
        UpdateException refused = _bench.Refused("https://nowhere.test/");
        Assert.Equal((UpdateCode.Network, "https://nowhere.test/metadata/timestamp.json"), (refused.Code, refused.Fault.Where));
        Assert.Contains("not known here", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stop_is_no_fault()
    {
        using CancellationTokenSource stop = new();
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            stop.Cancel();
            wire.WaitForClient();
        }));
        Assert.ThrowsAny<OperationCanceledException>(() => UpdateBench.Bring(_bench.Open(server.Url("/")), UpdateBench.Timestamp, stop.Token));
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("metadata/../../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("metadata//root.json")]
    [InlineData("metadata/.")]
    [InlineData("metadata/a\nb")]
    [InlineData("metadata/a b")]
    [InlineData("metadata/a?b")]
    [InlineData("metadata/a#b")]
    [InlineData("metadata/é")]
    [InlineData("metadata\\..\\..\\secret")]
    [InlineData("metadata/%2e%2e/%2e%2e/secret")]
    [InlineData("http://x/y")]
    [InlineData("//x/y")]
    [InlineData("")]
    public void A_path_that_leads_elsewhere_is_never_asked_for(string name)
    {
        using FileServer server = new(_ => new Reply(200, s_document));
        Assert.Equal(UpdateCode.Signature, _bench.Refused(server.Url("/fleet"), name).Code);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("metadata/1.a%20b.json")]
    [InlineData("metadata/1.a%3Fb%23c.json")]
    [InlineData("metadata/1...%2Fx.json")]
    [InlineData("metadata/1.%C3%A9.json")]
    [InlineData("metadata/1.a~b!c.json")]
    public void A_quoted_name_is_asked_for_as_it_is(string name)
    {
        using FileServer server = new(_ => new Reply(200, s_document));
        Assert.Equal(s_document, _bench.Fetch(server.Url("/fleet"), name));
        Assert.Equal("/fleet/" + name, Assert.Single(server.Requests).Target);
    }
}
