using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Diagnosis;

/// <summary>ONNX Runtime with its providers, the JPEG decoder, and the time that each model takes.</summary>
/// <param name="time">Clock.</param>
internal sealed class RuntimeExamination(TimeProvider time)
{
    /// <summary>While a model is loaded its file is in memory about twice.</summary>
    private const int LoadFactor = 2;

    private const int TimedRuns = 3;

    // What a provider needs beside a library that has it.
    private static readonly (string Provider, string Needs)[] s_needs =
    [
        ("cuda", "an NVIDIA GPU with its driver, CUDA and cuDNN"), ("tensorrt", "an NVIDIA GPU with its driver and TensorRT"), ("openvino", "an Intel processor or GPU"),
        ("qnn", "a Qualcomm processor with its libraries"), ("migraphx", "an AMD GPU with ROCm"), ("xnnpack", "nothing else"), ("webgpu", "a GPU with Vulkan"),
    ];

    private InferenceRuntime? _runtime;

    /// <summary>Starts ONNX Runtime as the configuration says and lists what it has.</summary>
    public Section Examine(RuntimeOptions options)
    {
        SectionBuilder section = new("runtime", "Inference");
        section.Fact("managed_version", NativeRuntimeLibrary.ManagedVersion);
        section.Fact("library", options.OnnxRuntime);
        try
        {
            // No cache: an examination leaves nothing behind.
            _runtime = new(options with { CacheFolder = "" }, time, NullLogger.Instance);
            string[] providers = [.. _runtime.AvailableProviders.Select(ExecutionProviders.NameOf)];
            section.Fact("version", _runtime.Version);
            section.Fact("providers", providers);
            section.Fact("threads", _runtime.Threads);
            section.Add(Finding.Ok($"ONNX Runtime {_runtime.Version} with {string.Join(", ", providers)}; {(_runtime.Threads == 1 ? "1 thread" : $"{_runtime.Threads} threads")} an inference", options.OnnxRuntime ?? ""));
            foreach (string wanted in options.Providers.Where(p => !providers.Contains(p))) section.Add(Missing(wanted, options));
        }
        catch (FaultException e)
        {
            foreach (Fault fault in e.Faults) section.Add(Finding.Of(fault));
        }

        using TurboJpegDecoder? turbo = TurboJpegDecoder.TryCreate();
        section.Fact("jpeg_decoder", turbo is null ? "ImageSharp" : "libjpeg-turbo");
        section.Add(turbo is null
            ? Finding.Warning("libjpeg-turbo is missing: JPEG is decoded about five times slower", "", "use the published program, which has it built in, or sudo apt install libturbojpeg0")
            : Finding.Ok("JPEG is decoded by libjpeg-turbo"));
        return section.Build();
    }

    /// <summary>Loads each model and runs it, after <see cref="Examine"/>.</summary>
    /// <param name="models">The models that are sound, by the configuration's names.</param>
    /// <param name="availableBytes">Memory that can be had; null where it is not known.</param>
    /// <param name="stop">Ends it between two models.</param>
    public Section ExamineModels(IReadOnlyDictionary<string, Model> models, long? availableBytes, CancellationToken stop)
    {
        SectionBuilder section = new("models", "Models");
        foreach ((string name, Model model) in models)
        {
            if (stop.IsCancellationRequested) break;
            section.Add(Describe(name, model, availableBytes));
        }

        return section.Build();
    }

    private static Finding Missing(string provider, RuntimeOptions options)
    {
        string needs = s_needs.FirstOrDefault(n => n.Provider == provider).Needs ?? "its own libraries";
        string what = $"provider {provider} is not in this build of ONNX Runtime; it needs {needs}";
        const string Cure = "set runtime.onnxruntime to a libonnxruntime.so built with it, or take it out of runtime.providers";
        bool isRequired = options.IsFirstProviderRequired && options.Providers[0] == provider;
        return isRequired ? Finding.Problem(FaultKind.Unavailable, what + " (and runtime.required is set)", "runtime.providers", Cure) : Finding.Warning(what, "runtime.providers", Cure);
    }

    private Finding Describe(string name, Model model, long? availableBytes)
    {
        string title = $"{name} = {model.Name} {model.Version} ({model.Task.ToString().ToLowerInvariant()}, {model.Labels.Count} labels)";
        try
        {
            long bytes = new FileInfo(model.OnnxPath).Length;
            if (availableBytes is { } free && bytes * LoadFactor > free)
            {
                return Finding.Problem(FaultKind.Unavailable, $"{title}: {MemoryExamination.Size(bytes)}, more than fits into {MemoryExamination.Size(free)} of free memory", model.Path,
                    "use a quantised or smaller model, or free memory");
            }

            if (_runtime is null) return Finding.Info($"{title}: sound, but there is no runtime to run it", model.Path);
            using ModelSession session = _runtime.Open(model);
            using BoundRun run = session.Bind();
            double fastest = double.MaxValue;
            for (int i = 0; i < TimedRuns; i++) fastest = Math.Min(fastest, run.Run());
            return Finding.Ok(FormattableString.Invariant($"{title}: {fastest:0.0} ms an inference on {session.Report.Used}, {MemoryExamination.Size(bytes)}"), model.Path);
        }
        catch (FaultException e)
        {
            return Finding.Of(e.Fault);
        }
        catch (IOException e)
        {
            return Finding.Problem(FaultKind.InputOutput, $"{title}: {e.Message}", model.Path, "check the disk and the model's files");
        }
    }
}
