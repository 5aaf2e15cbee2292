using System.Diagnostics;
using System.Runtime.CompilerServices;

[assembly: AssemblyFixture(typeof(EdgeInfer.Tests.Preprocessing.PythonServer))]

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>
/// One Python for all tests of a run, started by the first that asks: importing OpenCV, Pillow and NumPy takes it longer than the cases of a test.
/// It ends with this process at the latest, whose pipe it reads.
/// </summary>
public sealed class PythonServer : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly Lock _lock = new();
    private Process? _process;
    private Task<string>? _error;

    /// <summary>Runs the cases of a folder. Skips the test where Python or a module is not installed; in CI their absence is a failure.</summary>
    /// <param name="folder">With cases.json and the cases' inputs; their results go there.</param>
    internal void Run(string folder)
    {
        // It answers in order: one line for each folder.
        lock (_lock)
        {
            _process ??= Start();
            string? answer = null;
            try
            {
                _process.StandardInput.WriteLine(folder);
                answer = _process.StandardOutput.ReadLine();
            }
            catch (IOException)
            {
                // It has ended; what it said stays to be read.
                answer = _process.StandardOutput.ReadLine();
            }

            if (answer?.StartsWith("missing ", StringComparison.Ordinal) == true)
            {
                End();
                Skip($"Python has no {answer["missing ".Length..]}: apt-get install python3-opencv python3-pil python3-numpy");
            }

            Assert.True(answer == "done", answer ?? End());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock) End();
    }

    private Process Start([CallerFilePath] string here = "")
    {
        if (!File.Exists(Python)) Skip(Python + " is not installed");
        Process process = Process.Start(new ProcessStartInfo(Python, [Path.Combine(Path.GetDirectoryName(here)!, "reference.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _error = process.StandardError.ReadToEndAsync();
        return process;
    }

    /// <summary>Ends it: the next test starts another one.</summary>
    /// <returns>What it said on its standard error.</returns>
    private string End()
    {
        if (_process is null) return "";
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        _process.WaitForExit();
        _process.Dispose();
        _process = null;
        return _error!.Result;
    }

    private static void Skip(string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
