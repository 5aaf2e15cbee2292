using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching.Updates;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>Blobs of a signed digest and size from servers that break off, change, repeat, lie and dawdle.</summary>
public sealed class BlobFetchTests : IDisposable
{
    private const int Size = 600_000;
    private const string Tag = "\"v1\"";

    /// <summary>Two headers and the buffers of two sockets.</summary>
    private const long SlackBytes = 256 << 10;

    private static readonly byte[] s_blob = Bytes(1, Size);
    private static readonly string s_digest = UpdateBench.Sha256(s_blob);

    private readonly UpdateBench _bench = new();

    public static TheoryData<string> WrongRests => [.. WrongRestAnswers.Keys];

    // What a server gives when it is asked for the rest after 200,000 bytes under "v1".
    private static Dictionary<string, (string? Said, Func<Request, Reply> Give)> WrongRestAnswers => new()
    {
        ["a rest that begins before"] = ("other bytes than those asked for", static r => Rest(r, $"bytes 199999-{Size - 1}/{Size}", s_blob[199_999..])),
        ["a rest that begins later"] = ("other bytes than those asked for", static r => Rest(r, $"bytes 200001-{Size - 1}/{Size}", s_blob[200_001..])),
        ["a rest that begins at zero"] = ("other bytes than those asked for", static r => Rest(r, $"bytes 0-{Size - 1}/{Size}", s_blob)),
        ["a rest of a longer file"] = ("another file than the one begun with", static r => Rest(r, $"bytes 200000-{Size}/{Size + 1}", [.. s_blob[200_000..], 0])),
        ["a rest of a shorter file"] = ("another file than the one begun with", static r => Rest(r, $"bytes 200000-{Size - 2}/{Size - 1}", s_blob[200_000..^1])),
        ["a rest without a range"] = ("other bytes than those asked for", static _ => new Reply(206, s_blob[200_000..], $"ETag: {Tag}")),
        ["a rest with a range that is none"] = ("other bytes than those asked for", static r => Rest(r, "bytes garbage", s_blob[200_000..])),
        ["a rest with an empty range"] = ("other bytes than those asked for", static r => Rest(r, "", s_blob[200_000..])),
        ["a rest in other units"] = ("other bytes than those asked for", static r => Rest(r, $"lines 200000-{Size - 1}/{Size}", s_blob[200_000..])),
        ["a rest in several parts"] = ("other bytes than those asked for", static _ => new Reply(206, s_blob[200_000..], $"ETag: {Tag}", "Content-Type: multipart/byteranges; boundary=x")),
        ["a rest under another validator"] = ("the rest of another file", static r => Rest(r, $"bytes 200000-{Size - 1}/{Size}", s_blob[200_000..], "\"v2\"")),
        ["a rest under a weak validator"] = ("the rest of another file", static r => Rest(r, $"bytes 200000-{Size - 1}/{Size}", s_blob[200_000..], "W/\"v1\"")),
        ["that there is no such rest"] = ("another file than the one begun with", static _ => new Reply(416, [], "Content-Range: bytes */100")),
        ["the whole again"] = (null, static _ => new Reply(200, s_blob, "ETag: \"v2\"")),
        ["the whole again without a validator"] = (null, static _ => new Reply(200, s_blob)),
        ["other bytes as the rest"] = ("other bytes came than the signed ones", static r => Rest(r, $"bytes 200000-{Size - 1}/{Size}", Bytes(2, Size - 200_000))),
    };

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_blob_comes_from_below_the_repository_by_its_digest()
    {
        using FileServer server = new(r => Reply.File(r, s_blob, Tag));
        Fetch(server.Url("/fleet"));
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
        Assert.Equal($"/fleet/blobs/sha256/{s_digest}", Assert.Single(server.Requests).Target);
        Assert.False(File.Exists(_bench.Note));
        Assert.Equal(($"sha256:{s_digest}", 0L, (long?)Size), Assert.Single(_bench.Begun));
        Assert.Equal((Size, 1), (_bench.Progress[^1], _bench.Ended));
    }

