using EdgeInfer.Messaging;

namespace EdgeInfer.Delivery;

/// <summary>What the session takes, and what became of it; under the session's lock.</summary>
internal sealed partial class Outbox
{
    private const long KindMask = 3L << 61;

    private const long LiveKind = 0;

    private const long BacklogKind = 1L << 61;

    private const long GapKind = 2L << 61;

    // Below the kind, 8 bits say which store the number behind them is of.
    private const int EpochShift = 53;

    private const long IdMask = (1L << EpochShift) - 1;

    /// <summary>From this age on a message is history.</summary>
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public bool TryTake(out OutboundMessage message)
    {
        bool isTaken, isDue;
        lock (_lock)
        {
            long now = _clock.MonotonicMilliseconds;
            if (TryTakeLive(now, out message) || TryTakeGap(now, out message)) return true;
            isTaken = !_isClosing && TryTakeLate(now, out message);
            isDue = IsBacklogDueEarlier(now);
        }

        if (isDue) Signal();
        return isTaken;
    }

    /// <inheritdoc/>
    public void Settled(long token, byte reason)
    {
        bool isDue;
        lock (_lock)
        {
            long now = _clock.MonotonicMilliseconds;
            long id = token & ~KindMask;
            switch (token & KindMask)
            {
                case LiveKind: SettleLive(_live.Find(id), reason, now); break;
                case BacklogKind: SettleLate(LateOf(token), reason, now); break;
                default:
                    if (_losses.Settle(GapOf(token), reason, now) is { } declared) Declared(declared);
                    Pending(now);
                    break;
            }

            isDue = IsWriterDueEarlier(now);
        }

        if (isDue) Signal();
    }

    /// <inheritdoc/>
    public void TooLarge(long token)
    {
        lock (_lock)
        {
            long id = token & ~KindMask;
            long now = _clock.MonotonicMilliseconds;
            if ((token & KindMask) == LiveKind && _live.Find(id) is >= 0 and int slot) Refuse(slot, 0);
            else if ((token & KindMask) == BacklogKind && LateOf(token) is { } entry) _backlog.Finish(entry, BacklogState.Refused);
            else if ((token & KindMask) == GapKind) _losses.Settle(GapOf(token), PubAckReason.NotAuthorised, now);
            Pending(now);
        }

        Signal();
    }

    /// <inheritdoc/>
    public void Returned(long token)
    {
        lock (_lock)
        {
            long id = token & ~KindMask;
            if ((token & KindMask) == LiveKind && _live.Find(id) is >= 0 and int slot) _live.MarkReturned(slot);
            else if ((token & KindMask) == BacklogKind && LateOf(token) is { } entry) _backlog.MarkReturned(entry);
            else if ((token & KindMask) == GapKind)
            {
                _losses.Return(GapOf(token));

                // One that no store has yet.
                Pending(_clock.MonotonicMilliseconds);
            }
        }
    }

    /// <inheritdoc/>
    public void LineChanged(bool isUp)
    {
        lock (_lock)
        {
            _isUp = isUp;
            if (isUp) RetryHeld();
        }

        Signal();
    }

    /// <summary>A number of the store in a token says which store, too: the next one gives the same numbers again.</summary>
    private long StoreToken(long kind, long id) => kind | ((long)_storeEpoch << EpochShift) | id;

    private bool IsOfThisStore(long token) => (byte)(token >> EpochShift) == _storeEpoch;

    private Backlog.Entry? LateOf(long token) => IsOfThisStore(token) ? _backlog.Find(token & IdMask) : null;

    /// <summary>The number of a loss, negative where it is in memory alone; 0 for none.</summary>
    private long GapOf(long token)
    {
        long id = token & IdMask;
        if (id >= 1L << 40) return (1L << 40) - id - 1;
        return IsOfThisStore(token) ? id : 0;
    }

    private long GapToken(long id) => StoreToken(GapKind, id < 0 ? (1L << 40) - id - 1 : id);

