using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>A release in a folder, whose graph asks to come in.</summary>
internal sealed class AdmissionBench : IDisposable
{
    public const string Release = "models/parts/12";

    private readonly ModelBox _box = new();

    public Dictionary<string, long> Files { get; } = new(StringComparer.Ordinal);

    public string Folder => _box.Folder;

    public string At(string name) => _box.At(name);

    public AdmissionBench With(string name, byte[] bytes)
    {
        _box.Write(name, bytes);
        Files[name] = bytes.Length;
        return this;
    }

    public OnnxAdmitted Admit(byte[] model, OnnxDemands? demands = null)
    {
        With("model.onnx", model);
        return Check(demands);
    }

    public OnnxAdmitted Check(OnnxDemands? demands = null) => OnnxAdmission.Check(Folder, Release, Files, demands ?? new());

    /// <summary>The words with which a graph is refused: one line that begins with the file's name.</summary>
    public string Refusal(byte[] model, OnnxDemands? demands = null)
    {
        With("model.onnx", model);
        return Refusal(() => Check(demands));
    }

    public static string Refusal(Action action)
    {
        UpdateException refused = Assert.Throws<UpdateException>(action);
        Assert.Equal(UpdateCode.Inspect, refused.Code);
        Fault fault = Assert.Single(refused.Faults);
        Assert.StartsWith(Release + "/", fault.Where);
        Assert.NotEmpty(fault.Cure);
        Assert.DoesNotContain(fault.ToString(), char.IsControl);
        return fault.ToString();
    }

    public void Dispose() => _box.Dispose();
}
