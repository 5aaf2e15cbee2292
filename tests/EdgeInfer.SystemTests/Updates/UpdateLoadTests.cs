using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using EdgeInfer.SystemTests.Reliability;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>What updates cost the device that takes them: with EDGEINFER_RELIABILITY=full minutes of a machine that has nothing else to do (tests/reliability.sh update-load), else a sample.</summary>
[Collection(Alone.Name)]
public sealed class UpdateLoadTests
{
    private const string Full = "only with EDGEINFER_RELIABILITY=full: it takes minutes, and times of a machine that does nothing else";
    private const double MostGrowth = 1.05;

    // The first releases fill what stays filled: pools, the outbox, two generations.
    private const int FirstReleases = 3;

    // What a release is made of; more in the sample, where one that is kept must be seen within a few, and memory goes up and down by some MiB.
    private static readonly int s_ballastBytes = (Campaign.IsFull ? 1 : 4) << 20;

    [Fact]
    public async Task Live_frames_take_at_most_half_as_long_again_while_a_release_of_5_MB_comes()
    {
        Assert.SkipUnless(Campaign.IsFull, Full);
        await using Fleet fleet = await Fleet.Enrolled();
        Random random = new(1);
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.1.0", graph => PartsModel.Grown(graph, 4_700_000, random)), 1);
        await fleet.Publisher.Run("rollout", "parts", "--hold");
        await fleet.StartAgent("30/10s");
        await fleet.Results.Lines("\"version\":\"1.0.0\"", 40);
        await fleet.Publisher.Run("rollout", "parts", "--resume");
        int from = fleet.Heard.Count();
        await fleet.Results.Lines("\"version\":\"1.0.0\"", from + 400);
        int hinted = fleet.Heard.Count();
        long since = TimeProvider.System.GetTimestamp();
        await fleet.Hint();
        await fleet.UntilState(1, "trial");
        int swapped = fleet.Heard.Count();
        Assert.Equal(("committed", null), Fleet.Outcome(await fleet.UntilState(1)));
        TimeSpan taken = TimeProvider.System.GetElapsedTime(since);
        JsonElement[] results = [.. fleet.Heard.Select(AgentProcess.Payload)];
        double before = P95(results[from..hinted], Age), during = P95(results[hinted..], Age);
        Campaign.Of("update-frames", 0, results.Length - hinted).Report(string.Create(CultureInfo.InvariantCulture,
            $"95 of 100 frames within {before:0.0} ms before the hint, {P95(results[hinted..swapped], Age):0.0} ms while it was fetched and probed ({swapped - hinted} frames), {P95(results[swapped..], Age):0.0} ms on trial, {during:0.0} ms in all ({during / before:0.00} times); inference {P95(results[from..hinted], Inference):0.0}, {P95(results[hinted..swapped], Inference):0.0} and {P95(results[swapped..], Inference):0.0} ms; hint to commit {taken.TotalSeconds:0.0} s"));
        Assert.InRange(during / before, 0, 1.5);
        Assert.InRange(taken.TotalSeconds, 10, 15);
    }

