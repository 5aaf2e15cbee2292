namespace EdgeInfer.Delivery;

/// <summary>
/// Losses on their way: noticed (not yet in the store), and read back to be published. Where there is no store they stay here. Not
/// thread-safe: the outbox calls it under its lock.
/// </summary>
internal sealed class Losses
{
    /// <summary>The most that are published side by side.</summary>
    public const int Batch = 16;

    private const int MostRanges = 4096;

    private readonly List<Gap> _noticed = [];
    private readonly List<Entry> _publishing = [];
    private readonly List<Gap> _published = [];
    private long _nextId = -1;
    private long _heldUntil;

    /// <summary>Losses that are not yet in the store.</summary>
    public int Noticed => _noticed.Count + _publishing.Count(static e => e.Gap.Id < 0);

    /// <summary>Losses that are published and still in the store.</summary>
    public int Published => _published.Count;

    /// <summary>Losses read back and not yet published.</summary>
    public int Publishing => _publishing.Count;

    /// <summary>Messages declared lost since the start, and those that may be.</summary>
    public long Messages { get; private set; }

    /// <summary>Losses that the store has declared by itself.</summary>
    public void Count(long messages) => Messages += messages;

    /// <summary>Notes a loss; what touches the last one of its kind becomes one with it.</summary>
    public void Add(string stream, long boot, long sequence, string reason, long utcMilliseconds)
    {
        Messages++;
        for (int i = _noticed.Count - 1; i >= 0; i--)
        {
            Gap last = _noticed[i];
            if (last.Stream != stream || last.Boot != boot || last.Reason != reason || last.ToSequence is null) continue;
            if (last.ToSequence + 1 == sequence)
            {
                _noticed[i] = last with { ToSequence = sequence };
                return;
            }

            break;
        }

        Add(new(_nextId--, stream, boot, sequence, sequence, null, reason, utcMilliseconds));
    }

    /// <summary>Notes that at most so many are lost.</summary>
    public void AddAtMost(string stream, long boot, long atMost, string reason, long utcMilliseconds)
    {
        Messages += atMost;
        Add(new(_nextId--, stream, boot, null, null, atMost, reason, utcMilliseconds));
    }

    /// <summary>Takes what was noticed, for the store; what was to be published without one too, where it is not on its way.</summary>
    public List<Gap> TakeNoticed()
    {
        List<Gap> noticed = [.. _publishing.Where(static e => e.Gap.Id < 0 && !e.IsSent).Select(static e => e.Gap), .. _noticed];
        _publishing.RemoveAll(static e => e.Gap.Id < 0 && !e.IsSent);
        _noticed.Clear();
        return noticed;
    }

    /// <summary>The store could not take them.</summary>
    public void PutBack(List<Gap> noticed) => _noticed.InsertRange(0, noticed);

    /// <summary>The store could not delete them.</summary>
    public void PutBackPublished(List<Gap> published) => _published.AddRange(published);

    /// <summary>Until when none is published, since the broker refuses them: milliseconds of the monotonic clock.</summary>
    public long HeldUntil => _heldUntil;

    /// <summary>Losses read from the store are to be published; those that are already are passed over.</summary>
    public void Publish(IReadOnlyList<Gap> gaps)
    {
        foreach (Gap gap in gaps)
            if (!_publishing.Exists(e => e.Gap.Id == gap.Id) && !_published.Exists(p => p.Id == gap.Id)) _publishing.Add(new(gap));
    }

    /// <summary>Whether <see cref="PublishNoticed"/> has something to do.</summary>
    public bool MayPublishNoticed => _noticed.Count > 0 && _publishing.Count < Batch;

    /// <summary>Without a store, losses are published from here.</summary>
    public void PublishNoticed()
    {
        while (MayPublishNoticed)
        {
            _publishing.Add(new(_noticed[0]));
            _noticed.RemoveAt(0);
        }
    }

    /// <summary>The next loss to publish, encoded; null where there is none.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    /// <param name="device">The device's id.</param>
    public Entry? Next(long now, string device)
    {
        if (now < _heldUntil) return null;
        foreach (Entry entry in _publishing)
        {
            if (entry.IsSent) continue;
            entry.Payload ??= GapMessage.Encode(device, entry.Gap);
            return entry;
        }

        return null;
    }

    /// <summary>Whether any waits to be published.</summary>
    public bool HasSendable(long now) => now >= _heldUntil && _publishing.Exists(static e => !e.IsSent);

    /// <summary>Whether any is on its way.</summary>
    public bool IsAnySent => _publishing.Exists(static e => e.IsSent);

    /// <summary>The broker's answer.</summary>
    /// <returns>The loss, where the broker has it and it was nowhere but here.</returns>
    public Gap? Settle(long id, byte reason, long now)
    {
        int at = _publishing.FindIndex(e => e.Gap.Id == id && e.IsSent);
        if (at < 0) return null;
        Entry entry = _publishing[at];
        if (PubAckReason.IsTaken(reason))
        {
            _publishing.RemoveAt(at);
            if (id < 0) return entry.Gap;
            _published.Add(entry.Gap);
            return null;
        }

        entry.IsSent = false;
        _heldUntil = now + (long)PubAckReason.PauseNotAuthorised.TotalMilliseconds;
        return null;
    }

    /// <summary>How many messages a loss is of, or may be.</summary>
    public static long Size(Gap gap) => gap.AtMost ?? (gap is { FromSequence: { } from, ToSequence: { } to } ? to - from + 1 : 0);

    /// <summary>It is not on its way any more, and still to be sent.</summary>
    public void Return(long id)
    {
        if (_publishing.Find(e => e.Gap.Id == id) is { } entry) entry.IsSent = false;
    }

    /// <summary>They are tried again now.</summary>
    public void Retry() => _heldUntil = 0;

    /// <summary>Takes those published, to be deleted from the store.</summary>
    public List<Gap> TakePublished()
    {
        List<Gap> published = [.. _published];
        _published.Clear();
        return published;
    }

    /// <summary>The store is another one: what was read from the old one is gone with it, or is read again.</summary>
    public void ForgetStore()
    {
        _publishing.RemoveAll(static e => e.Gap.Id > 0);
        _published.Clear();
    }

    private void Add(Gap gap)
    {
        _noticed.Add(gap);
        if (_noticed.Count > MostRanges) Coarsen();
    }

    /// <summary>Without a store for long: ranges of one stream, start and reason become one number, which is less exact and still true.</summary>
    private void Coarsen()
    {
        Gap[] coarse = [.. _noticed.GroupBy(static g => (g.Stream, g.Boot, g.Reason)).Select(group => new Gap(
            _nextId--, group.Key.Stream, group.Key.Boot, null, null,
            group.Sum(static g => g.AtMost ?? g.ToSequence!.Value - g.FromSequence!.Value + 1), group.Key.Reason, group.Max(static g => g.UtcMilliseconds)))];
        _noticed.Clear();
        _noticed.AddRange(coarse);
    }

    /// <summary>A loss to publish.</summary>
    internal sealed class Entry(Gap gap)
    {
        /// <summary>The loss.</summary>
        public Gap Gap { get; } = gap;

        /// <summary>Its message, once it was asked for.</summary>
        public byte[]? Payload { get; set; }

        /// <summary>Whether it is on its way.</summary>
        public bool IsSent { get; set; }
    }
}
