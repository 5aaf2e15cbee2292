using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Delivery;

/// <summary>
/// Keeps each accepted message until the broker has it, or its loss is declared. While the line keeps up messages wait in the ring alone;
/// where it does not, one writer thread puts them into the store (see <c>Outbox.Writer.cs</c>). Sinks hand messages in on their own
/// threads; the session takes them out, live ones before losses before late ones. Nothing is allocated per live message.
/// </summary>
internal sealed partial class Outbox : IMessageSource, IDisposable
{
    private readonly Lock _lock = new();
    private readonly OutboxClock _clock;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly LiveMessages _live;
    private readonly Backlog _backlog;
    private readonly Losses _losses = new();
    private readonly List<OutboxStream> _streams = [];
    private readonly List<long> _rowsToDelete = [];
    private readonly List<long> _rowsToUnload = [];
    private readonly Dictionary<string, StreamNumbers> _numbers = [];
    private OutboxSettings _settings;
    private long _accepted;
    private long _acceptedBefore;
    private long _delivered;
    private long _pendingSince;
    private bool _isUp;
    private bool _isClosing;
    private bool _isClosed;
    private bool _hasNews;

    /// <summary>Prepares an outbox; the store is opened by the writer.</summary>
    /// <param name="settings">What it needs to know.</param>
    /// <param name="ring">Owned from now on.</param>
    /// <param name="past">What earlier processes have left in the ring's place.</param>
    /// <param name="openStore">Opens the store, told whether it is known to be damaged; may throw <see cref="OutboxStoreException"/>, and is then called again later.</param>
    /// <param name="clock">Ages.</param>
    /// <param name="random">Jitter.</param>
    /// <param name="logger">What an operator should know.</param>
    public Outbox(OutboxSettings settings, IMessageRing ring, RingPast past, Func<bool, OpenedStore> openStore, OutboxClock clock, Random random, ILogger logger)
    {
        _settings = settings;
        _past = past;
        _notice = past.Notice?.ToString();
        _openStore = openStore;
        _clock = clock;
        _random = random;
        _logger = logger;
        _live = new(ring);
        _backlog = new(settings.Options.RatePerSecond, MostLate(settings));
        _reopening = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), random);
        long now = clock.MonotonicMilliseconds;
        foreach (int slot in ring.Recovered)
        {
            RingMessage message = ring.Read(slot);
            OutboxStream stream = StreamOf(message.Stream.Facts, message.Stream.IsDurable);
            _live.Adopt(slot, stream, now);

            // Where starts cannot be counted, an earlier process had the number of this one.
            if (message.Boot == settings.Boot) stream.Numbers.Last = Math.Max(stream.Numbers.Last, message.Sequence);
        }

        _recovered = ring.Recovered.Count;

        // Their numbers were known to the process that is gone; the ring goes on counting them until they are declared.
        foreach ((long start, long count) in ring.RecoveredLosses) _losses.AddAtMost("*", start, count, LossReason.Overload, clock.Now().UtcMilliseconds);
    }

    /// <summary>Makes the session ask for messages; set before messages are accepted. Called outside the outbox's lock.</summary>
    public Action WakeLine { get; set; } = static () => { };

    /// <summary><c>outbox</c> as it is now.</summary>
    public Configuration.OutboxOptions Options => _settings.Options;

    /// <summary>Raised after something changed that the status shows, on the writer's thread.</summary>
    public event Action? StateChanged;

    /// <inheritdoc/>
    public bool IsIdle
    {
        get
        {
            lock (_lock) return _live.Sent == 0 && _backlog.Sent == 0 && !_losses.IsAnySent && !_live.HasSendable(_clock.MonotonicMilliseconds);
        }
    }

    /// <summary>The count of a stream, whether or not its messages come by here.</summary>
    public StreamNumbers NumbersOf(string stream)
    {
        lock (_lock)
        {
            if (!_numbers.TryGetValue(stream, out StreamNumbers? numbers)) _numbers.Add(stream, numbers = new());
            return numbers;
        }
    }

    /// <summary>The stream of a name, made where it is new; a known one takes over its new facts and goes on with its count.</summary>
    public OutboxStream Open(StreamFacts facts, bool isDurable)
    {
        OutboxStream stream;
        lock (_lock)
        {
            stream = StreamOf(facts, isDurable);
            stream.Change(facts, isDurable);
            _hasUnregistered |= !stream.IsRegistered;
        }

        Signal();
        return stream;
    }

    /// <summary>
    /// Accepts a message: from the return of this call on it is delivered at least once, or its loss is declared. Never blocks, never
    /// throws, allocates nothing. Under <see cref="StreamNumbers.Numbering"/>.
    /// </summary>
    /// <param name="stream">Its stream.</param>
    /// <param name="sequence">The stream's next number, which the message carries.</param>
    /// <param name="payload">Copied.</param>
    /// <returns>False after the outbox was closed: the number is not used.</returns>
    public bool Accept(OutboxStream stream, long sequence, ReadOnlySpan<byte> payload)
    {
        bool isUp, isDue;
        lock (_lock)
        {
            if (_isClosed) return false;
            stream.Numbers.Last = sequence;
            _accepted++;
            AcceptedAt at = _clock.Now();
            if (payload.Length > _live.Ring.LargestPayloadBytes) Lose(stream, _settings.Boot, sequence, LossReason.TooLarge, at.UtcMilliseconds);
            else if (!TryAdd(stream, sequence, at, payload)) Lose(stream, _settings.Boot, sequence, LossReason.Overload, at.UtcMilliseconds);
            isUp = _isUp;
            isDue = IsWriterDueEarlier(at.MonotonicMilliseconds);
        }

        if (isDue) Signal();
        if (isUp) WakeLine();
        return true;
    }

    /// <summary>What the broker has refused for now is tried again at once: somebody may have mended it.</summary>
    public void Retry()
    {
        lock (_lock) RetryHeld();
        Signal();
    }

    /// <summary>Another configuration: retention, quota, rate and topics.</summary>
    public void Change(OutboxSettings settings)
    {
        lock (_lock)
        {
            _isResizing |= settings.Options.SizeBytes != _settings.Options.SizeBytes;
            _settings = settings;
            _backlog.Change(settings.Options.RatePerSecond, MostLate(settings));
            RetryHeld();
        }

        Signal();
    }

    /// <summary>Only live messages and losses are handed out from now on: the agent is about to say goodbye.</summary>
    public void BeginClosing()
    {
        lock (_lock) _isClosing = true;
    }

    /// <summary>The outbox now. Any thread.</summary>
    public OutboxStatus Status()
    {
        lock (_lock)
        {
            StoreCounts stored = _store?.Counts ?? default;
            long now = _clock.MonotonicMilliseconds;
            HeldStream[] held = [.. _streams.Concat(_earlierStreams).Where(static s => s.HeldCause is not null).Select(s => new HeldStream(s.Facts.Name,
                $"{s.HeldCause}; {(s.HeldUntil > now ? $"tried again within {(s.HeldUntil - now + 999) / 1000} s" : "tried again with the next message")}"))];
            return new(_storeFault is null, _storeFault?.ToString() ?? _notice, _live.Count, stored.Messages, stored.Bytes, _accepted, _delivered,
                _losses.Messages, stored.Gaps + _losses.Noticed, stored.DeadLetters, held);
        }
    }

    private static int MostLate(OutboxSettings settings) => Math.Max(1, settings.InFlight / 2);

    private bool TryAdd(OutboxStream stream, long sequence, in AcceptedAt at, ReadOnlySpan<byte> payload)
    {
        while (_live.TryAdd(stream, _settings.Boot, sequence, at, payload) < 0)
        {
            if (_live.Victim(stream.Facts.Class) is not (>= 0 and int victim)) return false;
            ref readonly LiveSlot given = ref _live[victim];
            if (given.RowId != 0) BecomeBacklog(victim);
            else
            {
                Lose(given.Stream, given.Boot, given.Sequence, LossReason.Overload, at.UtcMilliseconds);
                _live.Release(victim);
            }
        }

        return true;
    }

    private void RetryHeld()
    {
        foreach (OutboxStream stream in _streams) stream.Retry();
        foreach (OutboxStream stream in _earlierStreams) stream.Retry();
        _losses.Retry();
    }

    private void Lose(OutboxStream stream, long boot, long sequence, string reason, long utcMilliseconds)
    {
        _losses.Add(stream.Facts.Name, boot, sequence, reason, utcMilliseconds);
        _live.Ring.CountLost(boot, 1);
        Pending(_clock.MonotonicMilliseconds);
    }

    /// <summary>A loss is in the store, or with the broker.</summary>
    private void Declared(Gap loss) => _live.Ring.CountLost(loss.Boot, -Losses.Size(loss));

    /// <summary>The row of a message that is done with is to go.</summary>
    private void ForgetRow(int slot, long now)
    {
        if (_live[slot].RowId is not (> 0 and long row)) return;
        _rowsToDelete.Add(row);
        Pending(now);
    }

    /// <summary>A stored message leaves the ring and is read back when its turn comes.</summary>
    private void BecomeBacklog(int slot)
    {
        ref readonly LiveSlot stored = ref _live[slot];
        OutboxStream stream = stored.Stream;
        stream.HasBacklog = true;
        stream.LoadedTo = Math.Min(stream.LoadedTo, stored.RowId - 1);
        if (stored.IsHeld) _rowsToUnload.Add(stored.RowId);
        _live.Release(slot);
    }

    private void Pending(long now)
    {
        if (_pendingSince == 0) _pendingSince = Math.Max(1, now);
    }

    private OutboxStream StreamOf(StreamFacts facts, bool isDurable)
    {
        foreach (OutboxStream known in _streams)
            if (known.Facts.Name == facts.Name) return known;
        OutboxStream? stream = _earlierStreams.Find(s => s.Facts.Name == facts.Name);
        if (stream is not null)
        {
            // What waits of it is its own: a second stream of the name would read it twice.
            _earlierStreams.Remove(stream);
            stream.Change(facts, isDurable);
        }

#pragma warning disable CA5394 // Jitter needs to be spread, not secret.
        stream ??= new(facts, isDurable, NumbersOf(facts.Name), new Random(_random.Next()));
#pragma warning restore CA5394
        _streams.Add(stream);
        return stream;
    }
}
