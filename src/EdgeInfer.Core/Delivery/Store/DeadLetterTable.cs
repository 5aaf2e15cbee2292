namespace EdgeInfer.Delivery.Store;

/// <summary>The table of messages that the broker refuses for good, for whoever looks into it. The oldest goes.</summary>
internal sealed class DeadLetterTable
{
    private const int Most = 1000;
    private const long MostBytesOfAll = 16L * 1024 * 1024;

    private long _mostBytes;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _deleteOldest;
    private long _bytes;
    private (long Count, long Bytes) _saved;

    /// <param name="database">The database.</param>
    /// <param name="quotaBytes">Of which dead letters may take an eighth.</param>
    public DeadLetterTable(SqliteDatabase database, long quotaBytes)
    {
        Resize(quotaBytes);
        _insert = database.Prepare("INSERT INTO dead_letter(stream, topic, boot, seq, utc, reason, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        _deleteOldest = database.Prepare("DELETE FROM dead_letter WHERE id=(SELECT min(id) FROM dead_letter) RETURNING length(payload)");
        Count = database.Number("SELECT count(*) FROM dead_letter");
        _bytes = database.Number("SELECT sum(length(payload)) FROM dead_letter");
    }

    /// <summary>Rows.</summary>
    public long Count { get; private set; }

    /// <summary>Another quota, of which dead letters may take an eighth.</summary>
    public void Resize(long quotaBytes) => _mostBytes = Math.Min(MostBytesOfAll, quotaBytes / 8);

    /// <summary>Adds one; one that is larger than all may be together is not kept.</summary>
    public void Add(StreamFacts stream, in StoredMessage message, string reason)
    {
        if (message.Payload.Length > _mostBytes) return;
        _insert.Bind(1, stream.Name).Bind(2, stream.Topic).Bind(3, message.Boot).Bind(4, message.Sequence).Bind(5, message.At.UtcMilliseconds)
            .Bind(6, reason).Bind(7, message.Payload).Run();
        Count++;
        _bytes += message.Payload.Length;
        while (Count > Most || _bytes > _mostBytes)
        {
            _deleteOldest.Step();
            _bytes -= _deleteOldest.Number(0);
            Count--;
            _deleteOldest.Reset();
        }
    }

    /// <summary>A group of changes begins.</summary>
    public void Save() => _saved = (Count, _bytes);

    /// <summary>It was undone.</summary>
    public void Restore() => (Count, _bytes) = _saved;
}
