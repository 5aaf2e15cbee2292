using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>Reads <c>pipelines.NAME.source</c>: one key names the kind, the others belong to it.</summary>
internal sealed partial class SourceReader(ReadingContext context)
{
    private const double MostFramesPerSecond = 1000;
    private const int SmallestDrawing = 64;
    private const int LargestDrawing = 8192;

    private static readonly string[] s_kinds = ["camera", "stream", "exec", "files", "synthetic"];
    private static readonly string[] s_laterKinds = ["audio", "i2c", "iio", "onewire", "serial", "modbus", "csv", "mqtt", "http"];

    // Of any kind.
    private static readonly string[] s_keys =
    [
        "size", "fps", "format", "username", "password", "snapshot_interval", "transport", "timeout", "input_args", "ffmpeg", "arguments", "controls", "loop", "seed",
        "rotate", "flip", "crop",
    ];

    // Given where a fault was added; the configuration is dropped with it.
    private static readonly SourceOptions s_none = new FilesOptions("", false);

    /// <summary>The source of a pipeline.</summary>
    public SourceOptions Read(MappingReader pipeline)
    {
        if (pipeline.Mapping("source") is not { } source)
        {
            if (!pipeline.Has("source")) pipeline.Missing("source", $"name its kind: one of {string.Join(", ", s_kinds)}");
            return s_none;
        }

        string[] kinds = [.. s_kinds.Concat(s_laterKinds).Where(source.Contains)];
        if (kinds.Length != 1)
        {
            if (kinds.Length == 0)
            {
                pipeline.Fault("source", "no kind of source",
                    source.Contains("url") ? "write an address as 'stream: ADDRESS'" : $"write one of {string.Join(", ", s_kinds)}");
            }
            else pipeline.Fault("source", $"{kinds.Length} kinds of source: {string.Join(" and ", kinds)}", "keep one; each needs a pipeline of its own");
            CloseUnknownKind(source, kinds);
            return s_none;
        }

        source.NotYet(s_laterKinds);
        PictureTurn turn = Turn(source);
        SourceOptions? options = kinds[0] switch
        {
            "camera" => Camera(source),
            "stream" => Stream(source),
            "exec" => Exec(source),
            "files" => Files(source),
            "synthetic" => Synthetic(source),
            _ => null,
        };
        if (s_kinds.Contains(kinds[0])) source.Close();
        if (s_kinds.Contains(kinds[0]) && !source.Has(kinds[0])) source.Fault(kinds[0], "says nothing", "name the source");
        return options is null ? s_none : options with { Turn = turn };
    }

    // Without a kind only keys that belong to none can be called unknown. Of a later version's kinds, those that are written are not offered as known.
    private static void CloseUnknownKind(MappingReader source, string[] kinds)
    {
        foreach (string key in kinds.Concat(s_kinds).Concat(s_keys)) source.Has(key);
        source.Close();
    }

    private static SyntheticOptions? Synthetic(MappingReader source)
    {
        (int Width, int Height) size = source.Size("size") ?? (640, 480);
        if (Math.Min(size.Width, size.Height) < SmallestDrawing || Math.Max(size.Width, size.Height) > LargestDrawing)
            source.Fault("size", $"found {size.Width}x{size.Height}", $"expected {SmallestDrawing} to {LargestDrawing} pixels each way");
        double rate = Rate(source) ?? 30;
        int seed = source.Integer("seed", 0) ?? 1;
        if (source.Text("synthetic") is { } drawing and not "conveyor")
            source.Fault("synthetic", $"found {Quoted.Text(drawing)}", "expected conveyor");
        return new(size, rate, seed);
    }

    private static double? Rate(MappingReader source)
    {
        if (source.Number("fps", 0, MostFramesPerSecond) is not { } rate) return null;
        if (rate > 0) return rate;
        source.Fault("fps", "found 0", string.Create(CultureInfo.InvariantCulture, $"expected a number above 0, at most {MostFramesPerSecond}"));
        return null;
    }
}
