using System.Text;
using System.Text.Json;
using EdgeInfer.Commands;

namespace EdgeInfer.Tests.Commands;

public sealed class WatchPrinterTests
{
    private const string Topic = "edgeinfer/press-3/belt/prediction";

    // As the contract of the messages shows it.
    private const string Message = """
        {"schema":"edgeinfer/prediction/1","id":"01JDK00000000000000000000A","device":"press-3","pipeline":"belt","boot":12,"seq":184467,
         "captured_at":"2026-11-25T18:40:01.123456Z","clock":"synced","age_ms":21.4,
         "model":{"name":"parts-detector","version":"1.2.0","digest":"a1b2c3d4e5f6"},"provider":"cpu",
         "frame":{"width":1280,"height":720},"timing_ms":{"decode":2.1,"preprocess":0.4,"inference":4.5,"postprocess":0.1},
         "detections":[{"label":"bolt","class":0,"score":0.931,"box":[412,120,64,58]},{"label":"nut","class":1,"score":0.5,"box":[0,1,2,3]}]}
        """;

    [Fact]
    public void A_prediction_is_one_line_with_time_place_labels_scores_and_age()
        => Assert.Equal(["18:40:01.123  press-3/belt  bolt 0.93, nut 0.50  21 ms"], Printed(Message));

    [Fact]
    public void Parts_of_one_label_are_counted_with_their_best_scores()
        => Assert.Equal(["--:--:--.---  d/p  5 bolt 0.90 0.80 0.70 …, nut 0.90  0 ms"], Printed(Detections("bolt", "bolt", "nut", "bolt", "bolt", "bolt")));

