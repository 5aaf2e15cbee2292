using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Releasing;
using EdgeInfer.Releasing.Fleet;

namespace EdgeInfer.Commands.Release;

/// <summary>Options of <c>release rollout --waves</c>, and what they do.</summary>
internal sealed class WaveOptionSet
{
    /// <summary>The rollout is held, or somebody else has changed it.</summary>
    private const int Halted = 1;

    /// <summary>Ended by Ctrl-C, as shells count it.</summary>

    private const string DefaultSoak = "1h";
    private const string DefaultMaxFailed = "2%";

    private readonly Option<string?> _waves = new("--waves") { Description = "In growing parts of the fleet, watched at --broker; holds the rollout when too many fail", HelpName = "1,10,50,100" };
    private readonly Option<string?> _soak = new("--soak") { Description = $"With --waves: the longest that a wave is waited for; default {DefaultSoak}", HelpName = "TIME" };
    private readonly Option<string?> _maxFailed = new("--max-failed") { Description = $"With --waves: more failed devices end it, as a share of those that are heard or as a number; default {DefaultMaxFailed}", HelpName = "N%" };
    private readonly Option<string?> _then = new("--then") { Description = "With --waves: a command that copies the repository to where devices find it, run after each signature", HelpName = "CMD" };
    private readonly BrokerOptionSet _broker = new("With --waves: the broker that devices publish to");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_waves, _soak, _maxFailed, _then]) command.Add(option);
        _broker.AddTo(command, hasPrefix: true);
    }

    /// <summary>Rolls out in waves, where the command line says so; null where it does not.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">What else it says.</param>
    /// <param name="shared">The release folder.</param>
    /// <exception cref="FaultException">The options make no sense, a key is not at hand, nobody is heard.</exception>
    public int? Run(ParseResult parsed, RolloutOptions options, ReleaseOptionSet shared)
    {
        (MqttOptions Broker, string Prefix)? named = _broker.Named(parsed);
        if (parsed.GetValue(_waves) is not { } waves)
        {
            Option? alone = new Option[] { _soak, _maxFailed, _then, _broker.Broker }.FirstOrDefault(o => parsed.GetResult(o) is not null);
            return alone is null ? null : throw FaultException.Of(FaultKind.Usage, alone.Name, "it belongs to --waves", "add --waves 1,10,50,100, or leave it out");
        }

        WavePlan plan = WavePlan.Parse(waves, parsed.GetValue(_soak) ?? DefaultSoak, parsed.GetValue(_maxFailed) ?? DefaultMaxFailed);
        if (options.To is null || options.Hold is not null || options.Devices.Count > 0 || options.Percent is not null)
            throw FaultException.Of(FaultKind.Usage, "--waves", "it goes with --to SEQ, and not with --percent, --device, --hold and --resume", "give MODEL --to SEQ --waves 1,10,50,100; --label may name a part of the fleet");
        return named is { } broker ? RunAsync(parsed, options, shared, plan, broker.Broker, broker.Prefix).GetAwaiter().GetResult()
            : throw FaultException.Of(FaultKind.Usage, "--waves", "nobody would be watched", "add --broker URL, the broker that devices publish to");
    }

    private async Task<int> RunAsync(ParseResult parsed, RolloutOptions options, ReleaseOptionSet shared, WavePlan plan, MqttOptions broker, string prefix)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        RememberedPassphrases passphrases = new(shared.Passphrases(parsed));
        using StopSignals stop = new();
        await using FleetLine line = FleetText.Line(broker, prefix);
        CarryCommand? carry = parsed.GetValue(_then) is { } then ? new(then, TimeProvider.System) : null;
        WaveRollout rollout = new(options, plan, () => shared.Open(parsed, passphrases), line, token => carry?.Run(token), Say, TimeProvider.System);
        rollout.Prepare();
        try
        {
            await FleetText.HearAsync(line, stop.Token);
            return await rollout.RunAsync(stop.Token) == WaveEnd.Done ? CommandLine.Success : Halted;
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            Say($"{options.Model} {options.To}: stopped; what is signed stays, and the same command goes on from there");
            return CommandLine.Interrupted;
        }

        void Say(string text)
        {
            output.WriteLine(text);
            output.Flush();
        }
    }
}
