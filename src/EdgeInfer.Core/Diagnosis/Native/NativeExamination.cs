using System.Globalization;
using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnosis.Gpu;
using EdgeInfer.Diagnosis.Interop;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Libraries;
using EdgeInfer.Models;
using EdgeInfer.Posix;
using EdgeInfer.Preprocessing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Diagnosis.Native;

/// <summary>
/// Everything that loads native code which is not this program's own: the JPEG library, NVIDIA's driver, ONNX Runtime, its execution
/// providers, and each model. It runs in a child, because any of it may be the process's end, and says what it does before it does it.
/// </summary>
/// <param name="files">The system.</param>
/// <param name="time">Clock.</param>
/// <param name="voice">Where to say it.</param>
internal sealed class NativeExamination(SystemFiles files, TimeProvider time, ProbeVoice voice)
{
    /// <summary>The step without which nothing runs.</summary>
    public const string RuntimeStep = "runtime";

    private const string Jpeg = "jpeg", Cuda = "cuda-driver", Runtime = RuntimeStep, Gpu = "gpu", Models = "models", TensorRt = "tensorrt";
    private const string SameForService = "the service would end the same way: ";
    private const int TimedRuns = 3;

    /// <summary>While a model is loaded its file is in memory about twice.</summary>
    private const int LoadFactor = 2;

    // What a provider needs beside a library that has it.
    private static readonly (string Provider, string Needs)[] s_needs =
    [
        ("cuda", "an NVIDIA GPU with its driver, CUDA and cuDNN"), ("tensorrt", "an NVIDIA GPU with its driver and TensorRT"), ("openvino", "an Intel processor or GPU"),
        ("qnn", "a Qualcomm processor with its libraries"), ("migraphx", "an AMD GPU with ROCm"), ("xnnpack", "nothing else"), ("webgpu", "a GPU with Vulkan"),
    ];

    // Providers that ONNX Runtime knows by name alone: each is in a library of its own beside it.
    private static readonly string[] s_apart = ["cuda", TensorRt, "openvino", "migraphx"];

    // Providers that something was said of already.
    private readonly HashSet<string> _troubled = [];

    /// <summary>Tries everything in turn.</summary>
    /// <param name="configuration">The configuration; null for none.</param>
    public void Run(AgentConfiguration? configuration)
    {
        RuntimeOptions options = configuration?.Runtime ?? new();
        GpuDemand demand = new(options.Providers, options.IsFirstProviderRequired);
        LoaderFolders loader = new(files, NativeEnvironment.Read("LD_LIBRARY_PATH"), RuntimeInformation.ProcessArchitecture);
        JpegLibrary();
        if (loader.Find("libcuda.so.1") is { } driver) GpuDriver(driver.Path, demand);
        InferenceRuntime? runtime = Start(options);
        if (runtime is not null)
        {
            Providers(loader, options, demand);
            runtime = WithPlugins(runtime, options, demand);
        }

        foreach (ModelReference model in configuration?.Models.Values ?? []) TryModel(model.Name, model.Path, runtime, options.Providers.Contains(TensorRt) && !_troubled.Contains(TensorRt));
    }

    private void JpegLibrary()
    {
        if (!voice.Begin(Jpeg, Runtime, "loading libjpeg-turbo", "sudo apt install --reinstall libturbojpeg0, or use the published program, which has it built in")) return;
        using TurboJpegDecoder? turbo = TurboJpegDecoder.TryCreate();
        voice.Fact("jpeg_decoder", turbo is null ? "ImageSharp" : "libjpeg-turbo");
        voice.Add(turbo is null
            ? Finding.Warning(FindingId.JpegSlow, "libjpeg-turbo is missing: JPEG is decoded about five times slower", "", "use the published program, which has it built in, or sudo apt install libturbojpeg0")
            : Finding.Ok(FindingId.JpegFast, "JPEG is decoded by libjpeg-turbo"));
    }

    private void GpuDriver(string path, GpuDemand demand)
    {
        if (!voice.Begin(Cuda, Gpu, $"starting NVIDIA's driver ({path})", "sudo dmesg | grep -i -e nvrm -e xid says more; restart the machine, and install the driver again if that does not help")) return;
        CudaAnswer answer;
        try
        {
            answer = CudaDriver.Ask(path);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            voice.Add(demand.Nvidia(FindingId.CudaDriverFault, $"NVIDIA's driver library cannot be loaded: {LoaderWords.Of(e)}", path, "install the driver's library of the version that the kernel has loaded (cat /proc/driver/nvidia/version)"));
            return;
        }

        voice.Fact("cuda_driver_version", answer.Version);
        if (answer.Error != 0)
        {
            (string what, string cure) = CudaErrors.Of(answer.Error);
            voice.Add(demand.Nvidia(FindingId.CudaDriverFault, $"NVIDIA's driver does not start: {what}", path, cure));
            return;
        }

        voice.Fact("cuda_devices", answer.Devices.Select(static d => d.Name).ToArray());
        string devices = string.Join(", ", answer.Devices.Select(static d => $"{d.Name} with {MemoryExamination.Size(d.MemoryBytes)}, compute capability {d.Capability}"));
        voice.Add(Finding.Ok(FindingId.CudaDriverReady, $"NVIDIA's driver starts, for CUDA {answer.Version ?? "of an unknown version"} and older: {(devices.Length > 0 ? devices : "no GPU")}", path));
    }

