using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Delivery;

/// <summary>The outbox over the real database, its writer stepped by hand.</summary>
[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class OutboxWithStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-outbox-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
    private readonly List<(long Boot, long Sequence)> _delivered = [];
    private readonly List<string> _gaps = [];
    private readonly List<long> _tokens = [];
    private Guid _kernel = Guid.NewGuid();
    private long _boot;

    [Fact]
    public void A_long_outage_over_three_starts_is_delivered_in_order_once_and_the_database_is_empty_afterwards()
    {
        long[] accepted = [0, 0, 0, 0];
        for (int start = 1; start <= 3; start++)
        {
            using Outbox outbox = Start(new(), new FakeRing(), out OutboxStream belt);
            for (int i = 0; i < 700; i++)
            {
                Accept(outbox, belt);
                Pass(outbox, 0.05);
            }

            accepted[start] = belt.LastSequence;
            outbox.LineChanged(false);
        }

        using Outbox last = Start(new(), new FakeRing(), out _);
        Assert.Equal(2100, last.Status().Stored);
        last.LineChanged(true);
        Drain(last);
        Assert.Equal(Enumerable.Range(1, 3).SelectMany(b => Enumerable.Range(1, 700).Select(s => ((long)b, (long)s))), _delivered);
        Assert.Empty(_gaps);
        Assert.Equal(0, last.Status().Stored);
    }

    [Fact]
    public void Beyond_the_quota_the_oldest_go_and_every_number_is_delivered_or_declared_and_none_both()
    {
        OutboxOptions small = new() { SizeBytes = 1 << 20 };
        using Outbox outbox = Start(small, new FakeRing(), out OutboxStream belt);
        for (int i = 0; i < 8_000; i++)
        {
            Accept(outbox, belt, 400);
            if (i % 90 == 0) Pass(outbox, 0.1);
        }

        Pass(outbox, 1.1);
        Assert.InRange(new FileInfo(Path.Combine(_folder, "outbox.db")).Length, 0, 1_200_000);
        outbox.LineChanged(true);
        Drain(outbox);
        HashSet<long> numbers = [.. _delivered.Select(d => d.Sequence)];
        Assert.Equal(numbers.Count, _delivered.Count);
        foreach (string gap in _gaps)
        {
            (long from, long to) = (Number(gap, "from_seq"), Number(gap, "to_seq"));
            Assert.Contains("\"reason\":\"quota\"", gap, StringComparison.Ordinal);
            for (long n = from; n <= to; n++) Assert.True(numbers.Add(n), $"{n} is delivered and declared lost");
        }

        Assert.Equal(8_000, numbers.Count);
        Assert.Equal(_delivered.Order(), _delivered);
    }

    [Fact]
    public void A_database_damaged_while_it_is_in_use_is_set_aside_and_the_loss_declared()
    {
        using Outbox outbox = Start(new(), new FakeRing(), out OutboxStream belt);
        for (int i = 0; i < 14_000; i++)
        {
            Accept(outbox, belt, 400);
            if (i % 90 == 0) Pass(outbox, 0.1);
        }

        Pass(outbox, 1.1);
        using (FileStream file = File.OpenWrite(Path.Combine(_folder, "outbox.db"))) file.SetLength(8192);
        outbox.LineChanged(true);
        for (int i = 0; i < 20; i++) Pass(outbox, 2);
        Accept(outbox, belt);
        Drain(outbox);
        Assert.Contains((1L, 14_001L), _delivered);
        Assert.Contains(_gaps, g => g.Contains("store_broken", StringComparison.Ordinal));
        Assert.NotEmpty(Directory.GetFiles(_folder, "outbox.db.broken-*"));
        Assert.True(outbox.Status().HasStore);
    }

    private Outbox Start(OutboxOptions options, FakeRing ring, out OutboxStream belt)
    {
        _boot++;
        OutboxClock clock = new(_time, () => true, _kernel);
        long boot = _boot;
        Outbox outbox = new(new("press-3", boot, options, new("gap"), 16), ring, new(HasOutlived: true, 0, boot), isBroken =>
        {
            OutboxStore store = OutboxStore.Open(_folder, options, clock, boot, out StoreIncident? incident, isBroken);
            return new(store, incident?.Fault);
        }, clock, new Random(1), NullLogger.Instance);
        belt = outbox.Open(new("belt", "belt", "history", DeliveryClass.Prediction), isDurable: false);
        outbox.Step();
        return outbox;
    }

    private void Accept(Outbox outbox, OutboxStream belt, int padding = 0)
    {
        long sequence = belt.NextSequence;
        Assert.True(outbox.Accept(belt, sequence, Encoding.UTF8.GetBytes($$"""{"boot":{{_boot}},"seq":{{sequence}},"pad":"{{new string('x', padding)}}"}""")));
    }

    private void Pass(Outbox outbox, double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        outbox.Step();
    }

    private void Drain(Outbox outbox)
    {
        for (int quiet = 0; quiet < 30; quiet++)
        {
            while (_tokens.Count < 16 && outbox.TryTake(out OutboundMessage message))
            {
                string text = Encoding.UTF8.GetString(message.Payload);
                _tokens.Add(message.Token);
                if (message.Topic.Name == "gap") _gaps.Add(text);
                else _delivered.Add((Number(text, "boot"), Number(text, "seq")));
                quiet = 0;
            }

            foreach (long token in _tokens) outbox.Settled(token, 0);
            _tokens.Clear();
            Pass(outbox, 0.05);
        }

        Pass(outbox, 1.1);
    }

    private static long Number(string json, string name)
    {
        int at = json.IndexOf($"\"{name}\":", StringComparison.Ordinal) + name.Length + 3;
        int end = at;
        while (char.IsAsciiDigit(json[end])) end++;
        return long.Parse(json[at..end], System.Globalization.CultureInfo.InvariantCulture);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
