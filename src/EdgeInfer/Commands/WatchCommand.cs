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
        Option<string?> broker = new("--broker")
        {
            Description = $"The broker; default that of {RunCommand.DefaultFile}, else {LocalBroker}",
            HelpName = "URL",
        };
        Option<string?> username = new("--username") { Description = "User name at --broker", HelpName = "NAME" };
        Option<string?> password = new("--password-file") { Description = "File that holds the password", HelpName = "FILE" };
        Option<string?> shown = new("--password") { Hidden = true };
        Option<string?> authorities = new("--ca") { Description = "PEM file of authorities to trust instead of the system's", HelpName = "FILE" };
        Option<string?> protocol = new("--protocol") { Description = "The version of MQTT at --broker: 5 (default) or 3.1.1, which nats-server wants", HelpName = "VERSION" };
        Option<bool> json = new("--json") { Description = "Each message as it arrived, one a line" };
        Command verb = new("watch", "Predictions in the terminal, live, until Ctrl-C.\n\nExamples: edgeinfer watch\n"
            + "          edgeinfer watch --broker mqtts://broker.plant --username me --password-file pw 'edgeinfer/+/belt/prediction'")
        {
            topic, broker, username, password, shown, authorities, protocol, json,
        };
        verb.SetAction(parsed =>
        {
            AgentConfigurationReader reader = RunCommand.ConfigurationReader();
            FaultList faults = new();
            if (parsed.GetValue(shown) is not null)
                faults.Add(FaultKind.Usage, "--password", "a password on the command line can be read by everyone on this machine", "write it into a file and give --password-file FILE");
            WatchTarget? target = parsed.GetValue(broker) is { } url
                ? Named(new(url, parsed.GetValue(username), parsed.GetValue(password), parsed.GetValue(authorities)) { Protocol = parsed.GetValue(protocol) }, reader, faults)
                : Configured(RunCommand.DefaultFile, reader, faults);
            string? other = parsed.GetValue(username) ?? parsed.GetValue(password) ?? parsed.GetValue(authorities) ?? parsed.GetValue(protocol);
            if (parsed.GetValue(broker) is null && other is not null)
                faults.Add(FaultKind.Usage, "", "--username, --password-file, --ca and --protocol belong to --broker", "add --broker URL");
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
            return new(AsClient(configuration.Mqtt),
                [.. Filters(configuration.Mqtt.Prefix), .. configuration.Pipelines.Select(p => p.Publish.Topic).OfType<string>()],
                IsConfigured: true);
        foreach (Fault fault in own.Faults)
            faults.Add(fault with { Cure = fault.Cure.Length == 0 ? "give --broker URL" : $"{fault.Cure}, or give --broker URL" });
        return null;
    }

    /// <summary>The broker that flags name.</summary>
    internal static WatchTarget? Named(BrokerFlags flags, AgentConfigurationReader reader, FaultList faults)
        => reader.BrokerFromFlags(flags, faults) is { } broker ? new(AsClient(broker), Filters(MqttOptions.DefaultPrefix), IsConfigured: false) : null;

    private static string[] Filters(string prefix) => [$"{prefix}/+/+/prediction", $"{prefix}/+/+/history", $"{prefix}/+/gap", $"{prefix}/+/status"];

    // The agent's own client id would throw the agent off its broker.
    private static MqttOptions AsClient(MqttOptions options)
    {
        options = options with { ClientId = null };
        if (options.Url.Scheme != "embedded") return options;
        string host = options.Url.Host is "0.0.0.0" or "[::]" ? "127.0.0.1" : options.Url.Host;
        return options with { Url = new UriBuilder("mqtt", host, options.Url.Port).Uri };
    }

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

    // The session's words are for the configuration's keys.
    private static Fault ForFlags(Fault fault) => fault with
    {
        Cure = fault.Cure.Replace("mqtt.username", "--username", StringComparison.Ordinal).Replace("mqtt.password", "--password-file", StringComparison.Ordinal)
            .Replace("mqtt.tls.ca", "--ca", StringComparison.Ordinal).Replace("mqtt.url", "--broker", StringComparison.Ordinal)
            .Replace("set mqtt.protocol: \"3.1.1\"", "give --protocol 3.1.1", StringComparison.Ordinal).Replace("take mqtt.protocol out", "take --protocol out", StringComparison.Ordinal),
    };

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
        if (ended == failed.Task) throw new FaultException(target.IsConfigured ? await failed.Task : ForFlags(await failed.Task));
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
