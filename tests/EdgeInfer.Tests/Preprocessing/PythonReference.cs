using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>
/// Asks OpenCV, Pillow and NumPy (reference.py beside this file, run by the system's Python) what a batch of cases should give.
/// Skips the test where they are not installed; in CI their absence is a failure.
/// </summary>
internal sealed class PythonReference : IDisposable
{
    private const string Python = "/usr/bin/python3";
    private const int MissingModule = 3;

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

    /// <summary>Runs all cases.</summary>
    public void Run([CallerFilePath] string here = "")
    {
        if (!File.Exists(Python)) Skip(Python + " is not installed");
        File.WriteAllText(Path.Combine(_folder.FullName, "cases.json"), _cases.ToJsonString());
        ProcessStartInfo start = new(Python, [Path.Combine(Path.GetDirectoryName(here)!, "reference.py"), _folder.FullName])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == MissingModule) Skip($"Python has no {output.Replace("missing", "").Trim()}: apt-get install python3-opencv python3-pil python3-numpy");
        Assert.True(process.ExitCode == 0, error.Result);
    }

    /// <summary>The result of a case.</summary>
    public byte[] Result(int number) => File.ReadAllBytes(Path.Combine(_folder.FullName, $"{number}.out"));

    /// <summary>Removes the files.</summary>
    public void Dispose() => _folder.Delete(true);

    private static void Skip(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