    [Fact]
    public void A_line_fits_a_terminal_however_much_was_found()
    {
        string[] many = [.. Enumerable.Range(0, 40).SelectMany(n => Enumerable.Repeat($"label-number-{n}", 5))];
        string line = Assert.Single(Printed(Detections(many)));
        Assert.InRange(line.Length, 60, 100);
        Assert.EndsWith("label-number-0 0.90 0.80 0.70 …, and 39 more  0 ms", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Why_a_pipeline_has_no_frames_stands_on_a_line_of_its_own()
        => Assert.Equal(["-- d online; p no_signal; q running", "--   p: /dev/video0: there is no camera at this path; plug the camera in"],
            Printed("""{"schema":"edgeinfer/status/1","state":"online","device":"d","pipelines":{"p":{"state":"no_signal","cause":"/dev/video0: there is no camera at this path; plug the camera in"},"q":{"state":"running"}}}"""));

    [Fact]
    public void The_rate_counts_messages_by_their_numbers()
        => Assert.EndsWith("  5.0/s  21 ms", Printed(Message, Message.Replace("184467", "184477", StringComparison.Ordinal).Replace("40:01", "40:03", StringComparison.Ordinal))[1], StringComparison.Ordinal);

    [Fact]
    public void A_late_result_says_so_and_a_loss_says_which_results_will_not_come()
    {
        Assert.Equal(["18:40:01.123  press-3/belt  bolt 0.93, nut 0.50  21 ms  late"], Printed(Message.TrimEnd()[..^1] + ",\"historical\":true}"));
        Assert.Equal(["-- d/belt: 330 results are lost (seq 4711 to 5040 of boot 12): quota", "-- d/belt: at most 256 results are lost (boot 12): power_cut"], Printed(
            """{"schema":"edgeinfer/gap/1","device":"d","stream":"belt","boot":12,"from_seq":4711,"to_seq":5040,"reason":"quota"}""",
            """{"schema":"edgeinfer/gap/1","device":"d","stream":"belt","boot":12,"at_most":256,"reason":"power_cut"}"""));
    }

    [Fact]
    public void Two_messages_in_a_burst_make_no_rate_of_their_own()
        => Assert.EndsWith("nut 0.50  21 ms", Printed(Message, Message.Replace("184467", "184468", StringComparison.Ordinal).Replace("01.123456Z", "01.123457Z", StringComparison.Ordinal))[1], StringComparison.Ordinal);

    [Fact]
    public void An_empty_result_says_nothing_was_found()
        => Assert.Equal(["--:--:--.---  d/p  nothing  3 ms"],
            Printed("""{"schema":"edgeinfer/prediction/1","device":"d","pipeline":"p","age_ms":3.2,"detections":[]}"""));

    [Fact]
    public void Values_are_shown_by_name_and_lists_by_their_length()
        => Assert.Equal(["--:--:--.---  d/p  rpm 1499.5, vec [2 values]  0 ms"],
            Printed("""{"schema":"edgeinfer/prediction/1","device":"d","pipeline":"p","values":{"rpm":1499.5,"vec":[1,"NaN"]}}"""));

    [Fact]
    public void A_device_is_shown_when_what_it_says_changes()
    {
        const string Status = """{"schema":"edgeinfer/status/1","state":"online","device":"d","pipelines":{"p":{"state":"STATE","provider":"cpu","fps":5}}}""";
        string running = Status.Replace("STATE", "running", StringComparison.Ordinal);
        Assert.Equal(["-- d online; p running on cpu", "-- d online; p no_signal on cpu"],
            Printed(running, running.Replace(":5}", ":4.9}", StringComparison.Ordinal), Status.Replace("STATE", "no_signal", StringComparison.Ordinal)));
    }

    [Fact]
    public void Json_is_the_message_in_one_line()
        => Assert.Equal([JsonSerializer.Serialize(JsonDocument.Parse(Message).RootElement)], Printed(isJson: true, Message));

    [Theory]
    [InlineData("hello", "edgeinfer/press-3/belt/prediction  5 bytes that are not JSON")]
    [InlineData("", "edgeinfer/press-3/belt/prediction  0 bytes that are not JSON")]
    [InlineData("[1]", "edgeinfer/press-3/belt/prediction  3 bytes that are not JSON")]
    [InlineData("{} {}", "edgeinfer/press-3/belt/prediction  5 bytes that are not JSON")]
    [InlineData("""{"a": 1}""", """edgeinfer/press-3/belt/prediction  {"a":1}""")]
    public void Other_messages_are_shown_as_what_they_are(string payload, string line) => Assert.Equal([line], Printed(payload));

    [Fact]
    public void Json_of_what_is_not_JSON_names_the_topic()
        => Assert.Equal(["""{"topic":"edgeinfer/press-3/belt/prediction","bytes":5}"""], Printed(isJson: true, "hello"));

    [Fact]
    public void No_message_reaches_the_terminal_with_control_characters_or_without_end()
    {
        string payload = """{"schema":"edgeinfer/prediction/1","device":"\u001b[31m\n","pipeline":"p","detections":[{"label":"\u0007LONG"}]}""".Replace("LONG", new string('x', 5000), StringComparison.Ordinal);
        string line = Assert.Single(Printed(payload));
        Assert.DoesNotContain(line, char.IsControl);
        Assert.InRange(line.Length, 100, 500);
    }

    [Fact]
    public void A_message_of_any_shape_is_printed_without_a_throw()
    {
        string[] values = ["1", "\"x\"", "null", "true", "[]", "[1]", "[[]]", "{}", "[{}]", "{\"a\":[1]}", "1e999", "[1,2,3,4]", "\"2026-13-45T99:99:99Z\"", "-0.5"];
        string[] keys = ["device", "pipeline", "seq", "captured_at", "age_ms", "detections", "classes", "values", "state", "pipelines", "schema"];
        Random random = new(1);
        StringWriter output = new();
        WatchPrinter printer = new(output, false, TimeZoneInfo.Utc);
        for (int round = 0; round < 3000; round++)
        {
            string schema = random.Next(2) == 0 ? "prediction" : "status";
            string rest = string.Concat(random.GetItems(keys, 4).Distinct().Where(k => k != "schema").Select(k => $",\"{k}\":{values[random.Next(values.Length)]}"));
            printer.Print(Topic, Encoding.UTF8.GetBytes($$"""{"schema":"edgeinfer/{{schema}}/1"{{rest}}}"""));
        }

        Assert.NotEmpty(output.ToString());
    }

    // Scores 0.9, 0.8 … within each label.
    private static string Detections(params string[] labels)
    {
        Dictionary<string, int> seen = [];
        IEnumerable<string> items = labels.Select(l => $$"""{"label":"{{l}}","class":0,"score":0.{{9 - (seen[l] = seen.GetValueOrDefault(l, -1) + 1) % 9}},"box":[0,1,2,3]}""");
        return $$"""{"schema":"edgeinfer/prediction/1","device":"d","pipeline":"p","detections":[{{string.Join(',', items)}}]}""";
    }

    private static string[] Printed(params ReadOnlySpan<string> payloads) => Printed(false, payloads);

    private static string[] Printed(bool isJson, params ReadOnlySpan<string> payloads)
    {
        StringWriter output = new();
        WatchPrinter printer = new(output, isJson, TimeZoneInfo.Utc);
        foreach (string payload in payloads) printer.Print(Topic, Encoding.UTF8.GetBytes(payload));
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
