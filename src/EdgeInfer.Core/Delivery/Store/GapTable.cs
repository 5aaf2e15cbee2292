namespace EdgeInfer.Delivery.Store;

/// <summary>
/// The table of losses that are not yet published. A range is a row; ranges of one stream, start and reason that touch are one. Where
/// there are too many, those of one stream become one row that says how many at most.
/// </summary>
internal sealed class GapTable
{
    /// <summary>Rows.</summary>
    public const int Most = 10_000;

    private const string Columns = "id, stream, boot, first, last, at_most, reason, utc";
    private const string OfRange = "WHERE stream=?1 AND boot=?2 AND reason=?3 AND ";
    private const string InsertSql = "INSERT INTO gap(stream, boot, first, last, at_most, reason, utc) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";

    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _before;
    private readonly SqliteStatement _behind;
    private readonly SqliteStatement _coarse;
    private readonly SqliteStatement _setRange;
    private readonly SqliteStatement _setLast;
    private readonly SqliteStatement _setAtMost;
    private readonly SqliteStatement _delete;
    private readonly SqliteStatement _read;
    private readonly GapCoarsening _coarsening;
    private long _saved;

    public GapTable(SqliteDatabase database)
    {
        _insert = database.Prepare(InsertSql);
        _before = database.Prepare($"SELECT id, first, last, utc FROM gap {OfRange} first<=?4 ORDER BY first DESC LIMIT 1");
        _behind = database.Prepare($"SELECT id, first, last FROM gap {OfRange} first>?4 ORDER BY first LIMIT 1");
        _coarse = database.Prepare($"SELECT id, at_most FROM gap {OfRange} first IS NULL LIMIT 1");
        _setRange = database.Prepare("UPDATE gap SET first=?2, last=?3 WHERE id=?1");
        _setLast = database.Prepare("UPDATE gap SET last=?2 WHERE id=?1");
        _setAtMost = database.Prepare("UPDATE gap SET at_most=?2 WHERE id=?1");
        _delete = database.Prepare("DELETE FROM gap WHERE id=?1");
        _read = database.Prepare($"SELECT {Columns} FROM gap ORDER BY id LIMIT ?1");
        _coarsening = new GapCoarsening(database);
        Count = database.Number("SELECT count(*) FROM gap");
    }

    /// <summary>Rows.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a row to a database that nothing else is kept of.</summary>
    public static void Insert(SqliteDatabase database, Gap gap)
    {
        using SqliteStatement insert = database.PrepareOnce(InsertSql);
        insert.Bind(1, gap.Stream).Bind(2, gap.Boot).Bind(3, gap.FromSequence).Bind(4, gap.ToSequence).Bind(5, gap.AtMost).Bind(6, gap.Reason).Bind(7, gap.UtcMilliseconds).Run();
    }

    /// <summary>A row of id, stream, boot, first, last, at_most, reason, utc.</summary>
    public static Gap Read(SqliteStatement row)
        => new(row.Number(0), row.Text(1), row.Number(2), row.NumberOrNothing(3), row.NumberOrNothing(4), row.NumberOrNothing(5), row.Text(6), row.Number(7));

    /// <summary>The oldest losses.</summary>
    public IReadOnlyList<Gap> Oldest(int most)
    {
        List<Gap> gaps = [];
        _read.Bind(1, most);
        while (_read.Step()) gaps.Add(Read(_read));
        return gaps;
    }

