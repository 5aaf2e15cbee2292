using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Messaging;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary><c>demo</c>: the whole chain on embedded defaults.</summary>
internal static class DemoCommand
{
    private const string ModelName = "parts-detector";

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<int?> seconds = new("--seconds") { Description = "End after so many seconds; without it, at Ctrl-C", HelpName = "N" };
        Option<int> seed = new("--seed") { Description = "Another belt", DefaultValueFactory = static _ => 2026, HelpName = "N" };
        Command verb = new("demo", "A synthetic conveyor camera, the bundled int8 model, an embedded broker; predictions as they arrive on MQTT.\n\nExample: edgeinfer demo --seconds 30")
        {
            seconds, seed,
        };
        verb.SetAction(parsed =>
        {
            if (parsed.GetValue(seconds) is < 1) throw FaultException.Of(FaultKind.Usage, "--seconds", "not a positive number", "give at least 1");
            return RunAsync(parsed.GetValue(seconds), parsed.GetValue(seed), parsed.InvocationConfiguration.Output).GetAwaiter().GetResult();
        });
        return verb;
    }

    private static async Task<int> RunAsync(int? seconds, int seed, TextWriter output)
    {
        using StopSignals stop = new();
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Warning);
        ILogger logger = log.CreateLogger("demo");
        string state = Path.Combine(Path.GetTempPath(), $"edgeinfer-demo-{Environment.ProcessId}");
        try
        {
            SyntheticOptions belt = new((640, 480), 5, seed);
            AgentConfiguration configuration = Configuration(belt, state);
#pragma warning disable CA5394 // The demo is the same each time.
            AgentServices services = new(TimeProvider.System, new Random(seed), logger, BuildInformation.Version, MayMovePort: true);
#pragma warning restore CA5394
            await using Agent agent = await Agent.StartAsync(configuration, services, stop.Token);
            output.WriteLine($"EdgeInfer {BuildInformation.Version}: synthetic conveyor 640x480 at 5/s -> {ModelName} (int8, CPU) -> MQTT {agent.BrokerUrl}");
            output.WriteLine($"listen in yourself: mosquitto_sub -V 5 -p {agent.BrokerUrl!.Port} -t 'edgeinfer/#' -v");
            await using DemoListener listener = new(agent.BrokerUrl!, belt, services, output);
            listener.Start();
            Task end = seconds is { } limit ? Task.Delay(TimeSpan.FromSeconds(limit), TimeProvider.System, CancellationToken.None) : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
            await Task.WhenAny(stop.Requested, end);
            return listener.Finish();
        }
        catch (OperationCanceledException) when (stop.Requested.IsCompleted)
        {
            return CommandLine.Success;
        }
        finally
        {
            if (Directory.Exists(state)) Directory.Delete(state, true);
        }
    }

    private static AgentConfiguration Configuration(SyntheticOptions belt, string state) => new()
    {
        File = "",
        Device = new("demo", new Dictionary<string, string>()),
        Mqtt = new() { Url = new Uri("embedded://127.0.0.1:1883") },
        Runtime = new() { StateFolder = state, CacheFolder = "", RunFolder = "", Control = null },
        Models = new Dictionary<string, ModelReference> { ["parts"] = new("parts", ModelLocator.Default().Find(ModelName), default) },
        Pipelines =
        [
            new()
            {
                Name = "belt", Mark = default, Source = belt, Models = ["parts"], FramesPerSecond = null,
                Publish = new() { Predictions = PublishMode.Every },
            },
        ],
    };
}
