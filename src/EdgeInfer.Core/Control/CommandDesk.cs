using System.Text;
using System.Threading.Channels;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Control;

/// <summary>How an operation is done where it is asked for over MQTT.</summary>
/// <param name="Limit">The longest it may take.</param>
/// <param name="TakesPipeline">Whether it is about a pipeline.</param>
/// <param name="Afterwards">Done once it is answered; what ends this process, so that its answer is kept for the next one.</param>
internal sealed record CommandRule(TimeSpan Limit, bool TakesPipeline = false, Action? Afterwards = null);

/// <summary>
/// Commands from the broker: one after the other, away from the session's threads, each with an answer. Never throws: what goes wrong is
/// an answer.
/// </summary>
internal sealed partial class CommandDesk : ICommandInbox, IAsyncDisposable
{
    /// <summary>Commands that wait; one more is answered as busy.</summary>
    public const int MostWaiting = 16;

    private const int LongestOperationCharacters = 64;

    /// <summary>Lines a minute: whoever may command may send without end.</summary>
    private const int MostLines = 50;

    private static readonly TimeSpan s_patienceAtStop = TimeSpan.FromSeconds(1);

    private readonly ControlOperations _operations;
    private readonly IReadOnlyDictionary<string, CommandRule> _rules;
    private readonly CommandRecord _record;
    private readonly Func<bool> _isClockSynced;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LogAllowance _lines;
    private readonly Channel<Command> _waiting = Channel.CreateBounded<Command>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    /// <summary>Begins to serve.</summary>
    /// <param name="operations">Does what is asked for.</param>
    /// <param name="rules">By operation: how.</param>
    /// <param name="record">What was answered.</param>
    /// <param name="isClockSynced">Whether the device's clock can be trusted.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Each command, and what became of it.</param>
    public CommandDesk(
        ControlOperations operations, IReadOnlyDictionary<string, CommandRule> rules, CommandRecord record, Func<bool> isClockSynced, TimeProvider time, ILogger logger)
    {
        _operations = operations;
        _rules = rules;
        _record = record;
        _isClockSynced = isClockSynced;
        _time = time;
        _logger = logger;
        _lines = new(MostLines, TimeSpan.FromMinutes(1), time);
        _serving = Task.Run(ServeAsync);
    }

    /// <inheritdoc/>
    public void Receive(string operation, in ReceivedMessage message, MqttTopics topics, IOutgoing outgoing)
    {
        // No name of an operation, and none that an answer's topic could hold.
        if (operation.Length > LongestOperationCharacters || operation.Any(char.IsControl))
        {
            Note(Quoted.Text(operation), new(FaultKind.Usage, "cmd", "there is no such operation", ""));
            return;
        }

        // One byte more than a message may have tells that it is too long.
        byte[] content = message.Payload[..Math.Min(message.Payload.Length, CommandMessage.LongestBytes + 1)].ToArray();
        Command command = new(operation, content, Reply(operation, message, topics, outgoing));
        if (_waiting.Writer.TryWrite(command)) return;
        string? id = CommandMessage.Read(operation, takesPipeline: true, content, out _).Id;
        Answer(command, id, Refused(_stop.IsCancellationRequested
            ? new(FaultKind.Unavailable, operation, "the agent stops", "")
            : new(FaultKind.Unavailable, operation, $"busy: {MostWaiting} commands wait", "try again in a few seconds")));
    }

