namespace EdgeInfer.Delivery;

/// <summary>When the writer has something to do; under the lock.</summary>
internal sealed partial class Outbox
{
    private bool IsWriterDueEarlier(long now)
    {
        if (_writerDue <= now) return false;
        if (!IsStoreUsable) return _isUp && _losses.MayPublishNoticed && IsEarlier(now);
        return IsAnythingForStore(now) && IsEarlier(StoreDue(now));
    }

    /// <summary>After the session has asked: whether the next late messages are to be read, or go once their rate allows it.</summary>
    private bool IsBacklogDueEarlier(long now) => _writerDue > now && IsEarlier(BacklogDue(now));

    private bool IsEarlier(long due)
    {
        if (due >= _writerDue) return false;
        _writerDue = due;
        return true;
    }

    /// <summary>Cheap: most messages of a line that keeps up come by here. While they flow the writer looks every <see cref="LagMilliseconds"/>, uncalled.</summary>
    private bool IsAnythingForStore(long now)
        => _pendingSince != 0 || _live.UnstoredDurable > 0 || (_live.Unstored > 0 && (!_isUp || _writerDue > now + LagMilliseconds + 1 || IsLagging(now)));

    private bool IsLagging(long now) => IsCrowded || _live.OldestAccepted(now) < now - LagMilliseconds;

    /// <summary>Whether so much waits that the ring could be full before its time has come.</summary>
    private bool IsCrowded
        => Math.Min(_live.Unstored, _live.Count - _live.Sent) >= GroupCount || Math.Min(_live.UnstoredBytes, _live.Bytes - _live.SentBytes) >= _live.Ring.LargestPayloadBytes;

    /// <summary>Messages accepted up to when are to be written now; <see cref="long.MinValue"/> for none but durable ones.</summary>
    private long GroupUpTo(long now)
    {
        if (_live.Unstored == 0) return long.MinValue;
        if (_isClosed || IsCrowded) return now;
        if (_isUp) return IsLagging(now) ? now - GroupMilliseconds : long.MinValue;

        // Where a sync is due anyway they share it: one a second, whatever is to be written.
        return IsPendingDue(now) || _live.OldestUnstored(durableOnly: false, now) <= now - GroupMilliseconds ? now : long.MinValue;
    }

    private bool IsPendingFull => _rowsToDelete.Count + _backlog.Finished >= GroupCount || _losses.Published >= Losses.Batch;

    private bool IsPendingDue(long now) => _pendingSince != 0 && (_isClosed || IsPendingFull || _pendingSince + GroupMilliseconds <= now);

    /// <summary>When a group is to be written next.</summary>
    private long StoreDue(long now)
    {
        long due = Never;
        if (_live.UnstoredDurable > 0) due = _live.OldestUnstored(durableOnly: true, now) + DurableGroupMilliseconds;
        if (_pendingSince != 0) due = Math.Min(due, IsPendingFull ? now : _pendingSince + GroupMilliseconds);

        if (_live.Unstored == _live.UnstoredDurable) return due;
        if (IsCrowded) return now;
        bool isGroup = !_isUp || IsLagging(now);
        return Math.Min(due, isGroup ? _live.OldestUnstored(durableOnly: false, now) + GroupMilliseconds : _live.OldestAccepted(now) + LagMilliseconds + 1);
    }

    private long Due(long now)
    {
        long due = RetryDue(now);
        if (!IsStoreUsable) return Math.Min(due, Math.Max(now, _storeDue));
        due = Math.Min(due, StoreDue(now));
        if (_hasUnregistered || _isResizing) due = now;
        StoreCounts counts = _store!.Counts;
        if (counts.Messages > 0) due = Math.Min(due, _expiryDue);
        if (_hasSpareSpace && counts.Messages == 0) due = now;
        if (!_isUp) return due;

        // Else each message of a flow that the line keeps up with would call the writer.
        if (_accepted != _acceptedBefore) due = Math.Min(due, now + LagMilliseconds);
        _acceptedBefore = _accepted;
        if (!_isClosing && counts.Gaps > _losses.Published && _losses.Publishing == 0) due = now;
        return Math.Min(due, BacklogDue(now));
    }

    private long BacklogDue(long now)
    {
        if (!_isUp || _isClosing || !IsStoreUsable) return Never;
        if (IsAnyWanted(_streams, now) || IsAnyWanted(_earlierStreams, now)) return now;
        if (!_backlog.HasSendable(now)) return Never;

        // Where one may go already, the session has been told, and asks by itself once it has room.
        long next = _backlog.NextAllowed(now);
        return next > now ? next : Never;
    }

    private bool IsAnyWanted(List<OutboxStream> streams, long now)
    {
        foreach (OutboxStream stream in streams)
            if (IsWanted(stream, now)) return true;
        return false;
    }

    /// <summary>When a stream that the broker refuses is tried again.</summary>
    private long RetryDue(long now)
    {
        long due = Never;
        foreach (OutboxStream stream in _streams) if (stream.HeldUntil > now) due = Math.Min(due, stream.HeldUntil);
        foreach (OutboxStream stream in _earlierStreams) if (stream.HeldUntil > now) due = Math.Min(due, stream.HeldUntil);
        return Math.Min(due, _losses.HeldUntil > now ? _losses.HeldUntil : Never);
    }
}
