using System.Buffers.Text;
using System.Globalization;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Trust;

/// <summary>
/// The time that expiry is judged by: the later of the system clock and a floor that is kept over restarts. The floor rises to what signed metadata
/// say, never to the system clock: a clock that was wrong for a moment (a forged NTP answer, a dead battery's 2099) must not make all metadata expired
/// for ever, and one that fell back to 1970 must not bring expired metadata to life.
/// </summary>
internal sealed class UpdateClock
{
    /// <summary>Its name in the folder of the trusted metadata.</summary>
    public const string FileName = "time";

    /// <summary>The digits of its seconds since 1970, the largest 64-bit number's.</summary>
    private const int LargestBytes = 19;

    private static readonly long s_last = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly long _builtAt;
    private long _floor;

    /// <summary>Reads the floor.</summary>
    /// <param name="store">Where it is kept.</param>
    /// <param name="time">The system clock.</param>
    /// <param name="builtAt">The floor's floor; <see cref="ProgramDate"/> but in tests.</param>
    public UpdateClock(TrustStore store, TimeProvider time, DateTimeOffset? builtAt = null)
    {
        _path = Path.Combine(store.Folder, FileName);
        _time = time;
        _builtAt = (builtAt ?? ProgramDate.WrittenAt).ToUnixTimeSeconds();
        _floor = _builtAt;
        // A damaged file costs no more than what is signed next says anyway; taken at its word, one changed digit could make all metadata expired for ever.
        if (ReadKept() is long kept && kept > _builtAt && kept <= s_last) _floor = kept;
    }

    /// <summary>No right clock is before it.</summary>
    public DateTimeOffset Floor => DateTimeOffset.FromUnixTimeSeconds(Interlocked.Read(ref _floor));

    /// <summary>The update time. From any thread.</summary>
    public DateTimeOffset Now => _time.GetUtcNow() is DateTimeOffset now && now > Floor ? now : Floor;

    /// <summary>Raises the floor to a time in verified timestamp metadata, and keeps it; an earlier one changes nothing.</summary>
    /// <exception cref="UpdateException">It could not be kept (<see cref="UpdateCode.Space"/>); the floor is as it was.</exception>
    public void Raise(DateTimeOffset signedAt)
    {
        long to = signedAt.ToUnixTimeSeconds();
        if (to <= Interlocked.Read(ref _floor)) return;
        TrustStore.Replace(_path, () => CheckedFile.Write(_path, Encoding.ASCII.GetBytes(to.ToString(CultureInfo.InvariantCulture))));
        Interlocked.Exchange(ref _floor, to);
    }

    /// <summary>Takes the floor back to the build date: the keys that raised it are not trusted any more, and who stole them may have signed any year.</summary>
    /// <param name="store">Where it is kept.</param>
    /// <exception cref="UpdateException">It could not be forgotten (<see cref="UpdateCode.Space"/>).</exception>
    public void Forget(TrustStore store)
    {
        store.Forget(FileName);
        Interlocked.Exchange(ref _floor, _builtAt);
    }

    private long? ReadKept()
    {
        try
        {
            return CheckedFile.Read(_path, LargestBytes, out _) is { } content && Utf8Parser.TryParse(content, out long seconds, out int used) && used == content.Length
                ? seconds : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
