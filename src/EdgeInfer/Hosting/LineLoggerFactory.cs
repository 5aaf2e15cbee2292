using System.Globalization;
using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Hosting;

/// <summary>Logs one line an event to stderr: with the time on a terminal, with the priority prefix that journald reads under systemd.</summary>
/// <param name="writer">Where lines go; one event is one write.</param>
/// <param name="isJournal">Whether journald stamps the time and reads <c>&lt;priority&gt;</c>.</param>
/// <param name="minimum">Events below it are not logged.</param>
/// <param name="time">Stamps.</param>
internal sealed class LineLoggerFactory(TextWriter writer, bool isJournal, LogLevel minimum, TimeProvider time) : ILoggerFactory
{
    private readonly Lock _lock = new();
    private readonly LogLevel _minimum = minimum;

    /// <summary>A factory for this process: journald's form where systemd connected stderr to it.</summary>
    public static LineLoggerFactory ForProcess(LogLevel minimum)
        => new(Console.Error, Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 }, minimum, TimeProvider.System);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("lines to stderr are the only log");

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Write(LogLevel level, string message, Exception? exception)
    {
        string text = exception is null ? message : $"{message}: {exception.GetType().Name}: {exception.Message}";
        string head = isJournal
            ? Priority(level)
            : string.Create(CultureInfo.InvariantCulture, $"{time.GetLocalNow():HH:mm:ss.fff} {Word(level)} ");
        try
        {
            lock (_lock) writer.WriteLine(head + OneLine.Of(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A log that cannot be written (full disk, closed stderr) is lost; the service goes on.
        }
    }

    // sd-daemon(3)
    private static string Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    };

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "crit ",
        LogLevel.Error => "error",
        LogLevel.Warning => "warn ",
        LogLevel.Information => "info ",
        _ => "debug",
    };

    private sealed class LineLogger(LineLoggerFactory factory) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= factory._minimum && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) factory.Write(logLevel, formatter(state, exception), exception);
        }
    }
}
