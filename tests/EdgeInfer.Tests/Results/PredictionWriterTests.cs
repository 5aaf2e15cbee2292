using System.Text;
using System.Text.Json;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Results;

public sealed class PredictionWriterTests
{
    private static readonly DateTimeOffset s_captured = new DateTimeOffset(2026, 11, 25, 18, 40, 1, TimeSpan.Zero).AddTicks(1_234_569);

    [Fact]
    public void A_detection_message_is_exactly_what_the_contract_shows()
    {
        PredictionWriter writer = new(Envelope(ResultShape.Detections, "bolt", "nut"), new Random(1));
        Prediction prediction = Example();
        prediction.Detections.Add(new(0, 0.9314f, 411.6f, 120.4f, 64.2f, 57.5f));
        prediction.Detections.Add(new(1, 0.5f, -0.4f, 700.2f, 20, 30));

        string message = Text(writer.Write(prediction, isClockSynced: true));

        Assert.Equal(
            "{\"schema\":\"edgeinfer/prediction/1\",\"id\":\"" + Id(message) + "\",\"device\":\"press-3\",\"pipeline\":\"belt\",\"boot\":12,\"seq\":184467,"
            + "\"captured_at\":\"2026-11-25T18:40:01.123456Z\",\"clock\":\"synced\",\"age_ms\":21.4,"
            + "\"model\":{\"name\":\"parts-detector\",\"version\":\"1.2.0\",\"digest\":\"a1b2c3d4e5f6\"},\"provider\":\"cpu\","
            + "\"frame\":{\"width\":1280,\"height\":720},\"frame_id\":\"cam \\\"7\\\"\","
            + "\"timing_ms\":{\"decode\":2.1,\"preprocess\":0.43,\"inference\":4.51,\"postprocess\":0},"
            + "\"detections\":[{\"label\":\"bolt\",\"class\":0,\"score\":0.931,\"box\":[412,120,64,58]},"
            + "{\"label\":\"nut\",\"class\":1,\"score\":0.5,\"box\":[0,700,20,20]}]}",
            message);
    }

