using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>Servers that never end, in bytes or in time: what they could send and how long they were listened to.</summary>
public sealed class RepositoryBoundTests : IDisposable
{
    /// <summary>The cap of the test, 64 KiB of header, one read, and the buffers of two sockets.</summary>
    private const long MostBytes = 384 << 10;

    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static readonly string s_piece = new('x', 4096);

    private readonly UpdateBench _bench = new();

    public static TheoryData<string> Endless => [.. EndlessAnswers.Keys];

    private static Dictionary<string, (UpdateCode Code, Action<Wire> Write)> EndlessAnswers => new()
    {
        ["a body of a stated size"] = (UpdateCode.Size, static wire => Send(wire, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", s_piece)),
        ["a body of a stated size that is one byte too large"] = (UpdateCode.Size, static wire => Send(wire, $"HTTP/1.1 200 OK\r\nContent-Length: {UpdateBench.Cap + 1}\r\n\r\n", s_piece)),
        ["a body in chunks"] = (UpdateCode.Size, static wire => Send(wire, Chunked, $"1000\r\n{s_piece}\r\n")),
        ["a body in chunks of a byte"] = (UpdateCode.Size, static wire => Send(wire, Chunked, "1\r\nx\r\n")),
        ["a body in one chunk"] = (UpdateCode.Size, static wire => Send(wire, Chunked + "7fffffffffffffff\r\n", s_piece)),
        ["a body without a size"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 200 OK\r\n\r\n", s_piece)),
        ["a size of a chunk that no number holds"] = (UpdateCode.Network, static wire => Send(wire, Chunked + "ffffffffffffffffffff\r\n", s_piece)),
        ["the size of a chunk"] = (UpdateCode.Network, static wire => Send(wire, Chunked, "0")),
        ["the extension of a chunk"] = (UpdateCode.Network, static wire => Send(wire, Chunked + "1;", s_piece)),
        ["a status line"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 200 ", s_piece)),
        ["a header's name"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 200 OK\r\n", s_piece)),
        ["a header's value"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 200 OK\r\nETag: ", s_piece)),
        ["headers"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 200 OK\r\n", "X-Bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")),
        ["a folded header"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 200 OK\r\nX-Bomb: a\r\n", "  aaaaaaaaaaaaaaaaaaa\r\n")),
        ["the trailer"] = (UpdateCode.Network, static wire => Send(wire, Chunked + "1\r\nx\r\n0\r\n", "X-Bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")),
        ["the body of a refusal"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n", $"1000\r\n{s_piece}\r\n")),
        ["the body of a redirect"] = (UpdateCode.Network, static wire => Send(wire, "HTTP/1.1 302 x\r\nLocation: http://elsewhere.test/\r\nTransfer-Encoding: chunked\r\n\r\n", $"1000\r\n{s_piece}\r\n")),
    };

    public void Dispose() => _bench.Dispose();

    [Theory]
    [MemberData(nameof(Endless))]
    public void What_never_ends_is_cut_off_soon(string what)
    {
        using FileServer server = new(_ => Reply.Raw(EndlessAnswers[what].Write));
        Assert.Equal(EndlessAnswers[what].Code, _bench.Refused(server.Url("/")).Code);
        _bench.CloseClients();
        server.WaitUntilIdle();
        Assert.InRange(server.SentBytes, 1, MostBytes);
    }

    [Fact]
    public void A_file_of_just_the_cap_is_taken_and_one_of_a_byte_more_is_not()
    {
        using FileServer server = new(request => new Reply(200, new byte[request.Number == 1 ? UpdateBench.Cap : UpdateBench.Cap + 1]));
        Assert.Equal(UpdateBench.Cap, _bench.Fetch(server.Url("/"))!.Length);
        UpdateException refused = _bench.Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Size, refused.Code);
        Assert.Contains($"more than {UpdateBench.Cap} bytes", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_beyond_the_cap_is_asked_for_once_only()
    {
        _bench.Retry();
        using FileServer server = new(_ => new Reply(200, new byte[UpdateBench.Cap + 1]));
        _bench.Refused(server.Url("/"));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_host_that_swallows_packets_is_given_up()
    {
        FakeTimeProvider time = Fake();
        _bench.BlackHole = IPAddress.Parse("192.0.2.1");
        _bench.Name("updates.test", "192.0.2.1");
        UpdateException refused = await Outcome(time, "https://updates.test/");
        Assert.Equal("no connection in 15 s", refused.Fault.What);
    }

    [Fact]
    public async Task Of_two_addresses_the_second_is_tried_when_the_first_swallows_packets()
    {
        FakeTimeProvider time = Fake();
        using FileServer server = new(_ => new Reply(200, "{}"u8.ToArray()));
        _bench.BlackHole = IPAddress.Parse("10.0.0.1");
        _bench.Name("updates.test", "10.0.0.1", "10.0.0.2");
        _bench.Serve("10.0.0.2", server, 80);
        Task<byte[]?> fetch = _bench.Open("http://updates.test/").Repository.Fetch(UpdateBench.Timestamp, 100, default).AsTask();
        UpdateBench.Until(() => !_bench.Dialled.IsEmpty);
        time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal("{}"u8.ToArray(), await fetch);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        FakeTimeProvider time = Fake();
        using FileServer server = new(_ => Reply.Raw(static wire => wire.WaitForClient()));
        Assert.Equal("no byte for 30 s", (await Outcome(time, server.Url("/"))).Fault.What);
        Assert.Equal(0, server.SentBytes);
    }

    [Fact]
    public async Task A_server_that_never_says_a_word_of_TLS_is_given_up()
    {
        FakeTimeProvider time = Fake();
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        Assert.Equal("no byte for 30 s", (await Outcome(time, $"https://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/")).Fault.What);
    }

    [Fact]
    public async Task A_header_that_comes_little_by_little_is_given_up_in_the_time_of_a_silence()
    {
        FakeTimeProvider time = Fake();
        using SemaphoreSlim tick = new(0);
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nX: ");
            Drip(wire, tick, 1);
        }));
        Assert.Equal("no byte for 30 s", (await Outcome(time, server.Url("/"), tick, 5, delivered: 10)).Fault.What);
        _bench.CloseClients();
        Assert.InRange(server.SentBytes, 20, 40);
    }

    [Fact]
    public async Task Interim_answers_without_end_are_given_up_in_the_time_of_a_silence()
    {
        FakeTimeProvider time = Fake();
        using FileServer server = new(_ => Reply.Raw(static wire => wire.SendForever("HTTP/1.1 100 Continue\r\n\r\n")));
        Task<byte[]?> fetch = _bench.Open(server.Url("/")).Repository.Fetch(UpdateBench.Timestamp, 100, default).AsTask();
        UpdateBench.Until(() => fetch.IsCompleted || server.SentBytes > 300_000);
        UpdateBench.Pass(fetch, time);
        Assert.Equal(UpdateCode.Network, (await Assert.ThrowsAsync<UpdateException>(() => fetch)).Code);
    }

    [Fact]
    public async Task A_body_that_stands_still_is_given_up()
    {
        FakeTimeProvider time = Fake();
        using FileServer server = new(_ => new Reply(200, new byte[500]) { StallAfter = 200 });
        Assert.Equal("no byte for 30 s", (await Outcome(time, server.Url("/"), delivered: 250)).Fault.What);
    }

    [Fact]
    public async Task A_body_that_drips_below_the_least_rate_is_given_up_after_its_window()
    {
        FakeTimeProvider time = Fake();
        using SemaphoreSlim tick = new(0);
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {UpdateBench.Cap}\r\n\r\n");
            Drip(wire, tick, 10);
        }));
        DateTimeOffset begin = time.GetUtcNow();
        UpdateException refused = await Outcome(time, server.Url("/"), tick, 5, 10, delivered: 20);
        Assert.Equal("less than 256 bytes per second for 60 s", refused.Fault.What);
        Assert.InRange(time.GetUtcNow() - begin, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(75));
        Assert.InRange(server.SentBytes, 100, 300);
    }

    [Fact]
    public async Task A_body_that_drips_above_the_least_rate_is_given_up_when_its_time_is_over()
    {
        FakeTimeProvider time = Fake();
        _bench.Limits = _bench.Limits with { DocumentTime = TimeSpan.FromMinutes(5) };
        using SemaphoreSlim tick = new(0);
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            Drip(wire, tick, 2000);
        }));
        DateTimeOffset begin = time.GetUtcNow();
        UpdateException refused = await Outcome(time, server.Url("/"), tick, 5, 2000, cap: 1_000_000, delivered: 20);
        Assert.Equal("not all has come in 300 s", refused.Fault.What);
        Assert.InRange(time.GetUtcNow() - begin, TimeSpan.FromSeconds(300), TimeSpan.FromSeconds(315));
    }

    [Fact]
    public async Task A_slow_body_that_ends_in_its_time_is_taken()
    {
        FakeTimeProvider time = Fake();
        using SemaphoreSlim tick = new(0);
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
            for (int i = 0; i < 10; i++) DripOnce(wire, tick, 2000);
        }));
        Task<byte[]?> fetch = _bench.Open(server.Url("/")).Repository.Fetch(UpdateBench.Timestamp, 20_000, default).AsTask();
        for (int i = 0; i < 10; i++)
        {
            Assert.False(fetch.IsCompleted);
            if (i > 0) time.Advance(TimeSpan.FromSeconds(5));
            Tick(fetch, tick, 2000);
        }

