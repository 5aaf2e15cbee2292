using System.Collections;
using System.CommandLine;
using System.Runtime.CompilerServices;
using EdgeInfer.Configuration;
using EdgeInfer.Control;
using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Hosting;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Results;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary><c>run</c>: the service.</summary>
internal static partial class RunCommand
{
    /// <summary>Where the configuration is unless <c>-c</c> says otherwise.</summary>
    public const string DefaultFile = "/etc/edgeinfer/edgeinfer.yaml";

    // To deliver what was accepted before and to say goodbye; as long as an ordinary stop may take.
    private static readonly TimeSpan s_patienceWithoutDevice = TimeSpan.FromSeconds(3);

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<string?> file = new("--config", "-c") { Description = $"The configuration; default {DefaultFile}", HelpName = "FILE" };
        Option<string> modelsDir = ModelCommand.ModelsDir();
        SourceOptionSet source = new();
        Option<string?> model = new("--model") { Description = "A model folder, an .onnx file, or the name of an installed model", HelpName = "M" };
        Option<string?> rate = new("--fps") { Description = "Inferences a second, or max; default 5", HelpName = "N" };
        Option<string?> broker = new("--broker") { Description = "The broker, as in mqtt://127.0.0.1:1883; embedded://127.0.0.1 is one inside EdgeInfer", HelpName = "URL" };
        Option<string?> brokerUsername = new("--broker-username") { Description = "User name at the broker", HelpName = "NAME" };
        Option<string?> brokerPassword = new("--broker-password-file") { Description = "File that holds the broker's password", HelpName = "FILE" };
        Command verb = new("run", "The service: capture, infer, publish, until SIGTERM. With -c everything is in the file; without it in the other flags.\n\n"
            + "Examples: edgeinfer run -c edgeinfer.yaml\n"
            + "          edgeinfer run --camera /dev/video0 --model parts-detector --broker mqtt://127.0.0.1:1883\n"
            + "          edgeinfer run --camera /dev/video0 --model parts-detector --broker embedded://127.0.0.1     (no broker needed)")
        {
            file, source.Camera, source.Stream, source.Files, source.Exec, source.Size, source.Format, source.Username, source.PasswordFile, source.Password,
            model, rate, broker, brokerUsername, brokerPassword, modelsDir,
        };
        verb.SetAction(parsed =>
        {
            source.RefusePassword(parsed);
            RunFlags flags = new(source.Read(parsed), parsed.GetValue(model), parsed.GetValue(broker))
            {
                BrokerUsername = parsed.GetValue(brokerUsername),
                BrokerPasswordFile = parsed.GetValue(brokerPassword),
                Rate = parsed.GetValue(rate),
            };
            return Run(parsed.GetValue(file), flags, parsed.GetValue(modelsDir)!);
        });
        return verb;
    }

    private static int Run(string? file, RunFlags flags, string modelsDir)
    {
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Information);
        ILogger logger = log.CreateLogger("edgeinfer");
        AgentConfigurationReader reader = ConfigurationReader(modelsDir);
        AgentConfiguration configuration = Read(reader, file, flags, logger);
        if (StateVersion.Claim(configuration.Runtime.StateFolder) is { } unnoted) LogState(logger, unnoted);
#pragma warning disable CA5394 // Jitter and ids need to be spread, not secret.
        AgentServices services = new(TimeProvider.System, new Random(HashCode.Combine(Environment.ProcessId, TimeProvider.System.GetTimestamp())), logger, BuildInformation.Version);
