using System.Globalization;
using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Camera;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// <c>camera-probe DEVICE [size=WxH] [fps=N] [format=F] [controls=A=1,B=manual] [hold=N] [measure=N]</c>: opens a camera as the agent does and prints its counters
/// as one JSON object a line, ten a second, until SIGTERM. The system tests start it under the fake camera.
/// <c>camera-probe list</c> prints the machine's nodes. <c>hold</c> keeps that many frames leased; <c>measure</c> prints the managed bytes of so many frames and ends.
/// </summary>
internal static class CameraProbeCommand
{
    private const int WarmUpFrames = 30;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs the command.</summary>
    /// <returns>0, or 64 for a wrong argument.</returns>
    public static int Run(string[] args)
    {
        if (args.Length == 0) return 64;
        if (args is ["list"])
        {
            foreach (CameraInfo node in CameraDirectory.List()) Console.WriteLine($"{node.Path} {node.Kind} {node.Card} at {node.Bus}: {node.Offer.Describe()}");
            return 0;
        }

        Dictionary<string, string> options = args.Skip(1).Select(a => a.Split('=', 2)).ToDictionary(a => a[0], a => a[^1]);
        (int, int)? size = options.TryGetValue("size", out string? text) && text.Split('x') is [string w, string h] ? (Number(w), Number(h)) : null;
        double? rate = options.TryGetValue("fps", out text) ? double.Parse(text, CultureInfo.InvariantCulture) : null;
        CameraOptions camera = new(args[0], size, rate, options.GetValueOrDefault("format"))
        {
            Controls = new([.. options.GetValueOrDefault("controls", "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split('=', 2)).Select(w => new ControlWish(w[0], w[1]))]),
        };

        using CancellationTokenSource stop = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        using FrameMailbox mailbox = new();
        using CameraSource source = new(camera, mailbox, TimeProvider.System, new Random(1), new StandardErrorLogger());
        source.Start();
        if (options.TryGetValue("measure", out text)) return Measure(mailbox, Number(text), stop.Token);
        Watch(source, mailbox, options.TryGetValue("hold", out text) ? Number(text) : 0, stop.Token);
        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int Measure(FrameMailbox mailbox, int frames, CancellationToken stop)
    {
        Take(mailbox, WarmUpFrames, stop);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Take(mailbox, frames, stop);
        long bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        Console.WriteLine($$"""{"frames":{{frames}},"bytes":{{bytes}}}""");
        return 0;
    }

    private static void Take(FrameMailbox mailbox, int frames, CancellationToken stop)
    {
        for (int taken = 0; taken < frames && !stop.IsCancellationRequested;)
        {
            if (!mailbox.TryTake(s_tick, out FrameLease frame)) continue;
            taken++;
            frame.Dispose();
        }
    }

    private static void Watch(CameraSource source, FrameMailbox mailbox, int hold, CancellationToken stop)
    {
        Queue<HeldFrame> held = [];
        FrameFacts last = default;
        long printed = 0;
        while (!stop.IsCancellationRequested)
        {
            if (mailbox.TryTake(s_tick, out FrameLease frame))
            {
                last = FrameFacts.Of(frame);
                held.Enqueue(HeldFrame.Of(frame));
                while (held.Count > hold) held.Dequeue().Frame.Dispose();
            }

            if (TimeProvider.System.GetElapsedTime(printed) < s_tick) continue;
            printed = TimeProvider.System.GetTimestamp();
            Console.WriteLine(Line(source, last, held.Count, held.All(h => h.IsIntact)));
        }

        while (held.TryDequeue(out HeldFrame frame)) frame.Frame.Dispose();
    }

    private static string Line(CameraSource source, FrameFacts last, int held, bool isIntact)
    {
        var counts = source.Counts;
        string cause = source.Cause?.ToString() ?? "";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {"state":"{{source.State}}","received":{{counts.Received}},"displaced":{{counts.Displaced}},"lost":{{counts.Lost}},"corrupt":{{counts.Corrupt}},"opens":{{counts.Opens}},"failures":{{counts.Failures}},"held":{{held}},"intact":{{(isIntact ? "true" : "false")}},"sequence":{{last.Sequence}},"bytes":{{last.Bytes}},"first":{{last.FirstByte}},"age_ms":{{last.AgeMilliseconds:0.###}},"format":"{{last.Format}}","width":{{last.Width}},"stride":{{last.Stride}},"colour":"{{last.Colour}}","description":"{{source.Description}}","cause":"{{Escape(cause)}}","difference":"{{Escape(source.Difference?.ToString() ?? "")}}","control_notes":"{{Escape(string.Join(" | ", source.ControlNotes))}}",{{Resources()}}}
            """);
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string Resources()
    {
        int descriptors = Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
        int threads = Directory.EnumerateDirectories("/proc/self/task").Count();
        int videoMaps = File.ReadLines("/proc/self/maps").Count(l => l.Contains("fakecamera", StringComparison.Ordinal) || l.Contains("fakev4l2", StringComparison.Ordinal));
        string rss = File.ReadLines("/proc/self/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2];
        return $"\"descriptors\":{descriptors},\"threads\":{threads},\"video_maps\":{videoMaps},\"rss_kb\":{rss.Trim()}";
    }

    private readonly record struct FrameFacts(long Sequence, int Bytes, int FirstByte, double AgeMilliseconds, PixelFormat Format, int Width, int Stride, YuvColour Colour)
    {
        public static FrameFacts Of(FrameLease frame)
        {
            double age = TimeProvider.System.GetElapsedTime(frame.Info.CapturedTimestamp).TotalMilliseconds;
            return new(frame.Info.Sequence, frame.Data.Length, frame.Data[0], age, frame.Info.Format, frame.Info.WidthPixels, frame.Info.StrideBytes, frame.Info.Colour);
        }
    }

    /// <summary>A frame with the sum of its bytes as they were when it came.</summary>
    private readonly record struct HeldFrame(FrameLease Frame, int Sum)
    {
        public bool IsIntact => SumOf(Frame) == Sum;

        public static HeldFrame Of(FrameLease frame) => new(frame, SumOf(frame));

        private static int SumOf(FrameLease frame)
        {
            HashCode sum = default;
            sum.AddBytes(frame.Data);
            return sum.ToHashCode();
        }
    }

    private sealed class StandardErrorLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => Console.Error.WriteLine($"{logLevel} {eventId.Id} {formatter(state, exception)}");
    }
}