    /// <summary>Adds a range, and joins it with those that it touches or overlaps.</summary>
    public void Add(string stream, long boot, long first, long last, string reason, long utcMilliseconds)
    {
        long id = 0;
        bool isFirstKept = false;
        long begin = first;
        long end = last;
        if (Row(_before, stream, boot, reason, first) && _before.Number(2) >= first - 1)
        {
            (id, begin, end) = (_before.Number(0), _before.Number(1), Math.Max(last, _before.Number(2)));
            isFirstKept = true;
        }

        _before.Reset();
        while (Row(_behind, stream, boot, reason, begin) && _behind.Number(1) <= end + 1)
        {
            long other = _behind.Number(0);
            end = Math.Max(end, _behind.Number(2));
            _behind.Reset();
            if (id == 0) id = other;
            else Remove(other);
            // The one that is kept would be found again.
            if (id == other)
            {
                _setRange.Bind(1, id).Bind(2, begin).Bind(3, end).Run();
                isFirstKept = true;
            }
        }

        _behind.Reset();
        if (id == 0) Add(stream, boot, begin, end, null, reason, utcMilliseconds);
        else if (isFirstKept) _setLast.Bind(1, id).Bind(2, end).Run();
    }

    /// <summary>Adds to those of a stream whose numbers are not known.</summary>
    public void AddAtMost(string stream, long boot, long atMost, string reason, long utcMilliseconds)
    {
        if (Coarse(stream, boot, reason, out long id, out long? before))
        {
            if (before is { } known) _setAtMost.Bind(1, id).Bind(2, known + atMost).Run();
        }
        else
        {
            Add(stream, boot, null, null, atMost, reason, utcMilliseconds);
        }
    }

    /// <summary>Takes out what was published; what has come to it since stays.</summary>
    public void Remove(Gap published)
    {
        if (published is { FromSequence: { } from, ToSequence: { } to })
        {
            bool isThere = Row(_before, published.Stream, published.Boot, published.Reason, from) && _before.Number(2) >= to;
            (long id, long first, long last, long utc) = isThere ? (_before.Number(0), _before.Number(1), _before.Number(2), _before.Number(3)) : default;
            _before.Reset();
            if (isThere) Trim(published, id, first, last, utc);
            else RemoveAtMost(published, to - from + 1);
        }
        else
        {
            RemoveAtMost(published, published.AtMost);
        }
    }

    /// <summary>A group of changes begins.</summary>
    public void Save() => _saved = Count;

    /// <summary>It was undone.</summary>
    public void Restore() => Count = _saved;

    private void Trim(Gap published, long id, long first, long last, long utc)
    {
        (long from, long to) = (published.FromSequence!.Value, published.ToSequence!.Value);
        if (first == from && last == to) Remove(id);
        else if (first == from) _setRange.Bind(1, id).Bind(2, to + 1).Bind(3, last).Run();
        else _setLast.Bind(1, id).Bind(2, from - 1).Run();
        if (first < from && last > to) Add(published.Stream, published.Boot, to + 1, last, null, published.Reason, utc);
    }

    private void RemoveAtMost(Gap published, long? count)
    {
        if (!Coarse(published.Stream, published.Boot, published.Reason, out long id, out long? atMost)) return;
        if (atMost == count || (atMost is { } left && count is { } gone && left <= gone)) Remove(id);
        else if (atMost is { } known && count is { } said) _setAtMost.Bind(1, id).Bind(2, known - said).Run();
    }

    private void Add(string stream, long boot, long? first, long? last, long? atMost, string reason, long utc)
    {
        while (Count >= Most) Count -= _coarsening.Coarsen();
        _insert.Bind(1, stream).Bind(2, boot).Bind(3, first).Bind(4, last).Bind(5, atMost).Bind(6, reason).Bind(7, utc).Run();
        Count++;
    }

    private void Remove(long id)
    {
        _delete.Bind(1, id).Run();
        Count--;
    }

    private bool Coarse(string stream, long boot, string reason, out long id, out long? atMost)
    {
        bool isThere = _coarse.Bind(1, stream).Bind(2, boot).Bind(3, reason).Step();
        (id, atMost) = isThere ? (_coarse.Number(0), _coarse.NumberOrNothing(1)) : (0, null);
        _coarse.Reset();
        return isThere;
    }

    private static bool Row(SqliteStatement statement, string stream, long boot, string reason, long sequence)
        => statement.Bind(1, stream).Bind(2, boot).Bind(3, reason).Bind(4, sequence).Step();
}
