using System.Text.Json;
using EdgeInfer.Commands;
using EdgeInfer.Models;
using EdgeInfer.Releasing;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Releasing;

/// <summary>Expectations by the float model that a quantised one was made from.</summary>
public sealed class GoldenTests : IDisposable
{
    private static readonly string s_shipped = Path.Combine(RepositoryFolder.Root, "models", "parts-detector");

    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-golden-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public GoldenTests()
    {
        if (!File.Exists(Reference) || !File.Exists(Path.Combine(s_shipped, "model.onnx"))) Assert.Skip($"{s_shipped} holds no graphs");
        Directory.CreateDirectory(Model);
        foreach (string name in (string[])["model.onnx", "model.yaml", "labels.txt"]) File.Copy(Path.Combine(s_shipped, name), Path.Combine(Model, name));
        Directory.CreateDirectory(Path.Combine(Model, "golden"));
        foreach (string file in Directory.GetFiles(Path.Combine(s_shipped, "golden"))) File.Copy(file, Path.Combine(Model, "golden", Path.GetFileName(file)));
    }

    private static string Reference => Path.Combine(s_shipped, "reference", "float.onnx");

    private string Model => Path.Combine(_folder, "parts");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void They_say_what_the_reference_found_and_by_whose_graph_and_are_the_same_each_time()
    {
        string[] inputs = [Path.Combine(s_shipped, "golden", "belt-27.jpg"), Path.Combine(Model, "golden", "belt-30.jpg")];
        Assert.Equal(0, Golden(Reference, inputs));
        Assert.Equal($"2 golden inputs in {Model}/golden\n", _output.ToString());
        Assert.Equal(["belt-27.jpg", "belt-27.json", "belt-30.jpg", "belt-30.json"], Directory.GetFiles(Path.Combine(Model, "golden")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        byte[] first = File.ReadAllBytes(Path.Combine(Model, "golden", "belt-27.json"));
        JsonElement expectation = JsonDocument.Parse(first).RootElement;

        // ab1813a6… is what sha256sum says of the float graph.
        Assert.StartsWith("ab1813a64fcf8f5d", expectation.GetProperty("model").GetProperty("graph").GetString(), StringComparison.Ordinal);
        Assert.Equal("belt-27.jpg", expectation.GetProperty("source").GetString());
        Assert.Equal(["schema", "source", "model", "frame", "detections"], expectation.EnumerateObject().Select(m => m.Name));

        // As many as there are on the picture, by the expectation that ships with the model.
        JsonElement shipped = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_shipped, "golden", "belt-27.json"))).RootElement;
        Assert.Equal(
            shipped.GetProperty("detections").EnumerateArray().Select(d => d.GetProperty("label").GetString()).Order(StringComparer.Ordinal),
            expectation.GetProperty("detections").EnumerateArray().Select(d => d.GetProperty("label").GetString()).Order(StringComparer.Ordinal));
        ModelInspection inspection = ModelLoader.Inspect(Model);
        Assert.Equal(
            "[{ input: \"golden/belt-27.jpg\", expect: \"golden/belt-27.json\" }, { input: \"golden/belt-30.jpg\", expect: \"golden/belt-30.json\" }]",
            inspection.Values.Single(v => v.Key == "golden").Value);

        Assert.Equal(0, Golden(Reference, inputs));
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(Model, "golden", "belt-27.json")));
    }

    [Fact]
    public void The_model_is_not_its_own_reference()
    {
        Assert.Equal(64, Golden(Path.Combine(Model, "model.onnx"), Path.Combine(Model, "golden", "belt-27.jpg")));
        Assert.EndsWith("this is the graph of the model itself, which would be its own judge; give the float model that it was made from with --reference\n", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_written_where_an_input_cannot_be_read()
    {
        string broken = Path.Combine(_folder, "broken.jpg");
        File.WriteAllText(broken, "no picture");
        string yaml = File.ReadAllText(Path.Combine(Model, "model.yaml"));
        Assert.Equal(65, Golden(Reference, Path.Combine(Model, "golden", "belt-27.jpg"), broken));
        Assert.Equal(yaml, File.ReadAllText(Path.Combine(Model, "model.yaml")));
        Assert.Equal(6, Directory.GetFiles(Path.Combine(Model, "golden")).Length);
    }

    [Theory]
    [InlineData("a: 1\ngolden: [ { input: x } ]\nb: 2", "a: 1|b: 2")]
    [InlineData("a: 1\ngolden:\n  - { input: x }\n\n  - { input: y }\n", "a: 1")]
    [InlineData("golden:\n- { input: x }\n# why\nb: 2", "# why|b: 2")]
    [InlineData("golden: [\n  { input: x }\n]\nb: 2", "b: 2")]
    [InlineData("goldens: 1\ninput: { golden: 1 }", "goldens: 1|input: { golden: 1 }")]
    public void The_old_key_goes_with_all_that_belongs_to_it(string yaml, string kept)
        => Assert.Equal(kept, string.Join('|', GoldenFolder.WithoutGolden(yaml.Split('\n'))));

    private int Golden(string reference, params string[] inputs)
        => CommandLine.Invoke(["release", "golden", Model, "--reference", reference, "--input", .. inputs], _output, _errors);
}
