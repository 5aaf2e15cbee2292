using EdgeInfer.Signals;

namespace EdgeInfer.Recording;

/// <summary>A ring held still to be read; it goes on when this is disposed of.</summary>
internal sealed unsafe class FrozenFrames : IDisposable
{
    private readonly FrameRing _ring;
    private bool _isDisposed;

    internal FrozenFrames(FrameRing ring)
    {
        _ring = ring;
        List<FrozenFrame> frames = [];
        foreach (nint entry in ring.Entries())
        {
            if (((Entry*)entry)->Kind == EntryKind.Frame) frames.Add(new(entry));
            else frames[^1].Results.Add(new(entry));
        }

        Frames = frames;
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<FrozenFrame> Frames { get; }

    /// <summary>Lets the ring go on; the frames' bytes are gone then.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _ring.Thaw();
    }
}

/// <summary>A frame in a <see cref="FrozenFrames"/>.</summary>
internal sealed unsafe class FrozenFrame(nint entry)
{
    /// <summary>Its facts.</summary>
    public FrameInfo Info => ((Entry*)entry)->Info;

    /// <summary>What decoding it ended with; 0 is well.</summary>
    public int Outcome => ((Entry*)entry)->Outcome;

    /// <summary>How many bytes it has.</summary>
    public int LengthBytes => ((Entry*)entry)->Length;

    /// <summary>Its bytes, as captured.</summary>
    public ReadOnlySpan<byte> Data => new(Entry.DataOf((Entry*)entry), LengthBytes);

    /// <summary>Its results, in the order made.</summary>
    public List<FrozenResult> Results { get; } = [];
}

/// <summary>A result in a <see cref="FrozenFrames"/>.</summary>
internal sealed unsafe class FrozenResult(nint entry)
{
    /// <summary>Which of the pipeline's models gave it.</summary>
    public int Model => ((Entry*)entry)->Model;

    /// <summary>Its count.</summary>
    public long Sequence => ((Entry*)entry)->Sequence;

    /// <summary>A digest of its numbers before they were rounded.</summary>
    public ulong Bits => ((Entry*)entry)->Bits;

    /// <summary>The message.</summary>
    public ReadOnlySpan<byte> Envelope => new(Entry.DataOf((Entry*)entry), ((Entry*)entry)->Length);
}
