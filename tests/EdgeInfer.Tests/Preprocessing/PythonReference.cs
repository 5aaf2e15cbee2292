using System.Text.Json.Nodes;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Asks OpenCV, Pillow and NumPy (reference.py beside this file, run by <see cref="PythonServer"/>) what a batch of cases should give.</summary>
internal sealed class PythonReference : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-reference-");
    private readonly JsonArray _cases = [];

    /// <summary>Adds a case.</summary>
    /// <returns>Its number.</returns>
    public int Add(JsonObject parameters, ReadOnlySpan<byte> input)
    {
        int number = _cases.Count;
        File.WriteAllBytes(Path.Combine(_folder.FullName, $"{number}.in"), input.ToArray());
        _cases.Add((JsonNode)parameters);
        return number;
    }

    /// <summary>Runs all cases. Skips the test where a module is not installed; in CI its absence is a failure.</summary>
    public void Run()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "cases.json"), _cases.ToJsonString());
        PythonServer server = TestContext.Current.GetFixture<PythonServer>().AsTask().GetAwaiter().GetResult() ?? throw new InvalidOperationException("this assembly has no Python");
        server.Run(_folder.FullName);
    }

    /// <summary>The result of a case.</summary>
    public byte[] Result(int number) => File.ReadAllBytes(Path.Combine(_folder.FullName, $"{number}.out"));

    /// <summary>Removes the files.</summary>
    public void Dispose() => _folder.Delete(true);
}
