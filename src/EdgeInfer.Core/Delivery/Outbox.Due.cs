namespace EdgeInfer.Delivery;

/// <summary>When the writer has something to do; under the lock.</summary>
internal sealed partial class Outbox
{
    private bool IsWriterDueEarlier(long now)
    {
        if (_writerDue <= now || !IsAnythingForStore(now)) return false;
        long due = StoreDue(now);
        if (due >= _writerDue) return false;
        _writerDue = due;
        return true;
    }

    /// <summary>Whether the next late messages are to be read now, since those in memory run out: nothing else may be due for a second.</summary>
    private bool IsReadingDue(long now)
    {
        if (_writerDue <= now || !_isUp || _isClosing || !IsStoreUsable || !_backlog.IsLow) return false;
        bool isWanted = false;
        foreach (OutboxStream stream in _streams) isWanted |= IsWanted(stream, now);
        foreach (OutboxStream stream in _earlierStreams) isWanted |= IsWanted(stream, now);
        if (isWanted) _writerDue = now;
        return isWanted;
    }

    /// <summary>Cheap: most messages of a line that keeps up come by here.</summary>
    private bool IsAnythingForStore(long now)
        => _pendingSince != 0 || _live.UnstoredDurable > 0 || (_live.Unstored > 0 && (!_isUp || IsLagging(now)));

    private bool IsLagging(long now) => _live.Count - _live.Sent > GroupCount || _live.OldestAccepted(now) < now - LagMilliseconds;

    private bool IsGroupDue(long now)
    {
        if (_live.Unstored == 0) return false;
        if (_isClosed) return true;
        if (_isUp) return IsLagging(now);
        return _live.Unstored >= GroupCount || _live.OldestUnstored(durableOnly: false, now) <= now - GroupMilliseconds;
    }

    private bool IsPendingFull => _rowsToDelete.Count + _backlog.Finished >= GroupCount || _losses.Published >= Losses.Batch;

    private bool IsPendingDue(long now) => _pendingSince != 0 && (_isClosed || IsPendingFull || _pendingSince + GroupMilliseconds <= now);

    /// <summary>When a group is to be written next.</summary>
    private long StoreDue(long now)
    {
        long due = Never;
        if (_live.UnstoredDurable > 0) due = _live.OldestUnstored(durableOnly: true, now) + DurableGroupMilliseconds;
        if (_pendingSince != 0) due = Math.Min(due, IsPendingFull ? now : _pendingSince + GroupMilliseconds);

        if (_live.Unstored > _live.UnstoredDurable && (!_isUp || IsLagging(now)))
            due = Math.Min(due, !_isUp && _live.Unstored >= GroupCount ? now : _live.OldestUnstored(durableOnly: false, now) + GroupMilliseconds);
        return due;
    }

    private long Due(long now)
    {
        if (_isReopening) return now;
        long due = RetryDue(now);
        if (!IsStoreUsable) return Math.Min(due, Math.Max(now, _storeDue));
        due = Math.Min(due, StoreDue(now));
        if (_hasUnregistered) due = now;
        StoreCounts counts = _store!.Counts;
        if (counts.Messages > 0) due = Math.Min(due, _expiryDue);
        if (_hasSpareSpace && counts.Messages == 0) due = now;
        if (!_isUp || _isClosing) return due;
        if (counts.Gaps > _losses.Published && _losses.Publishing == 0) due = now;
        if (_streams.Exists(s => IsWanted(s, now)) || _earlierStreams.Exists(s => IsWanted(s, now))) due = now;
        if (_backlog.HasSendable(now)) due = Math.Min(due, _backlog.NextAllowed(now));
        return due;
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
