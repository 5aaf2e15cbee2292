using EdgeInfer.Delivery.Store.Interop;

namespace EdgeInfer.Delivery.Store;

/// <summary>What is lost with a database that is set aside, as far as it can still say.</summary>
internal static class StoreSalvage
{
    private const int MostStreams = 1000;
    private const int LongestName = 256;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    /// <summary>
    /// One loss per stream that can be read, in the last start in which it was open: everything of it up to then that has not arrived may
    /// be lost, nobody knows how much. Where no stream can be read, one for all: <c>*</c>. Losses that it had not yet published stay.
    /// </summary>
    public static IReadOnlyList<Gap> Losses(StoreFiles files, OutboxClock clock, long lastBoot)
    {
        long now = clock.Now().UtcMilliseconds;
        List<Gap> losses = [];
        if (files.HasDatabase && !files.CannotBeDatabase) Read(files.Database, clock, now, losses);
        return OrOfAll(losses, lastBoot, now);
    }

    /// <summary>One loss per stream that a sound database knows, or one for all.</summary>
    public static IReadOnlyList<Gap> OfStreams(SqliteDatabase database, OutboxClock clock, long lastBoot)
    {
        long now = clock.Now().UtcMilliseconds;
        List<Gap> losses = [];
        ReadStreams(database, now, losses);
        return OrOfAll(losses, lastBoot, now);
    }

    private static List<Gap> OrOfAll(List<Gap> losses, long lastBoot, long now)
    {
        if (!losses.Exists(l => l.Reason == LossReason.StoreBroken)) losses.Add(new Gap(0, "*", Math.Max(0, lastBoot), null, null, null, LossReason.StoreBroken, now));
        return losses;
    }

    private static void Read(string path, OutboxClock clock, long now, List<Gap> losses)
    {
        try
        {
            using SqliteDatabase database = SqliteDatabase.Open(path);
            database.KeepLog(true);
            StoreSchema.Prepare(database);
            if (database.Number("PRAGMA application_id") != StoreSchema.ApplicationId) return;
            StoreDeadline deadline = new(clock, s_longest);
            TryRead(database, deadline, () => ReadStreams(database, now, losses));
            TryRead(database, deadline, () => ReadGaps(database, losses));
        }
        catch (OutboxStoreException)
        {
            // It is damaged, which is why it is read: what was found until here is all there is.
        }
    }

    private static void TryRead(SqliteDatabase database, StoreDeadline deadline, Action read)
    {
        try
        {
            _ = database.RunWithin(deadline, read);
        }
        catch (OutboxStoreException)
        {
            // As above; the other table may still be readable.
        }
    }

    private static void ReadStreams(SqliteDatabase database, long now, List<Gap> losses)
    {
        using SqliteStatement streams = database.PrepareOnce($"SELECT name, boot FROM stream LIMIT {MostStreams}");
        while (streams.Step())
            if (IsName(streams.Text(0)) && streams.Number(1) >= 0) losses.Add(new Gap(0, streams.Text(0), streams.Number(1), null, null, null, LossReason.StoreBroken, now));
    }

    private static void ReadGaps(SqliteDatabase database, List<Gap> losses)
    {
        using SqliteStatement gaps = database.PrepareOnce($"SELECT id, stream, boot, first, last, at_most, reason, utc FROM gap ORDER BY id LIMIT {GapTable.Most / 2}");
        while (gaps.Step())
        {
            Gap gap = GapTable.Read(gaps);
            if (!IsName(gap.Stream) || !LossReason.IsKnown(gap.Reason) || gap.FromSequence > gap.ToSequence || gap.AtMost < 0) continue;
            // A loss of the same kind from an earlier incident is said again already.
            if (!losses.Exists(l => gap.Reason == LossReason.StoreBroken && l.Reason == gap.Reason && l.Stream == gap.Stream && l.Boot == gap.Boot)) losses.Add(gap);
        }
    }

    // What a damaged page says may be anything.
    private static bool IsName(string text) => text.Length is > 0 and <= LongestName && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.Contains('\ufffd');
}
