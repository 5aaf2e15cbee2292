using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace EdgeInfer.Results;

/// <summary>
/// UTF-8 JSON put together piece by piece in one buffer that is used again for each message: after the largest message has been
/// seen, writing allocates nothing. The caller places commas and brackets.
/// </summary>
internal sealed class JsonBuffer
{
    private const int LongestNumberBytes = 32;
    private byte[] _bytes = new byte[1024];
    private int _length;

    /// <summary>What was written since <see cref="Clear"/>; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Begins the next message.</summary>
    public void Clear() => _length = 0;

    /// <summary>Copies bytes that are JSON already.</summary>
    public void Raw(ReadOnlySpan<byte> json)
    {
        json.CopyTo(Reserve(json.Length));
        _length += json.Length;
    }

    /// <summary>Writes a whole number.</summary>
    public void Number(long value)
    {
        bool isWritten = Utf8Formatter.TryFormat(value, Reserve(LongestNumberBytes), out int bytes);
        Debug.Assert(isWritten, "a long has at most 20 characters");
        _length += bytes;
    }

    /// <summary>
    /// Writes a number rounded to <paramref name="decimals"/> (0 to 6) places, half away from zero, without trailing zeros.
    /// What is not finite becomes 0: JSON has no word for it.
    /// </summary>
    public void Fixed(double value, int decimals)
    {
        if (!double.IsFinite(value)) value = 0;
        long scale = 1;
        for (int i = 0; i < decimals; i++) scale *= 10;
        double scaled = Math.Round(value * scale, MidpointRounding.AwayFromZero);
        if (Math.Abs(scaled) >= 1e18)
        {
            Shortest((float)value);
            return;
        }

        long whole = (long)scaled;
        if (whole < 0)
        {
            Raw("-"u8);
            whole = -whole;
        }

        Number(whole / scale);
        long rest = whole % scale;
        if (rest == 0) return;
        Raw("."u8);
        for (scale /= 10; rest > 0; scale /= 10)
        {
            Reserve(1)[0] = (byte)('0' + rest / scale);
            _length++;
            rest %= scale;
        }
    }

    /// <summary>Writes the shortest text that reads back as the same number; what is not finite is written as a string, as .NET reads it.</summary>
    public void Shortest(float value)
    {
        if (float.IsNaN(value)) Raw("\"NaN\""u8);
        else if (float.IsPositiveInfinity(value)) Raw("\"Infinity\""u8);
        else if (float.IsNegativeInfinity(value)) Raw("\"-Infinity\""u8);
        else
        {
            bool isWritten = value.TryFormat(Reserve(LongestNumberBytes), out int bytes, default, CultureInfo.InvariantCulture);
            Debug.Assert(isWritten, "a float has at most 15 characters");
            _length += bytes;
        }
    }

    /// <summary>Writes a string with its quotes, escaped as RFC 8259 requires; half surrogates become U+FFFD.</summary>
    public void Text(ReadOnlySpan<char> text)
    {
        Raw("\""u8);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes()) Escaped(utf8[..rune.EncodeToUtf8(utf8)]);
        Raw("\""u8);
    }

    /// <summary>Writes a string of UTF-8 with its quotes, escaped as RFC 8259 requires; bytes that are not UTF-8 become U+FFFD.</summary>
    public void Text(ReadOnlySpan<byte> utf8)
    {
        Raw("\""u8);
        Span<byte> character = stackalloc byte[4];
        while (!utf8.IsEmpty)
        {
            Rune.DecodeFromUtf8(utf8, out Rune rune, out int consumed);
            Escaped(character[..rune.EncodeToUtf8(character)]);
            utf8 = utf8[consumed..];
        }

        Raw("\""u8);
    }

    /// <summary>Writes the time in quotes: RFC 3339, UTC, microseconds (27 characters), cut, not rounded.</summary>
    public void Time(DateTimeOffset time)
    {
        Raw("\""u8);
        Rfc3339.Write(time, Reserve(Rfc3339.Length));
        _length += Rfc3339.Length;
        Raw("\""u8);
    }

    /// <summary>Gives room for bytes that the caller fills whole.</summary>
    public Span<byte> Take(int bytes)
    {
        Span<byte> room = Reserve(bytes)[..bytes];
        _length += bytes;
        return room;
    }

    private void Escaped(ReadOnlySpan<byte> character)
    {
        byte first = character[0];
        if (first is (byte)'"' or (byte)'\\')
        {
            Raw("\\"u8);
            Raw(character);
        }
        else if (first >= 0x20)
        {
            Raw(character);
        }
        else
        {
            switch (first)
            {
                case 0x08: Raw("\\b"u8); break;
                case 0x09: Raw("\\t"u8); break;
                case 0x0A: Raw("\\n"u8); break;
                case 0x0C: Raw("\\f"u8); break;
                case 0x0D: Raw("\\r"u8); break;
                default:
                    Raw("\\u00"u8);
                    Span<byte> digits = Take(2);
                    digits[0] = (byte)('0' + (first >> 4));
                    digits[1] = "0123456789abcdef"u8[first & 15];
                    break;
            }
        }
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_length + bytes > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes));
        return _bytes.AsSpan(_length);
    }
}

/// <summary>The one form in which EdgeInfer writes times: <c>2026-11-25T18:40:01.123456Z</c>.</summary>
internal static class Rfc3339
{
    /// <summary>Bytes of a time.</summary>
    public const int Length = 27;

    /// <summary>Writes the time, converted to UTC, into the first <see cref="Length"/> bytes.</summary>
    public static void Write(DateTimeOffset time, Span<byte> to)
    {
        DateTime utc = time.UtcDateTime;
        utc.Deconstruct(out DateOnly date, out TimeOnly clock);
        Digits(to, 0, 4, date.Year);
        to[4] = (byte)'-';
        Digits(to, 5, 2, date.Month);
        to[7] = (byte)'-';
        Digits(to, 8, 2, date.Day);
        to[10] = (byte)'T';
        Digits(to, 11, 2, clock.Hour);
        to[13] = (byte)':';
        Digits(to, 14, 2, clock.Minute);
        to[16] = (byte)':';
        Digits(to, 17, 2, clock.Second);
        to[19] = (byte)'.';
        Digits(to, 20, 6, (int)(clock.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond));
        to[26] = (byte)'Z';
    }

    /// <summary>The time as text.</summary>
    public static string Format(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(time, bytes);
        return Encoding.ASCII.GetString(bytes);
    }

    private static void Digits(Span<byte> to, int at, int count, int value)
    {
        for (int i = at + count - 1; i >= at; i--)
        {
            to[i] = (byte)('0' + value % 10);
            value /= 10;
        }
    }
}
