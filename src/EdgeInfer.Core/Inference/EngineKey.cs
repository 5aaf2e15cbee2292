using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Inference.Interop;

namespace EdgeInfer.Inference;

/// <summary>
/// All that a TensorRT engine is good for: another model, ONNX Runtime, TensorRT, GPU, shape or precision needs another engine. Its name is the name of
/// the folder that keeps it.
/// </summary>
/// <param name="ModelDigest">sha256 of the model's manifest, hexadecimal.</param>
/// <param name="RuntimeVersion">ONNX Runtime's version: it divides the graph, and looks for no engine of another version.</param>
/// <param name="TensorRtVersion">As TensorRT counts it, such as 100300.</param>
/// <param name="Gpu">Name and compute capability.</param>
/// <param name="Shapes">The inputs and their shapes, as bound.</param>
/// <param name="Options">The configuration's options of TensorRT.</param>
internal sealed record EngineKey(string ModelDigest, string RuntimeVersion, int TensorRtVersion, GpuIdentity Gpu, string Shapes, ProviderOptions Options)
{
    // Raised when the way engines are kept here changes.
    private const string Format = "1";
    private const int PartLength = 16;

    /// <summary>The model's part of <see cref="Folder"/>, with the separator: engines of one model begin alike.</summary>
    public string ModelPart => ModelDigest[..Math.Min(PartLength, ModelDigest.Length)] + "-";

    /// <summary>The folder's name: model, then a digest of everything.</summary>
    public string Folder => ModelPart + Digest(
    [
        Format, ModelDigest, RuntimeVersion, Text(TensorRtVersion), Gpu.Name, Gpu.ComputeCapability, Shapes,
        $"fp16={Options.IsHalf}", $"int8={Options.IsInt8}", $"memory={Options.MemoryBytes}",
        // Any of its own keys may change what is compiled; where they stand in the file does not.
        .. Options.Own.OrderBy(static o => o.Key, StringComparer.Ordinal).Select(static o => $"{o.Key}={o.Value}"),
    ]);

    /// <summary>The folder of the timing cache: what TensorRT has measured of its kernels holds for all models on one GPU.</summary>
    public string TimingFolder => "timing-" + Digest([Format, Text(TensorRtVersion), Gpu.Name, Gpu.ComputeCapability]);

    private static string Digest(IEnumerable<string> parts)
        // With lengths, so that no two lists of parts make one text.
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(parts.Select(static p => $"{p.Length}:{p}\n")))).AsSpan(0, PartLength / 2));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
