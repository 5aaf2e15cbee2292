using EdgeInfer.Results.Interop;

namespace EdgeInfer.Results;

/// <summary>
/// Whether the device's clock is kept by a time source (<c>clock</c> in every message). Asked of the kernel at most every 10 s, so
/// that the frame path may ask each time. Where the kernel refuses to say (a container), systemd-timesyncd's mark decides.
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

    private static bool Ask()
    {
        Timex.State state = default;
        int result = Timex.Adjust(ref state);
        if (result < 0) return File.Exists(TimesyncMark);
        return result != Timex.TimeError && (state.Status & Timex.StatusUnsynchronised) == 0;
    }
}
