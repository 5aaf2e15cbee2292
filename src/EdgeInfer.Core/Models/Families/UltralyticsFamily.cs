using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models.Families;

/// <summary>Models that the ultralytics package exports (YOLOv8, YOLO11 and their like).</summary>
internal static class UltralyticsFamily
{
    private const float Scale = (float)(1.0 / 255);

    /// <summary>By its metadata, or by its head: centre boxes beside sigmoid scores over the cells of strides 8, 16 and 32.</summary>
    public static FamilyFacts? Recognise(RecognisedGraph graph)
    {
        if (IsExport(graph.File.Metadata))
        {
            return graph.File.Metadata.GetValueOrDefault("task") switch
            {
                "detect" when !IsEndToEnd(graph.File) => Detector("its metadata"),
                "classify" => Classifier("its metadata"),
                _ => null,
            };
        }

        if (graph.File.Outputs is not [{ Shape: [_, _, _] shape } output] || graph.Width == 0) return null;
        bool hasShape = RecognisedGraph.Agrees(shape, 1, -1, graph.Cells(8, 16, 32)) && shape[1] >= 5 && shape[2] > 0;
        bool hasScores = graph.Wiring.Maker(output.Name) is { OpType: "Concat" } concat && concat.Inputs.Any(i => graph.Wiring.Maker(i)?.OpType == "Sigmoid");
        return hasShape && hasScores ? Detector($"its head [{string.Join(", ", shape)}]") : null;
    }

    /// <summary>Whether the metadata are those that the package writes.</summary>
    public static bool IsExport(IReadOnlyDictionary<string, string> metadata)
        => metadata.GetValueOrDefault("author") == "Ultralytics"
            || (metadata.ContainsKey("names") && metadata.ContainsKey("stride") && metadata.ContainsKey("task"));

    /// <summary>Whether non-maximum suppression is in the graph: rows of x1, y1, x2, y2, score, class.</summary>
    public static bool IsEndToEnd(OnnxFile file) => file.Outputs is [{ Shape: [_, _, 6] }];

    /// <summary>Its detectors: LetterBox on OpenCV's bilinear resize, RGB in 0 to 1.</summary>
    public static FamilyFacts Detector(string by) => new()
    {
        Name = "Ultralytics",
        RecognisedBy = by,
        Task = ModelTask.Detect,
        Color = ChannelOrder.Rgb,
        Resize = ResizeMode.Letterbox,
        Kernel = ResizeKernel.Bilinear,
        Pad = 114,
        Scale = Scale,
        Mean = 0,
        Std = 1,
        Decoder = DecoderKind.Yolov8,
        Activation = ScoreActivation.None,
    };

    // Its classify_transforms: torchvision's Resize of the shorter side (antialiased), CenterCrop, ToTensor.
    private static FamilyFacts Classifier(string by) => new()
    {
        Name = "Ultralytics",
        RecognisedBy = by,
        Task = ModelTask.Classify,
        Color = ChannelOrder.Rgb,
        Resize = ResizeMode.Crop,
        Kernel = ResizeKernel.BilinearAntialias,
        Scale = Scale,
        Mean = 0,
        Std = 1,
        Decoder = DecoderKind.Classification,
    };
}
