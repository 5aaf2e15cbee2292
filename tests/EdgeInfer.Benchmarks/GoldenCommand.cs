using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// <c>golden REFERENCE PICTURE…</c>: beside each picture a JSON file with what the reference model, the float parent, finds in it,
/// in the shape of a prediction message.
/// </summary>
internal static class GoldenCommand
{
    /// <summary>Runs the command.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < 2)
        {
            Console.Error.WriteLine("golden: a reference model and pictures are needed");
            return 64;
        }

        Model model = ModelLoader.Load(arguments[0]);
        RuntimeOptions options = new() { Threads = 1, CacheFolder = Path.GetTempPath() };
        using ModelSession session = new InferenceRuntime(options, TimeProvider.System, NullLogger.Instance).Open(model);
        using BoundRun run = session.Bind();
        using Preprocessor preprocessor = new(model.Input, PreprocessorLimits.Default, TimeProvider.System, NullLogger.Instance);
        OutputDecoder decoder = OutputDecoder.Create(model, DecoderOptions.Default);
        foreach (string path in arguments[1..])
        {
            using FramePool pool = new(1, 1 << 26);
            byte[] file = File.ReadAllBytes(path);
            Frame frame = pool.Rent()!;
            file.CopyTo(pool.Memory(frame, file.Length));
            bool isJpeg = Path.GetExtension(path) is ".jpg" or ".jpeg";
            frame.Info = new() { Format = isJpeg ? PixelFormat.Jpeg : PixelFormat.PictureFile };
            using FrameLease lease = pool.Publish(frame, file.Length);
            StageTimes times = default;
            DecodeOutcome outcome = preprocessor.Process(lease, run.Input.Bytes, out PictureGeometry geometry, ref times);
            if (outcome != DecodeOutcome.Ok) throw new InvalidDataException($"{path}: {outcome}");
            run.Run();
            Prediction prediction = new();
            decoder.Decode(run.Outputs, geometry, prediction);
            Write(Path.ChangeExtension(path, ".json"), Path.GetFileName(path), model, geometry, prediction);
        }

        return 0;
    }

    private static void Write(string path, string source, Model model, PictureGeometry geometry, Prediction prediction)
    {
        using FileStream file = File.Create(path);
        using (Utf8JsonWriter json = new(file, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("schema", "edgeinfer/prediction/1");
            json.WriteString("source", source);
            json.WriteStartObject("model");
            json.WriteString("name", model.Name);
            json.WriteString("version", model.Version);
            json.WriteString("digest", model.Digest);
            json.WriteEndObject();
            json.WriteStartObject("frame");
            json.WriteNumber("width", geometry.SourceWidth);
            json.WriteNumber("height", geometry.SourceHeight);
            json.WriteEndObject();
            json.WriteStartArray("detections");
            foreach (Detection found in prediction.Detections)
            {
                json.WriteStartObject();
                json.WriteString("label", model.Labels[found.Class]);
                json.WriteNumber("class", found.Class);
                json.WriteNumber("score", Math.Round(found.Score, 4));
                json.WriteStartArray("box");
                foreach (float value in (ReadOnlySpan<float>)[found.X, found.Y, found.Width, found.Height]) json.WriteNumberValue(Math.Round(value, 1));
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        file.WriteByte((byte)'\n');
    }
}
