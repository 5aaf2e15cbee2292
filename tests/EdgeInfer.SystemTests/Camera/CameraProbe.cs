using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Camera;

/// <summary>One line of the probe: counters, the last frame's facts and what the process holds.</summary>
internal sealed record CameraReading
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public string State { get; init; } = "";
    public long Received { get; init; }
    public long Lost { get; init; }
    public long Corrupt { get; init; }
    public long Opens { get; init; }
    public long Failures { get; init; }
    public int Held { get; init; }
    public bool Intact { get; init; }
    public long Sequence { get; init; }
    public int Bytes { get; init; }
    public double AgeMs { get; init; }
    public string Format { get; init; } = "";
    public int Width { get; init; }
    public int Stride { get; init; }
    public string Colour { get; init; } = "";
    public string Description { get; init; } = "";
    public string Cause { get; init; } = "";
    public string Difference { get; init; } = "";
    public string ControlNotes { get; init; } = "";
    public int Descriptors { get; init; }
    public int Threads { get; init; }
    public int VideoMaps { get; init; }
    public int RssKb { get; init; }

    public static CameraReading Parse(string line) => JsonSerializer.Deserialize<CameraReading>(line, s_json)!;
}

/// <summary>A program that reads a camera as the agent does (tests/EdgeInfer.Benchmarks camera-probe), started under a rig.</summary>
internal sealed class CameraProbe : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<CameraReading> _readings = Channel.CreateUnbounded<CameraReading>();
    private readonly Task<string> _errors;
    private readonly Task _reading;
    private string _last = "";

    private CameraProbe(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = Read();
    }

    /// <summary>Starts the probe.</summary>
    public static CameraProbe Start(IReadOnlyDictionary<string, string> environment, string device, params string[] options)
    {
        ProcessStartInfo start = new(Program, ["camera-probe", device, .. options]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        // As the published program has it: with a large cache of the processor .NET else waits for 14 MB of garbage, which looks like growth.
        start.Environment["DOTNET_GCgen0size"] = "400000";
        return new(Process.Start(start)!);
    }

    /// <summary>Runs the probe to its end and returns what it printed.</summary>
    public static async Task<string> Run(IReadOnlyDictionary<string, string> environment, string device, params string[] options)
    {
        await using ChildProcess child = ChildProcess.Start(Program, ["camera-probe", device, .. options], environment);
        await child.Exit(ChildProcess.Patience);
        return child.Output;
    }

    /// <summary>Waits for a reading of which a condition is true; fails with the last one when none comes.</summary>
    public async Task<CameraReading> Until(Func<CameraReading, bool> condition)
    {
        using CancellationTokenSource patience = new(ChildProcess.Patience);
        try
        {
            await foreach (CameraReading reading in _readings.Reader.ReadAllAsync(patience.Token))
                if (condition(reading)) return reading;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"not within {ChildProcess.Patience}; the last reading was {_last}");
        }

        throw new InvalidOperationException($"the probe ended: {await _errors}");
    }

    /// <summary>SIGTERM; how long it took to end, which must be with 0.</summary>
    public async Task<TimeSpan> Stop()
    {
        Stopwatch watch = Stopwatch.StartNew();
        (int code, string output) = await ChildProcess.Run(Peer.Program("kill"), "-TERM", $"{_process.Id}");
        Assert.True(code == 0, output);
        using CancellationTokenSource patience = new(ChildProcess.Patience);
        await _process.WaitForExitAsync(patience.Token);
        Assert.Equal(0, _process.ExitCode);
        return watch.Elapsed;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(true);
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private static string Program
    {
        get
        {
            string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
            string path = Path.Combine(PublishedBinary.Root, "tests", "EdgeInfer.Benchmarks", "bin", configuration, "net10.0", "EdgeInfer.Benchmarks");
            return PublishedBinary.Require(path, "build tests/EdgeInfer.Benchmarks");
        }
    }

    private async Task Read()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.EndsWith('}')) continue; // killed in the middle of a line
            _last = line;
            _readings.Writer.TryWrite(CameraReading.Parse(line));
        }

        _readings.Writer.Complete();
    }
}