    [Fact]
    public void An_empty_blob_is_here_without_a_request()
    {
        // Published: sha256 of no bytes (NIST).
        using FileServer server = new(static _ => new Reply(200, []));
        _bench.BringBlob(_bench.Open(server.Url("/")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0);
        Assert.Equal(0, new FileInfo(_bench.Partial).Length);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(131_071)]
    [InlineData(131_072)]
    [InlineData(300_000)]
    [InlineData(Size - 1)]
    public void A_blob_that_is_cut_goes_on_where_it_broke(int at)
    {
        _bench.Retry();
        using FileServer server = new(r => Reply.File(r, s_blob, Tag) with { CutAfter = r.Number == 1 ? at : null });
        Fetch(server.Url("/"));
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
        Assert.Equal(at == 0 ? null : at, server.Requests[1].From);
        Assert.Equal(at == 0 ? "" : Tag, server.Requests[1].Header("If-Range"));
    }

    [Theory]
    [InlineData("within a chunk", "493e0\r\n", 250_000)]
    [InlineData("after a chunk", "493e0\r\n", 300_000)]
    public void A_blob_in_chunks_that_is_cut_goes_on_where_it_broke(string where, string size, int at)
    {
        _bench.Retry();
        using FileServer server = new(r => r.Number > 1 ? Reply.File(r, s_blob, Tag) : Reply.Raw(wire =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nETag: {Tag}\r\nTransfer-Encoding: chunked\r\n\r\n{size}");
            wire.Send(s_blob[..at]);
        }));
        Fetch(server.Url("/"));
        Assert.True(server.Requests[1].From == at, where);
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
    }

