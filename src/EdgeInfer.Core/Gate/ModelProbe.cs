using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Gate;

/// <summary>What to probe.</summary>
/// <param name="Model">The model, loaded from its folder.</param>
/// <param name="Golden">What it must make of its golden inputs.</param>
/// <param name="Runtime">What will serve it.</param>
/// <param name="Limits">What it must keep within.</param>
internal sealed record ProbeJob(Model Model, GoldenSet Golden, RuntimeOptions Runtime, GateLimits Limits)
{
    /// <summary>What the release says it needs of memory; null where it says nothing.</summary>
    public long? RequiredMemoryBytes { get; init; }

    /// <summary>The longest that all of it may take: as long as a model's load may, which includes building a TensorRT engine.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>
/// Has a child of this program load a model and run it, watches its memory and its time, and judges what it says. The child has no
/// descriptor, no variable and no right to speak to systemd of ours; it gets the processor last, goes first where memory runs out, and
/// dies with the thread that started it.
/// </summary>
/// <param name="program">This program and what stands before its arguments.</param>
/// <param name="files">The system.</param>
/// <param name="time">Clock.</param>
internal sealed class ModelProbe(IReadOnlyList<string> program, SystemFiles files, TimeProvider time)
{
    private const int ReadBytes = 64 << 10;

    // Nothing sound says so much: 500 inputs with 300 objects each are 20 MiB.
    private const long MostBytes = 64L << 20;
    private const string OnProcessor = "cpu";

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_exitPatience = TimeSpan.FromSeconds(2);