    [Fact]
    public void An_empty_result_has_an_empty_list_and_nothing_that_is_not_known()
    {
        PredictionWriter writer = new(Envelope(ResultShape.Detections, "bolt"), new Random(1));
        Prediction prediction = Example();
        prediction.Frame.Id = default;

        string message = Text(writer.Write(prediction, isClockSynced: false));

        Assert.EndsWith(",\"detections\":[]}", message, StringComparison.Ordinal);
        Assert.Contains("\"clock\":\"unsynced\"", message, StringComparison.Ordinal);
        Assert.DoesNotContain("frame_id", message, StringComparison.Ordinal);
        Assert.DoesNotContain("null", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_are_listed_with_their_scores_and_a_class_without_label_by_its_number()
    {
        PredictionWriter writer = new(Envelope(ResultShape.Classes, "cat"), new Random(1));
        Prediction prediction = Example();
        prediction.Classes.Add(new(0, 0.99951f));
        prediction.Classes.Add(new(3, 0.0004f));

        string message = Text(writer.Write(prediction, true));

        Assert.EndsWith(
            ",\"classes\":[{\"label\":\"cat\",\"class\":0,\"score\":1},{\"label\":\"3\",\"class\":3,\"score\":0}]}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Raw_outputs_are_numbers_or_lists_by_name_and_what_is_not_finite_is_a_word()
    {
        PredictionWriter writer = new(Envelope(ResultShape.Values), new Random(1));
        Prediction prediction = Example();
        prediction.RawOutputs.Add(("rpm", 1));
        prediction.RawOutputs.Add(("vec\n", 4));
        prediction.RawOutputs.Add(("none", 0));
        prediction.RawValues.AddRange([1499.5f, 1e-7f, -2, float.NaN, float.NegativeInfinity]);

        string message = Text(writer.Write(prediction, true));

        Assert.EndsWith(",\"values\":{\"rpm\":1499.5,\"vec\\n\":[1E-07,-2,\"NaN\",\"-Infinity\"],\"none\":[]}}", message, StringComparison.Ordinal);
        using JsonDocument parsed = JsonDocument.Parse(message);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("\"quoted\" and \\ back")]
    [InlineData("tab\t newline\n return\r bell\u0007 nul\0 backspace\b feed\f unit\u001f")]
    [InlineData("skrue é 螺栓 🔩 \u2028 </script> ' + & \u007f")]
    [InlineData("")]
    public void Any_label_reads_back_as_it_was(string label)
    {
        PredictionWriter writer = new(Envelope(ResultShape.Detections, label), new Random(1));
        Prediction prediction = Example();
        prediction.Detections.Add(new(0, 0.5f, 1, 2, 3, 4));

        using JsonDocument parsed = JsonDocument.Parse(Text(writer.Write(prediction, true, source: label)));

        Assert.Equal(label, parsed.RootElement.GetProperty("detections")[0].GetProperty("label").GetString());
        Assert.Equal(label, parsed.RootElement.GetProperty("source").GetString());
    }

    [Fact]
    public void Half_a_surrogate_and_bytes_that_are_no_UTF8_become_the_replacement_character()
    {
        PredictionWriter writer = new(Envelope(ResultShape.Detections, "a\ud83db"), new Random(1));
        Prediction prediction = Example();
        prediction.Frame.Id = FrameId.FromUtf8([(byte)'x', 0xFF, 0xC3, (byte)'y', 0xE2, 0x82, 0xAC]);
        prediction.Detections.Add(new(0, 0.5f, 1, 2, 3, 4));

        using JsonDocument parsed = JsonDocument.Parse(Text(writer.Write(prediction, true)));

        Assert.Equal("a\ufffdb", parsed.RootElement.GetProperty("detections")[0].GetProperty("label").GetString());
        Assert.Equal("x\ufffd\ufffdy€", parsed.RootElement.GetProperty("frame_id").GetString());
    }

    [Fact]
    public void Numbers_that_are_not_finite_never_make_invalid_JSON()
    {
        PredictionWriter writer = new(Envelope(ResultShape.Detections, "a"), new Random(1));
        Prediction prediction = Example();
        prediction.AgeMilliseconds = double.NaN;
        prediction.Timing.DecodeMilliseconds = double.PositiveInfinity;
        prediction.Timing.InferenceMilliseconds = 1e300;
        prediction.Detections.Add(new(0, float.NaN, float.NaN, float.NegativeInfinity, float.PositiveInfinity, 5));

        using JsonDocument parsed = JsonDocument.Parse(Text(writer.Write(prediction, true)).Replace("∞", "", StringComparison.Ordinal));

        Assert.Equal(0, parsed.RootElement.GetProperty("age_ms").GetDouble());
        Assert.Equal("[0,0,0,0]", parsed.RootElement.GetProperty("detections")[0].GetProperty("box").GetRawText());
    }

    [Theory]
    [InlineData(0.0005, 3, "0.001")]
    [InlineData(0.00049, 3, "0")]
    [InlineData(-0.25, 1, "-0.3")]
    [InlineData(-0.04, 1, "0")]
    [InlineData(1, 2, "1")]
    [InlineData(10.1, 2, "10.1")]
    [InlineData(10.01, 2, "10.01")]
    [InlineData(999.999, 2, "1000")]
    [InlineData(123456789.125, 2, "123456789.13")]
    public void Numbers_are_rounded_half_away_from_zero_without_trailing_zeros(double value, int decimals, string expected)
    {
        JsonBuffer json = new();
        json.Fixed(value, decimals);
        Assert.Equal(expected, Text(json.Written));
    }

    [Fact]
    public void Writing_a_message_allocates_nothing_once_warm()
    {
        PredictionWriter writer = new(Envelope(ResultShape.Detections, "bolt", "nut"), new Random(1));
        Prediction prediction = Example();
        for (int i = 0; i < 40; i++) prediction.Detections.Add(new(i % 3, i / 40f, i, i, 10, 10));
        int bytes = 0;
        for (int i = 0; i < 50; i++) bytes = writer.Write(prediction, true).Length;

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) bytes = writer.Write(prediction, true).Length;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(bytes > 2000);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Ids_differ_sort_by_time_and_use_Crockfords_alphabet()
    {
        ResultIds ids = new(new Random(7));
        byte[] bytes = new byte[ResultIds.Length];
        List<string> made = [];
        for (int i = 0; i < 1000; i++)
        {
            ids.Write(s_captured.AddMilliseconds(i / 2), bytes);
            made.Add(Encoding.ASCII.GetString(bytes));
        }

        Assert.Equal(1000, made.Distinct().Count());
        Assert.All(made, id => Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", id));
        Assert.Equal(made.Select(id => id[..10]).Order(StringComparer.Ordinal), made.Select(id => id[..10]));
    }

    /// <summary>The example of the ULID specification: 1469918176385 ms is 01ARYZ6S41; the randomness is bits counted by hand.</summary>
    [Fact]
    public void An_id_is_a_ULID()
    {
        byte[] id = new byte[ResultIds.Length];
        ResultIds.Encode(1469918176385, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 1], id);
        Assert.Equal("01ARYZ6S41ZZZZZZZZ00000001", Encoding.ASCII.GetString(id));
    }

    [Fact]
    public void Times_are_written_in_UTC_with_microseconds()
    {
        Assert.Equal("2026-11-25T18:40:01.123456Z", Rfc3339.Format(s_captured));
        Assert.Equal("2026-11-25T18:40:01.123456Z", Rfc3339.Format(s_captured.ToOffset(TimeSpan.FromHours(5.5))));
        Assert.Equal("0001-01-01T00:00:00.000000Z", Rfc3339.Format(DateTimeOffset.MinValue));
    }

    private static PredictionEnvelope Envelope(ResultShape shape, params string[] labels)
        => new(new("press-3", "belt", 12, "parts-detector", "1.2.0", "a1b2c3d4e5f6a7b8", "cpu", shape, labels));

    private static Prediction Example()
    {
        Prediction prediction = new() { Sequence = 184467, FrameWidth = 1280, FrameHeight = 720, AgeMilliseconds = 21.4 };
        prediction.Frame.CapturedAt = s_captured;
        prediction.Frame.Id = FrameId.FromUtf8("cam \"7\""u8);
        prediction.Timing = new() { DecodeMilliseconds = 2.1, PreprocessMilliseconds = 0.43, InferenceMilliseconds = 4.5051, PostprocessMilliseconds = 0.004 };
        return prediction;
    }

    private static string Id(string message)
    {
        using JsonDocument parsed = JsonDocument.Parse(message);
        string id = parsed.RootElement.GetProperty("id").GetString()!;
        Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", id);
        return id;
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
