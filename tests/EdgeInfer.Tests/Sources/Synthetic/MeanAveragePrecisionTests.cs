using EdgeInfer.Results;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Tests.Sources.Synthetic;

public sealed class MeanAveragePrecisionTests
{
    // The illustrated example of Padilla, Netto and da Silva, "A Survey on Performance Metrics for Object-Detection Algorithms",
    // IWSSIP 2020, and its public tool: 24 detections in 7 pictures, 15 objects, 7 of them found, in order of confidence (percent).
    private static readonly (int Picture, int Confidence, bool IsHit)[] s_published =
    [
        (5, 95, true), (7, 95, false), (3, 91, true), (1, 88, false), (6, 84, false), (1, 80, false), (4, 78, false), (2, 74, false),
        (2, 71, false), (1, 70, true), (3, 67, false), (5, 62, true), (2, 54, true), (7, 48, true), (4, 45, false), (6, 45, false),
        (3, 44, false), (5, 44, false), (6, 43, false), (3, 38, false), (4, 35, false), (5, 23, false), (3, 18, true), (4, 14, false),
    ];

    [Fact]
    public void The_published_example_gives_the_published_area()
    {
        MeanAveragePrecision judge = new(1, 0.3f);
        int missed = 8;
        for (int picture = 1; picture <= 7; picture++)
        {
            List<Detection> detections = [];
            List<TruthBox> truth = [];
            foreach ((int at, int confidence, bool isHit) in s_published)
            {
                if (at != picture) continue;
                float x = 100 * detections.Count;
                detections.Add(new(0, confidence / 100f, x, 0, 50, 50));
                if (isHit) truth.Add(new(0, x + 5, 0, 50, 50, false));
            }

            for (; missed > 0 && picture == 7; missed--) truth.Add(new(0, 5000 + 100 * missed, 0, 50, 50, false));
            judge.Add(detections, truth.ToArray());
        }

        // Published: 24.57 %.
        Assert.Equal(0.2457, judge.Mean, 4);
        (double precision, double recall) = judge.At(0);
        Assert.Equal(7 / 24.0, precision, 9);
        Assert.Equal(7 / 15.0, recall, 9);
    }

    [Fact]
    public void A_box_is_found_once_and_the_better_score_has_it()
    {
        MeanAveragePrecision judge = new(1);
        judge.Add([new(0, 0.6f, 0, 0, 10, 10), new(0, 0.9f, 1, 0, 10, 10)], [new(0, 0, 0, 10, 10, false)]);
        Assert.Equal(1, judge.Mean);
        Assert.Equal((0.5, 1.0), judge.At(0.5f));
    }

    [Fact]
    public void A_difficult_box_counts_neither_way()
    {
        MeanAveragePrecision judge = new(2);
        judge.Add([new(0, 0.9f, 0, 0, 10, 10)], [new(0, 0, 0, 10, 10, true), new(0, 40, 0, 10, 10, true), new(1, 0, 0, 9, 9, true)]);
        Assert.Equal((0.0, 0.0), judge.At(0.5f));
        judge.Add([new(0, 0.8f, 0, 0, 10, 10)], [new(0, 0, 0, 10, 10, false)]);
        Assert.Equal(1, judge.Mean);
    }

    [Fact]
    public void The_right_place_with_the_wrong_class_is_wrong()
    {
        MeanAveragePrecision judge = new(2);
        judge.Add([new(1, 0.9f, 0, 0, 10, 10)], [new(0, 0, 0, 10, 10, false)]);
        Assert.Equal(0, judge.Mean);
    }
}