    /// <summary>Ends what is being done; what waits is answered as not done.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync().ConfigureAwait(false);
        _waiting.Writer.TryComplete();
        await Task.WhenAny(_serving, Task.Delay(s_patienceAtStop, _time, CancellationToken.None)).ConfigureAwait(false);
    }

    private async Task ServeAsync()
    {
        await foreach (Command command in _waiting.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await ServeAsync(command).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A defect in one answer must not end all others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Answer(command, null, Refused(new(FaultKind.Internal, command.Operation, $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect")));
            }
        }
    }

    private async Task ServeAsync(Command command)
    {
        string op = command.Operation;
        if (!_rules.TryGetValue(op, out CommandRule? rule))
        {
            string? near = NearestKey.Find(op, _rules.Keys);
            string known = $"known: {string.Join(", ", _rules.Keys.Order(StringComparer.Ordinal))}";
            Answer(command, CommandMessage.Read(op, takesPipeline: true, command.Content, out _).Id, Refused(
                new(FaultKind.Usage, "cmd", $"there is no operation {Quoted.Text(op)}", near is null ? known : $"did you mean '{near}'? {known}")));
            return;
        }

        CommandMessage message = CommandMessage.Read(op, rule.TakesPipeline, command.Content, out Fault? fault);
        if (message.Id is { } id && _record.Find(op, id) is { } before)
        {
            if (MayLog()) LogRepeated(_logger, op, Quoted.Text(id));
            Send(command, id, before);
            return;
        }

        fault ??= Expiry(op, message);
        if (fault is null && _stop.IsCancellationRequested) fault = new(FaultKind.Unavailable, op, "the agent stops", "");
        if (fault is not null)
        {
            Answer(command, message.Id, Refused(fault));
            return;
        }

        ControlAnswer answer = await DoAsync(op, rule, message).ConfigureAwait(false);
        if (answer.Fault is null && rule.Afterwards is not null) answer = Keep(op, message.Id, answer);
        byte[] encoded = Answer(command, message.Id, answer);

        // What was not done may be tried again under its id.
        if (answer.Fault is not null) return;
        if (message.Id is not null) _record.Add(op, message.Id, encoded);
        rule.Afterwards?.Invoke();
    }

    private async Task<ControlAnswer> DoAsync(string op, CommandRule rule, CommandMessage message)
    {
        using CancellationTokenSource late = new(rule.Limit, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _stop.Token);
        using CancellationTokenSource given = new();
        CancellationToken stop = given.Token;
        Task<ControlAnswer> doing = Task.Run(() => _operations.AnswerAsync(new ControlRequest { Op = op, Pipeline = message.Pipeline }, stop).AsTask(), CancellationToken.None);
        try
        {
            return await doing.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Not before it is no longer waited for: it would answer that the agent stops, whatever it was told for.
            given.Cancel();
            return Refused(late.IsCancellationRequested
                ? new(FaultKind.Unavailable, op, $"it took longer than {rule.Limit.TotalSeconds:0} s", "see the log and the status of the agent")
                : new(FaultKind.Unavailable, op, "the agent stops", ""));
        }
    }

    /// <summary>A clock that cannot be trusted cannot tell whether a command has expired: what must not be late is better not done.</summary>
    private Fault? Expiry(string op, CommandMessage message)
    {
        if (message.ExpiresAt is not { } expires) return null;
        if (!_isClockSynced())
        {
            return new(FaultKind.Unavailable, op, "expires_at cannot be judged: the clock of this device is not synchronised",
                "give it a time source (timedatectl), or send the command without expires_at");
        }

        DateTimeOffset now = _time.GetUtcNow();
        return now < expires ? null : new(FaultKind.Usage, op, FormattableString.Invariant(
            $"it expired at {expires.ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss.fff'Z'}, here it is {now:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}"), "send it again with a later expires_at");
    }

    // Before it is done: a second delivery of the same command finds it in the process that follows.
    private ControlAnswer Keep(string op, string? id, ControlAnswer answer)
    {
        if (id is null) return answer;
        try
        {
            _record.Keep(op, id, answer.ToMessage(op, id, null));
            return answer;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refused(new(FaultKind.InputOutput, op, $"the id cannot be kept, so that a repeat would do it again: {e.Message}",
                "make room in the state folder, or send it without id"));
        }
    }

    private CommandReply Reply(string operation, in ReceivedMessage message, MqttTopics topics, IOutgoing outgoing)
    {
        string asked = Encoding.UTF8.GetString(message.ResponseTopic);
        string? refusal = asked.Length == 0 ? null : ResponseTopic.Refusal(asked, topics);
        if (refusal is not null && MayLog()) LogRefusedTopic(_logger, operation, Quoted.Text(asked), refusal);
        bool isDefault = asked.Length == 0 || refusal is not null;
        MqttTopic topic = new(isDefault ? $"{topics.Root}/cmd/{operation}/result" : asked);
        return new(topic, message.CorrelationData.ToArray(), outgoing, refusal is null ? null : new(asked, refusal));
    }

    private byte[] Answer(Command command, string? id, ControlAnswer answer)
    {
        byte[] encoded = answer.ToMessage(command.Operation, id, command.Reply.Refused);
        if (answer.Fault is { } fault) Note(command.Operation, fault);
        else if (MayLog()) LogDone(_logger, command.Operation, id is null ? "none" : Quoted.Text(id));
        Send(command, id, encoded);
        return encoded;
    }

    private void Send(Command command, string? id, byte[] answer)
    {
        if (TrySend(command, answer)) return;
        if (MayLog()) LogUnsent(_logger, command.Operation, answer.Length);

        // Whoever waits for it learns at least why it does not come.
        TrySend(command, Refused(new(FaultKind.Unavailable, command.Operation, $"it is done, but its answer of {answer.Length} bytes cannot be sent",
            "let the broker take larger packets")).ToMessage(command.Operation, id, command.Reply.Refused));
    }

    private static bool TrySend(Command command, byte[] answer)
        => command.Reply.Outgoing.TryRespond(command.Reply.Topic, answer, command.Reply.CorrelationData);

    private void Note(string operation, Fault fault)
    {
        if (MayLog()) LogNotDone(_logger, operation, fault);
    }

    private bool MayLog()
    {
        if (!_lines.TryTake(out long leftOut)) return false;
        if (leftOut > 0) LogLeftOut(_logger, leftOut);
        return true;
    }

    private static ControlAnswer Refused(Fault fault) => ControlAnswer.Refused(fault);

    [LoggerMessage(EventId = 7011, Level = LogLevel.Information, Message = "command {Operation} (id {Id}) is done")]
    private static partial void LogDone(ILogger logger, string operation, string id);

    [LoggerMessage(EventId = 7012, Level = LogLevel.Warning, Message = "command {Operation} is not done: {Fault}")]
    private static partial void LogNotDone(ILogger logger, string operation, Fault fault);

    [LoggerMessage(EventId = 7013, Level = LogLevel.Information, Message = "command {Operation} (id {Id}) came again and is answered from record")]
    private static partial void LogRepeated(ILogger logger, string operation, string id);

    [LoggerMessage(EventId = 7014, Level = LogLevel.Warning, Message = "command {Operation}: the answer does not go to {Topic}: {Cause}")]
    private static partial void LogRefusedTopic(ILogger logger, string operation, string topic, string cause);

    [LoggerMessage(EventId = 7015, Level = LogLevel.Warning, Message = "command {Operation}: the answer of {Bytes} bytes cannot be sent")]
    private static partial void LogUnsent(ILogger logger, string operation, int bytes);

    [LoggerMessage(EventId = 7016, Level = LogLevel.Warning, Message = "{Count} lines about commands were left out: there were too many in a minute")]
    private static partial void LogLeftOut(ILogger logger, long count);

    /// <summary>A command that waits.</summary>
    private sealed record Command(string Operation, byte[] Content, CommandReply Reply);

    /// <summary>Where its answer goes.</summary>
    private sealed record CommandReply(MqttTopic Topic, byte[] CorrelationData, IOutgoing Outgoing, RefusedTopic? Refused);
}
