using System.Text.Json;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;

namespace EdgeInfer.Tests.Postprocessing;

public sealed class SuppressionTests
{
    [Theory]
    [InlineData("per_class", NmsMode.PerClass)]
    [InlineData("agnostic", NmsMode.ClassAgnostic)]
    public void Keeps_what_the_definition_in_NumPy_keeps_in_the_same_order(string key, int mode)
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(Head.Folder, "nms.json")));
        foreach (JsonElement one in cases.RootElement.EnumerateArray())
        {
            float[][] boxes = one.GetProperty("boxes").Deserialize<float[][]>()!;
            float[] scores = one.GetProperty("scores").Deserialize<float[]>()!;
            int[] classes = one.GetProperty("classes").Deserialize<int[]>()!;
            Candidate[] candidates = [.. boxes.Select((b, i) => new Candidate(classes[i], scores[i], b[0], b[1], b[2], b[3]))];

            List<Candidate> kept = Run(candidates, new((NmsMode)mode, one.GetProperty("iou").GetSingle()));

            Assert.Equal(one.GetProperty(key).Deserialize<int[]>()!.Select(i => candidates[i]), kept);
        }
    }

    [Fact]
    public void Equals_the_plain_quadratic_definition_on_random_boxes()
    {
        Random random = new(5);
        for (int round = 0; round < 200; round++)
        {
            Candidate[] candidates = new Candidate[random.Next(0, 120)];
            for (int i = 0; i < candidates.Length; i++)
            {
                float x = random.NextSingle() * 50;
                float y = random.NextSingle() * 50;
                // Few different scores, so that many are equal.
                candidates[i] = new(random.Next(4), random.Next(1, 20) / 20f, x, y, x + random.NextSingle() * 30, y + random.NextSingle() * 30);
            }

            NmsOptions options = new((NmsMode)(round % 3), random.NextSingle());

            Assert.Equal(Quadratic(candidates, options), Run(candidates, options));
        }
    }

    [Fact]
    public void What_is_kept_stands_apart_and_what_went_was_covered()
    {
        Random random = new(6);
        Candidate[] candidates = new Candidate[500];
        for (int i = 0; i < candidates.Length; i++)
        {
            float x = random.NextSingle() * 100;
            float y = random.NextSingle() * 100;
            candidates[i] = new(0, random.NextSingle(), x, y, x + 1 + random.NextSingle() * 20, y + 1 + random.NextSingle() * 20);
        }

        List<Candidate> kept = Run(candidates, new(NmsMode.PerClass, 0.4f));

        Assert.All(kept, a => Assert.DoesNotContain(kept, b => a != b && Iou(a, b) > 0.4f));
        Assert.All(candidates.Except(kept), gone => Assert.Contains(kept, k => k.Score >= gone.Score && Iou(k, gone) > 0.4f));
    }

    [Fact]
    public void A_box_exactly_at_the_threshold_stays()
    {
        // Intersection 1, union 2.
        Candidate first = new(0, 0.9f, 0, 0, 2, 1);
        Candidate second = new(0, 0.8f, 0, 0, 1, 1);

        Assert.Equal(2, Run([first, second], new(NmsMode.PerClass, 0.5f)).Count);
        Assert.Single(Run([first, second], new(NmsMode.PerClass, 0.499f)));
    }

    [Fact]
    public void What_is_no_box_is_dropped()
    {
        Candidate[] odd =
        [
            new(0, 0.9f, 1, 1, 1, 5),
            new(0, 0.9f, 5, 1, 1, 5),
            new(0, 0.9f, 5, 5, 1, 1),
            new(0, 0.9f, float.NaN, 1, 5, 5),
            new(0, 0.9f, 1, 1, float.PositiveInfinity, 5),
            new(0, 0.9f, float.NegativeInfinity, 1, float.PositiveInfinity, 5),
        ];
        Assert.Empty(Run(odd, new(NmsMode.Off, 1)));
    }

    [Fact]
    public void Zero_and_minus_zero_are_the_worst_scores()
    {
        Candidate[] candidates = [new(0, -0f, 0, 0, 1, 1), new(0, 0f, 2, 0, 3, 1), new(0, 0.5f, 4, 0, 5, 1)];
        Assert.Equal([candidates[2], candidates[0], candidates[1]], Run(candidates, new(NmsMode.PerClass, 0.5f)));
    }

    private static List<Candidate> Run(IEnumerable<Candidate> candidates, NmsOptions options)
    {
        Suppression suppression = new(options);
        suppression.Clear();
        foreach (Candidate candidate in candidates) suppression.Add(candidate);
        suppression.Sort();
        List<Candidate> kept = [];
        while (suppression.TryNext(out Candidate candidate)) kept.Add(candidate);
        return kept;
    }

    private static List<Candidate> Quadratic(Candidate[] candidates, NmsOptions options)
    {
        List<Candidate> left = [.. candidates.Where(static c => c.Right > c.Left && c.Bottom > c.Top).OrderByDescending(static c => c.Score)];
        List<Candidate> kept = [];
        while (left.Count > 0)
        {
            Candidate best = left[0];
            left.RemoveAt(0);
            kept.Add(best);
            if (options.Mode == NmsMode.Off) continue;
            left.RemoveAll(other => (options.Mode == NmsMode.ClassAgnostic || other.Class == best.Class) && Iou(best, other) > options.Iou);
        }

        return kept;
    }

    private static float Iou(Candidate a, Candidate b)
    {
        float width = Math.Max(0, Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left));
        float height = Math.Max(0, Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top));
        return width * height / ((a.Right - a.Left) * (a.Bottom - a.Top) + (b.Right - b.Left) * (b.Bottom - b.Top) - width * height);
    }
}
