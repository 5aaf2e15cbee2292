using System.Collections;
using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary><c>run</c>: the service.</summary>
internal static partial class RunCommand
{
    /// <summary>Where the configuration is unless <c>-c</c> says otherwise.</summary>
    public const string DefaultFile = "/etc/edgeinfer/edgeinfer.yaml";

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<string?> file = new("--config", "-c") { Description = $"The configuration; default {DefaultFile}", HelpName = "FILE" };
        Option<string?> camera = new("--camera") { Description = "Without a configuration: a V4L2 camera", HelpName = "DEV" };
        Option<string?> stream = new("--stream") { Description = "Without a configuration: an MJPEG stream or snapshot over HTTP", HelpName = "URL" };
        Option<string?> files = new("--files") { Description = "Without a configuration: a picture, a folder or a glob", HelpName = "GLOB" };
        Option<string?> model = new("--model") { Description = "Without a configuration: a model folder or an .onnx file", HelpName = "M" };
        Option<string?> broker = new("--broker") { Description = "Without a configuration: the broker, as in mqtt://127.0.0.1:1883", HelpName = "URL" };
        Command verb = new("run", "The service: capture, infer, publish, until SIGTERM.\n\nExamples: edgeinfer run -c edgeinfer.yaml\n          edgeinfer run --camera /dev/video0 --model parts-detector --broker mqtt://127.0.0.1:1883")
        {
            file, camera, stream, files, model, broker,
        };
        verb.SetAction(parsed =>
        {
            RunFlags flags = new(parsed.GetValue(camera), parsed.GetValue(stream), parsed.GetValue(files), parsed.GetValue(model), parsed.GetValue(broker));
            return Run(parsed.GetValue(file), flags);
        });
        return verb;
    }

    private static int Run(string? file, RunFlags flags)
    {
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Information);
        ILogger logger = log.CreateLogger("edgeinfer");
        AgentConfiguration configuration = Read(file, flags, logger);
#pragma warning disable CA5394 // Jitter and ids need to be spread, not secret.
        AgentServices services = new(TimeProvider.System, new Random(HashCode.Combine(Environment.ProcessId, TimeProvider.System.GetTimestamp())), logger, BuildInformation.Version);
#pragma warning restore CA5394
        RunAsync(configuration, services).GetAwaiter().GetResult();
        return CommandLine.Success;
    }

    private static async Task RunAsync(AgentConfiguration configuration, AgentServices services)
    {
        using StopSignals stop = new();
        SystemdNotifier systemd = new();
        await using Agent agent = await Agent.StartAsync(configuration, services, stop.Token);
        await using ControlServer? control = AgentControl.Start(agent, configuration.Runtime.Control, services);
        if (!stop.Requested.IsCompleted)
        {
            systemd.Notify(ServiceState.Ready);
            LogReady(services.Logger, BuildInformation.Version, configuration.Device.Id, string.Join(", ", configuration.Pipelines.Select(static p => p.Name)));
        }

        await stop.Requested;
        systemd.Notify(ServiceState.Stopping);
        await agent.StopAsync();
        LogStopped(services.Logger);
    }

    private static AgentConfiguration Read(string? file, RunFlags flags, ILogger logger)
    {
        AgentConfigurationReader reader = ConfigurationReader();
        FaultList faults = new();
        bool hasFlags = flags != new RunFlags(null, null, null, null, null);
        if (hasFlags && file is not null) throw FaultException.Of(FaultKind.Usage, "run", "-c and flags exclude each other", "keep one of them");
        AgentConfiguration? configuration = hasFlags ? reader.FromFlags(flags, faults) : reader.Read(file ?? DefaultFile, faults);
        foreach (Fault warning in faults.Warnings) LogWarning(logger, warning);
        faults.ThrowIfAny();
        return configuration!;
    }

    /// <summary>Reads configurations as this process and this machine are, with the models installed here.</summary>
    public static AgentConfigurationReader ConfigurationReader()
        => new(ProcessEnvironment(), HostIdentity.OfThisMachine(), static name => ModelLocator.Default().List().FirstOrDefault(m => m.Name == name)?.Path);

    /// <summary>The process's environment variables.</summary>
    private static Dictionary<string, string> ProcessEnvironment()
    {
        Dictionary<string, string> variables = [];
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables()) variables[(string)entry.Key] = (string?)entry.Value ?? "";
        return variables;
    }

    [LoggerMessage(EventId = 9001, Level = LogLevel.Information, Message = "EdgeInfer {Version} runs as {Device}: {Pipelines}")]
    private static partial void LogReady(ILogger logger, string version, string device, string pipelines);

    [LoggerMessage(EventId = 9002, Level = LogLevel.Information, Message = "stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(EventId = 9003, Level = LogLevel.Warning, Message = "configuration: {Warning}")]
    private static partial void LogWarning(ILogger logger, Fault warning);
}
