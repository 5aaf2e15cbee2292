using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Delivery;

/// <summary>A store in memory that commits or undoes whole groups, and fails when it is told to.</summary>
internal sealed class FakeStore : IOutboxStore
{
    private State _state = new();
    private State? _before;
    private readonly HashSet<long> _loaded = [];

    public bool IsFull { get; set; }

    public bool IsBroken { get; set; }

    /// <summary>The quota: beyond it the oldest go that are not loaded.</summary>
    public int MostRows { get; set; } = int.MaxValue;

    public int Commits { get; private set; }

    public long SizeBytes { get; private set; }

    /// <summary>Called while a group is being committed.</summary>
    public Action? OnCommit { get; set; }

    /// <summary>Losses ever declared, published ones too.</summary>
    public List<Gap> AllDeclared { get; } = [];

    public bool IsDisposed { get; private set; }

    public List<Row> Rows => _state.Rows;

    public List<Gap> Declared => _state.Gaps;

    public List<(long Seq, string Reason)> Dead => _state.Dead;

    public List<AgentRun> AllRuns => _state.Runs;

    public StoreCounts Counts => new(_state.Rows.Count, _state.Rows.Sum(r => r.Payload.Length), _state.Gaps.Count, _state.Dead.Count);

    public IReadOnlyList<AgentRun> Runs() => [.. _state.Runs];

    public IReadOnlyList<StoredStream> Streams() => [.. _state.Streams];

    public long CountOf(int stream) => _state.Rows.Count(r => r.Stream == stream);

    public IReadOnlyList<StoredKey> Newest(int stream, int most)
        => [.. _state.Rows.Where(r => r.Stream == stream).OrderByDescending(r => r.Id).Take(most).Select(r => new StoredKey(r.Id, r.Boot, r.Seq, MessageCheck.Of(r.Boot, r.Seq, r.Payload)))];

    public void Begin()
    {
        IsDisposed = false;
        Assert.Null(_before);
        _before = _state.Copy();
    }

    public void Commit(Action<long>? dropped = null)
    {
        if (IsFull || IsBroken) throw Fault();
        OnCommit?.Invoke();
        foreach (Row row in _state.Rows.Where(r => !_loaded.Contains(r.Id)).OrderBy(r => r.Id).Take(Math.Max(0, _state.Rows.Count - MostRows)).ToArray())
        {
            _state.Rows.Remove(row);
            AddLoss(_state.Streams[row.Stream - 1].Facts.Name, row.Boot, row.Seq, row.Seq, "quota");
            dropped?.Invoke(row.Id);
        }

        Commits++;
        AllDeclared.AddRange(_state.Gaps.Except(_before!.Gaps));
        _before = null;
    }

    public void Rollback()
    {
        _state = _before ?? _state;
        _before = null;
    }

    public void BeginRun(long boot, Guid kernel) => _state.Runs.Add(new(boot, kernel, false));

    public void EndRun(long boot)
    {
        int at = _state.Runs.FindIndex(r => r.Boot == boot);
        _state.Runs[at] = _state.Runs[at] with { HasEnded = true };
    }

    public int Open(StreamFacts facts, long boot)
    {
        int at = _state.Streams.FindIndex(s => s.Facts.Name == facts.Name);
        if (at < 0)
        {
            _state.Streams.Add(new(_state.Streams.Count + 1, facts, boot));
            return _state.Streams.Count;
        }

        _state.Streams[at] = _state.Streams[at] with { Facts = facts, LastBoot = boot };
        return _state.Streams[at].Id;
    }

    public long Append(in StoredMessage message)
    {
        if (IsFull || IsBroken) throw Fault();
        _state.Rows.Add(new(++_state.LastId, message.Stream, message.Boot, message.Sequence, message.At, message.Payload.ToArray()));
        return _state.LastId;
    }

    public void Delete(ReadOnlySpan<long> ids)
    {
        foreach (long id in ids)
        {
            _state.Rows.RemoveAll(r => r.Id == id);
            _loaded.Remove(id);
        }
    }

    public int Load(int stream, long after, ReadOnlySpan<BacklogMessage> into, int mostBytes)
    {
        int count = 0;
        foreach (Row row in _state.Rows.Where(r => r.Stream == stream && r.Id > after).OrderBy(r => r.Id))
        {
            if (count == into.Length) break;
            into[count++].Fill(row.Id, new(row.Stream, row.Boot, row.Seq, row.At, row.Payload));
            _loaded.Add(row.Id);
        }

        return count;
    }

    public void Hold(ReadOnlySpan<long> ids)
    {
        foreach (long id in ids) _loaded.Add(id);
    }

    public void Resize(long bytes) => SizeBytes = bytes;

    public void Unload(ReadOnlySpan<long> ids)
    {
        foreach (long id in ids) _loaded.Remove(id);
    }

    public int Expire(Func<DeliveryClass, TimeSpan> oldest, int most) => 0;

    public void AddLoss(string stream, long boot, long fromSequence, long toSequence, string reason)
    {
        int at = _state.Gaps.FindIndex(g => g.Stream == stream && g.Boot == boot && g.Reason == reason && g.ToSequence == fromSequence - 1);
        if (at >= 0) _state.Gaps[at] = _state.Gaps[at] with { ToSequence = toSequence };
        else _state.Gaps.Add(new(++_state.LastId, stream, boot, fromSequence, toSequence, null, reason, 0));
    }

    public void AddLossOfAtMost(string stream, long boot, long atMost, string reason)
        => _state.Gaps.Add(new(++_state.LastId, stream, boot, null, null, atMost, reason, 0));

    public IReadOnlyList<Gap> Gaps(int most) => [.. _state.Gaps.Take(most)];

    public void DeleteGap(Gap published) => _state.Gaps.RemoveAll(g => g.Id == published.Id);

    public void AddDeadLetter(in StoredMessage message, long id, string reason)
    {
        _state.Dead.Add((message.Sequence, reason));
        Delete([id]);
        AddLoss(_state.Streams[message.Stream - 1].Facts.Name, message.Boot, message.Sequence, message.Sequence, "refused");
    }

    public bool GiveSpaceBack() => false;

    public void Dispose()
    {
        Rollback();
        IsDisposed = true;
    }

    private OutboxStoreException Fault() => new(new(FaultKind.InputOutput, "outbox.db", IsBroken ? "the database is damaged" : "the disk is full", ""), IsBroken);

    internal sealed record Row(long Id, int Stream, long Boot, long Seq, AcceptedAt At, byte[] Payload);

    private sealed class State
    {
        public List<Row> Rows = [];
        public List<Gap> Gaps = [];
        public List<(long Seq, string Reason)> Dead = [];
        public List<AgentRun> Runs = [];
        public List<StoredStream> Streams = [];
        public long LastId;

        public State Copy() => new() { Rows = [.. Rows], Gaps = [.. Gaps], Dead = [.. Dead], Runs = [.. Runs], Streams = [.. Streams], LastId = LastId };
    }
}
