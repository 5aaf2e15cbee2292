using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Commands;

/// <summary>Options of the verbs that listen to a broker.</summary>
/// <param name="description">Of <c>--broker</c>.</param>
internal sealed class BrokerOptionSet(string description)
{
    private const int LongestPrefix = 256;

    private readonly Option<string?> _username = new("--username") { Description = "User name at --broker", HelpName = "NAME" };
    private readonly Option<string?> _passwordFile = new("--password-file") { Description = "File that holds the password", HelpName = "FILE" };
    private readonly Option<string?> _shown = new("--password") { Hidden = true };
    private readonly Option<string?> _authorities = new("--ca") { Description = "PEM file of authorities to trust instead of the system's", HelpName = "FILE" };
    private readonly Option<string?> _protocol = new("--protocol") { Description = "The version of MQTT at --broker: 5 (default) or 3.1.1, which nats-server wants", HelpName = "VERSION" };

    /// <summary>The broker's address.</summary>
    public Option<string?> Broker { get; } = new("--broker") { Description = description, HelpName = "URL" };

    /// <summary>The first levels of the topics, for verbs that do not take a topic.</summary>
    public Option<string?> Prefix { get; } = new("--prefix")
    {
        Description = $"First levels of the topics at --broker; default {MqttOptions.DefaultPrefix}; + stands for one level, as in +/edgeinfer for all sites behind a bridge",
        HelpName = "PREFIX",
    };

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="hasPrefix">Whether <see cref="Prefix"/> is one of them.</param>
    public void AddTo(Command verb, bool hasPrefix)
    {
        foreach (Option option in (Option[])[Broker, _username, _passwordFile, _shown, _authorities, _protocol]) verb.Add(option);
        if (hasPrefix) verb.Add(Prefix);
    }

    /// <summary>What is named; null where <c>--broker</c> is not there.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="faults">Receives what makes no sense.</param>
    public BrokerFlags? Read(ParseResult parsed, FaultList faults)
    {
        if (parsed.GetValue(_shown) is not null)
            faults.Add(FaultKind.Usage, "--password", "a password on the command line can be read by everyone on this machine", "write it into a file and give --password-file FILE");
        if (parsed.GetValue(Broker) is { } url)
            return new(url, parsed.GetValue(_username), parsed.GetValue(_passwordFile), parsed.GetValue(_authorities)) { Protocol = parsed.GetValue(_protocol) };
        bool hasPrefix = parsed.GetResult(Prefix) is not null;
        if ((parsed.GetValue(_username) ?? parsed.GetValue(_passwordFile) ?? parsed.GetValue(_authorities) ?? parsed.GetValue(_protocol)) is not null || hasPrefix)
            faults.Add(FaultKind.Usage, "", $"--username, --password-file, --ca{(hasPrefix ? ", --prefix" : "")} and --protocol belong to --broker", "add --broker URL");
        return null;
    }

    /// <summary>The broker of a verb that takes it from its flags alone; null where none is named.</summary>
    /// <exception cref="FaultException">The flags make no sense.</exception>
    public (MqttOptions Broker, string Prefix)? Named(ParseResult parsed)
    {
        FaultList faults = new();
        MqttOptions? broker = Read(parsed, faults) is { } flags ? RunCommand.ConfigurationReader().BrokerFromFlags(flags, faults) : null;
        string prefix = parsed.GetValue(Prefix) ?? MqttOptions.DefaultPrefix;
        if (!IsPrefix(prefix)) faults.Add(FaultKind.Usage, "--prefix", $"found {Quoted.Text(prefix)}", "give one or several levels, as in plant/edgeinfer; + stands for one");
        faults.ThrowIfAny();
        return broker is null ? null : (AsClient(broker), prefix);
    }

    /// <summary>The same broker for whoever only listens: the agent's own client id would throw the agent off.</summary>
    public static MqttOptions AsClient(MqttOptions options)
    {
        options = options with { ClientId = null };
        if (options.Url.Scheme != "embedded") return options;
        string host = options.Url.Host is "0.0.0.0" or "[::]" ? "127.0.0.1" : options.Url.Host;
        return options with { Url = new UriBuilder("mqtt", host, options.Url.Port).Uri };
    }

    /// <summary>A fault of the session, whose words are for the configuration's keys, in those of the flags.</summary>
    public static Fault ForFlags(Fault fault) => fault with
    {
        Cure = fault.Cure.Replace("mqtt.username", "--username", StringComparison.Ordinal).Replace("mqtt.password", "--password-file", StringComparison.Ordinal)
            .Replace("mqtt.tls.ca", "--ca", StringComparison.Ordinal).Replace("mqtt.url", "--broker", StringComparison.Ordinal)
            .Replace("set mqtt.protocol: \"3.1.1\"", "give --protocol 3.1.1", StringComparison.Ordinal).Replace("take mqtt.protocol out", "take --protocol out", StringComparison.Ordinal),
    };

    private static bool IsPrefix(string prefix) => prefix.Length is > 0 and <= LongestPrefix && !prefix.Any(char.IsControl)
        && prefix.Split('/').All(static level => level.Length > 0 && (level == "+" || !level.AsSpan().ContainsAny('+', '#')));
}
