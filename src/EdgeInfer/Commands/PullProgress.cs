using System.Globalization;
using EdgeInfer.Fetching;

namespace EdgeInfer.Commands;

/// <summary>Shows a download on the standard error: one line that is written over on a terminal, a line a file elsewhere.</summary>
internal sealed class PullProgress(TextWriter errors, bool isTerminal, TimeProvider time) : IPullReport, IDisposable
{
    private const string ClearLine = "\r\u001b[K";
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    private string _name = "";
    private long _began;
    private long _beganBytes;
    private long _bytes;
    private long? _total;
    private long _shown;
    private bool _isLineOpen;

    /// <inheritdoc/>
    public void Say(string line)
    {
        Finish();
        errors.WriteLine($"edgeinfer: {line}");
    }

    /// <inheritdoc/>
    public void Begin(string name, long received, long? total)
    {
        Finish();
        (_name, _began, _beganBytes, _bytes, _total) = (name, time.GetTimestamp(), received, received, total);
        _shown = _began;
        if (isTerminal) Draw();
        else errors.WriteLine($"edgeinfer: {name}: {(total is { } all ? Size(all) : "of unknown size")}{(received > 0 ? $", {Size(received)} of it here already" : "")}");
    }

    /// <inheritdoc/>
    public void Received(long bytes)
    {
        _bytes = bytes;
        if (!isTerminal || time.GetElapsedTime(_shown) < s_interval) return;
        _shown = time.GetTimestamp();
        Draw();
    }

    /// <inheritdoc/>
    public void End()
    {
        if (isTerminal) Draw();
        Finish();
    }

    /// <summary>Ends a line that is still written over.</summary>
    public void Finish()
    {
        if (!_isLineOpen) return;
        errors.WriteLine();
        _isLineOpen = false;
    }

    /// <inheritdoc/>
    public void Dispose() => Finish();

    /// <summary>The line of this moment.</summary>
    internal string Line()
    {
        double seconds = time.GetElapsedTime(_began).TotalSeconds;
        double rate = seconds > 0 ? (_bytes - _beganBytes) / seconds : 0;
        string size = _total is { } all ? $"{Size(_bytes)} of {Size(all)}" : Size(_bytes);
        string speed = rate > 0 ? $", {Size((long)rate)}/s" : "";
        string left = rate > 0 && _total > _bytes ? $", {Left((_total.Value - _bytes) / rate)} left" : "";
        return $"{_name}: {size}{speed}{left}";
    }

    private void Draw()
    {
        errors.Write(ClearLine + Line());
        _isLineOpen = true;
    }

    private static string Left(double seconds)
        => seconds < 90 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds):0} s") : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds / 60):0} min");

    private static string Size(long bytes) => bytes switch
    {
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
    };
}