#pragma warning restore CA5394
        SelfReplacement self = new();
        if (!RunAsync(configuration, reader, services, self).GetAwaiter().GetResult()) return CommandLine.Success;
        LogRestart(logger);
        self.Become();
        return CommandLine.Success;
    }

    /// <summary>Runs until it is stopped; true where it is to begin anew.</summary>
    private static async Task<bool> RunAsync(AgentConfiguration configuration, AgentConfigurationReader reader, AgentServices services, SelfReplacement self)
    {
        string? file = configuration.File.Length == 0 ? null : configuration.File;
        using StopSignals stop = new();
        WatchTimes times = WatchTimes.Of(ProcessEnvironment(), Environment.ProcessId);
        using ServiceWatch watch = new(new SystemdNotifier(), times, services.Time, services.Logger);
        watch.Start();
        using ReloadService reload = new(file, reader, watch, services, stop.Token);
        AgentOperations operations = new(reload.RequestAsync, new DoctorChild(ThisProgram(), file, services.Time), self);
        await using AgentControl control = new(configuration.Runtime.Control, operations, services);
        await using CommandDesk commands = Commands(configuration, operations, services);
        await using AgentHttp http = new(configuration.Http, services, times.LongestStep);
        await using AgentUpdates? updates = AgentUpdates.Open(configuration, services.Time, new(services.Random.Next()), services.Logger);
        await using Agent? agent = await StartAsync(
            configuration, services with { Commands = commands, System = new(), Updates = updates, Live = updates?.Live ?? new() }, stop.Token);
        if (agent is null)
        {
            watch.Stopping();
            updates?.StopBeforeStart();
            LogStopped(services.Logger);
            return false;
        }

        updates?.Serve(agent, new(services.Random.Next()));
        operations.Serve(agent, updates);
        http.Serve(agent);
        if (!stop.Requested.IsCompleted && !services.Devices.IsLost)
        {
            watch.Ready(agent.Condition);
            reload.Serve(agent);
            LogReady(services.Logger, BuildInformation.Version, configuration.Device.Id, string.Join(", ", configuration.Pipelines.Select(static p => p.Name)));
        }

        await Task.WhenAny(stop.Requested, operations.RestartRequested, services.Devices.Lost);
        http.Stopping();
        if (services.Devices.Lost.IsCompleted)
        {
            watch.Stopping();
            await EndWithoutDevice(agent, services);
        }

        if (stop.Requested.IsCompleted) watch.Stopping();
        else watch.BeginningAnew();
        await commands.DisposeAsync();
        if (updates is not null) await updates.DisposeAsync();
        await agent.StopAsync();
        LogStopped(services.Logger);
        return !stop.Requested.IsCompleted;
    }

    // Null where it was stopped while the native library was still being loaded.
    private static async Task<Agent?> StartAsync(AgentConfiguration configuration, AgentServices services, CancellationToken stop)
    {
        try
        {
            return await Agent.StartAsync(configuration, services, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
    }

    // What holds on to a lost device may hang as it is freed, in our own hands and in those of the driver's exit handlers: neither gets a turn.
    private static async Task EndWithoutDevice(Agent agent, AgentServices services)
    {
        LogLost(services.Logger, await services.Devices.Lost);
        await Task.WhenAny(agent.StopAsync(), Task.Delay(s_patienceWithoutDevice, services.Time, CancellationToken.None));
        ProcessEnd.Now((int)FaultKind.Internal);
    }

    private static CommandDesk Commands(AgentConfiguration configuration, AgentOperations operations, AgentServices services)
    {
        CommandRecord record = CommandRecord.Open(configuration.Runtime.StateFolder, out Fault? fault);
        if (fault is not null) LogWarning(services.Logger, fault);
        ClockQuality clock = new(services.Time);
        return new(operations.ForMessages(), operations.Rules(), record, () => clock.IsSynced, services.Time, services.Logger);
    }

    // The published program, whatever file has its name by now; else the .NET host, with what it is to run.
    /// <summary>How this program is started anew, without its arguments.</summary>
    public static string[] ThisProgram()
    {
        if (!RuntimeFeature.IsDynamicCodeSupported || Environment.ProcessPath is not { } host) return ["/proc/self/exe"];
        return Path.GetFileName(host) == "dotnet" ? [host, Path.Combine(AppContext.BaseDirectory, "edgeinfer.dll")] : [host];
    }

    private static AgentConfiguration Read(AgentConfigurationReader reader, string? file, RunFlags flags, ILogger logger)
    {
        FaultList faults = new();
        bool hasFlags = flags != new RunFlags(new(), null, null);
        if (hasFlags && file is not null) throw FaultException.Of(FaultKind.Usage, "run", "-c and flags exclude each other", "keep one of them");
        AgentConfiguration? configuration = hasFlags ? reader.FromFlags(flags, faults) : reader.Read(file ?? DefaultFile, faults);
        foreach (Fault warning in faults.Warnings) LogWarning(logger, warning);
        faults.ThrowIfAny();
        return configuration!;
    }

    /// <summary>Reads configurations as this process and this machine are, with the models installed here.</summary>
    /// <param name="modelsDir">The folder of models that were added.</param>
    public static AgentConfigurationReader ConfigurationReader(string modelsDir = ModelLocator.DefaultStore)
        => new(ProcessEnvironment(), HostIdentity.OfThisMachine(), name => ModelLocator.Default(modelsDir).Installed(name));

    /// <summary>The process's environment variables.</summary>
    public static Dictionary<string, string> ProcessEnvironment()
    {
        Dictionary<string, string> variables = [];
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables()) variables[(string)entry.Key] = (string?)entry.Value ?? "";
        return variables;
    }

    [LoggerMessage(EventId = 9001, Level = LogLevel.Information, Message = "EdgeInfer {Version} runs as {Device}: {Pipelines}")]
    private static partial void LogReady(ILogger logger, string version, string device, string pipelines);

    [LoggerMessage(EventId = 9007, Level = LogLevel.Error, Message = "{Fault}")]
    private static partial void LogLost(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 9002, Level = LogLevel.Information, Message = "stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(EventId = 9004, Level = LogLevel.Information, Message = "begins anew")]
    private static partial void LogRestart(ILogger logger);

    [LoggerMessage(EventId = 9005, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogState(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 9003, Level = LogLevel.Warning, Message = "configuration: {Warning}")]
    private static partial void LogWarning(ILogger logger, Fault warning);
}
