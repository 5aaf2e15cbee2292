using EdgeInfer.Commands;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Preprocessing;

namespace EdgeInfer.Tests.Commands;

public sealed class PredictCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-predict-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("NaN")]
    [InlineData("-0.1")]
    [InlineData("1.1")]
    [InlineData("Infinity")]
    public void A_threshold_that_is_no_score_is_refused(string threshold)
    {
        Assert.Equal(64, CommandLine.Invoke(["predict", "no-such-model", "no.jpg", $"--threshold={threshold}"], _output, _errors));
        Assert.EndsWith("is no score; give a number from 0 to 1\n", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_of_one_name_from_several_folders_are_drawn_on_files_of_their_own()
    {
        string model = Path.Combine(RepositoryFolder.Root, "models", "parts-detector");
        if (!File.Exists(Path.Combine(model, "model.onnx"))) Assert.Skip($"{model} holds no model.onnx");
        string[] inputs = [Input("a", "1.jpg"), Input("b", "1.jpg"), Input("c", "1-2.jpg"), Input("d", "1.jpg")];
        string drawn = Path.Combine(_folder, "out");

        Assert.Equal(0, CommandLine.Invoke(["predict", model, .. inputs, "--annotate", drawn], _output, _errors));

        Assert.Equal(["1-2-2.jpg", "1-2.jpg", "1-3.jpg", "1.jpg"], Directory.GetFiles(drawn).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        string[] lines = _output.ToString().Split('\n');
        foreach (string name in (string[])["1.jpg", "1-2.jpg", "1-2-2.jpg", "1-3.jpg"]) Assert.Single(lines, $"  drawn on {Path.Combine(drawn, name)}");
    }

    private string Input(string folder, string name)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, folder)).FullName, name);
        File.WriteAllBytes(path, TinyPictures.GradientJpeg);
        return path;
    }
}
