using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

/// <summary>
/// Figures of COCO's own evaluation (pycocotools' cocoeval.py with NumPy 1.24.2, overlap 0.50, all areas, 100 boxes) over the same boxes,
/// which both sides draw from the same linear congruential generator.
/// </summary>
public sealed class MeanAveragePrecisionTests
{
    private static readonly string[] s_labels = ["bolt", "nut", "washer", "gear"];

    [Theory]
    [InlineData(1, 20, 6, 52, 69, 0.8201940362103437)]
    [InlineData(2, 25, 12, 64, 93, 0.2873024883900113)]
    [InlineData(3, 40, 18, 90, 144, 0.11166601954313077)]
    [InlineData(4, 200, 8, 538, 725, 0.42569199774423244)]
    public void It_is_the_figure_of_COCO(int seed, int pictures, int jitter, int truths, int found, double figure)
    {
        MeanAveragePrecision metric = new();
        Draw draw = new(seed);
        (int Truths, int Found) counted = default;
        for (int p = 0; p < pictures; p++)
        {
            (List<GoldenBox> truth, List<GoldenBox> boxes) = draw.Picture(jitter);
            metric.Add(truth, boxes);
            counted = (counted.Truths + truth.Count, counted.Found + boxes.Count);
        }

        Assert.Equal((truths, found), counted);
        Assert.Equal(figure, metric.Value!.Value, 1e-12);
    }

    // 35 of 100 found: COCO's table has 35 × 0.01 = 0.35000000000000003, which a recall of 0.35 does not reach.
    [Fact]
    public void Recalls_are_those_of_COCOs_table()
    {
        MeanAveragePrecision metric = new();
        for (int p = 0; p < 100; p++)
        {
            List<GoldenBox> found = p < 35 ? [Golden.Box("bolt", 0.9, 10, 10, 40, 40)] : [];
            if (p < 3) found.Add(Golden.Box("bolt", 0.95, 300, 300, 40, 40));
            metric.Add([Golden.Box("bolt", 1, 10, 10, 40, 40)], found);
        }

        Assert.Equal(0.319176654507556, metric.Value!.Value, 1e-12);
    }

    [Fact]
    public void Without_any_true_box_there_is_no_figure()
    {
        MeanAveragePrecision metric = new();
        metric.Add([], [Golden.Box("bolt", 0.9, 10)]);
        Assert.Null(metric.Value);
        Assert.Equal(1, metric.Pictures);
    }

    [Fact]
    public void A_label_that_the_truth_does_not_have_does_not_count()
    {
        MeanAveragePrecision metric = new();
        metric.Add([Golden.Box("bolt", 1, 10)], [Golden.Box("bolt", 0.9, 10), Golden.Box("gear", 0.95, 10)]);
        Assert.Equal(1, metric.Value);
    }

    [Fact]
    public void More_than_a_hundred_boxes_of_a_label_and_picture_do_not_count()
    {
        MeanAveragePrecision metric = new();
        GoldenBox[] wrong = [.. Enumerable.Range(0, 100).Select(static i => Golden.Box("bolt", 0.9, 200 + i, 300))];
        metric.Add([Golden.Box("bolt", 1, 10)], [.. wrong, Golden.Box("bolt", 0.5, 10)]);
        Assert.Equal(0, metric.Value);
    }

    private sealed class Draw(long state)
    {
        public (List<GoldenBox> Truth, List<GoldenBox> Found) Picture(int jitter)
        {
            List<GoldenBox> truth = [], found = [];
            for (int left = Next(6); left > 0; left--)
            {
                int label = Next(3);
                (int x, int y, int width, int height) = (Next(500), Next(400), 20 + Next(60), 20 + Next(60));
                truth.Add(new(s_labels[label], 1, x, y, width, height));
                if (Next(10) >= 8) continue;
                GoldenBox box = new("", 0, x + Next(2 * jitter + 1) - jitter, y + Next(2 * jitter + 1) - jitter, width + Next(jitter + 1) - jitter / 2, height + Next(jitter + 1) - jitter / 2);
                if (Next(10) >= 9) label = (label + 1) % 3;
                found.Add(box with { Label = s_labels[label], Score = (300 + Next(70) * 10) / 1000.0 });
            }

            for (int left = Next(4); left > 0; left--)
            {
                int label = Next(4);
                GoldenBox box = new(s_labels[label], 0, Next(500), Next(400), 20 + Next(60), 20 + Next(60));
                found.Add(box with { Score = (50 + Next(60) * 10) / 1000.0 });
            }

            return (truth, found);
        }

        private int Next(int below)
        {
            state = ((state * 1103515245) + 12345) % (1L << 31);
            return (int)((state >> 8) % below);
        }
    }
}
