using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>A program under test: every line it prints is kept, can be waited for, and is held against the canary secrets.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    /// <summary>Long enough for a loaded machine; only a failing test waits this long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private readonly SemaphoreSlim _news = new(0);
    private readonly Task _reading;

    private ChildProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(Read(process.StandardOutput), Read(process.StandardError));
    }

    /// <summary>Process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it printed so far on both streams.</summary>
    public string Output
    {
        get { lock (_lock) return string.Join('\n', _lines); }
    }

    /// <summary>Starts a program.</summary>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        if (folder is not null) start.WorkingDirectory = folder;
        // A test beside this one may have set it for children of its own.
        start.Environment.Remove("NOTIFY_SOCKET");
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        process.StandardInput.Close();
        return new ChildProcess(process);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int ExitCode, string Output)> Run(string program, params string[] arguments)
    {
        await using ChildProcess child = Start(program, arguments);
        int code = await child.Exit(Patience);
        return (code, child.Output);
    }

    /// <summary>Waits for a line that contains a text; fails with everything printed when none comes.</summary>
    public async Task<string> Line(string text, TimeSpan? patience = null)
    {
        Stopwatch waited = Stopwatch.StartNew();
        TimeSpan limit = patience ?? Patience;
        int seen = 0;
        while (true)
        {
            lock (_lock)
            {
                for (; seen < _lines.Count; seen++)
                    if (_lines[seen].Contains(text, StringComparison.Ordinal)) return _lines[seen];
            }

            TimeSpan left = limit - waited.Elapsed;
            bool isOver = _process.HasExited && _reading.IsCompleted && _news.CurrentCount == 0;
            if (left <= TimeSpan.Zero || isOver) Assert.Fail($"no line with '{text}' {(isOver ? $"before it ended with {_process.ExitCode}" : $"within {limit}")}; it printed:\n{Output}");
            await _news.WaitAsync(TimeSpan.FromMilliseconds(Math.Min(200, left.TotalMilliseconds)));
        }
    }

    /// <summary>Waits until so many lines contain a text, and returns these; fails with everything printed when they do not come.</summary>
    public async Task<string[]> Lines(string text, int count, TimeSpan? patience = null)
    {
        Stopwatch waited = Stopwatch.StartNew();
        TimeSpan limit = patience ?? Patience;
        while (true)
        {
            string[] found;
            lock (_lock) found = [.. _lines.Where(l => l.Contains(text, StringComparison.Ordinal))];
            if (found.Length >= count) return found;
            TimeSpan left = limit - waited.Elapsed;
            bool isOver = _process.HasExited && _reading.IsCompleted && _news.CurrentCount == 0;
            if (left <= TimeSpan.Zero || isOver) Assert.Fail($"{found.Length} of {count} lines with '{text}' {(isOver ? $"before it ended with {_process.ExitCode}" : $"within {limit}")}; it printed:\n{Output}");
            await _news.WaitAsync(TimeSpan.FromMilliseconds(Math.Min(200, left.TotalMilliseconds)));
        }
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(int signal) => _ = Kill(_process.Id, signal);

    /// <summary>SIGTERM, then the exit code.</summary>
    public async Task<int> Terminate(TimeSpan patience)
    {
        Signal(15);
        return await Exit(patience);
    }

    /// <summary>Waits for the end.</summary>
    public async Task<int> Exit(TimeSpan patience)
    {
        using CancellationTokenSource limit = new(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(true);
            Assert.Fail($"it did not end within {patience}; it printed:\n{Output}");
        }

        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Whether it ends by itself within a time; it is left alone where it does not.</summary>
    public async Task<bool> ExitWithin(TimeSpan patience)
    {
        using CancellationTokenSource limit = new(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Kills it if it still runs, and looks for canary secrets in what it printed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(true);
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _news.Dispose();
        Canary.AbsentFrom(Output);
    }

    private async Task Read(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_lock) _lines.Add(line);
            _news.Release();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}

/// <summary>Secrets that must never be seen: tests use them as passwords, and every output is searched for them.</summary>
internal static class Canary
{
    /// <summary>A password for tests.</summary>
    public const string Password = "canary-7f3a9c-password";

    /// <summary>Fails when a text holds a canary.</summary>
    public static void AbsentFrom(string text) => Assert.DoesNotContain("canary-7f3a9c", text, StringComparison.Ordinal);
}
