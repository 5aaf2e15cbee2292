using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Preprocessing;
using EdgeInfer.Recording;
using EdgeInfer.Results;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Architecture;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>From a pipeline at work over its recording to the same results.</summary>
public sealed class RecordingReplayTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly SessionRegistry _models = new(new InferenceRuntime(new() { CacheFolder = "", Threads = 1 }, TimeProvider.System, NullLogger.Instance), TimeProvider.System, NullLogger.Instance, static () => { });
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-replay-");

    private static string BundledModel => Path.Combine(RepositoryFolder.Root, "models", "parts-detector");

    [Fact]
    public async Task Every_result_of_a_recorded_belt_comes_again_bit_for_bit_and_twice_as_the_same_bytes()
    {
        string file = await Record(new SyntheticOptions((320, 240), 200, 3), 12);
        (ReplayedResult[] first, ReplayedResult[] second) = (Replay(file), Replay(file));
        Assert.Equal(12, first.Length);
        Assert.All(first, r => Assert.Equal(ReplayVerdict.Same, r.Verdict));
        Assert.Equal(first.Select(r => Text(r.Message)), second.Select(r => Text(r.Message)));
        Assert.Contains(first, r => Text(r.Message).Contains("\"score\":", StringComparison.Ordinal));
        Assert.All(first, r => Assert.Contains("\"seq\":", Text(r.Message), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Capture_time_sequence_and_frame_id_are_those_of_the_recording()
    {
        string file = await Record(new FilesOptions(Path.Combine(BundledModel, "golden", "*.jpg"), true), 3);
        ReplayedResult[] results = Replay(file);
        Assert.NotEmpty(results);
        Assert.All(results, r =>
        {
            string[] same = ["\"seq\":", "\"captured_at\":", "\"frame_id\":", "\"boot\":", "\"device\":\"press-3\"", "\"pipeline\":\"belt\""];
            Assert.All(same, key => Assert.Equal(Value(Text(r.Recorded), key), Value(Text(r.Message), key)));
            Assert.Contains("\"age_ms\":0,", Text(r.Message), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task The_recorded_thresholds_are_used_again()
    {
        string file = await Record(new SyntheticOptions((320, 240), 200, 3), 8, threshold: 0.9);
        Assert.All(Replay(file), r => Assert.Equal(ReplayVerdict.Same, r.Verdict));
        using RecordingReader recording = RecordingReader.Open(file);
        Assert.Equal(0.9, recording.Manifest.Options.Threshold);
    }

    [Fact]
    public async Task The_recorded_turn_is_made_again()
    {
        SyntheticOptions belt = new((320, 240), 200, 3) { Turn = new(90, true, false, new(0, 0.25, 1, 0.5)) };
        ReplayedResult[] results = Replay(await Record(belt, 8));
        Assert.All(results, r => Assert.Equal(ReplayVerdict.Same, r.Verdict));

        // 320x240 on its side is 240x320, of which half the height is kept.
        Assert.All(results, r => Assert.Contains("\"frame\":{\"width\":240,\"height\":160}", Text(r.Message), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_frame_that_could_not_be_decoded_is_recorded_and_refused_again()
    {
        File.WriteAllBytes(Path.Combine(_folder.FullName, "a.jpg"), [0xFF, 0xD8, 0xFF, 0xE0, 0, 2, 0xFF, 0xD9]);
        File.Copy(Directory.GetFiles(Path.Combine(BundledModel, "golden"), "*.jpg")[0], Path.Combine(_folder.FullName, "b.jpg"));
        string file = await Record(new FilesOptions(Path.Combine(_folder.FullName, "*.jpg"), true), 2);
        ReplayedResult[] results = Replay(file);
        Assert.Equal([ReplayVerdict.Same, ReplayVerdict.Same], results.Select(r => r.Verdict));
        ReplayedResult bad = Assert.Single(results, r => r.Outcome != DecodeOutcome.Ok);
        Assert.True(bad.Message.IsEmpty);
    }

    [Fact]
    public async Task A_result_that_is_not_the_recorded_one_is_called_different()
    {
        string file = await Record(new SyntheticOptions((320, 240), 200, 3), 3);
        Rewrite(file, "results.jsonl", static text => text.Replace("\"box\":[", "\"box\":[9", StringComparison.Ordinal));
        ReplayedResult[] results = Replay(file);
        Assert.Contains(results, r => r.Recorded.Span.IndexOf("\"box\":[9"u8) >= 0);
        Assert.All(results, r => Assert.Equal(r.Recorded.Span.IndexOf("\"box\""u8) >= 0 ? ReplayVerdict.Different : ReplayVerdict.Same, r.Verdict));
    }

    [Fact]
    public async Task Numbers_that_differ_below_the_rounding_of_the_message_are_not_called_the_same()
    {
        string file = await Record(new SyntheticOptions((320, 240), 200, 3), 3);
        Rewrite(file, ".json", static text => Regex.Replace(text, "\"bits\":\"[0-9a-f]{16}\"", "\"bits\":\"0123456789abcdef\""));
        Assert.All(Replay(file), r => Assert.Equal(ReplayVerdict.SameRounded, r.Verdict));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("2147483647")]
    public async Task A_count_of_frames_that_no_recording_has_is_a_fault(string frames)
    {
        string file = await Record(new SyntheticOptions((320, 240), 200, 3), 3);
        Rewrite(file, "manifest.json", text => Regex.Replace(text, "\"frames\":\\d+", $"\"frames\":{frames}"));
        Assert.Contains($"manifest.json says {frames} frames", Assert.Throws<FaultException>(() => Replay(file)).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipeline_that_is_not_there_or_records_nothing_is_named()
    {
        Dictionary<string, PipelineRecorder?> recorders = new() { ["belt"] = null, ["press"] = null };
        Assert.Equal("capture: there is no pipeline 'bellt'; did you mean 'belt'?", Assert.Throws<FaultException>(() => PipelineRecorder.Of("bellt", recorders)).Fault.ToString());
        Assert.Equal("belt: the pipeline records nothing; write pipelines.belt.record: { frames: 100 } in the configuration",
            Assert.Throws<FaultException>(() => PipelineRecorder.Of("belt", recorders)).Fault.ToString());
    }

    private ReplayedResult[] Replay(string file)
    {
        using RecordingReader recording = RecordingReader.Open(file);
        using RecordingReplay replay = new(recording, [_models.Open(BundledModel).Session!], TimeProvider.System, NullLogger.Instance);
        return [.. replay.Run()];
    }

    /// <summary>Runs a pipeline that keeps so many frames until they are there, and writes them.</summary>
    private async Task<string> Record(SourceOptions source, int count, double? threshold = null)
    {
        PipelineOptions options = new()
        {
            Name = "belt",
            Mark = default,
            Source = source,
            Models = ["parts"],
            FramesPerSecond = null,
            Threshold = threshold,
            Record = new(count, null, 64 << 20),
        };
        Model model = ModelLoader.Load(BundledModel);
        PipelineRecorder recorder = new(options, new("press-3", 12, "0.1.0", 1), (_, stages) => new(new("parts", BundledModel, default), Facts(stages)),
            new ClockQuality(TimeProvider.System), TimeProvider.System, new Random(1));
        CountingSink sink = new();
        using PipelineWorker worker = new(options, new ResultNumbers(12), [new("parts", new(BundledModel), _models.Open, _ => sink)], TimeProvider.System, new Random(2), NullLogger.Instance, recorder);
        worker.Start();
        Assert.True(SpinWait.SpinUntil(() => sink.Counts.Accepted > count, s_patience));
        string path = Path.Combine(_folder.FullName, "r.tar");
        using RecordingArchive archive = recorder.Capture();
        await using FileStream file = File.Create(path);
        await archive.WriteAsync(file, TestContext.Current.CancellationToken);
        return path;

        PredictionFacts Facts(ModelStages stages) => new(
            "press-3", "belt", 12, model.Name, model.Version, model.Digest, stages.Provider, ResultShape.Detections, model.Labels);
    }

    /// <summary>Changes text files of a recording and its digests with them, as whoever made it could have.</summary>
    private static void Rewrite(string path, string ending, Func<string, string> change)
    {
        List<(string Name, byte[] Content)> files = [];
        using (TarReader reader = new(File.OpenRead(path)))
        {
            while (reader.GetNextEntry(copyData: true) is { } entry)
            {
                MemoryStream content = new();
                entry.DataStream?.CopyTo(content);
                byte[] bytes = content.ToArray();
                if (entry.Name.EndsWith(ending, StringComparison.Ordinal)) bytes = Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(bytes)));
                if (entry.Name != RecordingArchive.Sums) files.Add((entry.Name, bytes));
            }
        }

        string sums = string.Concat(files.Select(f => $"{Convert.ToHexStringLower(SHA256.HashData(f.Content))}  {f.Name}\n"));
        files.Add((RecordingArchive.Sums, Encoding.ASCII.GetBytes(sums)));
        using TarWriter writer = new(File.Create(path), TarEntryFormat.Ustar);
        foreach ((string name, byte[] content) in files)
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
    }

    private static string Value(string message, string key)
    {
        int at = message.IndexOf(key, StringComparison.Ordinal);
        Assert.True(at >= 0, $"{key} is missing");
        return message[at..message.IndexOf(',', at)];
    }

    private static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    public void Dispose()
    {
        _models.Dispose();
        _folder.Delete(true);
    }

    private sealed class CountingSink : IPredictionSink
    {
        private long _count;

        public SinkCounts Counts => new(Interlocked.Read(ref _count), 0, 0);

        public void Accept(Prediction prediction) => Interlocked.Increment(ref _count);

        public void Flush()
        {
        }

        public void Dispose()
        {
        }
    }
}
