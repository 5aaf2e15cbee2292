using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Models;

/// <summary>Each thing that can be wrong with a model, and the line that says so.</summary>
public sealed class ModelFaultTests
{
    private const string Classify = "input: { color: rgb, resize: crop, kernel: bilinear, scale: 1/255 }\n";

    [Theory]
    [InlineData("tresholt: 0.5\n", "model.yaml:1:1: unknown key 'tresholt'; did you mean 'threshold'?")]
    [InlineData("threshold: 1.5\n", "model.yaml:1:12: threshold: found '1.5'; expected a number from 0 to 1")]
    [InlineData("threshold: high\n", "model.yaml:1:12: threshold: found 'high'; expected a number from 0 to 1")]
    [InlineData("task: segment\n", "model.yaml:1:7: task: this version does not have the task 'segment' yet; known: classify, detect, raw")]
    [InlineData("task: dance\n", "model.yaml:1:7: task: found 'dance'; expected one of classify, detect, raw")]
    [InlineData("name: a/b\n", "model.yaml:1:7: name: 'a/b' is no name of a model; 1 to 64 letters, digits, '.', '-' or '_', beginning with a letter or digit")]
    [InlineData("input: { colour: rgb }\n", "model.yaml:1:10: unknown key 'input.colour'; did you mean 'color'?")]
    [InlineData("input: { pad: 300 }\n", "model.yaml:1:15: input.pad: found '300'; expected a whole number from 0 to 255")]
    [InlineData("input: { mean: [1, 2] }\n", "model.yaml:1:16: input.mean: 2 numbers; expected one, or one per channel")]
    [InlineData("input: { std: 0 }\n", "model.yaml:1:15: input.std: 0 cannot divide; write what the model was trained with")]
    [InlineData("input: { scale: 0 }\n", "model.yaml:1:17: input.scale: 0 makes every pixel the same; write a factor such as 1/255")]
    [InlineData("input: { color: gray }\n", "model.yaml:1:17: input.color: 'gray', but the graph's input has 3 channels; write rgb or bgr")]
    [InlineData("input: { width: 320 }\n", "model.yaml:1:17: input.width: 320, but the graph has 640; remove the key")]
    [InlineData("input: { name: image }\n", "model.yaml:1:16: input.name: the graph has no input 'image'; its inputs: images")]
    [InlineData("input: { quantisation: { scale: 1 } }\n", "model.yaml:1:24: input.quantisation: the graph's input is float32, which is not stored as an integer; remove the key")]
    [InlineData("inputs: { a: {}, b: {} }\n", "model.yaml:1:9: inputs: 2 inputs; this version serves models of one picture input; name the picture input alone")]
    [InlineData("output: { nms: { mode: sometimes } }\n", "model.yaml:1:24: output.nms.mode: found 'sometimes'; expected one of per-class, class-agnostic, off")]
    [InlineData("output: { ssd: { boxes: [a], scores: [b] } }\n", "model.yaml:1:16: output.ssd: the decoder is yolov8; remove the key, or write decoder: ssd")]
    [InlineData("outputs: { output: { quantisation: { scale: 1 } } }\n", "model.yaml:1:20: outputs.output: the graph has no such output; did you mean 'output0'?")]
    [InlineData("labels: none.txt\n", "model.yaml:1:9: labels: there is no file 'none.txt' in the model's folder; name a file of the model's folder with one label a line, or write [a, b]")]
    [InlineData("labels: ../secret\n", "model.yaml:1:9: labels: '../secret' leads out of the model's folder; name a file of the model's folder with one label a line, or write [a, b]")]
    [InlineData("labels: /etc/passwd\n", "model.yaml:1:9: labels: '/etc/passwd' is an absolute path; name a file of the model's folder with one label a line, or write [a, b]")]
    [InlineData("labels: [a, b]\nlabels.background: 2\n", "model.yaml:2:20: labels.background: class 2 does not exist; expected 0 to 1")]
    [InlineData("golden: [ { input: a.jpg, expect: ../b.json } ]\n", "model.yaml:1:35: golden.expect: '../b.json' leads out of the model's folder; name a file of the model's folder")]
    [InlineData("- a\n- b\n", "model.yaml:1:1: found a list; expected keys such as task, input, output")]
    [InlineData("task: detect\noutput: { decoder: classification }\n", "model.yaml:2:20: output.decoder: 'classification' does not fit task 'detect'; change one of the two")]
    public void A_fault_in_the_yaml_names_its_place_and_cure(string yaml, string expected)
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), yaml);
        Assert.Contains(expected, box.Faults());
    }

    [Fact]
    public void A_golden_input_without_anything_to_hold_it_against_and_too_many_of_them_are_faults()
    {
        using ModelBox lone = new(TestModels.Yolov8().UltralyticsMetadata(), "golden: [ { input: model.onnx } ]\n");
        Assert.Contains("golden.expect: is missing; name a file of the folder", Assert.Single(lone.Faults()), StringComparison.Ordinal);
        using ModelBox many = new(TestModels.Yolov8().UltralyticsMetadata(), $"golden: [{string.Join(", ", Enumerable.Repeat("{ input: model.onnx, expect: model.onnx }", 501))}]\n");
        Assert.Contains("golden: 501 entries; keep at most 500", Assert.Single(many.Faults()), StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_come_at_once()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), "tresholt: 1\ninput: { color: red, pad: -1 }\nlabels: [a]\n");
        Assert.Equal(4, box.Faults().Length);
    }

    [Theory]
    [InlineData(1, "labels.txt: labels: 1 label, but the model has 2 classes; one is missing: where class 0 means background, put 'background' first and write labels.background: 0; otherwise add the missing label")]
    [InlineData(3, "labels.txt: labels: 3 labels, but the model has 2 classes; one too many: remove a heading, or the background line of a model without that class")]
    [InlineData(7, "labels.txt: labels: 7 labels, but the model has 2 classes; give one label per class, in the order of the classes")]
    public void A_wrong_number_of_labels_is_counted(int count, string expected)
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), labels: string.Join('\n', Enumerable.Range(0, count)));
        Assert.Equal([expected], box.Faults());
    }

    [Fact]
    public void An_empty_line_among_the_labels_is_named()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), labels: "a\n\nb\n");
        Assert.Equal(["labels.txt:2:1: an empty line; write one label a line, in the order of the classes"], box.Faults());
    }

    [Fact]
    public void Labels_that_are_no_utf8_are_named()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata());
        box.Write("labels.txt", [0x61, 0xFF, 0x0A]);
        Assert.Equal(["labels.txt: this is no UTF-8 text; save it as UTF-8"], box.Faults());
    }

    [Fact]
    public void Names_that_are_no_literal_are_not_evaluated()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(names: "{0: open('/etc/passwd').read()}"));
        Assert.Contains("its metadata 'names' cannot be read as labels: character 5", Assert.Single(box.Faults()));
    }

    [Theory]
    [InlineData("{0: 'a', 2: 'b'}")]
    [InlineData("{0: 'a', 0: 'b'}")]
    [InlineData("{-1: 'a', 0: 'b'}")]
    [InlineData("{0: 'a', 1: 2}")]
    public void Names_with_gaps_are_no_labels(string names)
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(names: names));
        Assert.Contains("its metadata 'names' cannot be read as labels", Assert.Single(box.Faults()));
    }

    [Fact]
    public void An_integer_input_without_quantisation_forbids_arithmetic()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.UInt8, 1, 8, 8, 3).Output("y", OnnxBuilder.Float, 1, 2).Node("Cast", ["x"], ["c"]).Node("Softmax", ["c"], ["y"]);
        using ModelBox box = new(model, "input: { color: rgb, resize: crop, kernel: bilinear, scale: 1/255, std: 2 }\n");
        Assert.Equal(
            [
                "model.yaml:1:61: input.scale: the graph's input is an integer without quantisation and takes the pixels as they are; remove the key, or give input.quantisation",
                "model.yaml:1:73: input.std: the graph's input is an integer without quantisation and takes the pixels as they are; remove the key, or give input.quantisation",
            ],
            box.Faults());
    }

    [Fact]
    public void An_integer_output_without_quantisation_is_asked_for()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 8, 8).Output("y", OnnxBuilder.UInt8, 1, 2).Node("QLinearSoftmax", ["x"], ["y"]);
        using ModelBox box = new(model, "task: classify\n" + Classify);
        Assert.Contains("outputs.y.quantisation is stated nowhere", Assert.Single(box.Faults()));
    }

    [Fact]
    public void Newer_opsets_and_ir_than_the_runtimes_are_refused_with_the_numbers()
    {
        OnnxBuilder model = TestModels.Yolov8().UltralyticsMetadata().Domain("ai.onnx.ml", 6);
        model.Opset = 27;
        model.IrVersion = 14;
        using ModelBox box = new(model);
        string[] faults = box.Faults();
        Assert.Contains(faults, f => f.StartsWith("model.onnx: its IR version 14 is newer than the 13 ", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.StartsWith("model.onnx: its opset 27 of ai.onnx is newer than the 26 ", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.StartsWith("model.onnx: its opset 6 of ai.onnx.ml is newer than the 5 ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_newest_known_opset_and_ir_are_served()
    {
        OnnxBuilder model = TestModels.Yolov8().UltralyticsMetadata().Domain("ai.onnx.ml", 5);
        model.Opset = 26;
        model.IrVersion = 13;
        using ModelBox box = new(model);
        Assert.NotNull(box.Load());
    }

    [Theory]
    [InlineData("../w.bin", "'../w.bin' leads out of the model's folder")]
    [InlineData("/etc/passwd", "'/etc/passwd' is an absolute path")]
    [InlineData("", "an empty path")]
    [InlineData("gone.bin", "there is no file 'gone.bin' in the model's folder")]
    [InlineData("link.bin", "'link.bin' leads out of the model's folder")]
    [InlineData("folder/w.bin", "'folder/w.bin' leads out of the model's folder")]
    public void Weights_outside_the_folder_are_refused(string location, string expected)
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().External("w", location, 0, 4, 1));
        File.WriteAllText(Path.Combine(box.Outside, "w.bin"), "abcd");
        File.CreateSymbolicLink(box.At("link.bin"), Path.Combine(box.Outside, "w.bin"));
        File.CreateSymbolicLink(box.At("folder"), box.Outside);
        Assert.Contains(box.Faults(), f => f.Contains($"model.onnx: the weights of 'w' are in another file that cannot be used: {expected};", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(3, 2)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(2, long.MaxValue)]
    public void Weights_beyond_the_end_of_their_file_are_refused(long offset, long length)
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().External("w", "w.bin", offset, length, 1));
        box.Write("w.bin", "abcd");
        Assert.Contains("end beyond the end of 'w.bin' (4 bytes)", Assert.Single(box.Faults()));
    }

    [Fact]
    public void Weights_beside_the_graph_are_served()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().External("w", "w.bin", 0, 4, 1));
        box.Write("real.bin", "abcd");
        File.CreateSymbolicLink(box.At("w.bin"), "real.bin");
        Assert.NotNull(box.Load());
    }

    [Fact]
    public void Tensors_that_no_memory_holds_are_refused()
    {
        OnnxBuilder model = TestModels.Yolov8().UltralyticsMetadata().ValueInfoOf("middle", OnnxBuilder.Float, 1, 65536, 65536)
            .LongConstant("shape", 1 << 17, 1 << 16).Node("ConstantOfShape", ["shape"], ["filled"]);
        using ModelBox box = new(model);
        string[] faults = box.Faults();
        Assert.Contains(faults, f => f.Contains("tensor 'middle' [1, 65536, 65536] takes 16 GiB, which cannot fit in memory", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.Contains("tensor 'filled' [131072, 65536] takes 32 GiB, which cannot fit in memory", StringComparison.Ordinal));
    }

    [Fact]
    public void A_shape_whose_product_overflows_is_refused_too()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().ValueInfoOf("m", OnnxBuilder.Float, 1L << 40, 1L << 40, 1L << 40));
        Assert.Contains("cannot fit in memory", Assert.Single(box.Faults()));
    }

    [Theory]
    [InlineData(new long[] { 1, 4, 32, 32 }, "has 4 channels, and a picture has 1 or 3")]
    [InlineData(new long[] { 4, 3, 32, 32 }, "it takes 4 pictures at once")]
    [InlineData(new long[] { 3, 32, 32 }, "a picture has four dimensions")]
    [InlineData(new long[] { 1, 3, 20000, 32 }, "the input's height of 20000 is more than 16384")]
    public void Inputs_that_no_picture_fills_are_refused(long[] shape, string expected)
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, [.. shape.Cast<object>()]).Output("y", OnnxBuilder.Float, 1, 2).Node("Conv", ["x", "w"], ["c"]).Node("Softmax", ["c"], ["y"]);
        using ModelBox box = new(model, Classify);
        Assert.Contains(expected, Assert.Single(box.Faults()));
    }

    [Fact]
    public void A_type_that_pictures_are_not_made_as_is_refused()
    {
        using ModelBox box = new(new OnnxBuilder().Input("x", OnnxBuilder.Int64, 1, 3, 8, 8).Output("y", OnnxBuilder.Float, 1, 2).Node("Softmax", ["x"], ["y"]), Classify);
        Assert.Contains("input 'x' is int64 [1, 3, 8, 8]; a picture is made as float32, float16, uint8 or int8", Assert.Single(box.Faults()));
    }

    [Fact]
    public void A_second_input_is_named()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().Input("orig_size", OnnxBuilder.Int64, 1, 2));
        Assert.Contains(box.Faults(), f => f.Contains("beside a picture the graph wants 'orig_size' (int64 [1, 2])", StringComparison.Ordinal));
    }

    [Fact]
    public void An_output_that_is_no_tensor_is_named()
    {
        using ModelBox box = new(TestModels.Classifier(lastOperator: "Softmax").SequenceOutput("probabilities"), "task: classify\n" + Classify);
        Assert.Contains("output 'probabilities' is a sequence, which cannot be read", Assert.Single(box.Faults()));
    }

    [Theory]
    [InlineData("yolox", "it expects [1, cells, 5 + classes]")]
    [InlineData("fastestdet", "it expects [1, 5 + classes, rows, columns]")]
    public void A_decoder_that_cannot_read_the_outputs_says_what_it_expects(string decoder, string expected)
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 64, 64).Output("y", OnnxBuilder.Float, 1, 7).Node("Conv", ["x", "w"], ["y"]);
        using ModelBox box = new(model, $"{Classify}output: {{ decoder: {decoder} }}\n");
        Assert.Equal([$"model.yaml:2:20: output.decoder: output 'y' is float32 [1, 7], which the decoder {decoder} cannot read: {expected}; name the decoder of this head, or export the model with this head"], box.Faults());
    }

    [Fact]
    public void A_transposed_yolov8_head_is_recognised_as_such()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 64, 64).Output("y", OnnxBuilder.Float, 1, 84, 6).Node("Conv", ["x", "w"], ["y"]);
        using ModelBox box = new(model, "output: { decoder: yolov8 }\n");
        Assert.Contains("non-maximum suppression is in the graph", box.Faults()[0]);
        OnnxBuilder wide = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 64, 64).Output("y", OnnxBuilder.Float, 1, 84, 12).Node("Conv", ["x", "w"], ["y"]);
        using ModelBox transposed = new(wide, "output: { decoder: yolov8 }\n");
        Assert.Contains("this looks transposed", transposed.Faults()[0]);
    }

    [Fact]
    public void A_yolox_head_over_another_input_size_is_counted()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 96, 96).Output("y", OnnxBuilder.Float, 1, 84, 8).Node("Conv", ["x", "w"], ["y"]);
        using ModelBox box = new(model, "output: { decoder: yolox }\n");
        Assert.Contains("an input of 96x96 has 189 cells at strides 8, 16 and 32, not 84", box.Faults()[0]);
    }

    [Theory]
    [InlineData("{ boxes: [b], scores: [t], levels: [] }", "the graph has no output 't'; it has 's', 'b'")]
    [InlineData("{ boxes: [s], scores: [b] }", "'s' is float32 [1, 32, 3], and boxes are [1, anchors, 4 or more]")]
    [InlineData("{ boxes: [b], scores: [s], levels: [[4, 4, 3]] }", "the levels describe 48 anchors, and the outputs have 32")]
    public void An_ssd_head_is_held_against_the_graph(string ssd, string expected)
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 64, 64).Output("s", OnnxBuilder.Float, 1, 32, 3).Output("b", OnnxBuilder.Float, 1, 32, 4).Node("Conv", ["x", "w"], ["s"]);
        using ModelBox box = new(model, $"{Classify}output: {{ decoder: ssd, ssd: {ssd} }}\n");
        Assert.Contains(expected, Assert.Single(box.Faults()));
    }

    [Fact]
    public void An_export_with_its_own_suppression_names_the_cure()
    {
        OnnxBuilder model = new OnnxBuilder().Input("images", OnnxBuilder.Float, 1, 3, 640, 640).Output("output0", OnnxBuilder.Float, 1, 300, 6).Node("Conv", ["images", "w"], ["output0"]);
        using ModelBox box = new(model.UltralyticsMetadata());
        Assert.Contains(box.Faults(), f => f.Contains("output.decoder is stated nowhere", StringComparison.Ordinal) && f.Contains("export it with nms=False and end2end=False", StringComparison.Ordinal));
    }

    [Fact]
    public void A_task_of_a_later_version_in_the_metadata_is_refused_by_name()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata("segment"));
        Assert.Contains(box.Faults(), f => f.Contains("its metadata say task 'segment', which this version does not have yet", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<!DOCTYPE html>", "a web page (HTML)")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "run: git lfs pull")]
    [InlineData("", "the file is empty")]
    [InlineData("hello", "not an ONNX file")]
    public void A_file_that_is_no_model_gives_one_line(string content, string expected)
    {
        using ModelBox box = new(yaml: Classify);
        box.Write("model.onnx", content);
        Assert.Contains(expected, Assert.Single(box.Faults()));
    }

    [Fact]
    public void Absent_models_and_folders_without_a_graph_are_no_input()
    {
        using ModelBox box = new(yaml: Classify);
        Assert.Equal(FaultKind.NoInput, Assert.Throws<FaultException>(() => ModelLoader.Load(box.At("none"))).Fault.Kind);
        box.Write("best.onnx", "x");
        Assert.Equal($"{box.Folder}: the folder has no model.onnx; rename 'best.onnx' to model.onnx, or give the file itself", Assert.Throws<FaultException>(box.Load).Fault.ToString());
    }

    [Fact]
    public void A_bare_file_does_not_read_the_yaml_beside_it()
    {
        using ModelBox box = new(TestModels.Yolox(), "tresholt: 1\n");
        Model model = ModelLoader.Load(box.At("model.onnx"));
        Assert.Equal(("model", box.At("model.onnx"), 3), (model.Name, model.Path, model.Labels.Count));
    }
}
