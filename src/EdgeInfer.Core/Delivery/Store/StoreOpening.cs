using EdgeInfer.Diagnostics;

namespace EdgeInfer.Delivery.Store;

/// <summary>A database was found damaged, or not ours, and another begun.</summary>
/// <param name="Fault">What was found.</param>
/// <param name="SetAside">Where it is now; empty where there was nothing to keep.</param>
internal sealed record StoreIncident(Fault Fault, string SetAside);

/// <summary>Opens the database of a state folder, whatever is found there.</summary>
/// <param name="files">The files.</param>
/// <param name="clock">Says when a loss was noticed, and how long a check takes.</param>
/// <param name="boot">This start.</param>
internal sealed class StoreOpening(StoreFiles files, OutboxClock clock, long boot)
{

    /// <summary>Opens it, or begins a new one.</summary>
    /// <param name="isKnownBroken">It is set aside without being looked at.</param>
    /// <param name="incident">Set where something was set aside.</param>
    /// <exception cref="OutboxStoreException">Nothing can be opened here now.</exception>
    public SqliteDatabase Open(bool isKnownBroken, out StoreIncident? incident)
    {
        incident = null;
        try
        {
            FinishReplacement();
            if (Refusal(isKnownBroken) is { } fault) incident = BeginAnew(fault, isKnownBroken ? boot : boot - 1);
            else if (!files.HasDatabase) Build([]);
            try
            {
                bool isLogDamaged = StoreLog.IsDamaged(files.Log);
                SqliteDatabase database = Checked(files.Database);
                if (isLogDamaged) incident = DeclareLostLog(database);
                return database;
            }
            catch (OutboxStoreException e) when (e.IsBroken && incident is null)
            {
                incident = BeginAnew(e.Fault, boot - 1);
                return Checked(files.Database);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StoreFaults.Of(e, files.Database, "opened");
        }
    }

    private Fault? Refusal(bool isKnownBroken)
    {
        if (files.HasOrphanedLog) return new Fault(FaultKind.InputOutput, files.Database, "the store of waiting results is gone, and its log is not", "nothing; see who removed it");
        if (isKnownBroken) return StoreFaults.Broken(files.Database, "it could not be read");
        if (!files.HasDatabase) return null;
        return files.CannotBeDatabase ? StoreFaults.Broken(files.Database, "it is empty, or not a file") : null;
    }

    // A power cut may have come between the old one's change of name and the new one's.
    private void FinishReplacement()
    {
        if (!files.HasDatabase && File.Exists(files.New) && IsComplete(files.New)) files.TakeName();
        files.ClearNew();
    }

    private static bool IsComplete(string path)
    {
        try
        {
            using SqliteDatabase database = SqliteDatabase.Open(path);
            return database.Number("PRAGMA user_version") == StoreSchema.Version && database.Number("PRAGMA application_id") == StoreSchema.ApplicationId;
        }
        catch (OutboxStoreException e) when (e.IsBroken)
        {
            return false;
        }
    }

    private SqliteDatabase Checked(string path)
    {
        SqliteDatabase database = SqliteDatabase.Open(path);
        try
        {
            // Until it is known to be sound: closing would write the log into what may be damaged.
            database.KeepLog(true);
            StoreSchema.Prepare(database);
            Recognise(database);
            StoreSchema.UseLog(database);
            StoreCheck.Run(database, clock);
            StoreSchema.Migrate(database, null);
            database.KeepLog(false);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static void Recognise(SqliteDatabase database)
    {
        if (database.Number("PRAGMA application_id") != StoreSchema.ApplicationId)
            throw new OutboxStoreException(new Fault(FaultKind.Data, database.Path, "this database is not EdgeInfer's", "it is set aside; see who put it here"), true);
        long version = database.Number("PRAGMA user_version");
        if (version > StoreSchema.Version)
        {
            string what = $"the store of waiting results was written by a newer EdgeInfer (version {version}, this program knows {StoreSchema.Version})";
            throw new OutboxStoreException(new Fault(FaultKind.Data, database.Path, what, "it is set aside; stop the newer program and give it the file back to have them delivered"), true);
        }
    }

    // The database itself is as it was at some group before the damage. Emptied afterwards, so that the log does not say it again.
    private StoreIncident DeclareLostLog(SqliteDatabase database)
    {
        try
        {
            IReadOnlyList<Gap> losses = StoreSalvage.OfStreams(database, clock, boot - 1);
            database.Execute("BEGIN IMMEDIATE");
            foreach (Gap loss in losses) GapTable.Insert(database, loss);
            database.Execute("COMMIT");
            database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
            return new StoreIncident(new Fault(FaultKind.InputOutput, files.Log, "the log of the store of waiting results is damaged; what was written last is lost", "check the storage device (dmesg, fsck)"), "");
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    // What was damaged while it was in use may have held results of this start too.
    private StoreIncident BeginAnew(Fault fault, long lastBoot)
    {
        Build(StoreSalvage.Losses(files, clock, lastBoot));
        return new StoreIncident(fault, _aside);
    }

    private string _aside = "";

    // Complete, and on the disk, under another name first: what has the name is always whole.
    private void Build(IReadOnlyList<Gap> losses)
    {
        files.ClearNew();
        using (SqliteDatabase database = SqliteDatabase.Open(files.New, mayCreate: true))
        {
            database.Execute($"PRAGMA page_size={StoreSchema.PageBytes}");
            database.Execute("PRAGMA auto_vacuum=INCREMENTAL");
            StoreSchema.Prepare(database);
            StoreSchema.Migrate(database, () =>
            {
                foreach (Gap loss in losses) GapTable.Insert(database, loss);
            });
            database.Execute("PRAGMA journal_mode=WAL");
        }

        if (files.HasDatabase || files.HasOrphanedLog) _aside = files.SetAside(boot);
        files.TakeName();
        files.Prune();
    }
}
