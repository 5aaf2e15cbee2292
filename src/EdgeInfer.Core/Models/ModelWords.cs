using EdgeInfer.Signals;

namespace EdgeInfer.Models;

/// <summary>The words of <c>model.yaml</c> for the contract's values.</summary>
internal static class ModelWords
{
    /// <summary><c>task</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, ModelTask>> Tasks { get; } =
        [new("classify", ModelTask.Classify), new("detect", ModelTask.Detect), new("raw", ModelTask.Raw)];

    /// <summary>Tasks of the contract that this version does not have yet.</summary>
    public static IReadOnlyList<string> LaterTasks { get; } = ["segment", "pose", "embed", "ocr", "keyword", "vad", "anomaly", "regress", "tabular"];

    /// <summary><c>input.color</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, ChannelOrder>> Colors { get; } =
        [new("rgb", ChannelOrder.Rgb), new("bgr", ChannelOrder.Bgr), new("gray", ChannelOrder.Gray)];

    /// <summary><c>input.layout</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, TensorLayout>> Layouts { get; } = [new("nchw", TensorLayout.Nchw), new("nhwc", TensorLayout.Nhwc)];

    /// <summary><c>input.resize</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, ResizeMode>> Resizes { get; } =
    [
        new("letterbox", ResizeMode.Letterbox), new("letterbox-top-left", ResizeMode.LetterboxTopLeft), new("stretch", ResizeMode.Stretch),
        new("crop", ResizeMode.Crop), new("none", ResizeMode.None),
    ];

    /// <summary><c>input.kernel</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, ResizeKernel>> Kernels { get; } =
    [
        new("bilinear", ResizeKernel.Bilinear), new("bilinear-antialias", ResizeKernel.BilinearAntialias), new("bilinear-tf", ResizeKernel.BilinearTf),
        new("area", ResizeKernel.Area), new("nearest", ResizeKernel.Nearest), new("fast", ResizeKernel.Fast),
    ];

    /// <summary><c>output.decoder</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, DecoderKind>> Decoders { get; } =
    [
        new("yolov8", DecoderKind.Yolov8), new("yolox", DecoderKind.Yolox), new("fastestdet", DecoderKind.FastestDet), new("ssd", DecoderKind.Ssd),
        new("classification", DecoderKind.Classification), new("raw", DecoderKind.Raw),
    ];

    /// <summary><c>output.activation</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, ScoreActivation>> Activations { get; } =
        [new("none", ScoreActivation.None), new("sigmoid", ScoreActivation.Sigmoid), new("softmax", ScoreActivation.Softmax)];

    /// <summary><c>output.nms.mode</c>.</summary>
    public static IReadOnlyList<KeyValuePair<string, NmsMode>> NmsModes { get; } =
        [new("per-class", NmsMode.PerClass), new("class-agnostic", NmsMode.ClassAgnostic), new("off", NmsMode.Off)];

    /// <summary>Where a value comes from, as <c>model inspect</c> says it.</summary>
    public static IReadOnlyList<KeyValuePair<string, ContractOrigin>> Origins { get; } =
    [
        new("model.yaml", ContractOrigin.ModelYaml), new("folder", ContractOrigin.Folder), new("graph", ContractOrigin.Graph),
        new("metadata", ContractOrigin.Metadata), new("family", ContractOrigin.DecoderFamily), new("default", ContractOrigin.Default),
    ];

    /// <summary>The word for a value.</summary>
    public static string Of<T>(IReadOnlyList<KeyValuePair<string, T>> words, T value)
        where T : struct
    {
        foreach ((string word, T meaning) in words)
            if (EqualityComparer<T>.Default.Equals(meaning, value)) return word;
        throw new ArgumentOutOfRangeException(nameof(value), value, "no word for it");
    }

    /// <summary>Every word.</summary>
    public static IReadOnlyList<string> All<T>(IReadOnlyList<KeyValuePair<string, T>> words) => [.. words.Select(w => w.Key)];

    /// <summary>An element type, as ONNX names it.</summary>
    public static string Of(ElementType type) => type.ToString().ToLowerInvariant();
}
