using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Configuration;

namespace EdgeInfer.Tests.Pipeline;

public sealed class ConfigurationCheckTests
{
    [Fact]
    public void Labels_that_the_model_does_not_have_are_named_with_the_nearest()
    {
        FaultList faults = Check("    labels: [bolt, nutt]\n    threshold: { default: 0.4, blot: 0.6, elephant: 0.1 }\n", _ => Parts(["bolt", "nut"]));
        Assert.Equal(
        [
            "edge.yaml:8:32: pipelines.belt.threshold.blot: the model 'parts' has no label 'blot'; did you mean 'bolt'?",
            "edge.yaml:8:43: pipelines.belt.threshold.elephant: the model 'parts' has no label 'elephant'; see them with: edgeinfer model inspect /models/parts",
            "edge.yaml:7:20: pipelines.belt.labels: the model 'parts' has no label 'nutt'; did you mean 'nut'?",
        ], faults.Faults.Select(f => f.ToString()));
    }

    [Fact]
    public void Labels_of_a_model_without_labels_are_refused()
        => Assert.Equal(["edge.yaml:7:14: pipelines.belt.labels: the model 'parts' has no label 'bolt'; it has none at all: remove this"],
            Check("    labels: [bolt]\n", _ => Parts([])).Faults.Select(f => f.ToString()));

    [Fact]
    public void With_several_models_a_label_must_be_one_of_theirs()
    {
        FaultList faults = CheckTwo("    labels: [bolt, scratch]\n    threshold: { scratch: 0.6, scrach: 0.1, elephant: 0.2 }\n", ["bolt", "nut"], ["scratch"]);
        Assert.Equal(
        [
            "edge.yaml:8:32: pipelines.belt.threshold.scrach: none of the models 'parts', 'defects' has the label 'scrach'; did you mean 'scratch'?",
            "edge.yaml:8:45: pipelines.belt.threshold.elephant: none of the models 'parts', 'defects' has the label 'elephant'; see them with: edgeinfer model inspect /models/parts and edgeinfer model inspect /models/parts",
        ], faults.Faults.Select(f => f.ToString()));
        Assert.Empty(faults.Warnings);
    }

    [Fact]
    public void A_model_of_several_that_has_no_label_to_report_is_warned_of()
    {
        FaultList faults = CheckTwo("    labels: [bolt]\n", ["bolt", "nut"], ["scratch"]);
        Assert.Empty(faults.Faults);
        Assert.Equal(["edge.yaml:6:12: pipelines.belt: the model 'defects' has none of the labels to report; it will report nothing: name one of its labels too, or leave the model out"],
            faults.Warnings.Select(f => f.ToString()));
    }

    [Fact]
    public void A_fault_of_a_model_has_its_place_in_the_configuration()
    {
        FaultList faults = Check("", _ => throw new FaultException(
            [new(FaultKind.Data, "/models/parts/model.yaml:3:7", "task: found 'x'", "expected y"), new(FaultKind.NoInput, "", "gone", "")]));
        Assert.Equal(
        [
            "edge.yaml:2:11: models.parts: /models/parts/model.yaml:3:7: task: found 'x'; expected y",
            "edge.yaml:2:11: models.parts: /models/parts: gone",
        ], faults.Faults.Select(f => f.ToString()));
        Assert.Equal([FaultKind.Data, FaultKind.Configuration], faults.Faults.Select(f => f.Kind));
    }

    [Fact]
    public void A_sound_configuration_gives_its_models()
    {
        FaultList faults = new();
        Dictionary<string, Model> models = new ConfigurationCheck(_ => Parts(["bolt"])).Check(ConfigurationText.Good(ConfigurationText.Smallest), faults);
        Assert.Empty(faults.Faults);
        Assert.Equal(["parts"], models.Keys);
    }

    [Fact]
    public void A_device_that_trusts_nobody_is_told_so_before_it_starts()
    {
        string state = Directory.CreateTempSubdirectory("edgeinfer-check-").FullName;
        try
        {
            string text = ConfigurationText.Smallest.Replace("models: { ", "models: { defects: { managed: defects }, ", StringComparison.Ordinal)
                + $"updates: {{ repository: \"https://updates.example.com\" }}\nruntime: {{ state_folder: {state} }}\n";
            FaultList faults = new();
            new ConfigurationCheck(_ => Parts(["bolt"])).Check(ConfigurationText.Good(text), faults);
            Fault warning = Assert.Single(faults.Warnings);
            Assert.Equal(("updates", $"this device trusts nobody's releases yet: {state} holds no root of trust; no release will be taken, and before a first one has come the agent does not start"), (warning.Where, warning.What));
            Assert.Contains("edgeinfer enroll", warning.Cure, StringComparison.Ordinal);

            Directory.CreateDirectory(Path.Combine(state, "tuf"));
            File.WriteAllText(Path.Combine(state, "tuf", "root.json"), "{}");
            FaultList enrolled = new();
            new ConfigurationCheck(_ => Parts(["bolt"])).Check(ConfigurationText.Good(text), enrolled);
            Assert.Empty(enrolled.Warnings);
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    [Fact]
    public void The_providers_of_the_configuration_are_those_that_inference_knows()
        => Assert.Equal(ExecutionProviders.Names.Order(), RuntimeReader.Providers.Order());

    private static FaultList Check(string lines, Func<string, Model> load)
    {
        FaultList faults = new();
        new ConfigurationCheck(load).Check(ConfigurationText.Good(ConfigurationText.Smallest + lines), faults);
        return faults;
    }

    private static FaultList CheckTwo(string lines, string[] parts, string[] defects)
    {
        FaultList faults = new();
        string text = ConfigurationText.Smallest.Replace("models: { ", "models: { defects: { path: /models/defects }, ", StringComparison.Ordinal)
            .Replace("model: parts", "model: [parts, defects]", StringComparison.Ordinal);
        new ConfigurationCheck(path => Parts(path == "/models/parts" ? parts : defects)).Check(ConfigurationText.Good(text + lines), faults);
        return faults;
    }

    private static Model Parts(string[] labels) => new()
    {
        Name = "parts-detector",
        Version = "1",
        Task = ModelTask.Detect,
        OnnxPath = "/models/parts/model.onnx",
        Path = "/models/parts",
        Digest = new('0', 64),
        Labels = labels,
        Origins = [],
        Input = new()
        {
            Name = "x",
            Type = ElementType.Float32,
            Layout = TensorLayout.Nchw,
            Width = 8,
            Height = 8,
            Color = ChannelOrder.Rgb,
            Resize = ResizeMode.Stretch,
            Kernel = ResizeKernel.Bilinear,
        },
        Output = new() { Decoder = DecoderKind.Yolov8, Outputs = [] },
    };
}
