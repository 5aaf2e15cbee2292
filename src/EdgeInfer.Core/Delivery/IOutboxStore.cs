using EdgeInfer.Diagnostics;

namespace EdgeInfer.Delivery;

/// <summary>Which message a row holds.</summary>
/// <param name="Id">The row's number.</param>
/// <param name="Boot">The agent's start.</param>
/// <param name="Sequence">The stream's number within it.</param>
/// <param name="Check">As <see cref="Store.MessageCheck"/> has it: starts that cannot be counted share their number.</param>
internal readonly record struct StoredKey(long Id, long Boot, long Sequence, uint Check);

/// <summary>A message on its way into the store.</summary>
internal readonly ref struct StoredMessage(int stream, long boot, long sequence, AcceptedAt at, ReadOnlySpan<byte> payload)
{
    public int Stream { get; } = stream;

    public long Boot { get; } = boot;

    public long Sequence { get; } = sequence;

    public AcceptedAt At { get; } = at;

    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>A message read back from the store, into memory that is used again.</summary>
internal sealed class BacklogMessage
{
    private byte[] _buffer = [];
    private int _length;

    /// <summary>Names the message in the store; later messages have larger ones.</summary>
    public long Id { get; private set; }

    /// <summary>The store's number of its stream.</summary>
    public int Stream { get; private set; }

    /// <summary>The agent's start that it was accepted in.</summary>
    public long Boot { get; private set; }

    /// <summary>Its number in the stream.</summary>
    public long Sequence { get; private set; }

    /// <summary>When it was accepted.</summary>
    public AcceptedAt At { get; private set; }

    /// <summary>The message.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(0, _length);

    /// <summary>Takes another message in.</summary>
    public void Fill(long id, in StoredMessage message)
    {
        (Id, Stream, Boot, Sequence, At, _length) = (id, message.Stream, message.Boot, message.Sequence, message.At, message.Payload.Length);
        if (_buffer.Length < _length) _buffer = GC.AllocateUninitializedArray<byte>(Math.Max(_length, Math.Min(_buffer.Length * 2, 64 * 1024)));
        message.Payload.CopyTo(_buffer);
    }
}

/// <summary>A declared loss: the messages <c>FromSequence</c> to <c>ToSequence</c>, or at most so many whose numbers nobody knows.</summary>
/// <param name="Id">Names it in the store.</param>
/// <param name="Stream">The stream's name; <c>*</c> where it may be any.</param>
/// <param name="Boot">The agent's start that they were accepted in; the newest of several where those became one.</param>
/// <param name="FromSequence">The first; null where the numbers are not known.</param>
/// <param name="ToSequence">The last.</param>
/// <param name="AtMost">
/// The most that may be lost, where the numbers are not known; null beside null numbers where that is not known either
/// (<c>store_broken</c>): everything of the stream up to that start that has not arrived.
/// </param>
/// <param name="Reason">quota, expired, refused, too_large, power_cut, store_broken, overload.</param>
/// <param name="UtcMilliseconds">When the loss was noticed, as the clock was set then.</param>
internal sealed record Gap(long Id, string Stream, long Boot, long? FromSequence, long? ToSequence, long? AtMost, string Reason, long UtcMilliseconds);

/// <summary>A stream as the store knows it.</summary>
/// <param name="Id">The store's number.</param>
/// <param name="Facts">The stream.</param>
/// <param name="LastBoot">The agent's last start in which it was open.</param>
internal sealed record StoredStream(int Id, StreamFacts Facts, long LastBoot);

/// <summary>A start of the agent that the store knows.</summary>
/// <param name="Boot">Its number.</param>
/// <param name="Kernel">The kernel's start it ran under.</param>
/// <param name="HasEnded">Whether it has ended in peace, everything that it accepted being in the store or delivered.</param>
internal sealed record AgentRun(long Boot, Guid Kernel, bool HasEnded);

/// <summary>What the store holds, kept beside it so that asking costs nothing.</summary>
/// <param name="Messages">Messages.</param>
/// <param name="Bytes">What they take of the quota.</param>
/// <param name="Gaps">Losses not yet published.</param>
/// <param name="DeadLetters">Messages that the broker refuses for good.</param>
internal readonly record struct StoreCounts(long Messages, long Bytes, long Gaps, long DeadLetters);

/// <summary>The store cannot do what it is asked; everything since <see cref="IOutboxStore.Begin"/> is undone.</summary>
/// <param name="fault">What to tell the operator.</param>
/// <param name="isBroken">Whether the database is damaged, so that it has to be set aside and a new one begun.</param>
internal sealed class OutboxStoreException(Fault fault, bool isBroken, Exception? inner = null) : Exception(fault.ToString(), inner)
{
    /// <summary>What to tell the operator.</summary>
    public Fault Fault { get; } = fault;

    /// <summary>Whether the database is damaged.</summary>
    public bool IsBroken { get; } = isBroken;
}

/// <summary>
/// Messages that survive a power cut. One thread at a time. What changes is done between <see cref="Begin"/> and
/// <see cref="Commit"/>; after Commit has returned it is on the disk. Every method throws <see cref="OutboxStoreException"/>.
/// </summary>
internal interface IOutboxStore : IDisposable
{
    /// <summary>What it holds. Any thread.</summary>
    StoreCounts Counts { get; }

    /// <summary>Earlier starts, oldest first; the last one is the newest before this.</summary>
    IReadOnlyList<AgentRun> Runs();

    /// <summary>Every stream it knows, with or without messages.</summary>
    IReadOnlyList<StoredStream> Streams();

    /// <summary>How many messages of a stream it holds.</summary>
    long CountOf(int stream);

    /// <summary>Another quota, from the next <see cref="Commit"/> on.</summary>
    void Resize(long bytes);

    /// <summary>The newest messages of a stream: what a killed process may hold in its ring too.</summary>
    IReadOnlyList<StoredKey> Newest(int stream, int most);

    /// <summary>Begins a group of changes.</summary>
    void Begin();

    /// <summary>
    /// Keeps the quota (the oldest of the lowest class that is not loaded goes, each a gap with reason <c>quota</c>) and puts the group
    /// on the disk with one sync. Numbers of messages that went by this are handed to <paramref name="dropped"/>.
    /// </summary>
    void Commit(Action<long>? dropped = null);

    /// <summary>Undoes the group.</summary>
    void Rollback();

    /// <summary>Notes this start.</summary>
    void BeginRun(long boot, Guid kernel);

    /// <summary>This start has ended in peace.</summary>
    void EndRun(long boot);

    /// <summary>The number of a stream, added where it is new; notes that it is open in this start.</summary>
    int Open(StreamFacts facts, long boot);

    /// <summary>Adds a message; its number is larger than all before.</summary>
    long Append(in StoredMessage message);

    /// <summary>Takes messages out: delivered. Numbers that are not there are passed over.</summary>
    void Delete(ReadOnlySpan<long> ids);

    /// <summary>Reads the oldest messages of a stream behind a number; what is read counts as loaded, and is not dropped, until it is deleted or <see cref="Unload"/>ed.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="after">Only later ones; 0 for all.</param>
    /// <param name="into">Filled from its start.</param>
    /// <param name="mostBytes">No further message is read once this many bytes are.</param>
    /// <returns>Messages read.</returns>
    int Load(int stream, long after, ReadOnlySpan<BacklogMessage> into, int mostBytes);

    /// <summary>Messages that are in memory too, and may be sent from there: they count as loaded.</summary>
    void Hold(ReadOnlySpan<long> ids);

    /// <summary>Messages that are loaded no more.</summary>
    void Unload(ReadOnlySpan<long> ids);

    /// <summary>Takes out what is older than it may be (not what is loaded), each a gap with reason <c>expired</c>; at most so many.</summary>
    /// <param name="oldest">By class.</param>
    /// <param name="most">The most messages of one call.</param>
    /// <returns>Messages taken out.</returns>
    int Expire(Func<DeliveryClass, TimeSpan> oldest, int most);

    /// <summary>Declares messages lost; ranges that touch (same stream, boot and reason) become one.</summary>
    void AddLoss(string stream, long boot, long fromSequence, long toSequence, string reason);

    /// <summary>Declares at most so many of a stream lost.</summary>
    void AddLossOfAtMost(string stream, long boot, long atMost, string reason);

    /// <summary>The oldest losses not yet published.</summary>
    IReadOnlyList<Gap> Gaps(int most);

    /// <summary>A loss is published as it was read; what was added to its range since stays.</summary>
    void DeleteGap(Gap published);

    /// <summary>Moves a message to those refused for good (bounded: the oldest goes) and declares it lost.</summary>
    /// <param name="message">The message.</param>
    /// <param name="id">Its number, where it was in the store; else 0.</param>
    /// <param name="reason">The broker's reason, as in <c>0x99</c>.</param>
    void AddDeadLetter(in StoredMessage message, long id, string reason);

    /// <summary>Gives some unused space back to the file system; costs writes, so only where there is enough of it.</summary>
    /// <returns>Whether there is more to give.</returns>
    bool GiveSpaceBack();
}