    [Fact]
    public void A_blob_whose_last_chunk_alone_is_missing_is_complete_without_another_request()
    {
        _bench.Retry();
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nETag: {Tag}\r\nTransfer-Encoding: chunked\r\n\r\n{Size:x}\r\n");
            wire.Send(s_blob);
        }));
        Fetch(server.Url("/"));
        Assert.Single(server.Requests);
    }

    [Fact]
    public void A_blob_whose_size_nobody_states_is_cut_and_goes_on_too()
    {
        _bench.Retry();
        using FileServer server = new(r => Reply.File(r, s_blob, Tag) with { IsOpenEnded = true, CutAfter = r.Number == 1 ? 300_000 : null });
        Fetch(server.Url("/"));
        Assert.Equal(300_000, server.Requests[1].From);
    }

    [Fact]
    public void A_rest_that_itself_comes_in_pieces_is_put_together()
    {
        _bench.Retry();
        using FileServer server = new(static r => r.From is { } from
            ? new Reply(206, s_blob[from..Math.Min(Size, from + 150_000)], $"ETag: {Tag}", $"Content-Range: bytes {from}-{Math.Min(Size, from + 150_000) - 1}/{Size}")
            : Reply.File(r, s_blob, Tag) with { CutAfter = 150_000 });
        Fetch(server.Url("/"));
        Assert.Equal([null, 150_000, 300_000, 450_000], server.Requests.Select(static r => r.From));
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
    }

    [Theory]
    [MemberData(nameof(WrongRests))]
    public void A_server_does_no_harm_that_is_asked_for_the_rest_and_gives(string what)
    {
        _bench.Retry();
        using FileServer server = new(r => r.Number switch
        {
            1 => Reply.File(r, s_blob, Tag) with { CutAfter = 200_000 },
            2 => WrongRestAnswers[what].Give(r),
            _ => Reply.File(r, s_blob, Tag),
        });
        Fetch(server.Url("/"));
        Assert.Equal(200_000, server.Requests[1].From);
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
        Assert.InRange(server.Requests.Count, 2, 3);
        if (server.Requests.Count == 3) Assert.Null(server.Requests[2].From);
        string? said = WrongRestAnswers[what].Said;
        Assert.Equal(said is null ? 1 : 2, _bench.Said.Count);
        if (said is not null) Assert.Contains(said, _bench.Said.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_rest_with_more_bytes_than_its_range_says_is_never_kept()
    {
        _bench.Retry();
        using FileServer server = new(static r => r.Number == 1
            ? Reply.File(r, s_blob, Tag) with { CutAfter = 200_000 }
            : Rest(r, $"bytes 200000-{Size - 1}/{Size}", [.. s_blob[200_000..], 1, 2, 3]));
        Assert.Equal(UpdateCode.Size, Refused(server.Url("/")).Code);
        Assert.Equal(0, _bench.PartialBytes);
    }

    [Fact]
    public void A_blob_that_changes_at_each_break_is_given_up_after_three_times()
    {
        _bench.Retry();
        using FileServer server = new(static r => Reply.File(r, s_blob, $"\"v{r.Number}\"") with { CutAfter = 100_000 });
        UpdateException refused = Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("begins anew", refused.Fault.What, StringComparison.Ordinal);
        Assert.Equal(5, server.Requests.Count);
    }

    [Theory]
    [InlineData("ETag: W/\"v1\"")]
    [InlineData("X-Nothing: 1")]
    public void Without_a_strong_validator_a_blob_is_begun_anew_a_few_times_at_most(string header)
    {
        _bench.Retry();
        using FileServer server = new(_ => new Reply(200, s_blob, header) { CutAfter = 100_000 });
        Assert.Equal(UpdateCode.Network, Refused(server.Url("/")).Code);
        Assert.All(server.Requests, static r => Assert.Null(r.From));
        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public void A_server_that_breaks_off_after_each_byte_is_given_up_and_the_bytes_are_kept()
    {
        _bench.Retry();
        _bench.Limits = _bench.Limits with { AttemptsInAll = 20 };
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag) with { CutAfter = 1 });
        Assert.Equal(UpdateCode.Network, Refused(server.Url("/")).Code);
        Assert.Equal((20, 20L), (server.Requests.Count, _bench.PartialBytes));
    }

    [Fact]
    public void A_transfer_that_was_given_up_goes_on_with_the_next_one()
    {
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag) with { CutAfter = r.Number == 1 ? 250_000 : null });
        Assert.Equal(UpdateCode.Network, Refused(server.Url("/")).Code);
        Assert.Equal(250_000, _bench.PartialBytes);
        Fetch(server.Url("/"));
        Assert.Equal(250_000, server.Requests[1].From);
    }

    [Fact]
    public void A_transfer_that_was_stopped_goes_on_with_the_next_one()
    {
        using CancellationTokenSource stop = new();
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag) with { StallAfter = r.Number == 1 ? 200_000 : null });
        _bench.OnReceived = bytes =>
        {
            if (bytes == 200_000) stop.Cancel();
        };
        Assert.ThrowsAny<OperationCanceledException>(() => _bench.BringBlob(_bench.Open(server.Url("/")), s_digest, Size, stop: stop.Token));
        Fetch(server.Url("/"));
        Assert.Equal(200_000, server.Requests[1].From);
    }

    [Fact]
    public void Bytes_of_another_server_are_not_gone_on_with()
    {
        using FileServer first = new(static r => Reply.File(r, s_blob, Tag) with { CutAfter = 250_000 });
        using FileServer second = new(static r => Reply.File(r, s_blob, Tag));
        Refused(first.Url("/"));
        Fetch(second.Url("/"));
        Assert.Null(Assert.Single(second.Requests).From);
    }

    [Fact]
    public void Kept_bytes_that_were_damaged_on_the_disk_are_dropped_and_the_whole_is_fetched()
    {
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag) with { CutAfter = r.Number == 1 ? 250_000 : null });
        Refused(server.Url("/"));
        File.WriteAllBytes(_bench.Partial, new byte[250_000]);
        Fetch(server.Url("/"));
        Assert.Equal([null, 250_000, null], server.Requests.Select(static r => r.From));
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
    }

    [Theory]
    [InlineData(Size + 1)]
    [InlineData(Size)]
    public void Kept_bytes_as_many_as_all_or_more_do_not_deceive(int bytes)
    {
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag) with { CutAfter = r.Number == 1 ? 250_000 : null });
        Refused(server.Url("/"));
        File.WriteAllBytes(_bench.Partial, new byte[bytes]);
        Fetch(server.Url("/"));
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
    }

    [Fact]
    public void Kept_bytes_that_are_all_are_taken_without_a_request()
    {
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag) with { CutAfter = r.Number == 1 ? 250_000 : null });
        Refused(server.Url("/"));
        File.WriteAllBytes(_bench.Partial, s_blob);
        Fetch(server.Url("/"));
        Assert.Single(server.Requests);
    }

    [Fact]
    public void Other_bytes_are_fetched_once_more_and_then_refused_and_dropped()
    {
        using FileServer server = new(static r => Reply.File(r, Bytes(9, Size), Tag));
        UpdateException refused = Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Digest, refused.Code);
        Assert.Contains(s_digest, refused.Fault.What, StringComparison.Ordinal);
        Assert.Contains(UpdateBench.Sha256(Bytes(9, Size)), refused.Fault.What, StringComparison.Ordinal);
        Assert.Equal([null, null], server.Requests.Select(static r => r.From));
        Assert.False(File.Exists(_bench.Partial) || File.Exists(_bench.Note));
    }

    [Fact]
    public void Bytes_that_were_changed_on_their_way_once_are_right_the_second_time()
    {
        using FileServer server = new(static r => Reply.File(r, r.Number == 1 ? Bytes(9, Size) : s_blob, Tag));
        Fetch(server.Url("/"));
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
    }

    [Theory]
    [InlineData("of a stated size", false)]
    [InlineData("in chunks", true)]
    public void A_blob_that_is_longer_than_signed_is_refused_at_its_first_byte_too_many(string how, bool isChunked)
    {
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nETag: {Tag}\r\n{(isChunked ? "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n" : "Content-Length: 2147483647\r\n\r\n")}");
            wire.SendForever(new string('x', 4096));
        }));
        UpdateException refused = Refused(server.Url("/"));
        Assert.True(refused.Code == UpdateCode.Size, how);
        Assert.Equal(0, _bench.PartialBytes);
        _bench.CloseClients();
        server.WaitUntilIdle();
        Assert.InRange(server.SentBytes, 1, (isChunked ? Size : 0) + SlackBytes);
        Assert.InRange(_bench.Progress.Count == 0 ? 0 : _bench.Progress.Max(), 0, Size);
    }

    [Fact]
    public void A_blob_without_a_size_that_never_ends_is_refused_at_its_first_byte_too_many()
    {
        using FileServer server = new(_ => Reply.Raw(static wire =>
        {
            wire.Send("HTTP/1.1 200 OK\r\n\r\n");
            wire.SendForever(new string('x', 4096));
        }));
        Assert.Equal(UpdateCode.Size, Refused(server.Url("/")).Code);
        _bench.CloseClients();
        server.WaitUntilIdle();
        Assert.InRange(server.SentBytes, Size, Size + SlackBytes);
    }

    [Fact]
    public void A_blob_that_the_server_has_only_a_part_of_is_a_passing_fault()
    {
        using FileServer server = new(static r => Reply.File(r, s_blob[..^1], Tag));
        UpdateException refused = Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains($"{Size - 1} bytes, and {Size} were expected", refused.Fault.What, StringComparison.Ordinal);
        Assert.Empty(_bench.Progress);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(410)]
    [InlineData(206)]
    [InlineData(416)]
    [InlineData(503)]
    public void A_blob_that_is_refused_or_missing_is_a_passing_fault_that_names_its_address(int status)
    {
        using FileServer server = new(_ => Reply.Empty(status));
        UpdateException refused = Refused(server.Url("/"));
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.StartsWith(server.Url($"/blobs/sha256/{s_digest}"), refused.Fault.Where, StringComparison.Ordinal);
        Assert.Contains($"{status}", refused.Fault.What, StringComparison.Ordinal);
        Assert.NotEmpty(refused.Fault.Cure);
    }

    [Theory]
    [InlineData("Content-Encoding: gzip")]
    [InlineData("Transfer-Encoding: gzip, chunked")]
    public void A_coded_blob_is_not_unpacked(string header)
    {
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\n{header}\r\n\r\n");
            wire.SendForever(new string('x', 4096));
        }));
        Assert.Equal(UpdateCode.Network, Refused(server.Url("/")).Code);
        _bench.CloseClients();
        server.WaitUntilIdle();
        Assert.InRange(server.SentBytes, 1, SlackBytes);
    }

    [Fact]
    public void A_web_page_in_place_of_a_blob_is_a_passing_fault()
    {
        using FileServer server = new(_ => new Reply(200, s_blob, "Content-Type: text/html"));
        Assert.Equal(UpdateCode.Network, Refused(server.Url("/")).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("../../../../../../etc/passwd")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8/5")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8٣٣")]
    public void What_is_no_digest_never_becomes_an_address_or_a_path(string digest)
    {
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag));
        UpdateException refused = Assert.Throws<UpdateException>(() => _bench.BringBlob(_bench.Open(server.Url("/")), digest, 10));
        Assert.Equal(UpdateCode.Digest, refused.Code);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData((2L << 30) + 1)]
    public void A_size_that_cannot_be_meant_is_refused_before_anything_is_asked(long bytes)
    {
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag));
        UpdateException refused = Assert.Throws<UpdateException>(() => _bench.BringBlob(_bench.Open(server.Url("/")), s_digest, bytes));
        Assert.Equal(UpdateCode.Size, refused.Code);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void A_disk_that_refuses_is_no_fault_of_the_network_and_is_not_tried_again()
    {
        _bench.Retry();
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag));
        UpdateException full = UpdateException.Of(UpdateCode.Space, "/var", "no room");
        FaultException broken = FaultException.Of(FaultKind.InputOutput, "/var", "the disk refused");
        foreach (FaultException refusal in new[] { full, broken })
        {
            Exception thrown = Assert.ThrowsAny<FaultException>(() => _bench.Open(server.Url("/")).Blobs.Fetch(s_digest, Size, () => new FilePart(_bench.Partial, s_digest) { Refusal = refusal }, default).GetAwaiter().GetResult());
            Assert.Same(refusal, thrown);
        }

        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_blob_that_stands_still_is_asked_for_again_from_there()
    {
        FakeTimeProvider time = new();
        _bench.Time = time;
        _bench.Retry();
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag) with { StallAfter = r.Number == 1 ? 200_000 : null });
        Task fetch = _bench.FetchBlob(_bench.Open(server.Url("/")), s_digest, Size);
        UpdateBench.Until(() => _bench.PartialBytes == 200_000);
        // The client is given the time to notice each second before the next: it would see another deadline first.
        UpdateBench.PassUntil(() => !_bench.Said.IsEmpty, time, () => SpinWait.SpinUntil(() => !_bench.Said.IsEmpty, 20));
        await fetch;
        Assert.Contains("no byte for 30 s", _bench.Said.First(), StringComparison.Ordinal);
        Assert.Equal(200_000, server.Requests[1].From);
    }

    [Fact]
    public async Task A_blob_that_drips_below_the_least_rate_is_given_up_and_its_bytes_are_kept()
    {
        FakeTimeProvider time = new();
        _bench.Time = time;
        using SemaphoreSlim tick = new(0);
        using FileServer server = new(_ => Reply.Raw(wire =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nETag: {Tag}\r\nContent-Length: {Size}\r\n\r\n");
            for (int at = 0; tick.Wait(TimeSpan.FromSeconds(60)); at += 1000) wire.Send(s_blob[at..(at + 1000)]);
        }));
        Task fetch = _bench.FetchBlob(_bench.Open(server.Url("/")), s_digest, Size);
        UpdateBench.Until(() => _bench.Begun.Count == 1);
        int ticks = 0;
        UpdateBench.Pass(fetch, time, () =>
        {
            ticks++;
            tick.Release();
            UpdateBench.Until(() => fetch.IsCompleted || _bench.PartialBytes >= ticks * 1000L);
        }, 5);
        UpdateException refused = await Assert.ThrowsAsync<UpdateException>(() => fetch);
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Equal("less than 256 bytes per second for 60 s", refused.Fault.What);
        Assert.InRange(_bench.PartialBytes, 11_000, 15_000);
    }

    [Fact]
    public void The_rate_is_kept_by_pauses_and_those_are_not_taken_for_slowness()
    {
        InstantTime time = new(_bench.Limits.Connect, _bench.Limits.Stall, _bench.Limits.FloorWindow, _bench.Limits.DocumentTime);
        _bench.Time = time;
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag));
        long begin = time.GetTimestamp();
        _bench.BringBlob(_bench.Open(server.Url("/"), rate: 100_000), s_digest, Size);
        TimeSpan taken = time.GetElapsedTime(begin);
        Assert.InRange(taken.TotalSeconds, 5.7, 6.1);
        Assert.All(time.Pauses, static p => Assert.InRange(p.TotalSeconds, 0, 0.5));
        Assert.Equal(s_blob, File.ReadAllBytes(_bench.Partial));
    }

    [Fact]
    public async Task A_rate_below_the_least_that_a_server_has_to_keep_is_no_fault_of_the_server()
    {
        // 8 KiB at 100 bytes a second: 82 s, in whose first 60 far less comes than 60 times 256 bytes.
        FakeTimeProvider time = new();
        _bench.Time = time;
        byte[] small = Bytes(7, 8 << 10);
        using FileServer server = new(r => Reply.File(r, small, Tag));
        Task fetch = _bench.FetchBlob(_bench.Open(server.Url("/"), rate: 100), UpdateBench.Sha256(small), small.Length);
        int pieces = 0;
        long begin = time.GetTimestamp();
        UpdateBench.Pass(fetch, time, () =>
        {
            // The client is given the time to take its next piece; while it pauses none comes.
            SpinWait.SpinUntil(() => fetch.IsCompleted || _bench.Progress.Count > pieces, 20);
            pieces = _bench.Progress.Count;
        }, 2);
        await fetch;
        Assert.Equal(small, await File.ReadAllBytesAsync(_bench.Partial));
        Assert.InRange(time.GetElapsedTime(begin).TotalSeconds, 80, 120);
    }

    [Fact]
    public void The_rate_is_one_for_all_blobs_of_a_transport()
    {
        InstantTime time = new(_bench.Limits.Connect, _bench.Limits.Stall, _bench.Limits.FloorWindow, _bench.Limits.DocumentTime);
        _bench.Time = time;
        using FileServer server = new(static r => Reply.File(r, s_blob, Tag));
        UpdateTransport transport = _bench.Open(server.Url("/"), rate: 100_000);
        long begin = time.GetTimestamp();
        for (int i = 0; i < 2; i++) _bench.BringBlob(transport, s_digest, Size, $"{i}");
        Assert.InRange(time.GetElapsedTime(begin).TotalSeconds, 11.7, 12.1);
    }

    private static byte[] Bytes(int seed, int count)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static Reply Rest(Request _, string range, byte[] bytes, string tag = Tag) => new(206, bytes, $"ETag: {tag}", $"Content-Range: {range}");

    private void Fetch(string repository) => _bench.BringBlob(_bench.Open(repository), s_digest, Size);

    private UpdateException Refused(string repository) => Assert.Throws<UpdateException>(() => Fetch(repository));
}