    private InferenceRuntime? Start(RuntimeOptions options)
    {
        string library = options.OnnxRuntime ?? "the ONNX Runtime that comes with EdgeInfer";
        string cure = SameForService + (options.OnnxRuntime is null ? "install EdgeInfer again, or set runtime.onnxruntime to a build for this processor" : "set runtime.onnxruntime to a build for this processor, or remove it to use the one that comes with EdgeInfer");
        if (!voice.Begin(Runtime, Runtime, $"loading {library}", cure, isNeeded: true)) return null;
        voice.Fact("managed_version", NativeRuntimeLibrary.ManagedVersion);
        voice.Fact("library", options.OnnxRuntime);
        try
        {
            InferenceRuntime runtime = Open(options, p => !options.Plugins.ContainsKey(p));
            string[] providers = [.. runtime.AvailableProviders.Select(ExecutionProviders.NameOf)];
            voice.Fact("version", runtime.Version);
            voice.Fact("providers", providers);
            voice.Fact("threads", runtime.Threads);
            voice.Add(Finding.Ok(FindingId.RuntimeLoaded, $"ONNX Runtime {runtime.Version} with {string.Join(", ", providers)}; {(runtime.Threads == 1 ? "1 thread" : $"{runtime.Threads} threads")} an inference", options.OnnxRuntime ?? ""));
            foreach (string provider in options.Providers.Where(p => !providers.Contains(p) && !options.Plugins.ContainsKey(p)))
            {
                _troubled.Add(provider);
                voice.Add(Absent(provider, new(options.Providers, options.IsFirstProviderRequired)));
            }

            return runtime;
        }
        catch (FaultException e)
        {
            foreach (Fault fault in e.Faults) voice.Add(Finding.Of(FindingId.RuntimeFault, fault));
            return null;
        }
    }

    // No cache: an examination leaves nothing behind. And no TensorRT: an engine takes minutes.
    private InferenceRuntime Open(RuntimeOptions options, Predicate<string> isUsable)
    {
        string[] wanted = [.. options.Providers.Where(p => p != TensorRt && isUsable(p))];
        return new(options with
        {
            CacheFolder = "",
            Providers = wanted.Length > 0 ? wanted : [ExecutionProviders.Cpu],
            IsFirstProviderRequired = options.IsFirstProviderRequired && wanted.Length > 0 && wanted[0] == options.Providers[0],
        }, time, NullLogger.Instance);
    }

    // Each in a step of its own: a plug-in is anybody's code.
    private InferenceRuntime WithPlugins(InferenceRuntime runtime, RuntimeOptions options, GpuDemand demand)
    {
        HashSet<string> usable = [];
        foreach ((string name, string path) in options.Plugins.Where(p => demand.Wants(p.Key)))
        {
            _troubled.Add(name);
            if (!voice.Begin(name, Runtime, $"loading {path}", $"{SameForService}use a plug-in that was built for this machine and this ONNX Runtime, or take {name} out of runtime.providers", isNeeded: true)) continue;
            PluginProvider plugin = PluginProviders.Register(name, path);
            if (plugin.Why is { } why)
            {
                voice.Add(demand.Weigh(FindingId.ProviderNotLoaded, $"plug-in provider {name} cannot be used: {why}", "", $"mend that, or take {name} out of runtime.providers", name));
                continue;
            }

            _troubled.Remove(name);
            usable.Add(name);
            voice.Add(Finding.Ok(FindingId.ProviderLoads, $"plug-in provider {name} loads, with {(plugin.Devices.Count == 1 ? "1 device" : $"{plugin.Devices.Count} devices")}", path));
        }

        return usable.Count == 0 ? runtime : Open(options, p => usable.Contains(p) || !options.Plugins.ContainsKey(p));
    }

    private static Finding Absent(string provider, GpuDemand demand)
    {
        string needs = s_needs.FirstOrDefault(n => n.Provider == provider).Needs ?? "its own libraries";
        return demand.Weigh(FindingId.ProviderAbsent, $"provider {provider} is not in this build of ONNX Runtime; it needs {needs}", "runtime.providers",
            "set runtime.onnxruntime to a libonnxruntime.so built with it, or take it out of runtime.providers", provider);
    }