        Assert.Equal(20_000, (await fetch)!.Length);
    }

    private static void Send(Wire wire, string head, string forever)
    {
        wire.Send(head);
        wire.SendForever(forever.Length < 2048 ? string.Concat(Enumerable.Repeat(forever, 2048 / forever.Length)) : forever);
    }

    private static void Drip(Wire wire, SemaphoreSlim tick, int bytes)
    {
        while (true) DripOnce(wire, tick, bytes);
    }

    private static void DripOnce(Wire wire, SemaphoreSlim tick, int bytes)
    {
        if (!tick.Wait(TimeSpan.FromSeconds(60))) throw new IOException();
        wire.Send(new string('x', bytes));
    }

    private FakeTimeProvider Fake()
    {
        FakeTimeProvider time = new();
        _bench.Time = time;
        // Time runs on in big steps while a deadline takes effect: only the one that a test is about may end.
        _bench.Limits = _bench.Limits with { DocumentTime = Timeout.InfiniteTimeSpan };
        return time;
    }

    // The client has what was sent before time goes on, so that it is the server that is slow.
    private void Tick(Task task, SemaphoreSlim tick, int bytes)
    {
        long before = _bench.Delivered;
        tick.Release();
        UpdateBench.Until(() => task.IsCompleted || _bench.Delivered >= before + bytes);
    }

    private async Task<UpdateException> Outcome(FakeTimeProvider time, string address, SemaphoreSlim? tick = null, double step = 1, int bytes = 1, int cap = UpdateBench.Cap, long delivered = 0)
    {
        Task<byte[]?> fetch = _bench.Open(address).Repository.Fetch(UpdateBench.Timestamp, cap, default).AsTask();
        // Time goes on when it is the server that is waited for.
        UpdateBench.Until(() => _bench.BlackHole is not null ? !_bench.Dialled.IsEmpty : _bench.IsWaiting && _bench.Delivered >= delivered);
        // Just to the deadline, or the next one would end as well before this one takes effect.
        if (tick is null) time.Advance(_bench.BlackHole is null ? _bench.Limits.Stall : _bench.Limits.Connect);
        else UpdateBench.Pass(fetch, time, () => Tick(fetch, tick, bytes), step);
        UpdateException refused = await Assert.ThrowsAsync<UpdateException>(() => fetch);
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.True(refused.Fault.Where.StartsWith(address, StringComparison.Ordinal), string.Create(CultureInfo.InvariantCulture, $"{refused.Fault}"));
        return refused;
    }
}
