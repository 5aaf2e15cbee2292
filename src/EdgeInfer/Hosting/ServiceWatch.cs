using System.Globalization;
using System.Net.Sockets;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Hosting;

/// <summary>
/// Keeps the service manager informed (sd_notify): that the agent starts and needs more time, that it is ready, reloads, stops, what ails
/// it, and, as long as every pipeline gets on, that it is alive. Any thread; never throws.
/// </summary>
internal sealed partial class ServiceWatch : IDisposable
{
    /// <summary>How long a start may be extended: the agent's own patience with its models, and what comes before and after.</summary>
    public static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(8);

    /// <summary>By how much a start or a reload is extended at a time; several intervals long.</summary>
    private static readonly TimeSpan s_extension = TimeSpan.FromSeconds(30);

    private readonly ISystemdNotifier _systemd;
    private readonly WatchTimes _times;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly long _startedTimestamp;
    private readonly HashSet<string> _stuck = [];
    private Func<TimeSpan, AgentCondition>? _condition;
    private ITimer? _timer;
    private int _reloads;
    private bool _isStopping;
    private bool _isMemoryScarce;
    private bool _isUnheard;

    /// <summary>Prepares it; nothing is said before <see cref="Start"/>.</summary>
    /// <param name="systemd">Takes the messages.</param>
    /// <param name="times">What the service manager asks for in time.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">What is stuck.</param>
    public ServiceWatch(ISystemdNotifier systemd, WatchTimes times, TimeProvider time, ILogger logger)
    {
        (_systemd, _times, _time, _logger) = (systemd, times, time, logger);
        _startedTimestamp = time.GetTimestamp();
    }

    /// <summary>The agent starts: from now on its time to start is extended, and the watchdog of a service that began anew is kept quiet.</summary>
    public void Start()
    {
        if (_systemd.IsEnabled) _timer = _time.CreateTimer(static watch => ((ServiceWatch)watch!).Tick(), this, TimeSpan.Zero, _times.Interval);
    }

    /// <summary>The agent is ready; from now on it is watched.</summary>
    /// <param name="condition">The agent in short, given what one step may take.</param>
    public void Ready(Func<TimeSpan, AgentCondition> condition)
    {
        lock (_lock)
        {
            _condition = condition;
            AgentCondition now = condition(_times.LongestStep);
            if (now.Memory is { } memory) LogMemory(_logger, memory.LimitBytes >> 20, (memory.UsedBytes ?? 0) >> 20);
            Tell($"READY=1\nSTATUS={ServiceLine.Of(now)}");
        }
    }

    /// <summary>A reload begins; <see cref="Reloaded"/> follows.</summary>
    public void Reloading()
    {
        lock (_lock)
        {
            _reloads++;
            TellReloading("reads the configuration again");
        }
    }

    /// <summary>A reload is done, whatever came of it.</summary>
    public void Reloaded()
    {
        lock (_lock)
        {
            if (--_reloads > 0 || _isStopping) return;
            Tell($"READY=1\nSTATUS={Line()}");
        }
    }

    /// <summary>The agent stops for good.</summary>
    public void Stopping()
    {
        lock (_lock)
        {
            _isStopping = true;
            Tell("STOPPING=1\nSTATUS=delivers what it has, and stops");
        }
    }

    /// <summary>The agent stops and begins anew as the same process: for the service manager it has not stopped, or it would wait for its end and then kill it.</summary>
    public void BeginningAnew()
    {
        lock (_lock)
        {
            _isStopping = true;
            TellReloading("begins anew");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Tick()
    {
        lock (_lock)
        {
            if (_isStopping) return;
            if (_condition is { } condition) TellCondition(condition(_times.LongestStep));
            else if (_time.GetElapsedTime(_startedTimestamp) < LongestStart) Tell($"{Extension()}\nSTATUS=starts: the models are being loaded{Alive()}");
        }
    }

    private void TellCondition(AgentCondition condition)
    {
        NoteStuck(condition.Stuck);
        NoteMemory(condition.Memory);
        string text = $"STATUS={ServiceLine.Of(condition)}";
        if (_reloads > 0) text = $"{Extension()}\n{text}";
        Tell(condition.Stuck.Count == 0 ? text + Alive() : text);
    }

    private string Alive() => _times.Watchdog is null ? "" : "\nWATCHDOG=1";

    private string Line() => _condition is { } condition ? ServiceLine.Of(condition(_times.LongestStep)) : "";

    private static string Extension() => string.Create(CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={(long)s_extension.TotalMicroseconds}");

    private void TellReloading(string what)
    {
        // By the monotonic clock, to tell this reload from an earlier one.
        long microseconds = (long)_time.GetElapsedTime(0).TotalMicroseconds;
        Tell(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}\nSTATUS={what}"));
    }

    private void NoteStuck(IReadOnlyList<Fault> stuck)
    {
        if (stuck.Count == 0) _stuck.Clear();
        foreach (Fault fault in stuck)
            if (_stuck.Add(fault.Where)) LogStuck(_logger, fault, _times.Watchdog is null ? "no watchdog is set that would start the agent anew" : "the service manager will start the agent anew");
    }

    private void NoteMemory(MemoryReport? memory)
    {
        bool isScarce = memory?.Cause is not null;
        if (isScarce && !_isMemoryScarce) LogMemoryScarce(_logger, (memory!.UsedBytes ?? 0) >> 20, memory.LimitBytes >> 20, memory.Cause!);
        _isMemoryScarce = isScarce;
    }

    private void Tell(string text)
    {
        try
        {
            _systemd.Notify(new(text));
            _isUnheard = false;
        }
        catch (SocketException e)
        {
            // It goes on unwatched by a manager that cannot be reached; where that one watches, it will end the agent.
            if (!_isUnheard) LogUnheard(_logger, e.Message);
            _isUnheard = true;
        }
    }

    [LoggerMessage(EventId = 9031, Level = LogLevel.Error, Message = "stuck: {Fault}; {What}")]
    private static partial void LogStuck(ILogger logger, Fault fault, string what);

    [LoggerMessage(EventId = 9032, Level = LogLevel.Information, Message = "memory is limited to {Limit} MiB by the control group, {Used} MiB are used")]
    private static partial void LogMemory(ILogger logger, long limit, long used);

    [LoggerMessage(EventId = 9033, Level = LogLevel.Warning, Message = "{Used} of {Limit} MiB are used: {Cause}")]
    private static partial void LogMemoryScarce(ILogger logger, long used, long limit, string cause);

    [LoggerMessage(EventId = 9034, Level = LogLevel.Warning, Message = "the service manager cannot be told anything at NOTIFY_SOCKET: {Why}")]
    private static partial void LogUnheard(ILogger logger, string why);
}
