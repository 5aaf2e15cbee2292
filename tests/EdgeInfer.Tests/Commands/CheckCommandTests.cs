using System.Text.Json;
using EdgeInfer.Commands;
using EdgeInfer.Configuration;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Configuration;

namespace EdgeInfer.Tests.Commands;

public sealed class CheckCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-check-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_quickstart_of_the_documentation_is_ok()
    {
        string model = Path.Combine(RepositoryFolder.Root, "models", "parts-detector");
        if (!File.Exists(Path.Combine(model, "model.onnx"))) Assert.Skip($"{model} holds no model.onnx");
        string path = Path.Combine(RepositoryFolder.Root, "docs", "quickstart.yaml");
        (int code, string[] lines) = Check(path);
        Assert.StartsWith($"ok: {path}: device press-3, 1 pipeline, 1 model (parts = parts-detector ", Assert.Single(lines), StringComparison.Ordinal);
        Assert.EndsWith("), broker embedded://127.0.0.1:1883, 0 warnings", lines[0], StringComparison.Ordinal);
        Assert.Equal(0, code);
    }

    [Fact]
    public void Faults_of_the_configuration_and_of_its_models_come_together()
    {
        string path = Write(ConfigurationText.Smallest + "    fps: fast\n");
        (int code, string[] lines) = Check(path);
        Assert.Equal(78, code);
        Assert.Equal($"{path}:7:10: pipelines.belt.fps: found 'fast'; expected max, or a number above 0, at most 1000", lines[0]);
        Assert.StartsWith($"{path}:2:11: models.parts: /models/parts: there is no such model; ", lines[1], StringComparison.Ordinal);
        Assert.Equal($"{path}: 2 faults, 0 warnings", lines[2]);
    }

    [Fact]
    public void A_model_that_is_at_fault_by_itself_ends_with_65()
    {
        File.WriteAllText(Path.Combine(_folder, "page.onnx"), "<!DOCTYPE html><html></html>");
        string path = Write(ConfigurationText.Smallest.Replace("/models/parts", "page.onnx", StringComparison.Ordinal));
        (int code, string[] lines) = Check(path);
        Assert.Equal(65, code);
        Assert.StartsWith($"{path}:2:11: models.parts: {_folder}/page.onnx: ", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_the_same_faults()
    {
        string path = Write(ConfigurationText.Smallest);
        (int code, string[] lines) = Check(path, isJson: true);
        Assert.Equal(78, code);
        JsonElement root = JsonDocument.Parse(Assert.Single(lines)).RootElement;
        Assert.False(root.GetProperty("ok").GetBoolean());
        JsonElement fault = Assert.Single(root.GetProperty("faults").EnumerateArray().ToArray());
        Assert.Equal($"{path}:2:11", fault.GetProperty("where").GetString());
        Assert.Equal(78, fault.GetProperty("code").GetInt32());
        Assert.Equal(0, root.GetProperty("warnings").GetArrayLength());
    }

    [Fact]
    public void A_file_that_is_not_there_ends_with_66()
    {
        (int code, string[] lines) = Check(Path.Combine(_folder, "nowhere.yaml"));
        Assert.Equal(66, code);
        Assert.Equal($"there is no file {_folder}/nowhere.yaml; write one with 'edgeinfer init', or name another with -c FILE", lines[0]);
    }

    private string Write(string text)
    {
        string path = Path.Combine(_folder, "edge.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    private static (int Code, string[] Lines) Check(string path, bool isJson = false)
    {
        StringWriter output = new();
        AgentConfigurationReader reader = ConfigurationText.Reader();
        int code = CheckCommand.Check(path, reader, isJson, output);
        return (code, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