    [Fact]
    public async Task Memory_descriptors_and_disk_stay_as_they_are_over_many_updates()
    {
        Campaign campaign = Campaign.Of("updates", 8, 200);
        int releases = Math.Max(campaign.Count, FirstReleases + 4);
        await using Fleet fleet = await Fleet.Enrolled();
        // Ten results a second: a release serves for fewer than a hundred, too few for the next one's times to be held against.
        await fleet.StartAgent(Campaign.IsFull ? "10/1s" : "3/300ms", fps: 10);
        List<Footprint> footprints = [];
        for (int seq = 1; seq <= releases; seq++)
        {
            await fleet.Publisher.Publish(Small(fleet.Folder, seq, campaign.Random), seq);
            // What the last one has left: by now its device has collected what nothing names any more.
            footprints.Add(await Footprint.Of(fleet));
            await fleet.Hint();
            JsonElement served = await fleet.UntilState(seq);
            Assert.True(Fleet.Outcome(served) == ("committed", null), served.GetRawText());
            if (seq % 10 == 0 || !Campaign.IsFull) TestContext.Current.TestOutputHelper?.WriteLine($"{seq}: {footprints[^1]}");
        }

        int warm = Math.Max(FirstReleases, releases / 5), span = Math.Max(2, releases / 10);
        Footprint early = Footprint.Median(footprints[warm..(warm + span)]), late = Footprint.Median(footprints[^span..]);
        campaign.Report($"after {warm} to {warm + span}: {early}; after the last {span}: {late}");
        Assert.InRange(late.Descriptors, 0, early.Descriptors * MostGrowth);
        Assert.InRange(late.StateBytes, 0, early.StateBytes * MostGrowth);
        if (Campaign.IsFull)
        {
            Assert.InRange(late.RssBytes, 0, early.RssBytes * MostGrowth);
            Assert.InRange(late.CacheBytes, 0, Math.Max(early.CacheBytes * MostGrowth, 4096));
            return;
        }

        // Memory still fills its pools, and the cache its 16 graphs: neither keeps what releases are made of. A graph is kept without its constants, beside its checksum.
        int between = releases - span - warm;
        Assert.InRange(late.RssBytes - early.RssBytes, long.MinValue, between * (3L * s_ballastBytes / 4));
        Assert.InRange(late.CacheBytes - early.CacheBytes, long.MinValue, between * 16L << 10);
    }

    // A mean of the picture and a megabyte or more of random numbers, another one each time: nothing of it is on the device yet.
    private static string Small(TestFolder folder, int seq, Random random)
    {
        float[] numbers = new float[s_ballastBytes / sizeof(float)];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = 1 + random.NextSingle();
        byte[] graph = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 16, 16).Output("y", OnnxBuilder.Float, 1).LongConstant("one", 1).Tensor("ballast", OnnxBuilder.Float, [numbers.Length], MemoryMarshal.AsBytes<float>(numbers).ToArray())
            .Node("ReduceMax", ["ballast"], ["factor"]).Node("ReduceMean", ["x"], ["mean"]).Node("Mul", ["mean", "factor"], ["product"]).Node("Reshape", ["product", "one"], ["y"]).ToArray();
        string name = $"small-{seq}";
        folder.Write($"{name}/model.onnx", graph);
        folder.Write($"{name}/model.yaml", $"name: small\nversion: 1.{seq}.0\ntask: raw\ninput: {{ color: rgb, resize: stretch, kernel: bilinear, scale: 1/255 }}\n");
        return folder[name];
    }

    private static double Age(JsonElement result) => result.GetProperty("age_ms").GetDouble();

    private static double Inference(JsonElement result) => result.GetProperty("timing_ms").GetProperty("inference").GetDouble();

    private static double P95(JsonElement[] results, Func<JsonElement, double> of)
    {
        double[] sorted = [.. results.Select(of).Order()];
        return sorted[(int)Math.Ceiling(0.95 * sorted.Length) - 1];
    }

    private sealed record Footprint(long RssBytes, long Descriptors, long StateBytes, long CacheBytes)
    {
        public static async Task<Footprint> Of(Fleet fleet)
        {
            string rss = File.ReadLines($"/proc/{fleet.Agent.Id}/status").First(static l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return new(
                long.Parse(rss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10,
                Directory.GetFileSystemEntries($"/proc/{fleet.Agent.Id}/fd").Length, await Taken(fleet.State), await Taken(fleet.Folder["cache"]));
        }

        public static Footprint Median(IReadOnlyList<Footprint> of) => new(Median(of, static f => f.RssBytes), Median(of, static f => f.Descriptors), Median(of, static f => f.StateBytes), Median(of, static f => f.CacheBytes));

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RssBytes / 1048576.0:0.0} MiB resident, {Descriptors} descriptors, {StateBytes >> 10} KiB of state, {CacheBytes >> 10} KiB of cache");

        private static long Median(IReadOnlyList<Footprint> of, Func<Footprint, long> part) => of.Select(part).Order().ElementAt(of.Count / 2);

        // Hard links count once.
        private static async Task<long> Taken(string folder)
        {
            if (!Directory.Exists(folder)) return 0;
            (_, string said) = await ChildProcess.Run("du", "-s", "--block-size=1", folder);
            return long.Parse(said.Split('\t')[0].Split('\n')[^1], CultureInfo.InvariantCulture);
        }
    }
}
