using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Delivery;

/// <summary>An outbox without threads: its writer is stepped by hand, and the test is the session.</summary>
internal sealed class OutboxRig : IDisposable
{
    public static readonly Guid Kernel = new("11111111-2222-3333-4444-555555555555");

    private readonly List<(long Token, string Topic, string Payload, uint Expiry)> _onTheWay = [];
    private DateTimeOffset _writerWakes;

    public OutboxRig(long boot = 1, FakeStore? store = null, FakeRing? ring = null, RingPast past = default, int inFlight = 16, OutboxOptions? options = null, Guid? kernel = null, FakeTimeProvider? time = null)
    {
        Time = time ?? new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
        Store = store ?? new();
        Ring = ring ?? new();
        Outbox = new(
            new("press-3", boot, options ?? new(), new("edgeinfer/press-3/gap"), inFlight), Ring, past,
            _ => OpenStore(), new(new WallClock(Time, () => ClockStep), () => IsSynced, kernel ?? Kernel), new Random(1), Logger);
        Window = inFlight;
        Boot = boot;
        Belt = Open("belt");
        Outbox.Step();
    }

    public Outbox Outbox { get; }

    /// <summary>What the outbox gets when it opens its store.</summary>
    public FakeStore Store { get; set; }

    /// <summary>How often it has opened it.</summary>
    public int Openings { get; private set; }

    /// <summary>How often the writer has done something in <see cref="Run"/>.</summary>
    public int Steps { get; private set; }

    public FakeRing Ring { get; }

    public FakeTimeProvider Time { get; }

    /// <summary>What the outbox logs.</summary>
    public Sources.RecordingLogger Logger { get; } = new();

    public OutboxStream Belt { get; }

    /// <summary>How far the wall clock has been set off.</summary>
    public TimeSpan ClockStep { get; set; }

    public bool IsSynced { get; set; } = true;

    public OutboxStoreException? CannotOpen { get; set; }

    public int Window { get; }

    public long Boot { get; }

    /// <summary>Everything ever taken.</summary>
    public List<string> TakenOfAll { get; } = [];

    public int OnTheWay => _onTheWay.Count;

    public OutboxStream Open(string name, bool isDurable = false)
        => Outbox.Open(new(name, $"edgeinfer/press-3/{name}/prediction", $"edgeinfer/press-3/{name}/history", DeliveryClass.Prediction), isDurable);

    /// <summary>Accepts the stream's next messages.</summary>
    /// <param name="count">How many.</param>
    /// <param name="stream">Its stream; null for the belt's.</param>
    /// <param name="of">Said in each, to tell it from one of the same number.</param>
    public void Accept(int count = 1, OutboxStream? stream = null, string? of = null)
    {
        stream ??= Belt;
        for (int i = 0; i < count; i++)
        {
            long sequence = stream.NextSequence;
            Assert.True(Outbox.Accept(stream, sequence, Encoding.UTF8.GetBytes(of is null ? $$"""{"seq":{{sequence}}}""" : $$"""{"seq":{{sequence}},"of":"{{of}}"}""")));
        }
    }

    /// <summary>Another configuration.</summary>
    public void Change(OutboxOptions options) => Outbox.Change(new("press-3", Boot, options, new("edgeinfer/press-3/gap"), Window));

    public void Up() => Outbox.LineChanged(true);

    /// <summary>The connection ends: what was on its way comes back.</summary>
    public void Down()
    {
        foreach (var message in _onTheWay) Outbox.Returned(message.Token);
        _onTheWay.Clear();
        Outbox.LineChanged(false);
    }

    /// <summary>Takes what may be sent, as topic, a blank and payload.</summary>
    public List<string> Take(int most = int.MaxValue)
    {
        List<string> taken = [];
        while (taken.Count < most && _onTheWay.Count < Window && Outbox.TryTake(out OutboundMessage message))
        {
            string payload = Encoding.UTF8.GetString(message.Payload) + Encoding.UTF8.GetString(message.Tail);
            _onTheWay.Add((message.Token, message.Topic.Name, payload, message.ExpirySeconds));
            TakenOfAll.Add(payload);
            taken.Add($"{message.Topic.Name["edgeinfer/press-3/".Length..]} {payload}");
        }

        return taken;
    }

    public uint LastExpiry => _onTheWay[^1].Expiry;

    /// <summary>The broker's answer to the oldest message on its way, or to all.</summary>
    public void Settle(byte reason = 0, bool all = false)
    {
        do
        {
            long token = _onTheWay[0].Token;
            _onTheWay.RemoveAt(0);
            Outbox.Settled(token, reason);
        }
        while (all && _onTheWay.Count > 0);
    }

    public void RefuseAsTooLarge()
    {
        long token = _onTheWay[0].Token;
        _onTheWay.RemoveAt(0);
        Outbox.TooLarge(token);
    }

    public void Pass(double seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        Outbox.Step();
    }

    /// <summary>Lets time pass by the millisecond while the writer does as its thread would: it sleeps until it is called or its time has come.</summary>
    /// <param name="milliseconds">How long.</param>
    /// <param name="each">Done after each millisecond.</param>
    public void Run(int milliseconds, Action<int>? each = null)
    {
        for (int i = 0; i < milliseconds; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(1));
            each?.Invoke(i);
            if (!Outbox.TakeSignal() && Time.GetUtcNow() < _writerWakes) continue;
            int wait = Outbox.Step();
            _writerWakes = wait == Timeout.Infinite ? DateTimeOffset.MaxValue : Time.GetUtcNow().AddMilliseconds(wait);
            Steps++;
        }
    }

    /// <summary>The broker's answer to everything on its way, by topic.</summary>
    public void SettleEach(Func<string, byte> reason)
    {
        var all = _onTheWay.ToArray();
        _onTheWay.Clear();
        foreach (var message in all) Outbox.Settled(message.Token, reason(message.Topic));
    }

    /// <summary>Takes and acknowledges everything, as a healthy line does.</summary>
    public List<string> Drain()
    {
        List<string> all = [];
        for (int quiet = 0; quiet < 3;)
        {
            List<string> taken = Take();
            all.AddRange(taken);
            if (taken.Count > 0) Settle(all: true);
            quiet = taken.Count == 0 ? quiet + 1 : 0;
            Pass(0.06);
        }

        return all;
    }

    public void Dispose() => Outbox.Dispose();

    private OpenedStore OpenStore()
    {
        Openings++;
        return CannotOpen is { } fault ? throw fault : new(Store, null);
    }
}

/// <summary>A clock whose time of day can be set without its timers and timestamps taking notice.</summary>
internal sealed class WallClock(TimeProvider inner, Func<TimeSpan> step) : TimeProvider
{
    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + step();

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
}
