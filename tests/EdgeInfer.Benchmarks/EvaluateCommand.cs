using System.Globalization;
using EdgeInfer.Models;
using EdgeInfer.Tests.Sources.Synthetic;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// <c>evaluate [--model PATH,PATH] [--seed 9000000] [--count 500] [--per-scene 1] [--size 640x480]</c>: mean average precision, precision
/// and recall of detectors over pictures of belts that no training has seen, through the agent's own stages on one thread.
/// </summary>
internal static class EvaluateCommand
{
    /// <summary>Runs the command.</summary>
    public static int Run(string[] arguments)
    {
        string Option(string name, string fallback)
        {
            int at = Array.IndexOf(arguments, "--" + name);
            return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : fallback;
        }

        int seed = int.Parse(Option("seed", "9000000"), CultureInfo.InvariantCulture);
        int count = int.Parse(Option("count", "500"), CultureInfo.InvariantCulture);
        int perScene = int.Parse(Option("per-scene", "1"), CultureInfo.InvariantCulture);
        int[] size = [.. Option("size", "640x480").Split('x').Select(static s => int.Parse(s, CultureInfo.InvariantCulture))];
        Model[] models = [.. Option("model", "models/parts-detector").Split(',').Select(ModelLoader.Load)];
        using BeltEvaluation evaluation = new(models);
        for (int i = 0; i < count; i++) evaluation.Add(seed + i / perScene, 97 * (1 + i % perScene), (size[0], size[1]));
        for (int i = 0; i < models.Length; i++) Print(models[i], evaluation.Judges[i], evaluation.Milliseconds[i], count);
        return 0;
    }

    private static void Print(Model model, MeanAveragePrecision judge, List<double> milliseconds, int count)
    {
        Console.WriteLine($"{model.OnnxPath}: {count} pictures, mAP@0.5 {judge.Mean:0.0000}");
        for (int label = 0; label < model.Labels.Count; label++) Console.WriteLine($"  {model.Labels[label],-8} {judge.AveragePrecision(label):0.0000}");
        foreach (float at in new SortedSet<float> { 0.2f, 0.3f, 0.4f, 0.45f, 0.5f, 0.6f, model.Threshold })
        {
            (double precision, double recall) = judge.At(at);
            Console.WriteLine($"  at {at:0.00}: precision {precision:0.0000} recall {recall:0.0000}");
        }

        double[] times = [.. milliseconds.Order()];
        Console.WriteLine($"  run, one thread: least {times[0]:0.00} ms, median {times[times.Length / 2]:0.00} ms");
    }
}
