using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Architecture;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Inference;

/// <summary>The small graphs beside these tests (made by Graphs/make.py), each with a contract written by hand.</summary>
internal static class TestGraph
{
    public static string Folder { get; } = Path.Combine(RepositoryFolder.Root, "tests", "EdgeInfer.Tests", "Inference", "Graphs");

    public static string PathOf(string name) => Path.Combine(Folder, name + ".onnx");

    public static Model Conv(string? path = null) => Make(path ?? PathOf("conv"), Picture(3, 16, 16), Output("y", ElementType.Float32, 1, 8, 1, 1));

    public static Model OpenDimensions(int size = 16) => Make(PathOf("open-dims"), Picture(3, size, size), Output("y", ElementType.Float32, -1, -1));

    public static Model InnerNms => Make(PathOf("inner-nms"), Picture(1, 1, 4), Output("y", ElementType.Int64, -1, 3));

    public static Model LateSurprise => Make(PathOf("late-surprise"), Picture(1, 1, 4), Output("y", ElementType.Int64, 4, -1));

    /// <summary>Any graph with a 1×1×1×4 float input x and an output y of the same shape.</summary>
    public static Model Four(string path) => Make(path, Picture(1, 1, 4), Output("y", ElementType.Float32, 1, 1, 1, 4));

    public static Model Bytes => Make(
        PathOf("bytes"),
        Picture(3, 2, 2) with { Type = ElementType.UInt8, Layout = TensorLayout.Nhwc },
        Output("y", ElementType.UInt8, 1, 3, 2, 2));

    public static Model Halves => Make(
        PathOf("halves"), Picture(1, 1, 4) with { Type = ElementType.Float16 }, Output("y", ElementType.Float16, 1, 1, 1, 4));

    public static Model Make(string path, PictureInput input, params IReadOnlyList<TensorInfo> outputs) => new()
    {
        Name = Path.GetFileNameWithoutExtension(path),
        Version = "1",
        Task = ModelTask.Raw,
        OnnxPath = path,
        Path = path,
        Digest = new string('a', 64),
        Input = input,
        Output = new OutputContract { Decoder = DecoderKind.Raw, Outputs = outputs },
        Labels = [],
        Origins = [],
    };

    public static PictureInput Picture(int channels, int height, int width) => new()
    {
        Name = "x",
        Type = ElementType.Float32,
        Layout = TensorLayout.Nchw,
        Width = width,
        Height = height,
        Color = channels == 1 ? ChannelOrder.Gray : ChannelOrder.Rgb,
        Resize = ResizeMode.None,
        Kernel = ResizeKernel.Bilinear,
    };

    public static TensorInfo Output(string name, ElementType type, params long[] shape) => new(name, type, shape, null);

    /// <summary>A runtime that keeps no graphs.</summary>
    public static InferenceRuntime Runtime(params IReadOnlyList<string> providers)
        => new(new RuntimeOptions { Threads = 1, CacheFolder = "", Providers = providers.Count == 0 ? ["cpu"] : providers }, TimeProvider.System, NullLogger.Instance);
}
