using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>
/// How old frames were when their results were made, over the last seconds. One thread adds, any thread reads; a fixed 6 KiB, and
/// nothing is allocated to add.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class FrameAges(TimeProvider time)
{
    /// <summary>How far back a reading looks.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>The most results a reading looks at.</summary>
    public const int Limit = 512;

    private readonly Lock _lock = new();
    private readonly long[] _at = new long[Limit];
    private readonly float[] _milliseconds = new float[Limit];
    private int _count;
    private int _next;

    /// <summary>Adds the age of a frame whose result was made now.</summary>
    public void Add(double milliseconds)
    {
        long now = time.GetTimestamp();
        lock (_lock)
        {
            _at[_next] = now;
            _milliseconds[_next] = (float)milliseconds;
            _next = (_next + 1) % Limit;
            if (_count < Limit) _count++;
        }
    }

    /// <summary>The median and the largest of the window; null where nothing was added in it.</summary>
    public FrameAgeReport? Read()
    {
        long now = time.GetTimestamp();
        Span<float> recent = stackalloc float[Limit];
        int count = 0;
        lock (_lock)
        {
            for (int back = 1; back <= _count; back++)
            {
                int at = (_next - back + Limit) % Limit;
                if (time.GetElapsedTime(_at[at], now) > Window) break;
                recent[count++] = _milliseconds[at];
            }
        }

        if (count == 0) return null;
        recent = recent[..count];
        recent.Sort();
        return new(Round(recent[(count - 1) / 2]), Round(recent[^1]));
    }

    private static double Round(float milliseconds) => Math.Round(milliseconds, 1);
}
