namespace EdgeInfer.Delivery.Store;

/// <summary>
/// Makes fewer rows of losses by saying less of them: the rows of one stream, start and reason become one that says how many at most;
/// where that is not enough, those of one stream and reason over all starts; then those of one reason, as stream <c>*</c>.
/// </summary>
/// <param name="database">The database.</param>
internal sealed class GapCoarsening(SqliteDatabase database)
{
    // Joined only if so many rows become one, where there are such: else each loss would cost a search.
    private const int Worthwhile = 64;

    private static readonly (string Key, string Rows, string Stream)[] s_levels =
    [
        ("stream, boot, reason", "stream=?1 AND boot=?2 AND reason=?3", "?1"),
        ("stream, reason", "stream=?1 AND reason=?3 AND ?2 IS NOT NULL", "?1"),
        ("reason", "reason=?3 AND ?1 IS NOT NULL AND ?2 IS NOT NULL", "'*'"),
    ];

    /// <summary>Joins the rows of one key.</summary>
    /// <returns>How many rows fewer there are; at least one where there are more than there are reasons.</returns>
    public long Coarsen()
    {
        foreach (int least in (ReadOnlySpan<int>)[Worthwhile, 2])
        {
            foreach ((string key, string rows, string stream) in s_levels)
            {
                using SqliteStatement largest = database.PrepareOnce(
                    $"SELECT min(stream), max(boot), min(reason), count(*) FROM gap GROUP BY {key} HAVING count(*)>={least} ORDER BY 4 DESC LIMIT 1");
                if (!largest.Step()) continue;
                (string name, long boot, string reason, long count) = (largest.Text(0), largest.Number(1), largest.Text(2), largest.Number(3));
                largest.Reset();
                Join(rows, stream, name, boot, reason);
                return count - 1;
            }
        }

        return 0;
    }

    private void Join(string rows, string stream, string name, long boot, string reason)
    {
        // One row of unknown size makes the sum unknown.
        using (SqliteStatement join = database.PrepareOnce(
            $"""
             INSERT INTO gap(stream, boot, reason, at_most, utc)
             SELECT {stream}, ?2, ?3, CASE WHEN count(*)=count(coalesce(at_most, last-first+1)) THEN sum(coalesce(at_most, last-first+1)) END, min(utc)
             FROM gap WHERE {rows}
             """))
            join.Bind(1, name).Bind(2, boot).Bind(3, reason).Run();
        using SqliteStatement delete = database.PrepareOnce($"DELETE FROM gap WHERE {rows} AND id<(SELECT max(id) FROM gap)");
        delete.Bind(1, name).Bind(2, boot).Bind(3, reason).Run();
    }
}
