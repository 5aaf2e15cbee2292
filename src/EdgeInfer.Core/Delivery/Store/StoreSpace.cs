namespace EdgeInfer.Delivery.Store;

/// <summary>Gives space of the file that is not used back to the file system, and that of the log.</summary>
internal sealed class StoreSpace
{
    // Pages given back in one step (1 MiB): a step holds the file for some milliseconds.
    private const int PagesBack = 256;
    // Free pages beyond this many times the used ones are given back: fewer are used again soon, and moving others costs writes.
    private const int FreeFactor = 3;
    private const long LogWorthCutting = 1024 * 1024;

    private readonly SqliteDatabase _database;
    private readonly StoreQuota _quota;
    private readonly SqliteStatement _giveBack;
    private readonly FileInfo _log;
    private bool _isChanged = true;
    private bool _hasGiven;

    public StoreSpace(SqliteDatabase database, StoreQuota quota)
    {
        (_database, _quota) = (database, quota);
        _giveBack = database.Prepare($"PRAGMA incremental_vacuum({PagesBack})");
        _log = new FileInfo(database.Path + "-wal");
    }

    /// <summary>Something was committed.</summary>
    public void HasChanged() => _isChanged = true;

    /// <summary>Does one step, where that is worth its writes.</summary>
    /// <param name="isEmpty">Whether no message is left.</param>
    /// <returns>Whether there is more to give.</returns>
    public bool GiveBack(bool isEmpty)
    {
        if (!_isChanged) return false;
        long free = _quota.FreePages;
        if (free > PagesBack && free > FreeFactor * _quota.UsedPages)
        {
            _giveBack.Run();
            // A file that was made without the means for it would be asked for ever.
            return _hasGiven = _quota.FreePages < free;
        }

        if (!isEmpty && !_hasGiven) return false;
        // Only then does the file itself become shorter, and the log.
        _isChanged = false;
        _log.Refresh();
        if (_hasGiven || _log is { Exists: true, Length: > LogWorthCutting }) _database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        return _hasGiven = false;
    }
}
