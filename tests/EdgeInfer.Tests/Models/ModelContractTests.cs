using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Models;

/// <summary>Which origin a contract value is taken from, and what a bare export already says.</summary>
public sealed class ModelContractTests
{
    private const string Classify = "input: { color: rgb, resize: crop, kernel: bilinear-antialias, scale: 1/255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }\n";

    [Fact]
    public void An_ultralytics_export_needs_nothing_beside_it()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata());
        Model model = box.Load();
        Assert.Equal((ModelTask.Detect, DecoderKind.Yolov8), (model.Task, model.Output.Decoder));
        Assert.Equal((640, 480, TensorLayout.Nchw), (model.Input.Width, model.Input.Height, model.Input.Layout));
        Assert.Equal((ChannelOrder.Rgb, ResizeMode.Letterbox, ResizeKernel.Bilinear, (byte)114), (model.Input.Color, model.Input.Resize, model.Input.Kernel, model.Input.Pad));
        Assert.Equal(1f / 255, model.Input.Scale);
        Assert.Equal([0, 0, 0], model.Input.Mean);
        Assert.Equal([1, 1, 1], model.Input.Std);
        Assert.Equal(["bolt", "nut"], model.Labels);
        Assert.Equal(new NmsOptions(NmsMode.PerClass, 0.45f), model.Output.Nms);
        Assert.Equal((300, 0.25f, ScoreActivation.None, -1), (model.Output.MaxDetections, model.Threshold, model.Output.Activation, model.BackgroundClass));
        Assert.Equal(("belt", "0"), (model.Name, model.Version));
    }

    [Fact]
    public void A_dynamic_ultralytics_export_takes_its_size_from_imgsz()
    {
        using ModelBox box = new(TestModels.Yolov8(isDynamic: true).UltralyticsMetadata());
        Model model = box.Load();
        Assert.Equal([1, 3, 480, 640], model.Input.Shape);
        Assert.Equal([-1, 6, -1], model.Output.Outputs[0].Shape);
        Assert.Equal(ContractOrigin.Metadata, Origin(model, "input.width"));
    }

    [Fact]
    public void A_yolov8_head_is_known_without_metadata()
    {
        using ModelBox box = new(TestModels.Yolov8());
        Model model = box.Load();
        Assert.Equal((DecoderKind.Yolov8, ResizeMode.Letterbox), (model.Output.Decoder, model.Input.Resize));
        Assert.Equal(["class 0", "class 1"], model.Labels);
        Assert.Equal(ContractOrigin.Default, Origin(model, "labels"));
        Assert.Equal(ContractOrigin.DecoderFamily, Origin(model, "input.color"));
    }

    [Fact]
    public void A_yolox_head_means_bgr_bytes_fitted_top_left()
    {
        using ModelBox box = new(TestModels.Yolox(), labels: "a\nb\nc\n");
        Model model = box.Load();
        Assert.Equal((DecoderKind.Yolox, ChannelOrder.Bgr, ResizeMode.LetterboxTopLeft, (byte)114), (model.Output.Decoder, model.Input.Color, model.Input.Resize, model.Input.Pad));
        Assert.Equal((1f, (Quantisation?)null), (model.Input.Scale, model.Input.Quantisation));
        Assert.Equal(["a", "b", "c"], model.Labels);
        Assert.Equal(ContractOrigin.Folder, Origin(model, "labels"));
    }

    [Fact]
    public void The_same_shape_without_sigmoid_scores_is_no_yolox()
    {
        // A transposed YOLOv8 head looks like YOLOX with one class fewer.
        OnnxBuilder model = new OnnxBuilder().Input("images", OnnxBuilder.Float, 1, 3, 64, 64).Output("output", OnnxBuilder.Float, 1, 84, 8)
            .Node("Conv", ["images", "w"], ["c"]).Node("Concat", ["c", "c"], ["h"]).Node("Transpose", ["h"], ["output"], ("perm", [0, 2, 1]));
        using ModelBox box = new(model, "task: detect\n");
        Assert.Contains(box.Faults(), f => f.StartsWith("model.yaml: output.decoder is stated nowhere", StringComparison.Ordinal) && f.Contains("yolov8 | yolox | fastestdet | ssd", StringComparison.Ordinal));
    }

    [Fact]
    public void The_yaml_outweighs_the_family_key_by_key()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), """
            name: other
            version: 1.2.0
            input: { color: bgr, kernel: area, pad: 0 }
            output: { nms: { mode: class-agnostic, iou: 0.6 }, max: 10 }
            labels: [x, y]
            threshold: 0.35
            """);
        Model model = box.Load();
        Assert.Equal((ChannelOrder.Bgr, ResizeKernel.Area, (byte)0), (model.Input.Color, model.Input.Kernel, model.Input.Pad));
        Assert.Equal((ResizeMode.Letterbox, 1f / 255), (model.Input.Resize, model.Input.Scale));
        Assert.Equal((new NmsOptions(NmsMode.ClassAgnostic, 0.6f), 10, 0.35f), (model.Output.Nms, model.Output.MaxDetections, model.Threshold));
        Assert.Equal(["x", "y"], model.Labels);
        Assert.Equal(("other", "1.2.0"), (model.Name, model.Version));
        Assert.Equal(ContractOrigin.ModelYaml, Origin(model, "input.color"));
        Assert.Equal(ContractOrigin.DecoderFamily, Origin(model, "input.resize"));
    }

    [Fact]
    public void A_named_decoder_brings_its_familys_preprocessing()
    {
        OnnxBuilder open = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, "h", "w").Output("y", OnnxBuilder.Float, 1, "cells", 8);
        using ModelBox box = new(open, "input: { width: 64, height: 64 }\noutput: { decoder: yolox }\n");
        Model model = box.Load();
        Assert.Equal((ModelTask.Detect, ChannelOrder.Bgr, ResizeMode.LetterboxTopLeft, 3), (model.Task, model.Input.Color, model.Input.Resize, model.Labels.Count));
    }

    [Fact]
    public void An_unknown_classifier_names_what_must_be_chosen()
    {
        using ModelBox box = new(TestModels.Classifier(lastOperator: "Softmax"));
        string[] faults = box.Faults();
        Assert.Equal(4, faults.Length);
        Assert.Contains(faults, f => f.Contains("input.color is stated nowhere", StringComparison.Ordinal) && f.Contains("one of rgb | bgr;", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Contains("input.resize is stated nowhere", StringComparison.Ordinal) && f.Contains("letterbox | letterbox-top-left | stretch | crop | none", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Contains("input.kernel is stated nowhere", StringComparison.Ordinal) && f.Contains("bilinear-antialias", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Contains("input.scale is stated nowhere", StringComparison.Ordinal) && f.Contains("1/255", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, ScoreActivation.Softmax)]
    [InlineData("Softmax", ScoreActivation.None)]
    [InlineData("Sigmoid", ScoreActivation.None)]
    [InlineData("Relu", ScoreActivation.Softmax)]
    public void Probabilities_are_not_made_twice(string? lastOperator, ScoreActivation expected)
    {
        using ModelBox box = new(TestModels.Classifier(lastOperator: lastOperator), Classify, "a\nb\nc\nd\n");
        Model model = box.Load();
        Assert.Equal((ModelTask.Classify, expected), (model.Task, model.Output.Activation));
        Assert.Equal([0.485f, 0.456f, 0.406f], model.Input.Mean);
    }

    [Fact]
    public void The_softmax_is_found_behind_quantisation_and_reshapes()
    {
        using ModelBox box = new(TestModels.QuantisedClassifier(), "input: { color: rgb, resize: stretch, kernel: bilinear-tf }\n");
        Assert.Equal(ScoreActivation.None, box.Load().Output.Activation);
    }

    [Fact]
    public void A_uint8_input_takes_the_bytes_that_its_quantisation_maps()
    {
        using ModelBox box = new(TestModels.QuantisedClassifier(), "input: { color: rgb, resize: stretch, kernel: bilinear-tf }\n", "background\na\nb\nc\nd\n");
        Model model = box.Load();
        Assert.Equal((ElementType.UInt8, TensorLayout.Nhwc, (Quantisation?)null, 1f), (model.Input.Type, model.Input.Layout, model.Input.Quantisation, model.Input.Scale));
        Assert.Equal(new Quantisation(1f / 256, 0), model.Output.Outputs[0].Quantisation);
    }

    [Fact]
    public void A_stated_scale_is_quantised_with_the_graphs_numbers()
    {
        using ModelBox box = new(TestModels.QuantisedClassifier(), "input: { color: rgb, resize: stretch, kernel: bilinear-tf, scale: 1/127.5, mean: 1 }\n");
        Model model = box.Load();
        Assert.Equal((new Quantisation(1f / 128, 128), (float)(1 / 127.5)), (model.Input.Quantisation!.Value, model.Input.Scale));
        Assert.Equal([1, 1, 1], model.Input.Mean);
    }

    [Fact]
    public void The_yamls_quantisation_outweighs_the_graphs()
    {
        using ModelBox box = new(TestModels.QuantisedClassifier(), """
            input: { color: rgb, resize: stretch, kernel: bilinear-tf, scale: 1/255, quantisation: { scale: 1/255, zero_point: 3 } }
            outputs: { y: { quantisation: { scale: 0.5, zero_point: 1 } } }
            """);
        Model model = box.Load();
        Assert.Equal(new Quantisation((float)(1.0 / 255), 3), model.Input.Quantisation);
        Assert.Equal(new Quantisation(0.5f, 1), model.Output.Outputs[0].Quantisation);
    }

    [Fact]
    public void An_int8_input_that_could_be_stored_either_way_is_asked_for()
    {
        using ModelBox box = new(TestModels.QuantisedClassifier(OnnxBuilder.Int8, 0), "input: { color: rgb, resize: stretch, kernel: bilinear-tf }\n");
        Assert.Contains("input.scale is stated nowhere: the input is int8", Assert.Single(box.Faults()));
    }

    [Fact]
    public void An_int8_input_with_zero_at_minus_128_takes_bytes()
    {
        using ModelBox box = new(TestModels.QuantisedClassifier(OnnxBuilder.Int8, 0x80), "input: { color: rgb, resize: stretch, kernel: bilinear-tf }\n");
        Assert.Null(box.Load().Input.Quantisation);
    }

    [Fact]
    public void One_channel_is_gray_by_the_graph()
    {
        OnnxBuilder gray = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 1, 28, 28).Output("y", OnnxBuilder.Float, 1, 10).Node("Conv", ["x", "w"], ["c"]).Node("Softmax", ["c"], ["y"]);
        using ModelBox box = new(gray, "input: { resize: stretch, kernel: area, scale: 1/255, mean: 0.5, std: 0.5 }\n");
        Model model = box.Load();
        Assert.Equal((ChannelOrder.Gray, ContractOrigin.Graph), (model.Input.Color, Origin(model, "input.color")));
        Assert.Equal([0.5f], model.Input.Mean);
    }

    [Theory]
    [InlineData("Conv", "nchw", 1, 3, 3, 3)]
    [InlineData("Transpose", "nhwc", 1, 3, 3, 3)]
    [InlineData("Conv", "nchw", 1, 3, 8, 3)]
    public void An_ambiguous_layout_is_read_from_the_first_convolution(string first, string expected, params int[] shape)
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, [.. shape.Cast<object>()]).Output("y", OnnxBuilder.Float, 1, 2)
            .Node("Sub", ["x", "m"], ["s"]).Node(first, ["s", "w"], ["c"], ("perm", [0, 3, 1, 2])).Node("Softmax", ["c"], ["y"]);
        using ModelBox box = new(model, Classify);
        Assert.Equal(expected == "nchw" ? TensorLayout.Nchw : TensorLayout.Nhwc, box.Load().Input.Layout);
    }

    [Fact]
    public void A_layout_that_nothing_shows_is_asked_for()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, "n", "a", "b", "c").Output("y", OnnxBuilder.Float, 1, 2).Node("Softmax", ["x"], ["y"]);
        using ModelBox box = new(model, Classify);
        Assert.Contains("input.layout is stated nowhere", box.Faults()[0]);
    }

    [Fact]
    public void Sizes_that_the_graph_leaves_open_are_asked_for_or_stated()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, "h", "w").Output("y", OnnxBuilder.Float, 1, 2).Node("Softmax", ["x"], ["y"]);
        using ModelBox open = new(model, Classify);
        Assert.Contains("input.width is stated nowhere: the graph leaves the width of its input open (w)", open.Faults()[0]);
        using ModelBox stated = new(model, Classify.Replace("color", "width: 32, height: 24, color", StringComparison.Ordinal));
        Assert.Equal([1, 3, 24, 32], stated.Load().Input.Shape);
    }

    [Fact]
    public void Outputs_are_passed_on_with_task_raw()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 8, 8).Output("a", OnnxBuilder.Float, 1, 512).Output("b", OnnxBuilder.UInt8, 1, 2, 2).Node("Relu", ["x"], ["a"]);
        using ModelBox box = new(model, "task: raw\n" + Classify);
        Model loaded = box.Load();
        Assert.Equal((DecoderKind.Raw, 2, 0), (loaded.Output.Decoder, loaded.Output.Outputs.Count, loaded.Labels.Count));
    }

    [Fact]
    public void A_vector_that_is_no_probability_and_has_no_labels_is_asked_for()
    {
        using ModelBox box = new(TestModels.Classifier(512), Classify);
        Assert.Contains("task is stated nowhere", Assert.Single(box.Faults()));
    }

    [Fact]
    public void An_ssd_head_is_described_in_the_yaml()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 64, 64).Output("s", OnnxBuilder.Float, 1, 32, 3).Output("b", OnnxBuilder.Float, 1, 32, 4).Node("Conv", ["x", "w"], ["s"]);
        const string Yaml = """
            input: { color: rgb, resize: stretch, kernel: bilinear, scale: 1/255 }
            output: { decoder: ssd, activation: sigmoid, ssd: { boxes: [b], scores: [s], levels: [[4, 4, 2]], box_scale: 64 } }
            labels: { names: [background, cat, dog], background: 0 }
            """;
        using ModelBox box = new(model, Yaml);
        Model loaded = box.Load();
        SsdOptions ssd = loaded.Output.Ssd!;
        Assert.Equal(["b"], ssd.Boxes);
        Assert.Equal(["s"], ssd.Scores);
        Assert.Equal([new AnchorLevel(4, 4, 2)], ssd.Levels);
        Assert.Equal(64f, ssd.BoxScale);
        Assert.Equal((0, ScoreActivation.Sigmoid, 3), (loaded.BackgroundClass, loaded.Output.Activation, loaded.Labels.Count));
    }

    [Theory]
    [InlineData("labels: names.txt\nlabels.background: 0\n")]
    [InlineData("labels: { file: names.txt, background: 0 }\n")]
    [InlineData("labels: { names: [none, a, b, c], background: 0 }\n")]
    [InlineData("labels: [none, a, b, c]\nlabels.background: 0\n")]
    public void Labels_are_written_in_four_ways(string labels)
    {
        using ModelBox box = new(TestModels.Classifier(lastOperator: "Softmax"), Classify + labels);
        box.Write("names.txt", "\uFEFFnone\r\na\r\nb\r\nc\r\n\r\n");
        Model model = box.Load();
        Assert.Equal(["none", "a", "b", "c"], model.Labels);
        Assert.Equal(0, model.BackgroundClass);
    }

    [Theory]
    [InlineData("names", "['a', 'b', 'c', 'd']")]
    [InlineData("labels", "a,b,c,d")]
    [InlineData("labels", "a\nb\nc\nd\n")]
    [InlineData("labels", """["a", "b", "c", "d"]""")]
    [InlineData("names", "{3: 'd', 1: 'b', 0: 'a', 2: 'c'}")]
    public void Labels_come_from_the_metadata(string key, string value)
    {
        using ModelBox box = new(TestModels.Classifier(lastOperator: "Softmax").Metadata(key, value), Classify);
        Assert.Equal(["a", "b", "c", "d"], box.Load().Labels);
    }

    [Fact]
    public void Numbered_and_double_labels_work_but_are_noted()
    {
        using ModelBox numbered = new(TestModels.Yolox());
        Assert.Contains("numbered", Assert.Single(ModelLoader.Inspect(numbered.Folder).Warnings).What);
        using ModelBox doubled = new(TestModels.Yolox(), labels: "crane\nbolt\ncrane\n");
        Assert.Equal("labels: several classes are called 'crane'", Assert.Single(ModelLoader.Inspect(doubled.Folder).Warnings).What);
        Assert.NotNull(doubled.Load());
    }

    [Fact]
    public void Golden_files_are_kept_as_part_of_the_contract()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), "golden: [ { input: golden/a.jpg, expect: golden/a.json } ]\n");
        box.Write("golden/a.jpg", "x");
        box.Write("golden/a.json", "{}");
        Assert.Contains(box.Load().Origins, v => v.Key == "golden" && v.Value == """[{ input: "golden/a.jpg", expect: "golden/a.json" }]""");
    }

    [Fact]
    public void A_golden_input_has_an_expectation_or_its_ground_truth_or_both()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), "golden:\n  - { input: a.jpg, expect: a.json }\n  - { input: a.jpg, truth: a.json }\n  - { input: a.jpg, expect: a.json, truth: a.json }\n");
        box.Write("a.jpg", "x");
        box.Write("a.json", "{}");
        Model model = box.Load();
        Assert.Equal([new("a.jpg", "a.json"), new("a.jpg", null, "a.json"), new("a.jpg", "a.json", "a.json")], model.Golden);
        Assert.EndsWith("""{ input: "a.jpg", truth: "a.json" }, { input: "a.jpg", expect: "a.json", truth: "a.json" }]""", model.Origins.Single(static v => v.Key == "golden").Value, StringComparison.Ordinal);
    }

    private static ContractOrigin Origin(Model model, string key) => model.Origins.Single(v => v.Key == key).Origin;
}
