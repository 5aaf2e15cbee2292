using EdgeInfer.Diagnostics;
using EdgeInfer.Results.Interop;

namespace EdgeInfer.Results;

/// <summary>
/// Whether the device's clock is kept by a time source (<c>clock</c> in every message). Asked of the kernel at most every 10 s, so
/// that the frame path may ask each time. Where the kernel refuses to say (a container), systemd-timesyncd's mark decides. A clock that
/// stands before this program was written is kept by nobody, whatever anything says.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class ClockQuality(TimeProvider time)
{
    private const string TimesyncMark = "/run/systemd/timesync/synchronized";
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    private long _askedTimestamp;
    private volatile int _answer = -1;

    /// <summary>Whether the clock is kept by a time source.</summary>
    public bool IsSynced
    {
        get
        {
            long now = time.GetTimestamp();
            if (_answer < 0 || time.GetElapsedTime(Volatile.Read(ref _askedTimestamp), now) >= s_interval)
            {
                Volatile.Write(ref _askedTimestamp, now);
                _answer = Ask() ? 1 : 0;
            }

            return _answer == 1;
        }
    }

    /// <summary>What the kernel's answer means (adjtimex(2)).</summary>
    /// <param name="result">What the call returned, at least 0.</param>
    /// <param name="state">What it filled in.</param>
    internal static bool IsKept(int result, in Timex.State state)
        => result != Timex.TimeError && (state.Status & (Timex.StatusUnsynchronised | Timex.StatusClockError)) == 0 && state.MaximumError < Timex.LargestErrorMicroseconds;

    private bool Ask()
    {
        if (time.GetUtcNow() < ProgramDate.WrittenAt) return false;
        Timex.State state = default;
        int result = Timex.Adjust(ref state);
        return result < 0 ? File.Exists(TimesyncMark) : IsKept(result, state);
    }
}
