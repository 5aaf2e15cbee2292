using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Serving;

/// <summary>Kestrel's warnings and errors as lines of the agent's log, a few an hour: clients may cause them as often as they like.</summary>
/// <param name="logger">The agent's log.</param>
/// <param name="time">Clock.</param>
internal sealed partial class KestrelLog(ILogger logger, TimeProvider time) : ILoggerFactory, ILogger
{
    private readonly LogAllowance _allowance = new(5, TimeSpan.FromHours(1), time);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the agent's log is the only one");

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and not LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel) || !_allowance.TryTake(out long leftOut)) return;
        string text = formatter(state, exception);
        if (exception is not null) text += $": {exception.GetType().Name}: {exception.Message}";
        LogHttp(logger, leftOut == 0 ? text : $"{text} ({leftOut} lines were left out)");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    [LoggerMessage(EventId = 7103, Level = LogLevel.Warning, Message = "http: {Text}")]
    private static partial void LogHttp(ILogger logger, string text);
}
