using System.Text.Json;
using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Sources.Synthetic;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// <c>golden MODEL REFERENCE PICTURE…</c>: beside each picture a JSON file with what the reference, the float parent of the model,
/// finds in it under the model's contract, in the shape of a prediction message. The digest is the reference's.
/// </summary>
internal static class GoldenCommand
{
    /// <summary>Runs the command.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < 3)
        {
            Console.Error.WriteLine("golden: a model, its reference and pictures are needed");
            return 64;
        }

        Model reference = ModelLoader.Load(arguments[1]);
        Model model = ModelLoader.Load(arguments[0]) with { OnnxPath = reference.OnnxPath, Path = reference.Path, Digest = reference.Digest };
        using DetectorRun run = new(model, null);
        foreach (string path in arguments[2..])
        {
            bool isJpeg = Path.GetExtension(path) is ".jpg" or ".jpeg";
            IReadOnlyList<Detection> found = run.Find(File.ReadAllBytes(path), new FrameInfo { Format = isJpeg ? PixelFormat.Jpeg : PixelFormat.PictureFile });
            Write(Path.ChangeExtension(path, ".json"), Path.GetFileName(path), model, run.Size, found);
        }

        return 0;
    }

    private static void Write(string path, string source, Model model, (int Width, int Height) size, IReadOnlyList<Detection> detections)
    {
        using FileStream file = File.Create(path);
        using (Utf8JsonWriter json = new(file))
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
            json.WriteNumber("width", size.Width);
            json.WriteNumber("height", size.Height);
            json.WriteEndObject();
            json.WriteStartArray("detections");
            foreach (Detection found in detections)
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
