using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.Tests.Gate;

public sealed class GoldenSetTests : IDisposable
{
    private const string Yaml = "golden:\n  - { input: golden/a.jpg, expect: golden/a.json, truth: golden/a.truth.json }\n";
    private const string Bolt = """ "detections":[{"label":"bolt","score":0.9,"box":[1,2,30,40]}] """;

    private readonly ModelBox _box = new(TestModels.Yolov8().UltralyticsMetadata(), Yaml);

    public GoldenSetTests()
    {
        _box.Write("golden/a.jpg", "picture");
        _box.Write("golden/a.json", Golden.Envelope(Bolt));
        _box.Write("golden/a.truth.json", Golden.Envelope(Bolt, "{}"));
    }

    public void Dispose() => _box.Dispose();

    [Fact]
    public void Expectations_and_ground_truth_of_a_folder_are_read()
    {
        GoldenSet golden = GoldenSet.Read(_box.Load());
        GoldenCase only = Assert.Single(golden.Cases);
        Assert.Equal("golden/a.jpg", only.Input);
        Assert.Equal(0.9, Assert.Single(only.Expected!.Boxes).Score);
        Assert.Equal("bolt", Assert.Single(only.Truth!.Boxes).Label);
        Assert.Equal(1, golden.TruthCount);
    }

    [Fact]
    public void The_bundled_model_is_held_against_its_float_parent()
    {
        GoldenSet golden = GoldenSet.Read(ModelLoader.Load(Path.Combine(RepositoryFolder.Root, "models", "parts-detector")));
        Assert.Equal([9, 9, 11], golden.Cases.Select(static c => c.Expected!.Boxes.Count));
    }

    [Theory]
    [InlineData("""{"name":"parts"}""", "does not say which model made it")]
    [InlineData("""{"name":"parts","digest":7}""", "'digest' is no text")]
    public void An_expectation_without_its_model_is_refused(string model, string why) => Refused(UpdateCode.Golden, why, Golden.Envelope(Bolt, model));

    [Fact]
    public void Expectations_of_another_task_are_refused()
        => Refused(UpdateCode.Golden, "results of another task than the model's, detect", Golden.Envelope("\"classes\":[]"));

    [Fact]
    public void A_label_that_the_model_does_not_have_is_a_fault_of_the_contract()
        => Refused(UpdateCode.Contract, "the label 'gear', which the model does not have (it has bolt, nut)", Golden.Envelope(Bolt.Replace("bolt", "gear", StringComparison.Ordinal)));

    [Fact]
    public void A_label_of_the_ground_truth_that_the_model_does_not_have_is_one_too()
    {
        _box.Write("golden/a.truth.json", Golden.Envelope(Bolt.Replace("bolt", "blot", StringComparison.Ordinal), "{}"));
        UpdateException refused = Assert.Throws<UpdateException>(() => GoldenSet.Read(_box.Load()));
        Assert.Equal(UpdateCode.Contract, refused.Code);
        Assert.Contains("golden/a.truth.json: it names the label 'blot', which the model does not have (it has bolt, nut); write the label as the model has it", refused.Fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"schema\":\"edgeinfer/prediction/1\"}")]
    public void What_is_no_envelope_is_refused(string json) => Refused(UpdateCode.Golden, "", Encoding.UTF8.GetBytes(json));

    [Fact]
    public void A_box_without_area_can_be_found_by_nobody()
        => Refused(UpdateCode.Golden, "a box has no area", Golden.Envelope(Bolt.Replace("30", "0", StringComparison.Ordinal)));

    [Fact]
    public void An_expectation_that_is_too_large_is_not_read()
        => Refused(UpdateCode.Golden, "bytes are more than", [.. Golden.Envelope(Bolt), .. Enumerable.Repeat((byte)' ', GoldenReader.MostBytes)]);

    // By another program: sha256 of the line "edgeinfer-manifest/1" and one line "sha256 size name" per file, sorted.
    public enum Maker
    {
        GraphAlone,
        FolderBeforeExpectations,
        FolderBeforeGolden,
        GraphFile,
    }

    [Theory]
    [InlineData(Maker.GraphAlone, 64)]
    [InlineData(Maker.GraphAlone, 12)]
    [InlineData(Maker.FolderBeforeExpectations, 12)]
    [InlineData(Maker.FolderBeforeGolden, 12)]
    [InlineData(Maker.GraphFile, 64)]
    public void Expectations_that_the_packed_model_made_itself_are_refused(Maker maker, int digits)
    {
        string digest = maker switch
        {
            Maker.GraphAlone => Manifest("model.onnx"),
            Maker.FolderBeforeExpectations => Manifest("golden/a.jpg", "model.onnx", "model.yaml"),
            Maker.FolderBeforeGolden => Manifest("model.onnx", "model.yaml"),
            _ => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_box.At("model.onnx")))),
        };
        string model = maker == Maker.GraphFile ? $$"""{"digest":"e99e5d874258","graph":"{{digest}}"}""" : $$"""{"digest":"{{digest[..digits]}}"}""";
        Refused(UpdateCode.Golden, "it was made by this model itself", Golden.Envelope(Bolt, model));
    }

    private string Manifest(params string[] names)
    {
        string lines = string.Concat(names.Select(n => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_box.At(n))))} {new FileInfo(_box.At(n)).Length} {n}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("edgeinfer-manifest/1\n" + lines)));
    }

    private void Refused(UpdateCode code, string why, byte[] expectation)
    {
        _box.Write("golden/a.json", expectation);
        Model model = _box.Load();
        UpdateException e = Assert.Throws<UpdateException>(() => GoldenSet.Read(model));
        Assert.Equal(code, e.Code);
        Assert.Equal(_box.At("golden/a.json"), e.Fault.Where);
        Assert.Contains(why, e.Fault.What, StringComparison.Ordinal);
    }
}
