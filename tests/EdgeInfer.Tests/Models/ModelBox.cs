using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Models;

/// <summary>A model's folder for one test, gone afterwards.</summary>
internal sealed class ModelBox : IDisposable
{
    private readonly string _outer = Directory.CreateTempSubdirectory("edgeinfer-model-").FullName;

    public ModelBox(OnnxBuilder? model = null, string? yaml = null, string? labels = null)
    {
        Directory.CreateDirectory(Folder);
        if (model is not null) Write("model.onnx", model.ToArray());
        if (yaml is not null) Write("model.yaml", yaml);
        if (labels is not null) Write("labels.txt", labels);
    }

    public string Folder => Path.Combine(_outer, "belt");

    public string Outside => _outer;

    public string At(string name) => Path.Combine(Folder, name);

    public void Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    public void Write(string name, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllBytes(At(name), bytes);
    }

    public Model Load() => ModelLoader.Load(Folder);

    /// <summary>The lines of everything that is wrong, with the folder's path left out.</summary>
    public string[] Faults() => Faults(Folder);

    public string[] Faults(string path)
    {
        FaultException thrown = Assert.Throws<FaultException>(() => ModelLoader.Load(path));
        Assert.DoesNotContain(thrown.Faults, f => f.Kind == FaultKind.Configuration);
        return [.. thrown.Faults.Select(f => f.ToString().Replace(Folder + "/", "", StringComparison.Ordinal))];
    }

    public void Dispose() => Directory.Delete(_outer, recursive: true);
}
