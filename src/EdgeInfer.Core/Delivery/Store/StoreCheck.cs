using EdgeInfer.Delivery.Store.Interop;

namespace EdgeInfer.Delivery.Store;

/// <summary>
/// Looks a database over before it is used, for no longer than a start may be held up. What is not reached is checked when it is read:
/// SQLite then says that it is damaged.
/// </summary>
internal static class StoreCheck
{
    private const long WholeBytes = 32L * 1024 * 1024;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    /// <summary>Checks what there is time for.</summary>
    /// <exception cref="OutboxStoreException">It is damaged.</exception>
    public static void Run(SqliteDatabase database, OutboxClock clock)
    {
        StoreDeadline deadline = new(clock, s_longest);
        if (database.Number("PRAGMA page_count") * StoreSchema.PageBytes <= WholeBytes)
        {
            Check(database, deadline, "PRAGMA quick_check(1)");
            return;
        }

        // SQLite before 3.41 checks a whole tree in one instruction, which no deadline can end: the large one is read row by row instead.
        foreach (string table in (ReadOnlySpan<string>)["stream", "run", "gap"]) Check(database, deadline, $"PRAGMA quick_check('{table}')");
        _ = database.RunWithin(deadline, () => database.Number("SELECT sum(seq) FROM message NOT INDEXED"));
    }

    private static void Check(SqliteDatabase database, StoreDeadline deadline, string pragma)
    {
        string said = "ok";
        // Its words begin with a line that only says which database it is.
        if (database.RunWithin(deadline, () => said = database.Text(pragma)) && said != "ok") throw database.Broken(said[(said.LastIndexOf('\n') + 1)..]);
    }
}
