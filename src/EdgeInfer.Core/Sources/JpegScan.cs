using System.Buffers.Binary;

namespace EdgeInfer.Sources;

/// <summary>How far the search for a JPEG has come.</summary>
internal enum JpegProgress
{
    /// <summary>More bytes are needed.</summary>
    More,

    /// <summary>A whole one lies between <see cref="JpegScan.Start"/> and <see cref="JpegScan.End"/>.</summary>
    Whole,

    /// <summary>What began as one is none, or is cut short by the next; the search goes on at <see cref="JpegScan.End"/>.</summary>
    Broken,
}

/// <summary>
/// Finds one JPEG in bytes that arrive piece by piece: segments are passed over by their lengths (a thumbnail in one is no picture of
/// its own), entropy-coded bytes up to the next marker. No byte is looked at twice.
/// </summary>
internal struct JpegScan
{
    private const byte Mark = 0xFF;
    private const byte StartOfImage = 0xD8;
    private const byte EndOfImage = 0xD9;
    private const byte StartOfScan = 0xDA;

    private int _at;
    private bool _isStarted;
    private bool _isWithinScan;
    private bool _hasScan;

    /// <summary>Where the picture begins; before that are foreign bytes. Where none has begun: up to where there is none.</summary>
    public int Start { get; private set; }

    /// <summary>Behind its last byte.</summary>
    public int End { get; private set; }

    /// <summary>Whether a picture has begun.</summary>
    public readonly bool IsStarted => _isStarted;

    /// <summary>Searches on.</summary>
    /// <param name="bytes">All bytes since the search began, those of earlier calls first.</param>
    public JpegProgress Advance(ReadOnlySpan<byte> bytes)
    {
        if (!_isStarted && !FindStart(bytes)) return JpegProgress.More;
        while (true)
        {
            if (_isWithinScan && !PassScan(bytes)) return JpegProgress.More;
            if (_at + 2 > bytes.Length) return JpegProgress.More;
            byte marker = bytes[_at + 1];
            if (bytes[_at] != Mark || marker == 0) return Finish(JpegProgress.Broken, _at);
            switch (marker)
            {
                case Mark:
                    _at++;
                    continue;
                case EndOfImage:
                    return Finish(_hasScan ? JpegProgress.Whole : JpegProgress.Broken, _at + 2);
                case StartOfImage:
                    return Finish(JpegProgress.Broken, _at);
                case 1 or (>= 0xD0 and <= 0xD7):
                    _at += 2;
                    continue;
            }

            if (_at + 4 > bytes.Length) return JpegProgress.More;
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(_at + 2)..]);
            if (length < 2) return Finish(JpegProgress.Broken, _at);
            _at += 2 + length;
            if (marker == StartOfScan) _isWithinScan = _hasScan = true;
        }
    }

    private bool FindStart(ReadOnlySpan<byte> bytes)
    {
        int found = bytes[_at..].IndexOf([Mark, StartOfImage, Mark]);
        _isStarted = found >= 0;
        Start = _isStarted ? _at + found : Math.Max(_at, bytes.Length - 2);
        _at = _isStarted ? Start + 2 : Start;
        return _isStarted;
    }

    /// <summary>Goes to the next marker that ends entropy-coded bytes: in them 0xFF is followed by 0 or a restart marker.</summary>
    private bool PassScan(ReadOnlySpan<byte> bytes)
    {
        while (_at < bytes.Length)
        {
            int found = bytes[_at..].IndexOf(Mark);
            if (found < 0)
            {
                _at = bytes.Length;
                return false;
            }

            _at += found;
            if (_at + 1 >= bytes.Length) return false;
            byte next = bytes[_at + 1];
            if (next is not (0 or (>= 0xD0 and <= 0xD7)))
            {
                _isWithinScan = false;
                return true;
            }

            _at += 2;
        }

        return false;
    }

    private JpegProgress Finish(JpegProgress progress, int end)
    {
        End = end;
        return progress;
    }
}
