using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnosis.Gpu;
using EdgeInfer.Libraries;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Native;

/// <summary>The sections that take something from the child: each is what files tell, and what the child found by trying.</summary>
internal sealed class NativeParts
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(6.8);

    private readonly RuntimeOptions _runtime;
    private readonly GpuDemand _demand;
    private readonly IReadOnlyList<SurveyedNode> _nodes;
    private readonly NativeProbe _probe;
    private readonly Task _tried;
    private readonly Task<(GpuExamination Gpu, IReadOnlyList<ProviderLibrary> Libraries)> _gpu;

    /// <summary>Starts the child, and looks through the files beside it.</summary>
    /// <param name="files">The system.</param>
    /// <param name="time">Clock.</param>
    /// <param name="program">This program and what stands before its arguments.</param>
    /// <param name="input">What the diagnosis starts from.</param>
    /// <param name="nodes">The device nodes there are.</param>
    public NativeParts(SystemFiles files, TimeProvider time, IReadOnlyList<string> program, DoctorInput input, IReadOnlyList<SurveyedNode> nodes)
    {
        _nodes = nodes;
        _runtime = input.Configuration?.Runtime ?? new();
        _demand = new(_runtime.Providers, _runtime.IsFirstProviderRequired);

        // Threads of their own: the child dies with the first, and a file of a broken driver's may hang the second.
        _probe = new(program, time);
        Task all = OnThread(() => _probe.Run(input.Configuration is null ? null : input.File, Weigh));

        // A child that cannot be ended keeps nobody from what was found before.
        _tried = Task.WhenAny(all, Task.Delay(s_patience, time)).Unwrap();
        _gpu = OnThread(() =>
        {
            LoaderFolders loader = new(files, Environment.GetEnvironmentVariable("LD_LIBRARY_PATH"), RuntimeInformation.ProcessArchitecture);
            return (new GpuExamination(files, loader, _demand), ProviderLibraries.Of(files, loader).In(RuntimeFolder.Of(_runtime.OnnxRuntime)));
        });
    }

    /// <summary>ONNX Runtime, its providers and the JPEG decoder.</summary>
    public async Task<Section> RuntimeAsync()
    {
        SectionBuilder section = new("runtime", "Inference");
        await _tried.ConfigureAwait(false);
        _probe.Outcome.FillInto(section, "runtime");
        (GpuExamination gpu, IReadOnlyList<ProviderLibrary> libraries) = await _gpu.ConfigureAwait(false);
        foreach (Finding finding in gpu.Providers(libraries)) section.Add(finding);
        return section.Build();
    }

    /// <summary>Each model.</summary>
    public async Task<Section> ModelsAsync()
    {
        SectionBuilder section = new("models", "Models");
        await _tried.ConfigureAwait(false);
        _probe.Outcome.FillInto(section, "models");
        return section.Build();
    }

    /// <summary>Accelerators.</summary>
    public async Task<Section> GpuAsync()
    {
        SectionBuilder section = new("gpu", "GPU");
        (GpuExamination gpu, IReadOnlyList<ProviderLibrary> libraries) = await _gpu.ConfigureAwait(false);
        gpu.Examine(section, _nodes, libraries, _runtime.OnnxRuntime);
        await _tried.ConfigureAwait(false);
        _probe.Outcome.FillInto(section, "gpu");
        return section.Build();
    }

    // Without the runtime or a model nothing runs; of the rest there is another way, unless the configuration forbids it.
    private FindingLevel Weigh(ProbeStep step) => step.Section == "models" || step.Name == NativeExamination.RuntimeStep || (_demand.IsFirstRequired && _demand.Providers[0] == step.Name)
        ? FindingLevel.Problem
        : FindingLevel.Warning;

    private static Task<T> OnThread<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