    // Only those that are wanted, and whose libraries are all there: what is missing is told without loading anything.
    private void Providers(LoaderFolders loader, RuntimeOptions options, GpuDemand demand)
    {
        string folder = RuntimeFolder.Of(options.OnnxRuntime);
        IReadOnlyList<ProviderLibrary> libraries = ProviderLibraries.Of(files, loader).In(folder);
        foreach (string provider in s_apart.Where(p => demand.Wants(p) && !options.Plugins.ContainsKey(p) && libraries.All(l => l.Provider != p)))
        {
            // Told already where this ONNX Runtime does not know it at all.
            if (!_troubled.Add(provider)) continue;
            voice.Add(demand.Weigh(FindingId.ProviderNotLoaded, $"provider {provider} cannot be loaded: its library is missing", RuntimeFolder.Part(folder, provider),
                $"copy it there from where this libonnxruntime.so was built, or take {provider} out of runtime.providers", provider));
        }

        foreach (ProviderLibrary library in libraries)
        {
            if (!demand.Wants(library.Provider)) continue;
            if (!library.IsComplete || voice.WasFatal(library.Provider)) _troubled.Add(library.Provider);
            string doing = $"loading {library.Path}";
            if (!library.IsComplete || !voice.Begin(library.Provider, Runtime, doing, SameForService + $"use a build for this machine's driver and libraries, or take {library.Provider} out of runtime.providers")) continue;
            if (NativeRuntimeLibrary.WhyNotLoaded(library.Provider) is { } why)
            {
                _troubled.Add(library.Provider);
                voice.Add(demand.Weigh(FindingId.ProviderNotLoaded, $"provider {library.Provider} cannot be loaded: {why}", library.Path, "use one that was built for this system's libraries", library.Provider));
            }
            else
            {
                voice.Add(Finding.Ok(FindingId.ProviderLoads, $"provider {library.Provider}: its library loads", library.Path));
            }
        }
    }

    private void TryModel(string name, string path, InferenceRuntime? runtime, bool hasTensorRt)
    {
        Model? loaded = null;
        try
        {
            loaded = ModelLoader.Load(path);
        }
        catch (FaultException)
        {
            // Told with the configuration.
        }

        if (loaded is not { } model || !voice.Begin($"model {name}", Models, $"running {name} ({path})", SameForService + "see whether the model runs elsewhere, and free memory or use a smaller one")) return;
        voice.Add(Describe(name, model, runtime, hasTensorRt));
    }

    private Finding Describe(string name, Model model, InferenceRuntime? runtime, bool hasTensorRt)
    {
        string title = $"{name} = {model.Name} {model.Version} ({model.Task.ToString().ToLowerInvariant()}, {model.Labels.Count} labels)";
        try
        {
            long bytes = new FileInfo(model.OnnxPath).Length;
            if (new MemoryExamination(files).AvailableBytes() is { } free && bytes * LoadFactor > free)
            {
                return Finding.Problem(FindingId.ModelTooLarge, FaultKind.Unavailable, $"{title}: {MemoryExamination.Size(bytes)}, more than fits into {MemoryExamination.Size(free)} of free memory", model.Path,
                    "use a quantised or smaller model, or free memory");
            }

            if (runtime is null) return Finding.Info(FindingId.ModelNotTried, $"{title}: sound, but there is no runtime to run it", model.Path);
            using ModelSession session = runtime.Open(model);
            using BoundRun run = session.Bind();
            double fastest = double.MaxValue;
            for (int i = 0; i < TimedRuns; i++) fastest = Math.Min(fastest, run.Run());
            string what = string.Create(CultureInfo.InvariantCulture, $"{title}: {fastest:0.0} ms an inference on {session.Report.Used}, {MemoryExamination.Size(bytes)}{(hasTensorRt ? "; TensorRT is not tried here: building its engine takes minutes" : "")}");
            return session.Report.Refused.FirstOrDefault(r => !_troubled.Contains(r.Provider)) is { } refused
                ? Finding.Warning(FindingId.ModelFallsBack, $"{what}; not on {refused.Provider}: {refused.Why}", model.Path, $"mend that, or take {refused.Provider} out of runtime.providers")
                : Finding.Ok(FindingId.ModelRuns, what, model.Path);
        }
        catch (FaultException e)
        {
            return Finding.Of(FindingId.ModelFault, e.Fault);
        }
        catch (IOException e)
        {
            return Finding.Problem(FindingId.ModelFault, FaultKind.InputOutput, $"{title}: {e.Message}", model.Path, "check the disk and the model's files");
        }
    }
}
