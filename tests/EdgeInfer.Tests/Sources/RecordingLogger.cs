using Microsoft.Extensions.Logging;

namespace EdgeInfer.Tests.Sources;

/// <summary>Keeps every line that is logged, and waits for one.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly object _gate = new();
    private readonly List<string> _lines = [];

    /// <summary>All lines so far.</summary>
    public string Text
    {
        get { lock (_gate) return string.Join('\n', _lines); }
    }

    /// <summary>Waits until a line holds the text; fails with all lines where none does in time.</summary>
    public string WaitFor(string text)
    {
        lock (_gate)
        {
            while (true)
            {
                if (_lines.Find(line => line.Contains(text, StringComparison.Ordinal)) is { } found) return found;
                if (!Monitor.Wait(_gate, TimeSpan.FromSeconds(20))) Assert.Fail($"no line with \"{text}\" in:\n{string.Join('\n', _lines)}");
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _lines.Add(formatter(state, exception));
            Monitor.PulseAll(_gate);
        }
    }
}