    private bool TryTakeLive(long now, out OutboundMessage message)
    {
        // Before the store was tried a durable message waits for it; one that cannot be used holds nothing up.
        while (_live.Next(now, hasStore: _storeFault is null) is >= 0 and int slot)
        {
            RingMessage kept = _live.Ring.Read(slot);
            OutboxStream stream = _live[slot].Stream;
            TimeSpan? age = _clock.Age(kept.At);
            TimeSpan retention = _settings.RetentionOf(stream.Facts.Class);
            if (age < retention || age is null)
            {
                message = Message(stream, kept.Payload, age, retention, LiveKind | _live.MarkSent(slot));
                return true;
            }

            Lose(stream, kept.Boot, kept.Sequence, LossReason.Expired, _clock.Now().UtcMilliseconds);
            ForgetRow(slot, now);
            _live.Release(slot);
        }

        message = default;
        return false;
    }

    private bool TryTakeGap(long now, out OutboundMessage message)
    {
        message = default;
        if (_losses.Next(now, _settings.Device) is not { } loss) return false;
        loss.IsSent = true;
        message = new(_settings.GapTopic, loss.Payload, default, 0, GapToken(loss.Gap.Id));
        return true;
    }

    private bool TryTakeLate(long now, out OutboundMessage message)
    {
        while (_backlog.Next(now) is { } entry)
        {
            TimeSpan? age = _clock.Age(entry.Message.At);
            TimeSpan retention = _settings.RetentionOf(entry.Stream.Facts.Class);
            if (age < retention || age is null)
            {
                _backlog.MarkSent(entry);
                message = Message(entry.Stream, entry.Message.Payload, age, retention, StoreToken(BacklogKind, entry.Message.Id));
                return true;
            }

            _backlog.Finish(entry, BacklogState.Expired);
            Pending(now);
        }

        message = default;
        return false;
    }

    private static OutboundMessage Message(OutboxStream stream, ReadOnlySpan<byte> payload, TimeSpan? age, TimeSpan retention, long token)
    {
        // Of unknown age is what an earlier start of a machine without a clock has left: certainly late.
        bool isHistorical = age is null || age >= s_late;
        uint expiry = (uint)Math.Clamp((retention - (age ?? TimeSpan.Zero)).TotalSeconds, 1, uint.MaxValue - 1);
        MqttTopic topic = stream.TopicOf(isHistorical);
        return isHistorical && payload is [(byte)'{', _, .., (byte)'}']
            ? new(topic, payload[..^1], ",\"historical\":true}"u8, expiry, token)
            : new(topic, payload, default, expiry, token);
    }

    private void SettleLive(int slot, byte reason, long now)
    {
        if (slot < 0) return;
        OutboxStream stream = _live[slot].Stream;
        if (PubAckReason.IsTaken(reason))
        {
            _delivered++;
            _hasNews |= stream.Taken();
            ForgetRow(slot, now);
            _live.Release(slot);
        }
        else if (PubAckReason.IsFinal(reason))
        {
            Refuse(slot, reason);
            Pending(now);
        }
        else
        {
            _live.MarkReturned(slot);
            Hold(stream, reason, now);
        }
    }

    private void SettleLate(Backlog.Entry? entry, byte reason, long now)
    {
        if (entry is null) return;
        if (PubAckReason.IsTaken(reason))
        {
            _delivered++;
            _hasNews |= entry.Stream.Taken();
            _backlog.Finish(entry, BacklogState.Delivered);
            Pending(now);
        }
        else if (PubAckReason.IsFinal(reason))
        {
            _backlog.Finish(entry, BacklogState.Refused, reason);
            Pending(now);
        }
        else
        {
            _backlog.MarkReturned(entry);
            Hold(entry.Stream, reason, now);
        }
    }

    private void Refuse(int slot, byte reason)
    {
        if (IsStoreUsable)
        {
            _live.MarkRefused(slot, reason);
            return;
        }

        GiveUpRefused(slot, reason);
    }

    /// <summary>Without a store there are no dead letters.</summary>
    private void GiveUpRefused(int slot, byte reason)
    {
        ref readonly LiveSlot refused = ref _live[slot];
        Lose(refused.Stream, refused.Boot, refused.Sequence, reason == 0 ? LossReason.TooLarge : LossReason.Refused, _clock.Now().UtcMilliseconds);
        ForgetRow(slot, _clock.MonotonicMilliseconds);
        _live.Release(slot);
    }

    private void Hold(OutboxStream stream, byte reason, long now) => _hasNews |= stream.Hold(now, reason);
}
