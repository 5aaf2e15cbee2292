namespace EdgeInfer.Delivery.Store;

/// <summary>
/// Keeps the database within its size by what it takes in whole pages of the file, everything in it counted. Room is made while messages
/// are added, so that the file never grows by more than one message beyond; freed pages are used again.
/// </summary>
internal sealed class StoreQuota
{
    private const int LeastPages = 64;
    // Made in one go beyond what is needed, so that not every message has to look.
    private const int MostPagesAhead = 32;
    private const int DropsBetweenLooks = 8;
    // Of one group: a quota that was lowered is reached over several.
    private const int MostDrops = 20_000;
    private const int RowBytes = 64;

    private readonly StreamTable _streams;
    private readonly MessageTable _messages;
    private readonly GapTable _gaps;
    private readonly OutboxClock _clock;
    private readonly SqliteStatement _pageCount;
    private readonly SqliteStatement _freeCount;
    private readonly List<long> _dropped = [];
    private long _pages;
    private long _pagesAhead;
    private long _pagesLeft;

    public StoreQuota(SqliteDatabase database, StreamTable streams, MessageTable messages, GapTable gaps, OutboxClock clock, long bytes)
    {
        (_streams, _messages, _gaps, _clock) = (streams, messages, gaps, clock);
        _pageCount = database.Prepare("PRAGMA page_count");
        _freeCount = database.Prepare("PRAGMA freelist_count");
        Resize(bytes);
    }

    /// <summary>Pages of the file that hold something.</summary>
    public long UsedPages => One(_pageCount) - FreePages;

    /// <summary>Pages of the file that hold nothing.</summary>
    public long FreePages => One(_freeCount);

    /// <summary>Messages that went for lack of room in this group.</summary>
    public List<long> Dropped => _dropped;

    /// <summary>Another size.</summary>
    public void Resize(long bytes)
    {
        _pages = Math.Max(LeastPages, bytes / StoreSchema.PageBytes);
        _pagesAhead = Math.Min(MostPagesAhead, _pages / LeastPages);
    }

    /// <summary>A message was added.</summary>
    public void Added(int payloadBytes)
    {
        // Itself, what it shares a page with, and its line in the index.
        _pagesLeft -= ((payloadBytes + RowBytes) / StoreSchema.PageBytes) + 2;
        if (_pagesLeft < 0) Keep();
    }

    /// <summary>Drops the oldest of the lowest class until all fits.</summary>
    /// <returns>Pages that hold something now.</returns>
    public long Keep()
    {
        long used = UsedPages;
        if (used > _pages)
        {
            // Room ahead is made from the class that had to give way first: a higher one goes only for what does not fit without.
            DeliveryClass highest = DeliveryClass.Update;
            while (used > _pages - _pagesAhead && _dropped.Count < MostDrops && Drop(used > _pages ? DeliveryClass.Update : highest) is { } level)
            {
                if (level < highest) highest = level;
                used = UsedPages;
            }

            foreach (StreamEntry stream in _streams.Entries) DeclareRun(stream);
        }

        _pagesLeft = _pages - used;
        return used;
    }

    /// <summary>A group of changes begins.</summary>
    public void Save()
    {
        _dropped.Clear();
        _pagesLeft = 0;
    }

    private DeliveryClass? Drop(DeliveryClass highest)
    {
        for (DeliveryClass level = DeliveryClass.Prediction; level <= highest; level++)
        {
            int count = 0;
            while (count < DropsBetweenLooks && Oldest(level) is { } stream)
            {
                (long id, long boot, long sequence) = stream.Oldest.First;
                stream.Oldest.Skip();
                // Gone already: delivered since it was read ahead.
                if (_messages.Delete(id) is null) continue;
                _dropped.Add(id);
                Lost(stream, boot, sequence);
                count++;
            }

            if (count > 0) return level;
        }

        return null;
    }

    private StreamEntry? Oldest(DeliveryClass level)
    {
        StreamEntry? oldest = null;
        long oldestId = long.MaxValue;
        foreach (StreamEntry stream in _streams.Entries)
        {
            if (stream.Facts.Class != level || !_messages.TryOldest(stream, out (long Id, long, long) first) || first.Id >= oldestId) continue;
            (oldest, oldestId) = (stream, first.Id);
        }

        return oldest;
    }

    // Neighbours are declared together: most of what is dropped is.
    private void Lost(StreamEntry stream, long boot, long sequence)
    {
        if (stream.Dropped is { } run && run.Boot == boot && run.Last + 1 == sequence)
        {
            stream.Dropped = run with { Last = sequence };
            return;
        }

        DeclareRun(stream);
        stream.Dropped = new DroppedRun(boot, sequence, sequence);
    }

    private void DeclareRun(StreamEntry stream)
    {
        if (stream.Dropped is { } run) _gaps.Add(stream.Facts.Name, run.Boot, run.First, run.Last, LossReason.Quota, _clock.Now().UtcMilliseconds);
        stream.Dropped = null;
    }

    private static long One(SqliteStatement statement)
    {
        long value = statement.Step() ? statement.Number(0) : 0;
        statement.Reset();
        return value;
    }
}
