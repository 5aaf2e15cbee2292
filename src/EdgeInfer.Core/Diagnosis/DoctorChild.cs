using System.Text;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Diagnosis;

/// <summary>
/// Runs <c>doctor --json</c> as a child, so that whatever it loads and looks at is not in the process that serves: it gets the processor
/// last and, where memory runs out, is the first to go.
/// </summary>
/// <param name="program">This program and what stands before its verb.</param>
/// <param name="file">The configuration; null for none.</param>
/// <param name="time">Clock.</param>
internal sealed class DoctorChild(IReadOnlyList<string> program, string? file, TimeProvider time)
{
    /// <summary>The largest report.</summary>
    public const int LargestBytes = 192 << 10;

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    /// <summary>The report: one JSON object.</summary>
    /// <param name="stop">Ends the child.</param>
    /// <exception cref="FaultException">There is none.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>.</exception>
    public Task<byte[]> ExamineAsync(CancellationToken stop)

        // A thread of its own, which the child dies with.
        => Task.Factory.StartNew(() => Examine(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private byte[] Examine(CancellationToken stop)
    {
        string[] arguments = file is null ? [.. program, "doctor", "--json"] : [.. program, "doctor", "--json", "-c", file];
        using ChildProcess child = ChildProcess.Start(new(arguments) { Grace = TimeSpan.FromMilliseconds(500), IsOwnProgram = true }, time);
        Processes.MakeModest(child.Id);
        using CancellationTokenRegistration end = stop.UnsafeRegister(static child => ((ChildProcess)child!).Wake(), child);
        byte[] bytes = new byte[LargestBytes];
        int length = 0;
        long since = time.GetTimestamp();
        ChildRead last = ChildRead.Bytes;
        while (last == ChildRead.Bytes && length < bytes.Length)
        {
            TimeSpan left = s_longest - time.GetElapsedTime(since);
            last = child.Read(bytes.AsSpan(length), left > TimeSpan.Zero ? left : TimeSpan.Zero, out int count);
            length += count;
        }

        stop.ThrowIfCancellationRequested();
        if (last == ChildRead.TimedOut) throw Failed($"it has not ended within {s_longest.TotalSeconds:0} s");
        if (length == bytes.Length) throw Failed($"its report is larger than {LargestBytes >> 10} KiB");
        _ = child.AwaitExit(TimeSpan.FromSeconds(1));
        return Checked(bytes.AsSpan(0, length), child.Errors.LastLine);
    }

    private static byte[] Checked(ReadOnlySpan<byte> report, string? error)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(report));
            if (document.RootElement.ValueKind == JsonValueKind.Object) return JsonSerializer.SerializeToUtf8Bytes(document.RootElement, JsonElementContext.Default.JsonElement);
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw Failed(error is null ? "it gave no report" : $"it gave no report: {error}");
    }

    private static FaultException Failed(string what) => FaultException.Of(FaultKind.Unavailable, "doctor", what, "run it on the device: edgeinfer doctor");
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class JsonElementContext : System.Text.Json.Serialization.JsonSerializerContext;