    // Where libraries lie, and what drivers of devices look for; everything else the request says.
    private static readonly string[] s_environment =
        ["PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "LD_PRELOAD", "DOTNET_*", "ORT_*", "OMP_*", "CUDA_*", "NVIDIA_*", "ADSP_*", "HIP_*", "HSA_*", "ROCR_*", "VK_*", "XDG_*"];

    /// <summary>Probes a model on a thread of its own.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<ProbeVerdict> RunAsync(ProbeJob job, CancellationToken stop)
        => Task.Factory.StartNew(() => Run(job, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Probes a model.</summary>
    /// <param name="job">What to probe.</param>
    /// <param name="stop">Ends the child.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>.</exception>
    public ProbeVerdict Run(ProbeJob job, CancellationToken stop)
    {
        bool isOnProcessor = job.Runtime.Providers.All(static p => p == OnProcessor);
        long modelBytes = Directory.EnumerateFiles(Path.GetDirectoryName(job.Model.OnnxPath)!).Sum(static f => new FileInfo(f).Length);
        ProbeMemory memory = ProbeMemory.Plan(modelBytes, job.Limits.RssBytes, job.RequiredMemoryBytes, job.Runtime.Threads, isOnProcessor, MachineMemory.Read(files));
        if (memory.Verdict is { } early) return early;
        ProbeAccount account = new(job.Golden, job.Model.Threshold, job.Limits);
        ProbeRequest request = new(job.Model.Path, account.Inputs, job.Runtime, memory.DataBytes);
        long killsBefore = Kills();
        ChildProcess child;
        try
        {
            // No grace: a probe has nothing to put in order, and one that eats memory must not go on eating.
            child = ChildProcess.Start(new([.. program, ProbeRequest.Argument]) { Input = request.Encode(), Grace = TimeSpan.Zero, Environment = s_environment }, time);
        }
        catch (Exception e) when (e is FaultException or IOException)
        {
            return new ProbeWaits($"the probe cannot be started: {e.Message}");
        }

        using (child)
        {
            Processes.MakeModest(child.Id);
            using CancellationTokenRegistration end = stop.UnsafeRegister(static child => ((ChildProcess)child!).Wake(), child);
            bool isOver = Listen(child, account, memory.LimitBytes, job.Deadline);
            stop.ThrowIfCancellationRequested();
            if (!isOver) ReadExit(child, account, killsBefore);
            return account.Verdict();
        }
    }

    /// <summary>Listens until the child ends, or until it is known that it failed.</summary>
    /// <returns>Whether it failed: how the child ends says nothing any more.</returns>
    private bool Listen(ChildProcess child, ProbeAccount account, long? limitBytes, TimeSpan deadline)
    {
        byte[] bytes = new byte[ReadBytes];
        ChildLines lines = new(ProbeMessage.MostBytes);
        long since = time.GetTimestamp(), seen = since, total = 0;
        while (true)
        {
            TimeSpan left = deadline - time.GetElapsedTime(since);
            ChildRead read = child.Read(bytes, left < s_look ? left : s_look, out int count);
            if (read == ChildRead.Woken) return true;
            if (read == ChildRead.End) return false;
            if ((total += count) > MostBytes || !lines.Take(bytes.AsSpan(0, count), line => account.Hear(ProbeMessage.Parse(line))))
                account.Fail(UpdateCode.Crash, $"the probe says more than anybody listens to, while {account.Doing}");
            if (left <= TimeSpan.Zero) account.Fail(UpdateCode.Hang, $"{account.Doing} was not over {deadline.TotalSeconds:0.#} s after the probe's start{Said(child)}");
            if (read == ChildRead.TimedOut || time.GetElapsedTime(seen) > s_look)
            {
                seen = time.GetTimestamp();
                Watch(child.Id, account, limitBytes);
            }

            if (account.Failed is not null) return true;
            if (account.HasEnded) return false;
        }
    }

    private void Watch(int id, ProbeAccount account, long? limitBytes)
    {
        string[] status = files.Lines($"/proc/{id}/status");
        if (MachineMemory.Kibibytes(status, "VmRSS:") is not { } rss) return;
        account.See(MachineMemory.Kibibytes(status, "VmHWM:") ?? rss);
        if (rss > limitBytes) account.Fail(UpdateCode.Memory, $"{account.Doing} took {ProbeMemory.Size(rss)} of memory, more than the {ProbeMemory.Size(limitBytes.Value)} that the probe may have");
    }

    private void ReadExit(ChildProcess child, ProbeAccount account, long killsBefore)
    {
        long since = time.GetTimestamp();
        ChildExit exit = child.AwaitExit(s_exitPatience);
        if (time.GetElapsedTime(since) >= s_exitPatience)
        {
            // It was stopped: how it ended is how that was done.
            if (!account.HasEnded) account.Fail(UpdateCode.Hang, $"the probe closed its output while {account.Doing}, and did not end{Said(child)}");
            return;
        }

        if (exit.IsSuccess) return;
        UpdateCode code = IsLackOfMemory(exit, child.Errors, killsBefore) ? UpdateCode.Memory : UpdateCode.Crash;
        account.Fail(code, $"the probe {ChildDeath.Words(exit)}, while {account.Doing}{Said(child)}");
    }

    // Killed by the kernel for memory; or an allocation failed that nobody had reckoned with.
    private bool IsLackOfMemory(ChildExit exit, ErrorTail errors, long killsBefore)
    {
        if (exit.Signal == ChildDeath.Kill) return Kills() > killsBefore;
        return errors.Lines().Any(static l => l.Contains("bad_alloc", StringComparison.Ordinal) || l.Contains("ut of memory", StringComparison.Ordinal)
            || l.Contains("OutOfMemory", StringComparison.Ordinal) || l.Contains("annot allocate memory", StringComparison.Ordinal));
    }

    // The whole machine's count is there since Linux 4.13, and a control group's where one limits this process.
    private long Kills()
    {
        string? line = Array.Find(files.Lines("/proc/vmstat"), static l => l.StartsWith("oom_kill ", StringComparison.Ordinal));
        long.TryParse(line.AsSpan(line is null ? 0 : "oom_kill ".Length), System.Globalization.CultureInfo.InvariantCulture, out long kills);
        return kills + (GroupMemory.Read(files.Text)?.Kills ?? 0);
    }

    private static string Said(ChildProcess child)
    {
        child.ReadErrors();
        return child.Errors.LastLine is { } line ? $": {line}" : "";
    }
}
