using EdgeInfer.Configuration;
using EdgeInfer.Diagnosis.Native;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Results;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>What a diagnosis starts from.</summary>
/// <param name="File">The configuration's file; null where none is there and none was asked for.</param>
/// <param name="Configuration">What could be read of it; null where nothing could.</param>
/// <param name="Faults">What is wrong with it.</param>
internal sealed record DoctorInput(string? File, AgentConfiguration? Configuration, FaultList Faults);

/// <summary>
/// Examines this device and the configuration in place: each part side by side, each within its own time, so that one that hangs
/// neither holds up nor hides the others. Sets nothing, publishes nothing, writes nothing.
/// </summary>
/// <param name="files">The system.</param>
/// <param name="time">Clock.</param>
/// <param name="version">EdgeInfer's version.</param>
/// <param name="program">This program and what stands before its arguments: a child of it tries what may end a process.</param>
internal sealed class Doctor(SystemFiles files, TimeProvider time, string version, IReadOnlyList<string> program)
{
    /// <summary>The longest any part may take.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(7);

    /// <summary>Examines everything; takes at most about 7 s.</summary>
    public async Task<DoctorReport> ExamineAsync(DoctorInput input, CancellationToken stop)
    {
        Accounts accounts = new(files);
        ServiceUser user = accounts.Service();
        AgentConfiguration? configuration = input.Configuration;
        RuntimeOptions runtime = configuration?.Runtime ?? new();

        // Files alone, and quick: no need for side by side.
        Dictionary<string, Model> models = configuration is null ? [] : new ConfigurationCheck(ModelLoader.Load).Check(configuration, input.Faults);
        Section summary = Summary(input, models);

        Task<IReadOnlyList<SurveyedCamera>> cameras = new CameraSurvey(files, accounts, user).ReadAsync(stop);
        Task<CsiFinding> csi = new CsiSurvey(files, time).ReadAsync();
        NodeSurvey nodeSurvey = new(files, accounts, user, DeviceAccess.Rights);
        IReadOnlyList<SurveyedNode> nodes = nodeSurvey.Read();
        MemoryExamination memory = new(files);
        ConditionExamination conditions = new(files);
        List<Task<Section>> parts = [];
        if (configuration is { Mqtt.Url.Host.Length: > 0 })
            parts.Add(Guard("broker", "Broker", new BrokerExamination(time).ExamineAsync(configuration.Mqtt, configuration.Device.Id, stop)));
        if (configuration is { Pipelines.Count: > 0 })
            parts.Add(Guard("pipelines", "Pipelines", new SourceExamination(files, user, time).ExamineAsync(configuration.Pipelines, cameras, csi, stop)));
        NativeParts native = new(files, time, program, input, nodes);
        if (models.Count > 0) parts.Add(Guard("models", "Models", native.ModelsAsync()));
        parts.Add(Guard("cameras", "Cameras", CamerasAsync(user, cameras, csi)));
        parts.Add(Guard("runtime", "Inference", native.RuntimeAsync()));
        parts.Add(Guard("gpu", "GPU", native.GpuAsync()));
        parts.Add(Guard("programs", "Programs", new ProgramExamination(time).ExamineAsync(SourceExamination.NeedsFfmpeg(configuration?.Pipelines ?? []))));
        parts.Add(Guard("service", "Service user", OnThread(() => new ServiceExamination(user, accounts, DeviceAccess.Rights).Examine(input.File))));
        parts.Add(Guard("storage", "Storage", OnThread(() => new StorageExamination(files, user, DeviceAccess.Rights)
            .Examine(runtime.StateFolder, runtime.CacheFolder, runtime.RunFolder, (configuration?.Outbox ?? new()).SizeBytes))));
        parts.Add(Guard("memory", "Memory", OnThread(memory.Examine)));
        parts.Add(Guard("clock", "Clock", OnThread(() => conditions.Clock(new ClockQuality(time).IsSynced))));
        parts.Add(Guard("heat", "Heat", OnThread(() => conditions.Heat(configuration?.Heat ?? new(), time))));
        parts.Add(Guard("processor", "Processor", OnThread(() => new ProcessorExamination(files).Examine(ProcessorAllowance.Read()))));
        parts.Add(Guard("machine", "Machine", OnThread(() => new MachineExamination(files).Examine())));
        parts.Add(Guard("devices", "Other devices", OnThread(() => nodeSurvey.Examine(nodes))));
        Section[] sections = [summary, .. await Task.WhenAll(parts).ConfigureAwait(false)];
        return new(time.GetUtcNow(), version, user.Name, input.File, sections)
        {
            Cameras = cameras.IsCompletedSuccessfully ? cameras.Result : [],
            CsiCameras = csi.IsCompletedSuccessfully ? csi.Result.Cameras : [],
            Nodes = nodes,
        };
    }

    private static Section Summary(DoctorInput input, Dictionary<string, Model> models)
    {
        SectionBuilder section = new("configuration", "Configuration");
        section.Fact("file", input.File);
        if (input.File is null)
        {
            section.Add(Finding.Info(FindingId.ConfigurationAbsent, "none yet: the device is examined for itself", "", "edgeinfer init writes one from what it finds; or name one with -c FILE"));
            return section.Build();
        }

        foreach (Fault fault in input.Faults.Faults) section.Add(Finding.Of(FindingId.ConfigurationFault, fault, FindingLevel.Problem, $"see edgeinfer check -c {input.File}"));
        foreach (Fault warning in input.Faults.Warnings) section.Add(Finding.Of(FindingId.ConfigurationWarning, warning, FindingLevel.Warning, $"see edgeinfer check -c {input.File}"));
        if (input.Faults.IsEmpty && input.Configuration is { } sound)
        {
            section.Fact("device", sound.Device.Id);
            section.Add(Finding.Ok(FindingId.ConfigurationSound, $"sound: device {sound.Device.Id}, {Count(sound.Pipelines.Count, "pipeline")}, {Count(models.Count, "model")}", input.File));
        }

        return section.Build();
    }

    private static async Task<Section> CamerasAsync(ServiceUser user, Task<IReadOnlyList<SurveyedCamera>> cameras, Task<CsiFinding> csi)
        => new CameraExamination(user).Examine(await cameras.ConfigureAwait(false), await csi.ConfigureAwait(false));

    // A thread of its own: what hangs in a driver's or the loader's call is left behind, and takes none from the pool.
    private static Task<Section> OnThread(Func<Section> examine)
        => Task.Factory.StartNew(examine, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private async Task<Section> Guard(string name, string title, Task<Section> examination)
    {
        SectionBuilder section = new(name, title);
        try
        {
            return await examination.WaitAsync(s_patience, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            section.Add(Finding.Warning(FindingId.ExaminationLate, $"not known: no answer within {s_patience.TotalSeconds:0} s", "", "run edgeinfer doctor again; if it stays so, a device or the network hangs: see dmesg"));
        }
#pragma warning disable CA1031 // A defect in one examination must not hide the others.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            section.Add(Finding.Problem(FindingId.ExaminationDefect, FaultKind.Internal, $"unexpected {e.GetType().Name}: {e.Message}", "", "report this as a defect"));
        }

        return section.Build();
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
