using System.CommandLine;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Commands;

/// <summary><c>watch</c>: predictions and changes of status in the terminal, as any MQTT client sees them.</summary>
internal static class WatchCommand
{
    private const string LocalBroker = "mqtt://127.0.0.1:1883";

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string?> topic = new("TOPIC")
        {
            Description = "A topic or filter; default: predictions (late ones too), losses and status of every device",
            Arity = ArgumentArity.ZeroOrOne,
        };
        BrokerOptionSet broker = new($"The broker; default that of {RunCommand.DefaultFile}, else {LocalBroker}");
        Option<bool> json = new("--json") { Description = "Each message as it arrived, one a line" };
        Command verb = new("watch", "Predictions in the terminal, live, until Ctrl-C.\n\nExamples: edgeinfer watch\n"
            + "          edgeinfer watch --broker mqtts://broker.plant --username me --password-file pw 'edgeinfer/+/belt/prediction'")
        {
            topic,
        };
        broker.AddTo(verb, hasPrefix: false);
        verb.Add(json);
        verb.SetAction(parsed =>
        {
            AgentConfigurationReader reader = RunCommand.ConfigurationReader();
            FaultList faults = new();
            BrokerFlags? flags = broker.Read(parsed, faults);
            WatchTarget? target = flags is not null ? Named(flags, reader, faults) : Configured(RunCommand.DefaultFile, reader, faults);
            faults.ThrowIfAny();
            string[] filters = parsed.GetValue(topic) is { } given ? [Filter(given)] : [.. target!.Filters];
            TextWriter output = parsed.InvocationConfiguration.Output;
            WatchPrinter printer = new(output, parsed.GetValue(json), TimeZoneInfo.Local);
            return WatchAsync(target!, filters, printer, output, parsed.InvocationConfiguration.Error).GetAwaiter().GetResult();
        });
        return verb;
    }

    /// <summary>Where to listen, and to what.</summary>
    /// <param name="Broker">Address and credentials.</param>
    /// <param name="Filters">Topic filters.</param>
    /// <param name="IsConfigured">Whether a configuration file says so, not flags.</param>
    internal sealed record WatchTarget(MqttOptions Broker, IReadOnlyList<string> Filters, bool IsConfigured);

    /// <summary>The broker and topics of a configuration; those of this machine where there is no such file.</summary>
    internal static WatchTarget? Configured(string file, AgentConfigurationReader reader, FaultList faults)
    {
        if (!File.Exists(file)) return Named(new(LocalBroker, null, null, null), reader, faults);
        FaultList own = new();
        if (reader.Read(file, own) is { } configuration)
            return new(BrokerOptionSet.AsClient(configuration.Mqtt),
                [.. Filters(configuration.Mqtt.Prefix), .. configuration.Pipelines.Select(p => p.Publish.Topic).OfType<string>()],
                IsConfigured: true);
        foreach (Fault fault in own.Faults)
            faults.Add(fault with { Cure = fault.Cure.Length == 0 ? "give --broker URL" : $"{fault.Cure}, or give --broker URL" });
        return null;
    }

    /// <summary>The broker that flags name.</summary>
    internal static WatchTarget? Named(BrokerFlags flags, AgentConfigurationReader reader, FaultList faults)
        => reader.BrokerFromFlags(flags, faults) is { } broker ? new(BrokerOptionSet.AsClient(broker), Filters(MqttOptions.DefaultPrefix), IsConfigured: false) : null;

    private static string[] Filters(string prefix) => [$"{prefix}/+/+/prediction", $"{prefix}/+/+/history", $"{prefix}/+/gap", $"{prefix}/+/status"];

    // MQTT 5, section 4.7: '#' stands alone in the last level, '+' alone in any.
    private static string Filter(string given)
    {
        string[] levels = given.Split('/');
        bool isSound = given.Length > 0 && !given.Any(char.IsControl)
            && levels.All(level => level is "+" or "#" || !level.AsSpan().ContainsAny('+', '#'))
            && !levels.AsSpan(0, levels.Length - 1).Contains("#");
        if (isSound) return given;
        throw FaultException.Of(FaultKind.Usage, "TOPIC", $"{Quoted.Text(given)} is not a topic filter",
            "'+' stands for one level, '#' for the rest: edgeinfer/+/belt/#");
    }

    private static async Task<int> WatchAsync(WatchTarget target, string[] filters, WatchPrinter printer, TextWriter output, TextWriter errors)
    {
        MqttOptions broker = target.Broker;
        using StopSignals stop = new();
        TaskCompletionSource<Fault> failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool wasConnected = false;
        Fault? lastCause = null;
        Lock printing = new();

#pragma warning disable CA5394 // Makes the client id unique.
        Random random = new(HashCode.Combine(Environment.ProcessId, TimeProvider.System.GetTimestamp()));
#pragma warning restore CA5394
        await using MqttSubscriber subscriber = new(broker, filters, Received, TimeProvider.System, random, NullLogger.Instance);
        subscriber.StateChanged += Changed;
        subscriber.Start();
        Task ended = await Task.WhenAny(stop.Requested, failed.Task);
        if (ended == failed.Task) throw new FaultException(target.IsConfigured ? await failed.Task : BrokerOptionSet.ForFlags(await failed.Task));
        return CommandLine.Success;

        void Received(in ReceivedMessage message)
        {
            lock (printing)
            {
                printer.Print(Encoding.UTF8.GetString(message.Topic), message.Payload);
                output.Flush();
            }
        }

        // A broker that was never there ends the verb; one that was is waited for.
        void Changed()
        {
            MqttSessionStatus status = subscriber.Status;
            lock (printing)
            {
                if (status.State == MqttSessionState.Connected)
                {
                    errors.WriteLine($"-- connected to {broker.Url.Scheme}://{broker.Url.Authority}, listening to {string.Join(", ", filters)}");
                    wasConnected = true;
                    lastCause = null;
                }
                else if (status.State is MqttSessionState.Waiting or MqttSessionState.Failed && status.Cause is { } cause)
                {
                    if (!wasConnected) failed.TrySetResult(cause);
                    else if (lastCause != cause) errors.WriteLine($"-- {cause}");
                    lastCause = cause;
                }
            }
        }
    }
}
