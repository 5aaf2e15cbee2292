namespace EdgeInfer.Results;

/// <summary>
/// The key of one result for de-duplication, in the form of a ULID: 48 bits of milliseconds since 1970 and 80 random bits as
/// 26 characters of Crockford's base 32, so that keys sort by time.
/// </summary>
/// <param name="random">Seeded by the caller, differently on each device and start.</param>
internal sealed class ResultIds(Random random)
{
    /// <summary>Bytes of a key.</summary>
    public const int Length = 26;

    private static ReadOnlySpan<byte> Alphabet => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"u8;

    /// <summary>Writes the next key into the first <see cref="Length"/> bytes.</summary>
    /// <param name="time">When the result was captured; before 1970 counts as 1970.</param>
    /// <param name="to">At least <see cref="Length"/> bytes.</param>
    public void Write(DateTimeOffset time, Span<byte> to)
    {
        Span<byte> entropy = stackalloc byte[10];
        random.NextBytes(entropy);
        Encode(Math.Max(0, time.ToUnixTimeMilliseconds()), entropy, to);
    }

    /// <summary>Writes time and randomness as they are given.</summary>
    internal static void Encode(long milliseconds, ReadOnlySpan<byte> entropy, Span<byte> to)
    {
        for (int i = 9; i >= 0; i--)
        {
            to[i] = Alphabet[(int)(milliseconds & 31)];
            milliseconds >>= 5;
        }

        // 80 bits are 16 characters of 5: two halves of 40 bits, 8 characters each.
        for (int half = 0; half < 2; half++)
        {
            ulong bits = 0;
            foreach (byte b in entropy.Slice(half * 5, 5)) bits = bits << 8 | b;
            for (int i = 17 + half * 8; i >= 10 + half * 8; i--)
            {
                to[i] = Alphabet[(int)(bits & 31)];
                bits >>= 5;
            }
        }
    }
}
