using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;

namespace EdgeInfer.Recording;

/// <summary>
/// The newest inputs of one pipeline as they were captured, each followed by its results, in one piece of native memory of fixed
/// size: the oldest make room. Nothing managed is allocated for a frame. One thread adds; another may <see cref="Freeze"/> the ring
/// to read it, and meanwhile nothing is added, so that reading needs neither a copy nor a wait.
/// </summary>
internal sealed unsafe class FrameRing : IDisposable
{
    // Entries begin where any of their fields may; a gap is at least this long, and holds its size and kind.
    private const int Alignment = 16;

    private readonly Lock _lock = new();
    private readonly RecordOptions _options;
    private readonly TimeProvider _time;
    private readonly byte* _memory;
    private readonly long _bytes;
    private long _oldest;
    private long _next;
    private long _used;
    private int _frames;
    private Entry* _open;
    private bool _isFrozen;
    private bool _isDisposed;
    private long _tooLarge;

    /// <summary>Takes the memory; the system gives pages as they are filled.</summary>
    /// <param name="options">How much is kept.</param>
    /// <param name="time">Clock of the frames' time stamps.</param>
    public FrameRing(RecordOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _bytes = options.Bytes / Alignment * Alignment;
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)_bytes, Alignment);
    }

    /// <summary>Frames kept.</summary>
    public int Frames
    {
        get { lock (_lock) return _frames; }
    }

    /// <summary>Frames that are larger than all the memory, alone or with their results, and were not kept.</summary>
    public long TooLarge => Interlocked.Read(ref _tooLarge);

    /// <summary>A frame is about to be processed: its bytes are copied.</summary>
    public void Begin(FrameLease frame)
    {
        ReadOnlySpan<byte> data = frame.Data;
        lock (_lock)
        {
            DropOpen();
            if (_isFrozen || _isDisposed) return;
            Entry* entry = Reserve(EntryKind.Frame, data.Length);
            if (entry is null)
            {
                Interlocked.Increment(ref _tooLarge);
                return;
            }

            entry->Info = frame.Info;
            data.CopyTo(new(Entry.DataOf(entry), data.Length));
            _open = entry;
            _frames++;
        }
    }

    /// <summary>A result of the frame that was begun.</summary>
    /// <param name="model">Which of the pipeline's models gave it, from 0.</param>
    /// <param name="sequence">Its count.</param>
    /// <param name="bits">A digest of its numbers before they were rounded.</param>
    /// <param name="envelope">The message.</param>
    public void Result(int model, long sequence, ulong bits, ReadOnlySpan<byte> envelope)
    {
        lock (_lock)
        {
            if (_open is null) return;
            Entry* entry = Reserve(EntryKind.Result, envelope.Length);
            if (entry is null)
            {
                DropOpen();
                Interlocked.Increment(ref _tooLarge);
                return;
            }

            (entry->Model, entry->Sequence, entry->Bits) = (model, sequence, bits);
            envelope.CopyTo(new(Entry.DataOf(entry), envelope.Length));
        }
    }

    /// <summary>The frame that was begun has all its results.</summary>
    /// <param name="outcome">What decoding it ended with; 0 is well.</param>
    public void End(int outcome)
    {
        lock (_lock)
        {
            if (_open is null) return;
            _open->Outcome = outcome;
            _open = null;
            DropOld();
        }
    }

    /// <summary>The frame that was begun does not get all its results: it is not kept.</summary>
    public void Abandon()
    {
        lock (_lock) DropOpen();
    }

    /// <summary>Holds the ring still to read it; null while somebody else reads it, or when it is gone.</summary>
    public FrozenFrames? Freeze()
    {
        lock (_lock)
        {
            if (_isFrozen || _isDisposed) return null;
            DropOpen();
            DropOld();
            _isFrozen = true;
            return new(this);
        }
    }

    /// <summary>Gives the memory back, once nobody reads it.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _open = null;
            if (!_isFrozen) NativeMemory.AlignedFree(_memory);
        }
    }

    internal void Thaw()
    {
        lock (_lock)
        {
            _isFrozen = false;
            if (_isDisposed) NativeMemory.AlignedFree(_memory);
        }
    }

    /// <summary>The entries from the oldest on, gaps left out; only while frozen.</summary>
    internal List<nint> Entries()
    {
        List<nint> entries = [];
        long at = _oldest;
        for (long left = _used; left > 0;)
        {
            Entry* entry = (Entry*)(_memory + at);
            if (entry->Kind != EntryKind.Gap) entries.Add((nint)entry);
            left -= entry->Size;
            at = (at + entry->Size) % _bytes;
        }

        return entries;
    }

    /// <summary>Room for an entry at the end, made by dropping the oldest; null where there can be none beside the frame it belongs to.</summary>
    private Entry* Reserve(EntryKind kind, int dataBytes)
    {
        long size = (sizeof(Entry) + (long)dataBytes + Alignment - 1) / Alignment * Alignment;
        while (true)
        {
            if (_used == 0) _oldest = _next = 0;

            // An entry lies in one piece: what is too little at the end of the memory becomes a gap.
            long toEnd = _bytes - _next;
            long gap = size > toEnd ? toEnd : 0;
            if (_used + gap + size <= _bytes)
            {
                if (gap > 0) Append(EntryKind.Gap, gap);
                Entry* entry = Append(kind, size);
                entry->Length = dataBytes;
                return entry;
            }

            if (_used == 0 || (Entry*)(_memory + _oldest) == _open) return null;
            DropOldest();
        }
    }

    private Entry* Append(EntryKind kind, long size)
    {
        Entry* entry = (Entry*)(_memory + _next);

        // A gap may be smaller than an entry; size and kind come first and always fit.
        if (kind != EntryKind.Gap) *entry = default;
        entry->Size = size;
        entry->Kind = kind;
        _next = (_next + size) % _bytes;
        _used += size;
        return entry;
    }

    private void DropOldest()
    {
        // A frame goes with its results and the gaps between them.
        do
        {
            Entry* entry = (Entry*)(_memory + _oldest);
            if (entry->Kind == EntryKind.Frame) _frames--;
            _used -= entry->Size;
            _oldest = (_oldest + entry->Size) % _bytes;
        }
        while (_used > 0 && ((Entry*)(_memory + _oldest))->Kind != EntryKind.Frame);
    }

    private void DropOld()
    {
        while (_frames > 0 && (_frames > (_options.Frames ?? int.MaxValue) || IsOld())) DropOldest();
    }

    private bool IsOld()
    {
        if (_options.Time is not { } limit) return false;
        Entry* entry = (Entry*)(_memory + _oldest);
        return entry != _open && _time.GetElapsedTime(entry->Info.CapturedTimestamp) > limit;
    }

    /// <summary>Takes back a frame that has no end: a model failed, or the ring is being frozen.</summary>
    private void DropOpen()
    {
        if (_open is null) return;
        long offset = (byte*)_open - _memory;
        long taken = (_next - offset + _bytes) % _bytes;
        _used -= taken == 0 ? _bytes : taken;
        _next = offset;
        _frames--;
        _open = null;
    }
}

/// <summary>What an <see cref="Entry"/> is.</summary>
internal enum EntryKind
{
    /// <summary>Nothing, up to the end of the memory.</summary>
    Gap,

    /// <summary>A frame's bytes.</summary>
    Frame,

    /// <summary>A result of the frame before it.</summary>
    Result,
}

/// <summary>The head of an entry of <see cref="FrameRing"/>; its bytes follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Entry
{
    public long Size;
    public EntryKind Kind;
    public int Length;
    public int Model;
    public int Outcome;
    public long Sequence;
    public ulong Bits;
    public FrameInfo Info;

    /// <summary>The bytes.</summary>
    public static byte* DataOf(Entry* entry) => (byte*)(entry + 1);
}
