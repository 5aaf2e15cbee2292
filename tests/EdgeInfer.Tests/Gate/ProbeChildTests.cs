using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Sources;

namespace EdgeInfer.Tests.Gate;

/// <summary>The probe's side, with the bundled model and ONNX Runtime, in this process.</summary>
public sealed class ProbeChildTests
{
    private static readonly string s_folder = Path.Combine(RepositoryFolder.Root, "models", "parts-detector");

    [Fact]
    public void The_bundled_model_agrees_with_its_float_parent_within_the_contracts_tolerances()
    {
        Model model = ModelLoader.Load(s_folder);
        ProbeAccount account = new(GoldenSet.Read(model), model.Threshold, new());
        List<ProbeMessage?> said = Run(s_folder, account.Inputs);
        said.ForEach(account.Hear);
        ProbeFigures figures = Assert.IsType<ProbePassed>(account.Verdict()).Figures;
        Assert.Equal(("cpu", 3), (figures.Provider, figures.Agreeing));
        Assert.True(figures.Runs >= 60 && figures.P95Milliseconds >= figures.InferenceP95Milliseconds && figures.PeakRssBytes > 1 << 20);
        Assert.Equal(["loading the model", "running golden/belt-27.jpg", "running golden/belt-30.jpg", "running golden/belt-37.jpg", "measuring", "letting go of the model"], said.OfType<ProbeBegins>().Select(static b => b.Doing));
    }

    [Fact]
    public void Results_are_given_down_to_the_floor_that_was_asked_for()
    {
        ProbeResult[] results = [.. Run(s_folder, [new("golden/belt-27.jpg", 0.001), new("golden/belt-27.jpg", 0.9)]).OfType<ProbeResult>()];
        int[] counts = [.. results.Select(static r => r.Result.Boxes.Count)];
        Assert.Equal([0, 1], results.Select(static r => r.Input));
        Assert.True(counts[0] > 9 && counts[1] < 9, $"{counts[0]} and {counts[1]} where the model's threshold gives 9");
    }

    [Fact]
    public void Without_golden_inputs_a_picture_of_its_own_is_measured()
    {
        List<ProbeMessage?> said = Run(s_folder, []);
        Assert.True(said.OfType<ProbeTimes>().Single().P95Milliseconds > 0);
        Assert.IsType<ProbeEnds>(said[^1]);
    }

    [Fact]
    public void What_is_no_picture_and_what_is_not_there_is_the_inputs_fault()
    {
        Assert.Equal(new ProbeFailure(ProbeFailureKind.Input, "model.yaml is no picture that can be read"), Run(s_folder, [new("model.yaml", 0.3)])[^1]);
        Assert.StartsWith("none.jpg cannot be read: ", Assert.IsType<ProbeFailure>(Run(s_folder, [new("none.jpg", 0.3)])[^1]).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_that_ONNX_Runtime_refuses_is_the_loads_fault()
    {
        using TemporaryFolder folder = new();
        foreach (string name in (string[])["model.yaml", "labels.txt"]) folder.Write(name, File.ReadAllBytes(Path.Combine(s_folder, name)));
        folder.Write("model.yaml", System.Text.Encoding.UTF8.GetBytes(File.ReadAllText(Path.Combine(s_folder, "model.yaml")).Split("golden:")[0]));

        // An operator that nobody has.
        byte[] graph = File.ReadAllBytes(Path.Combine(s_folder, "model.onnx"));
        ReadOnlySpan<byte> known = "Relu"u8;
        for (int at = graph.AsSpan().IndexOf(known); at >= 0; at = graph.AsSpan().IndexOf(known)) "Rela"u8.CopyTo(graph.AsSpan(at));
        folder.Write("model.onnx", graph);
        ProbeFailure failure = Assert.IsType<ProbeFailure>(Run(folder.Path, [])[^1]);
        Assert.Equal(ProbeFailureKind.Load, failure.Kind);
        Assert.Contains("Rela", failure.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_no_provider_takes_is_unsuited()
    {
        ProbeFailure failure = Assert.IsType<ProbeFailure>(Run(s_folder, [], new() { CacheFolder = "", Threads = 1, Providers = ["cuda"], IsFirstProviderRequired = true })[^1]);
        Assert.Equal(ProbeFailureKind.Provider, failure.Kind);
        Assert.StartsWith("no execution provider: cuda", failure.What, StringComparison.Ordinal);
    }

    private static List<ProbeMessage?> Run(string folder, IReadOnlyList<ProbeInput> inputs, RuntimeOptions? runtime = null)
    {
        using MemoryStream output = new();
        new ProbeChild(new(folder, inputs, runtime ?? new() { CacheFolder = "", Threads = 1 }, null), output, new QuickTime()).Run();
        List<ProbeMessage?> messages = [];
        EdgeInfer.Posix.ChildLines lines = new(ProbeMessage.MostBytes);
        Assert.True(lines.Take(output.ToArray(), line => messages.Add(ProbeMessage.Parse(line))));
        Assert.DoesNotContain(null, messages);
        return messages;
    }

    // Rounds of two seconds are over in half of one: what a model takes is measured as ever, four times as long.
    private sealed class QuickTime : TimeProvider
    {
        public override long GetTimestamp() => 4 * base.GetTimestamp();
    }
}
