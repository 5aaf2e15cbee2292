using System.Text.Json;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Postprocessing;

/// <summary>A head to decode: a contract written by hand, tensors with given values, and the geometry of Heads/make.py.</summary>
internal sealed class Head : IDisposable
{
    public const int Size = 32;

    private readonly List<TensorBuffer> _tensors = [];

    public static string Folder { get; } = Path.Combine(RepositoryFolder.Root, "tests", "EdgeInfer.Tests", "Postprocessing", "Heads");

    /// <summary>100×60 letterboxed into 32×32: 32×19 with 6 rows above.</summary>
    public static PictureGeometry Letterboxed { get; } = new(100, 60, Size, Size, 32, 19, 0, 6);

    /// <summary>A picture of the tensor's own size.</summary>
    public static PictureGeometry Plain { get; } = new(Size, Size, Size, Size, Size, Size, 0, 0);

    public required Model Model { get; set; }

    public IReadOnlyList<TensorBuffer> Outputs => _tensors;

    public static Head Of(DecoderKind kind, int classes, params IReadOnlyList<(string Name, long[] Shape, float[] Values)> outputs)
    {
        Head head = new() { Model = Contract(kind, classes, [.. outputs.Select(static o => new TensorInfo(o.Name, ElementType.Float32, o.Shape, null))]) };
        foreach ((string name, long[] shape, float[] values) in outputs)
        {
            TensorBuffer tensor = new(name, ElementType.Float32, shape);
            values.CopyTo(tensor.Elements<float>());
            head._tensors.Add(tensor);
        }

        return head;
    }

    /// <summary>A YOLOv8 head whose anchors are given one by one: centre x, centre y, width, height, class scores.</summary>
    public static Head OfAnchors(int classes, params float[][] anchors)
    {
        float[] values = new float[(4 + classes) * anchors.Length];
        for (int a = 0; a < anchors.Length; a++)
        {
            for (int v = 0; v < 4 + classes; v++) values[v * anchors.Length + a] = anchors[a][v];
        }

        return Of(DecoderKind.Yolov8, classes, ("out", [1, 4 + classes, anchors.Length], values));
    }

    /// <summary>A head of heads.json.</summary>
    public static Head FromFile(JsonElement head)
    {
        (string, long[], float[])[] outputs =
        [
            .. head.GetProperty("outputs").EnumerateArray().Select(static o => (
                o.GetProperty("name").GetString()!,
                o.GetProperty("shape").Deserialize<long[]>()!,
                o.GetProperty("values").Deserialize<float[]>()!)),
        ];
        string name = head.GetProperty("head").GetString()!;
        DecoderKind kind = name switch
        {
            "yolov8" => DecoderKind.Yolov8,
            "yolox" => DecoderKind.Yolox,
            "fastestdet" => DecoderKind.FastestDet,
            "classification" => DecoderKind.Classification,
            _ => DecoderKind.Ssd,
        };
        Head read = Of(kind, head.GetProperty("classes").GetInt32(), outputs);
        read.Model = read.Model with
        {
            Threshold = kind == DecoderKind.Classification ? 0.05f : 0.4f,
            BackgroundClass = head.GetProperty("background").GetInt32(),
            Output = read.Model.Output with
            {
                Activation = Enum.Parse<ScoreActivation>(head.GetProperty("activation").GetString()!, ignoreCase: true),
                Ssd = kind == DecoderKind.Ssd ? Ssd(name) : null,
            },
        };
        return read;
    }

    public Prediction Decode(PictureGeometry geometry, DecoderOptions? options = null)
    {
        Prediction result = new();
        OutputDecoder.Create(Model, options ?? DecoderOptions.Default).Decode(_tensors, geometry, result);
        return result;
    }

    public void Dispose()
    {
        foreach (TensorBuffer tensor in _tensors) tensor.Dispose();
    }

    public static Model Contract(DecoderKind kind, int classes, IReadOnlyList<TensorInfo> outputs) => new()
    {
        Name = "head",
        Version = "1",
        Task = kind == DecoderKind.Classification ? ModelTask.Classify : ModelTask.Detect,
        OnnxPath = "head.onnx",
        Path = "head.onnx",
        Digest = "",
        Input = new PictureInput
        {
            Name = "x",
            Type = ElementType.Float32,
            Layout = TensorLayout.Nchw,
            Width = Size,
            Height = Size,
            Color = ChannelOrder.Rgb,
            Resize = ResizeMode.Letterbox,
            Kernel = ResizeKernel.Bilinear,
        },
        Output = new OutputContract { Decoder = kind, Outputs = outputs },
        Labels = [.. Enumerable.Range(0, classes).Select(static c => $"label{c}")],
        Threshold = 0.4f,
        Origins = [],
    };

    private static SsdOptions Ssd(string name) => name == "blazeface"
        ? new() { Boxes = ["boxes0", "boxes1"], Scores = ["scores0", "scores1"], Levels = [new(4, 4, 2), new(2, 2, 6)], BoxScale = Size }
        : new() { Boxes = ["boxes"], Scores = ["scores"], Levels = [] };
}
