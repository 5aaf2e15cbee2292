using System.Globalization;
using System.Net.Http;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeInfer.Admission;
using EdgeInfer.Commands;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Gate;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Results;
using EdgeInfer.Slots;
using EdgeInfer.Trust;
using EdgeInfer.Updates;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Hosting;

/// <summary>Model updates of the running process: the store before there is an agent, the service once there is one.</summary>
internal sealed partial class AgentUpdates : IUpdateInbox, IAsyncDisposable
{
    /// <summary>Shortens trials, as in <c>30/10s</c>; for tests alone, and said in the log.</summary>
    private const string TestTrial = "EDGEINFER_TEST_TRIAL";

    private readonly AgentConfiguration _configuration;
    private readonly ManagedStore _store;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly TransferProgress _progress;
    private readonly TrustClient _trust;
    private readonly UpdateTransport? _transport;
    private readonly IReleaseSource? _source;
    private readonly IReadOnlyList<ManagedServing> _serving;
    private volatile UpdateService? _service;

    private AgentUpdates(AgentConfiguration configuration, ManagedStore store, TimeProvider time, Random random, ILogger logger)
    {
        (_configuration, _store, _time, _logger) = (configuration, store, time, logger);
        Models = configuration.ManagedModels;
        UpdateOptions options = configuration.Updates!;
        _progress = new(logger);
        TrustStore trusted = TrustStore.In(configuration.Runtime.StateFolder);
        UpdateClock clock = new(trusted, time);
        _trust = TrustClient.Open(trusted, Pin(options, trusted), clock, isDamageLater: true);
        (_transport, _source) = Source(options, clock, random);
        _serving = ManagedModels.Begin(configuration, store, Live, time, logger);
    }

    /// <summary>Which generations serve.</summary>
    public LiveModels Live { get; } = new();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Models { get; }

    /// <summary>The service.</summary>
    /// <exception cref="FaultException">The agent is not up yet.</exception>
    public UpdateService Service => _service ?? throw FaultException.Of(FaultKind.Unavailable, "update", "the agent is starting: its models are being loaded", "ask again in a few seconds");

    /// <summary>Opens the store and decides what serves; null where no model is managed.</summary>
    /// <exception cref="FaultException">The store cannot be used, or this device trusts nobody.</exception>
    public static AgentUpdates? Open(AgentConfiguration configuration, TimeProvider time, Random random, ILogger logger)
    {
        if (configuration.ManagedModels.Count == 0) return null;
        ManagedStore store = ManagedStore.Open(configuration.Runtime.StateFolder, new(), time, fault => LogStore(logger, fault));
        try
        {
            return new(configuration, store, time, random, logger);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The agent is up.</summary>
    public void Serve(Agent agent, Random random)
    {
        UpdateOptions options = _configuration.Updates!;
        ModelProbe probe = new(RunCommand.ThisProgram(), new SystemFiles(), _time);
        ClockQuality clock = new(_time);
        PreparationServices preparation = new(_store, new AgentModelHost(agent, Live), Facts(), _configuration.Runtime, probe.RunAsync);
        UpdateServices services = new(preparation, options, Trial(), _configuration.Device.Id, () => clock.IsSynced, _time, _logger);
        UpdateService service = new(
            _serving, services, _trust, new(_configuration.Device.Id, _configuration.Device.Labels), _source, random, report => agent.PublishUpdate(report.Model, report.Encode()));
        _service = service;
        service.Start();
    }

    /// <summary>The agent is stopped in order before it is up.</summary>
    public void StopBeforeStart()
    {
        foreach (ManagedServing serving in _serving) serving.SettleStart();
    }

    /// <inheritdoc/>
    public void Hint(string? model) => _service?.Hint(model);

    /// <inheritdoc/>
    public void Install(string model, long? seq)
    {
        try
        {
            _service?.Of(model).Approve(seq);
        }
        catch (FaultException e)
        {
            LogInstall(_logger, e.Fault);
        }
    }

    /// <inheritdoc/>
    public void Announce() => _service?.Announce();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_service is { } service) await service.DisposeAsync().ConfigureAwait(false);
        _transport?.Dispose();
        _store.Dispose();
    }

