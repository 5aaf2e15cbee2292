using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// <c>render --seed S --count N --out DIR [--size 640x480] [--per-scene 1] [--stride 97] [--half]</c>: pictures of the synthetic
/// belt with their truth, to train and to judge the bundled detector. Writes <c>frames.rgb</c> (pictures one after the other,
/// three bytes a pixel) and <c>truth.json</c>. Every scene is a seed of its own: S, S+1, … <c>--half</c> writes pictures at half the
/// size, each pixel the mean of four, which is what a bilinear letterbox to half the size gives.
/// </summary>
internal static class RenderCommand
{
    /// <summary>Runs the command.</summary>
    public static int Run(string[] arguments)
    {
        string Option(string name, string fallback)
        {
            int at = Array.IndexOf(arguments, "--" + name);
            return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : fallback;
        }

        int Number(string name, int fallback) => int.Parse(Option(name, fallback.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

        string folder = Option("out", "");
        if (folder.Length == 0)
        {
            Console.Error.WriteLine("render: --out DIR says where the pictures go");
            return 64;
        }

        string[] size = Option("size", "640x480").Split('x');
        int width = int.Parse(size[0], CultureInfo.InvariantCulture), height = int.Parse(size[1], CultureInfo.InvariantCulture);
        Directory.CreateDirectory(folder);
        Write(folder, width, height, Number("seed", 1), Number("count", 1), Number("per-scene", 1), Number("stride", 97), arguments.Contains("--half"));
        return 0;
    }

    private static void Write(string folder, int width, int height, int seed, int count, int perScene, int stride, bool isHalved)
    {
        using FileStream frames = File.Create(Path.Combine(folder, "frames.rgb"));
        using FileStream truth = File.Create(Path.Combine(folder, "truth.json"));
        using Utf8JsonWriter json = new(truth);
        byte[] rgb = new byte[width * height * 3];
        byte[] half = new byte[width / 2 * (height / 2) * 3];
        TruthBox[] boxes = new TruthBox[BeltTruth.MaxBoxes];
        BeltRenderer? renderer = null;
        BeltTruth? belt = null;
        long ticks = 0, least = long.MaxValue;
        json.WriteStartObject();
        json.WriteNumber("width", width);
        json.WriteNumber("height", height);
        json.WriteBoolean("half", isHalved);
        json.WriteStartArray("frames");
        for (int i = 0; i < count; i++)
        {
            int scene = seed + i / perScene;
            if (renderer is null || renderer.Scene.Seed != scene)
            {
                renderer = new(new((width, height), 15, scene));
                belt = new(renderer.Scene);
            }

            long frame = (long)(i % perScene) * stride + stride;
            long start = Stopwatch.GetTimestamp();
            renderer.Render(frame, rgb);
            long spent = Stopwatch.GetTimestamp() - start;
            ticks += spent;
            least = Math.Min(least, spent);
            if (isHalved) Halve(rgb, half, width, height);
            frames.Write(isHalved ? half : rgb);
            WriteTruth(json, scene, frame, boxes.AsSpan(0, belt!.At(frame, boxes)));
        }

        json.WriteEndArray();
        json.WriteEndObject();
        Console.Error.WriteLine($"{count} pictures, {Stopwatch.GetElapsedTime(0, ticks).TotalMilliseconds / count:0.00} ms each, at least {Stopwatch.GetElapsedTime(0, least).TotalMilliseconds:0.00}");
    }

    private static void Halve(ReadOnlySpan<byte> rgb, Span<byte> half, int width, int height)
    {
        int halfWidth = width / 2;
        for (int y = 0; y < height / 2; y++)
        {
            ReadOnlySpan<byte> upper = rgb.Slice(2 * y * width * 3, width * 3), lower = rgb.Slice((2 * y + 1) * width * 3, width * 3);
            Span<byte> to = half.Slice(y * halfWidth * 3, halfWidth * 3);
            for (int i = 0; i < to.Length; i++)
            {
                int at = i / 3 * 6 + i % 3;
                to[i] = (byte)((upper[at] + upper[at + 3] + lower[at] + lower[at + 3] + 2) >> 2);
            }
        }
    }

    private static void WriteTruth(Utf8JsonWriter json, int seed, long frame, ReadOnlySpan<TruthBox> boxes)
    {
        json.WriteStartObject();
        json.WriteNumber("seed", seed);
        json.WriteNumber("frame", frame);
        json.WriteStartArray("boxes");
        foreach (TruthBox box in boxes)
        {
            json.WriteStartArray();
            json.WriteNumberValue(box.ClassIndex);
            json.WriteNumberValue(box.X);
            json.WriteNumberValue(box.Y);
            json.WriteNumberValue(box.Width);
            json.WriteNumberValue(box.Height);
            json.WriteNumberValue(box.IsDifficult ? 1 : 0);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
