using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference.Interop;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>The execution providers that a configuration may name, and how each is put into a session's options.</summary>
internal static class ExecutionProviders
{
    /// <summary>The provider that every build has.</summary>
    public const string Cpu = "cpu";

    private static readonly (string Name, string RuntimeName)[] s_known =
    [
        (Cpu, "CPUExecutionProvider"),
        ("cuda", "CUDAExecutionProvider"),
        ("tensorrt", "TensorrtExecutionProvider"),
        ("xnnpack", "XnnpackExecutionProvider"),
        ("openvino", "OpenVINOExecutionProvider"),
        ("qnn", "QNNExecutionProvider"),
        ("migraphx", "MIGraphXExecutionProvider"),
        ("webgpu", "WebGpuExecutionProvider"),
    ];

    /// <summary>Every name that <c>runtime.providers</c> may hold.</summary>
    public static IEnumerable<string> Names => s_known.Select(static known => known.Name);

    /// <summary>The configuration's name of a provider that ONNX Runtime names.</summary>
    public static string NameOf(string runtimeName)
    {
        foreach ((string name, string candidate) in s_known)
        {
            if (candidate == runtimeName) return name;
        }

        return runtimeName;
    }

    /// <summary>Refuses names that nobody knows.</summary>
    /// <exception cref="FaultException">One for each.</exception>
    public static void Check(IReadOnlyList<string> providers)
    {
        FaultList faults = new();
        if (providers.Count == 0) faults.Add(FaultKind.Configuration, "runtime.providers", "is empty", "name at least cpu");
        foreach (string provider in providers)
        {
            if (!Names.Contains(provider))
            {
                faults.Add(
                    FaultKind.Configuration, "runtime.providers", $"no provider '{provider}'", "choose among " + string.Join(", ", Names));
            }
        }

        faults.ThrowIfAny();
    }

    /// <summary>Puts a provider into a session's options.</summary>
    /// <param name="provider">A checked name.</param>
    /// <param name="options">Of the session to be.</param>
    /// <param name="available">ONNX Runtime's names of the providers in this build.</param>
    /// <param name="version">The library's version.</param>
    /// <param name="threads">Threads of one inference, for providers with a pool of their own.</param>
    /// <returns>Why it is not there; null where it is.</returns>
    public static string? Append(string provider, SessionOptions options, IReadOnlyList<string> available, string version, int threads)
    {
        if (provider == Cpu) return null;
        string absent = $"not in this build of ONNX Runtime ({version}); set runtime.onnxruntime to a library that has it";
        if (!available.Any(name => NameOf(name) == provider)) return absent;
        try
        {
            switch (provider)
            {
                case "cuda": options.AppendExecutionProvider_CUDA(0); break;
                case "tensorrt": options.AppendExecutionProvider_Tensorrt(0); break;
                case "migraphx": options.AppendExecutionProvider_MIGraphX(0); break;
                case "xnnpack": options.AppendExecutionProvider("XNNPACK", new() { ["intra_op_num_threads"] = threads.ToString(System.Globalization.CultureInfo.InvariantCulture) }); break;
                case "openvino": options.AppendExecutionProvider("OpenVINO", []); break;
                case "qnn": options.AppendExecutionProvider("QNN", []); break;
                case "webgpu": options.AppendExecutionProvider("WebGPU", []); break;
                default: throw new InvalidOperationException($"provider '{provider}' was not checked");
            }

            return null;
        }
        catch (EntryPointNotFoundException)
        {
            // A library without the provider lacks its very function.
            return absent;
        }
        catch (OnnxRuntimeException e)
        {
            return Why(provider, SessionFaults.Words(e));
        }
    }

    private static string Why(string provider, string said)
    {
        if (!said.Contains("Failed to load shared library", StringComparison.Ordinal) && !said.Contains("Failed to load library", StringComparison.Ordinal)) return said;
        return NativeRuntimeLibrary.WhyNotLoaded(provider) is { } reason ? $"its library cannot be loaded: {reason}" : said;
    }
}