    // A model that releases were taken of: this device was enrolled, whatever has become of its trust.
    private bool HasServed(string model)
    {
        try
        {
            return _store.Slots(model)?.Slots.Named.Any(static g => g.Seq > 0) == true;
        }
        catch (FaultException)
        {
            // It is there, and said where it is opened to serve.
            return true;
        }
    }

    private RootPin Pin(UpdateOptions options, TrustStore trusted)
    {
        if (options.Root is { } root) return RootPin.OfBytes(File.ReadAllBytes(root));
        // An enrolled device trusts what it has: the pin counts where there is nothing.
        try
        {
            if (trusted.ReadRoot() is { } enrolled) return RootPin.OfBytes(enrolled);
        }
        catch (UpdateException)
        {
            // Each refresh says that it is damaged; what serves needs no trust.
            return RootPin.Nobody;
        }

        return Models.Any(HasServed) ? RootPin.Nobody : throw new FaultException(TrustStore.TrustsNobody);
    }

    private (UpdateTransport? Transport, IReleaseSource? Source) Source(UpdateOptions options, UpdateClock clock, Random random)
    {
        if (options.Repository is not { } url) return (null, null);
        RepositoryAddress address = RepositoryAddress.Read(url.AbsoluteUri, out (string What, string Cure) wrong) ?? throw FaultException.Of(FaultKind.Configuration, "updates.repository", wrong.What, wrong.Cure);
        OciReference? registry = null;
        if (options.Registry is { } written)
            registry = RegistryAddress.Read(written, out wrong) ?? throw FaultException.Of(FaultKind.Configuration, "updates.registry", wrong.What, wrong.Cure);
        UpdateTransport transport = new(
            new()
            {
                Repository = address,
                Credential = options.Password is { } password ? new(options.Username, password) : null,
                Registry = registry,
                RegistryCredential = options.RegistryPassword is { } other ? new(options.RegistryUsername, other) : null,
                AuthorityFile = options.Ca,
                Identity = options is { Certificate: { } certificate, Key: { } key } ? (certificate, key) : null,
                BytesPerSecond = options.RateBytesPerSecond,
                Clock = () => clock.Now,
            },
            HttpClient.DefaultProxy, _time, random, _progress);
        return (transport, new RepositoryReleases(transport, address.Display, _progress));
    }

    private DeviceFacts Facts()
    {
        MachineMemory memory = MachineMemory.Read(new SystemFiles());
        return new(
            RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64", [.. _configuration.Runtime.Providers],
            Math.Min(memory.TotalBytes ?? long.MaxValue, memory.Group?.LimitBytes ?? long.MaxValue), SemanticVersion.Parse(BuildInformation.Version)!);
    }

    private TrialRules Trial()
    {
        if (Environment.GetEnvironmentVariable(TestTrial) is not { } wanted) return new();
        if (wanted.Split('/') is [string count, string time] && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out long results) && ScalarText.TryDuration(time, out TimeSpan served))
        {
            LogShort(_logger, TestTrial, wanted);
            return TrialRules.Shortened(results, served);
        }

        throw FaultException.Of(FaultKind.Configuration, TestTrial, $"found {Quoted.Text(wanted)}", "expected RESULTS/TIME such as 30/10s");
    }

    [LoggerMessage(EventId = 10051, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogStore(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 10052, Level = LogLevel.Warning, Message = "{Variable} is set: trials take {Wanted} only, which is for tests")]
    private static partial void LogShort(ILogger logger, string variable, string wanted);

    [LoggerMessage(EventId = 10053, Level = LogLevel.Warning, Message = "an approval over MQTT: {Fault}")]
    private static partial void LogInstall(ILogger logger, Fault fault);
}
