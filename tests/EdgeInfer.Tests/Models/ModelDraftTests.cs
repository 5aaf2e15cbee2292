using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Models;

/// <summary>What <c>model inspect --write</c> leaves behind.</summary>
public sealed class ModelDraftTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_known_model_is_written_so_that_it_loads_with_the_same_contract(int which)
    {
        OnnxBuilder model = which switch
        {
            0 => TestModels.Yolov8().UltralyticsMetadata(names: "{0: 'it\\'s: # a \"bolt\"', 1: 'nut'}"),
            1 => TestModels.Yolox(),
            2 => TestModels.QuantisedClassifier(),
            _ => TestModels.Yolov8(isDynamic: true).UltralyticsMetadata(),
        };
        using ModelBox box = new(model, which == 2 ? "input: { color: rgb, resize: stretch, kernel: bilinear-tf }\n" : null);
        string draft = Path.Combine(box.Outside, "draft");
        ModelDraft.Write(ModelLoader.Inspect(box.Folder), draft);
        Model original = box.Load(), written = ModelLoader.Load(draft);
        Assert.Equal(original.Input with { Mean = [], Std = [] }, written.Input with { Mean = [], Std = [] });
        Assert.Equal(original.Input.Mean, written.Input.Mean);
        Assert.Equal(original.Input.Std, written.Input.Std);
        Assert.Equal(original.Output with { Outputs = [], Ssd = null }, written.Output with { Outputs = [], Ssd = null });
        Assert.Equal(original.Output.Outputs.Select(o => (o.Name, o.Quantisation)), written.Output.Outputs.Select(o => (o.Name, o.Quantisation)));
        Assert.Equal(original.Labels, written.Labels);
        Assert.Equal((original.Name, original.Version, original.Task, original.Threshold), (written.Name, written.Version, written.Task, written.Threshold));
    }

    [Fact]
    public void What_is_missing_stands_there_to_be_chosen()
    {
        using ModelBox box = new(TestModels.Classifier(lastOperator: "Softmax"));
        string draft = Path.Combine(box.Outside, "draft");
        ModelDraft.Write(ModelLoader.Inspect(box.Folder), draft);
        string yaml = File.ReadAllText(Path.Combine(draft, "model.yaml"));
        Assert.Contains("\n  color: # choose: rgb | bgr\n", yaml);
        Assert.Contains("\n  kernel: # choose: bilinear | bilinear-antialias | bilinear-tf | area | nearest | fast\n", yaml);
        // As it is, it is still refused for the same reasons, and complete once they are chosen.
        Assert.Equal(box.Faults().Length, Assert.Throws<FaultException>(() => ModelLoader.Load(draft)).Faults.Count);
        yaml = yaml.Replace("color: #", "color: bgr #", StringComparison.Ordinal).Replace("resize: #", "resize: crop #", StringComparison.Ordinal)
            .Replace("kernel: #", "kernel: area #", StringComparison.Ordinal).Replace("scale: #", "scale: 1/255 #", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(draft, "model.yaml"), yaml);
        Assert.Equal(ChannelOrder.Bgr, ModelLoader.Load(draft).Input.Color);
    }

    [Fact]
    public void An_ssd_head_is_written_whole()
    {
        OnnxBuilder model = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 64, 64).Output("s:0", OnnxBuilder.Float, 1, 32, 3).Output("b:0", OnnxBuilder.Float, 1, 32, 4).Node("Conv", ["x", "w"], ["s:0"]);
        using ModelBox box = new(model, """
            input: { color: rgb, resize: stretch, kernel: bilinear, scale: 1/255, mean: [0.1, 0.2, 0.3] }
            output: { decoder: ssd, ssd: { boxes: ["b:0"], scores: ["s:0"], levels: [[4, 4, 2]], box_scale: 64 } }
            labels: { names: [background, cat, dog], background: 0 }
            """);
        string draft = Path.Combine(box.Outside, "draft");
        ModelDraft.Write(ModelLoader.Inspect(box.Folder), draft);
        Model written = ModelLoader.Load(draft);
        Assert.Equal(["b:0"], written.Output.Ssd!.Boxes);
        Assert.Equal([new AnchorLevel(4, 4, 2)], written.Output.Ssd.Levels);
        Assert.Equal((64f, 0, 0.2f), (written.Output.Ssd.BoxScale, written.BackgroundClass, written.Input.Mean[1]));
    }

    [Fact]
    public void The_models_own_folder_gets_only_the_yaml()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata());
        ModelDraft.Write(ModelLoader.Inspect(box.Folder), box.Folder);
        Assert.Equal(["labels.txt", "model.onnx", "model.yaml"], Directory.GetFiles(box.Folder).Select(Path.GetFileName).Order());
        Assert.NotNull(box.Load());
    }

    [Fact]
    public void Nothing_that_is_there_is_replaced()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), "threshold: 0.5\n");
        Assert.Equal(FaultKind.Usage, Assert.Throws<FaultException>(() => ModelDraft.Write(ModelLoader.Inspect(box.Folder), box.Folder)).Fault.Kind);
        Assert.Equal("threshold: 0.5\n", File.ReadAllText(box.At("model.yaml")));
    }
}
