namespace EdgeInfer.Tests.Models;

/// <summary>Graphs with the outer shape of real exports: the right inputs, outputs and last operators, nothing in between.</summary>
internal static class TestModels
{
    /// <summary>ImageNet-like classifier that ends in logits.</summary>
    public static OnnxBuilder Classifier(int classes = 4, string? lastOperator = null)
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 32, 32).Output("y", OnnxBuilder.Float, 1, classes);
        model.Node("GlobalAveragePool", ["x"], ["a"]).Node("Gemm", ["a", "w"], lastOperator is null ? ["y"] : ["l"]);
        return lastOperator is null ? model : model.Node(lastOperator, ["l"], ["y"]);
    }

    /// <summary>The metadata that the ultralytics package writes.</summary>
    public static OnnxBuilder UltralyticsMetadata(this OnnxBuilder model, string task = "detect", string names = "{0: 'bolt', 1: 'nut'}")
        => model.Metadata("description", "Ultralytics YOLO11n model").Metadata("author", "Ultralytics").Metadata("stride", "32")
            .Metadata("task", task).Metadata("batch", "1").Metadata("imgsz", "[480, 640]").Metadata("names", names);

    /// <summary>A YOLOv8 head over 2 classes; 640×480 has 6300 cells at strides 8, 16 and 32.</summary>
    public static OnnxBuilder Yolov8(bool isDynamic = false)
    {
        OnnxBuilder model = isDynamic
            ? new OnnxBuilder().Input("images", OnnxBuilder.Float, "batch", 3, "height", "width").Output("output0", OnnxBuilder.Float, "batch", 6, "anchors")
            : new OnnxBuilder().Input("images", OnnxBuilder.Float, 1, 3, 480, 640).Output("output0", OnnxBuilder.Float, 1, 6, 6300);
        return model.Node("Conv", ["images", "w"], ["c"]).Node("Mul", ["c", "s"], ["b"]).Node("Sigmoid", ["c"], ["p"]).Node("Concat", ["b", "p"], ["output0"]);
    }

    /// <summary>A YOLOX head over 3 classes; 64×64 has 84 cells.</summary>
    public static OnnxBuilder Yolox()
        => new OnnxBuilder().Input("images", OnnxBuilder.Float, 1, 3, 64, 64).Output("output", OnnxBuilder.Float, 1, 84, 8)
            .Node("Conv", ["images", "w"], ["c"]).Node("Sigmoid", ["c"], ["o"]).Node("Sigmoid", ["c"], ["k"])
            .Node("Concat", ["c", "o", "k"], ["h"]).Node("Reshape", ["h", "shape"], ["r"]).Node("Concat", ["r", "r", "r"], ["j"]).Node("Transpose", ["j"], ["output"], ("perm", [0, 2, 1]));

    /// <summary>uint8 NHWC in and out with Q/DQ at both ends, as converters of TensorFlow Lite models write it.</summary>
    public static OnnxBuilder QuantisedClassifier(int type = OnnxBuilder.UInt8, int zeroPoint = 128)
        => new OnnxBuilder().Input("x", type, 1, 16, 16, 3).Output("y", type, 1, 5)
            .FloatConstant("s", 1f / 128).ByteConstant("z", type, zeroPoint).FloatConstant("t", 1f / 256).ByteConstant("u", type, type == OnnxBuilder.UInt8 ? 0 : 0x80)
            .Node("DequantizeLinear", ["x", "s", "z"], ["f"]).Node("Transpose", ["f"], ["g"], ("perm", [0, 3, 1, 2])).Node("Conv", ["g", "w"], ["h"])
            .Node("Softmax", ["h"], ["p"]).Node("QuantizeLinear", ["p", "t", "u"], ["y"]);
}
