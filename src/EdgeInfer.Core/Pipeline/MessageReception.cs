using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Messaging;
using EdgeInfer.Sinks;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>Takes commands that came from the broker.</summary>
internal interface ICommandInbox
{
    /// <summary>Takes a command and returns at once.</summary>
    /// <param name="operation">The last level of its topic.</param>
    /// <param name="message">The message; valid until the call returns.</param>
    /// <param name="topics">The device's topics.</param>
    /// <param name="outgoing">Where the answer goes.</param>
    void Receive(string operation, in ReceivedMessage message, MqttTopics topics, IOutgoing outgoing);
}

/// <summary>What a device listens to: hands settings and commands on, and passes over those that the broker had kept.</summary>
/// <param name="settings">Takes settings.</param>
/// <param name="commands">Takes commands; null where nobody does.</param>
/// <param name="updates">Takes hints and approvals; null where nothing is managed.</param>
/// <param name="outgoing">Where answers go.</param>
/// <param name="logger">Messages that are passed over.</param>
internal sealed partial class MessageReception(SettingDesk settings, ICommandInbox? commands, IUpdateInbox? updates, IOutgoing outgoing, ILogger logger)
{
    /// <summary>Topics that are named in the log; more are counted alone.</summary>
    private const int MostNamed = 64;

    private readonly HashSet<string> _named = [];
    private long _settings;
    private long _commands;
    private long _retained;

    /// <summary>Counts since the start; null before the first message.</summary>
    public ReceivedReport? Report
    {
        get
        {
            ReceivedReport report = new(Interlocked.Read(ref _settings), Interlocked.Read(ref _commands), Interlocked.Read(ref _retained));
            return report == new ReceivedReport(0, 0, 0) ? null : report;
        }
    }

    /// <summary>Makes a session listen to what the configuration accepts; before it is started.</summary>
    public void Listen(MqttSession session, MqttOptions mqtt, MqttTopics topics)
    {
        MqttMessageHandler handler = (in ReceivedMessage message) => Receive(message, topics);
        List<string> obeyed = [];
        if (mqtt.Accept.Contains(MqttOptions.AcceptsSet)) obeyed.Add(topics.SetFilter);
        if (mqtt.Accept.Contains(MqttOptions.AcceptsCommands) && commands is not null) obeyed.Add(topics.CommandFilter);
        if (mqtt.Accept.Contains(MqttOptions.AcceptsUpdates) && updates is not null)
        {
            obeyed.Add(topics.InstallFilter);
            // A hint that the broker keeps is for whoever was not there.
            session.Subscribe(topics.HintFilters, handler);
        }

        session.Subscribe(obeyed, handler, SubscriptionKind.Obeying);
    }

    /// <summary>Takes a message; on the session's threads, one at a time.</summary>
    internal void Receive(in ReceivedMessage message, MqttTopics topics)
    {
        string topic = Encoding.UTF8.GetString(message.Topic);
        if (updates is not null && topics.IsHint(topic))
        {
            // Retained or not: it says where nothing is, and makes nobody trust anything.
            if (UpdateMessages.TryHint(message.Payload, out string? hinted)) updates.Hint(hinted);
            return;
        }

        if (message.IsRetained)
        {
            // What was wanted once, perhaps long ago: it would be done again at each connection.
            Interlocked.Increment(ref _retained);
            string shown = Quoted.Text(topic);
            bool isNews;
            lock (_named) isNews = _named.Count < MostNamed && _named.Add(shown);
            if (isNews) LogRetained(logger, shown);
            return;
        }

        if (topics.TryReadCommand(topic, out string operation))
        {
            Interlocked.Increment(ref _commands);
            commands?.Receive(operation, message, topics, outgoing);
        }
        else if (updates is not null && topics.TryReadInstall(topic, out string model))
        {
            if (UpdateMessages.TryInstall(message.Payload, out long? seq)) updates.Install(model, seq);
        }
        else if (topics.TryReadSet(topic, out string pipeline, out string key))
        {
            Interlocked.Increment(ref _settings);
            settings.Receive(pipeline, key, message.Payload);
        }
    }

    [LoggerMessage(EventId = 6141, Level = LogLevel.Warning,
        Message = "{Topic}: a retained message is ignored; clear it (mosquitto_pub -r -n -t TOPIC) and publish without retain")]
    private static partial void LogRetained(ILogger logger, string topic);
}
