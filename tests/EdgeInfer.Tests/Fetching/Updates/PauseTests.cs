using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>How long a device waits before it asks again, by itself and because a server says so.</summary>
public sealed class PauseTests : IDisposable
{
    private readonly UpdateBench _bench = new();
    private readonly InstantTime _time;

    public PauseTests()
    {
        _bench.Limits = Limits(5);
        _time = new InstantTime(_bench.Limits.Connect, _bench.Limits.Stall, _bench.Limits.FloorWindow, _bench.Limits.DocumentTime);
        _bench.Time = _time;
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Pauses_are_spread_under_a_ceiling_that_doubles()
    {
        using FileServer server = new(static _ => Reply.Empty(503));
        _bench.Refused(server.Url("/"));
        Assert.Equal(5, server.Requests.Count);
        TimeSpan[] pauses = [.. _time.Pauses];
        Assert.Equal(4, pauses.Length);
        for (int i = 0; i < 4; i++) Assert.InRange(pauses[i].TotalSeconds, 1, Math.Min(30, Math.Pow(2, i + 1)));
        Assert.Distinct(pauses);
    }

    [Theory]
    [InlineData("a number of seconds", "Retry-After: 40", 40)]
    [InlineData("a date by the server's own clock", "Date: Thu, 01 Jan 1970 00:00:10 GMT\r\nRetry-After: Thu, 01 Jan 1970 00:01:10 GMT", 60)]
    [InlineData("more than is waited for", "Retry-After: 86400", 120)]
    [InlineData("no time", "Retry-After: 0", 0)]
    [InlineData("a time before", "Date: Thu, 01 Jan 1970 00:01:10 GMT\r\nRetry-After: Thu, 01 Jan 1970 00:00:10 GMT", 0)]
    [InlineData("a number below zero", "Retry-After: -5", 0)]
    [InlineData("nonsense", "Retry-After: soon", 0)]
    [InlineData("a number that no clock holds", "Retry-After: 99999999999999999999", 0)]
    [InlineData("a date without the server's clock", "Retry-After: Thu, 01 Jan 2099 00:00:10 GMT", 0)]
    public void A_server_that_says_when_to_come_back_is_heeded_within_bounds(string what, string header, double seconds)
    {
        using FileServer server = new(request => request.Number == 1 ? Reply.Empty(503, header.Split("\r\n")) : new Reply(200, "{}"u8.ToArray()));
        Assert.Equal("{}"u8.ToArray(), _bench.Fetch(server.Url("/")));
        TimeSpan pause = Assert.Single(_time.Pauses);
        Assert.True(pause.TotalSeconds >= seconds + 1 && pause.TotalSeconds <= seconds + 2, $"{what}: {pause}");
    }

    [Theory]
    [InlineData(429)]
    [InlineData(408)]
    [InlineData(500)]
    [InlineData(503)]
    public void Whoever_asks_to_come_back_later_is_asked_later_also_for_blobs(int status)
    {
        byte[] blob = [1, 2, 3];
        using FileServer server = new(request => request.Number == 1 ? Reply.Empty(status, "Retry-After: 7") : new Reply(200, blob));
        _bench.BringBlob(_bench.Open(server.Url("/")), UpdateBench.Sha256(blob), 3);
        Assert.InRange(Assert.Single(_time.Pauses).TotalSeconds, 8, 9);
    }

    [Fact]
    public void What_no_second_try_mends_is_told_at_once()
    {
        using FileServer server = new(static _ => Reply.Empty(401));
        Assert.Equal(UpdateCode.Network, _bench.Refused(server.Url("/")).Code);
        Assert.Empty(_time.Pauses);
    }

    [Fact]
    public void A_blob_that_comes_along_starts_its_pauses_anew()
    {
        byte[] blob = new byte[10];
        _bench.Limits = Limits(2);
        using FileServer server = new(request => Reply.File(request, blob, "\"v1\"") with { CutAfter = 1 });
        _bench.BringBlob(_bench.Open(server.Url("/")), UpdateBench.Sha256(blob), 10);
        Assert.Equal(10, server.Requests.Count);
        Assert.All(_time.Pauses, static p => Assert.InRange(p.TotalSeconds, 1, 2));
    }

    private static EdgeInfer.Fetching.FetchLimits Limits(int attempts) => EdgeInfer.Fetching.FetchLimits.ForUpdates with { Attempts = attempts };
}
