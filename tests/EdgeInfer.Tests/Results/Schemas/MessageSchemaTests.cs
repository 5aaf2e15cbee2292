using System.Diagnostics;
using System.Text.Json;
using EdgeInfer.Admission;
using EdgeInfer.Delivery;
using EdgeInfer.Diagnostics;
using EdgeInfer.Heat;
using EdgeInfer.Pipeline;
using EdgeInfer.Releasing.Fleet;
using EdgeInfer.Results;
using EdgeInfer.Results.Schemas;
using EdgeInfer.Signals;
using EdgeInfer.Sinks;
using EdgeInfer.Slots;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Updates;

namespace EdgeInfer.Tests.Results.Schemas;

/// <summary>The schemas against the messages, by Python's jsonschema, which knows nothing of EdgeInfer.</summary>
public sealed class MessageSchemaTests
{
    private const string Python = "/usr/bin/python3";

    // Reads [{schema, message}], prints one line each: the first error, or nothing.
    private const string Validator = """
        import json, sys
        try:
            import jsonschema
        except ImportError:
            sys.exit(3)
        for case in json.load(sys.stdin):
            jsonschema.Draft202012Validator.check_schema(case["schema"])
            error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(case["schema"]).iter_errors(case["message"]))
            print("" if error is None else "%s: %s" % (error.json_path, error.message.replace("\n", " ")[:120]))
        """;

    // As the contract of the messages shows it.
    private const string Documented = """
        {"schema":"edgeinfer/prediction/1","id":"01JDK00000000000000000000A","device":"press-3","pipeline":"belt","boot":12,"seq":184467,
         "captured_at":"2026-11-25T18:40:01.123456Z","clock":"synced","age_ms":21.4,
         "model":{"name":"parts-detector","version":"1.2.0","digest":"a1b2c3d4e5f6"},"provider":"cpu",
         "frame":{"width":1280,"height":720},"frame_id":"the source's own id, where it gives one",
         "timing_ms":{"decode":2.1,"preprocess":0.4,"inference":4.5,"postprocess":0.1},
         "detections":[{"label":"bolt","class":0,"score":0.931,"box":[412,120,64,58],"track":17,"zones":["feed"]}]}
        """;

    private static readonly (string Right, string Wrong, string Where)[] s_breaks =
    [
        ("\"seq\":184467", "\"seq\":\"184467\"", "$.seq"),
        ("\"seq\":184467,", "", "$"),
        ("01JDK00000000000000000000A", "1", "$.id"),
        ("18:40:01.123456Z", "18:40:01Z", "$.captured_at"),
        ("\"score\":0.931", "\"score\":1.1", "$.detections[0].score"),
        ("[412,120,64,58]", "[412,120,64]", "$.detections[0].box"),
        ("\"clock\":\"synced\"", "\"clock\":null", "$.clock"),
        ("\"detections\"", "\"objects\"", "$"),
        ("prediction/1", "prediction/2", "$.schema"),
    ];

    // What Python says of each of them, from one run.
    private static readonly Lazy<string[]> s_verdicts = new(static () => Validate(s_breaks.Select(static b => ("prediction", Documented.Replace(b.Right, b.Wrong, StringComparison.Ordinal)))));

    private static readonly DateTimeOffset s_time = new(2026, 11, 25, 18, 40, 1, TimeSpan.Zero);

    public static TheoryData<string, string, string> Breaks => [.. s_breaks];

    [Fact]
    public void Each_name_finds_its_schema_in_three_forms()
    {
        Assert.Equal(["prediction/1", "gap/1", "status/1", "answer/1", "state/1", "doctor/1", "update/1", "fleet/1"], MessageSchemas.Names);
        foreach (string name in MessageSchemas.Names)
        {
            string text = MessageSchemas.Find(name)!;
            Assert.Equal(text, MessageSchemas.Find(name[..^2]));
            Assert.Equal(text, MessageSchemas.Find("edgeinfer/" + name));
            JsonElement schema = JsonDocument.Parse(text).RootElement;
            Assert.Equal("https://json-schema.org/draft/2020-12/schema", schema.GetProperty("$schema").GetString());
            Assert.Equal("edgeinfer/" + name, schema.GetProperty("properties").GetProperty("schema").GetProperty("const").GetString());
        }

        Assert.Null(MessageSchemas.Find("gaps"));
        Assert.Null(MessageSchemas.Find("prediction/2"));
    }

    [Fact]
    public void Every_message_the_agent_writes_is_valid_and_every_property_of_it_described()
    {
        List<(string, string)> cases = [("prediction", Documented), .. Predictions().Select(m => ("prediction", m)), .. Gaps().Select(m => ("gap", m)), .. Statuses().Select(m => ("status", m)), .. Updates().Select(m => ("update", m)), ("fleet", Fleet())];
        foreach ((string name, string message) in cases[1..])
        {
            JsonElement schema = JsonDocument.Parse(MessageSchemas.Find(name)!).RootElement;
            AssertDescribed(schema, schema, JsonDocument.Parse(message).RootElement, name);
        }

        Assert.All(Validate(cases), error => Assert.Equal("", error));
    }

    [Fact]
    public void The_messages_of_the_documentation_are_valid()
    {
        string[] parts = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "messages.md")).Split("```json\n");
        string[] samples = [.. parts[1..].SelectMany(static p => p[..p.IndexOf("```", StringComparison.Ordinal)].Split("\n{\"schema\"")
            .Select(static m => m.StartsWith('{') ? m : "{\"schema\"" + m))];
        (string, string)[] named = [.. samples.Select(static sample => (JsonDocument.Parse(sample).RootElement.GetProperty("schema").GetString()!.Split('/')[1], sample))];
        Assert.Equal(["prediction", "gap", "gap", "status", "update", "answer", "state"], named.Select(static n => n.Item1));
        Assert.All(Validate([.. named]), static error => Assert.Equal("", error));
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public void A_message_that_breaks_the_contract_is_not_valid(string right, string wrong, string where)
    {
        Assert.Contains(right, Documented, StringComparison.Ordinal);
        int at = Array.IndexOf(s_breaks, (right, wrong, where));
        Assert.StartsWith(where + ":", s_verdicts.Value[at], StringComparison.Ordinal);
    }

    private static IEnumerable<string> Gaps()
    {
        yield return Text(GapMessage.Encode("press-3", new(7, "belt", 12, 4711, 5040, null, LossReason.Quota, s_time.ToUnixTimeMilliseconds())));
        yield return Text(GapMessage.Encode("press-3", new(8, "belt/parts", 12, null, null, 256, LossReason.PowerCut, s_time.ToUnixTimeMilliseconds())));
        yield return Text(GapMessage.Encode("press-3", new(9, "*", 12, null, null, null, LossReason.StoreBroken, long.MaxValue)));
    }

    private static string Fleet()
    {
        OpenDevice[] open = [.. Enum.GetValues<DeviceState>().Where(static s => s != DeviceState.Committed).Select(static (s, i) => new OpenDevice($"press-{i}", new(s, s == DeviceState.Failed ? "golden" : null, s == DeviceState.Failed ? "why" : null), i == 0 ? null : i))];
        Dictionary<DeviceState, int> states = Enum.GetValues<DeviceState>().ToDictionary(static s => s, static s => (int)s);
        return Text(new FleetReport(s_time, [new("parts", IsHeld: true, [new(ReleasePath.Parse("models/parts/12"), 21, states, open), new(null, 1, new Dictionary<DeviceState, int>(), [])]), new("bolts", IsHeld: false, [])]).Encode());
    }

    private static IEnumerable<string> Updates()
    {
        string digest = new('a', 64);
        UpdateReport report = new() { Device = "press-3", Model = "parts", At = s_time };
        yield return Text(report.Encode());
        yield return Text((report with
        {
            Active = new(11, "1.1.0", digest, digest),
            Previous = new(0, null, digest, digest),
            Floor = 11,
            Pin = 11,
            Job = new("trial", s_time, "models/parts/12", 12, "1.2.0", digest, "network", "why", 3, s_time),
            Progress = new(10, 100),
            Trial = new(12, "1.2.0", 212, 0, 0, 66.1, 1, 6.1, 6.2, 70 << 20, 69 << 20),
            Refused = new(10, digest, "golden", "why", s_time),
            Repository = "https://updates.example: it cannot be reached",
            RepositoryCode = "network",
            StandIn = new(11, "1.1.0", "model.onnx is damaged or gone", "what the device began with (1.0.0)", "the repository cannot be reached"),
        }).Encode());
        yield return Text((report with { StandIn = new(null, null, "why", null, null) }).Encode());
        foreach (UpdateCode code in Enum.GetValues<UpdateCode>()) yield return Text((report with { Refused = new(10, digest, code.Word(), "why", s_time) }).Encode());
        foreach (JobState state in Enum.GetValues<JobState>()) yield return Text((report with { Job = new(state.Word(), s_time, null, null, null, null, null, null, 0, null) }).Encode());
    }

    private static IEnumerable<string> Predictions()
    {
        foreach (ResultShape shape in Enum.GetValues<ResultShape>())
        {
            PredictionFacts facts = new("press-3", "belt", 12, "parts", "1.2.0", "a1b2c3d4e5f6a7b8", "cpu", shape, ["bolt"], shape == ResultShape.Classes ? "belt/parts" : null);
            PredictionWriter writer = new(new PredictionEnvelope(facts), new Random(1));
            Prediction prediction = new() { Sequence = 1, FrameWidth = 640, FrameHeight = 480, AgeMilliseconds = 21.4 };
            prediction.Frame.CapturedAt = s_time;
            yield return Text(writer.Write(prediction, isClockSynced: true));
            prediction.Detections.Add(new(0, 0.9f, 10, 20, 30, 40));
            prediction.Classes.Add(new(7, 0.5f));
            prediction.RawOutputs.Add(("rpm", 1));
            prediction.RawOutputs.Add(("vec", 3));
            prediction.RawValues.AddRange([1, 2, float.NaN, float.PositiveInfinity]);
            prediction.Frame.Id = FrameId.FromUtf8("7"u8);
            yield return Text(writer.Write(prediction, isClockSynced: false, source: "a.jpg"));
        }
    }

    private static IEnumerable<string> Statuses()
    {
        StatusMessage least = new() { State = AgentState.Offline, Device = "press-3", Version = "0.1.0", Boot = 0 };
        yield return Text(least.Encode());
        yield return Text((least with { State = AgentState.Stopped, At = s_time }).Encode());
        yield return Text((least with { Heat = AgentReports.Heat(new(s_time, HeatReading.Nothing, new(null, 1, s_time, null))) }).Encode());
        yield return Text((least with { Heat = AgentReports.Heat(Warm(ThrottleReasons.None, 1)) }).Encode());
        Dictionary<string, PipelineReport> pipelines = [];
        foreach (PipelineState state in Enum.GetValues<PipelineState>())
        {
            pipelines.Add($"p{(int)state}", new()
            {
                State = state,
                Since = s_time,
                Fps = 4.9,
                Cause = "a: b; c",
                FrameAgeMs = new(21.4, 30),
                LastFrame = s_time,
                Source = "640x480 MJPG",
                Model = "parts",
                Provider = "cpu",
                ProviderNodes = 9,
                Nodes = 10,
                NodeProviders = new Dictionary<string, int> { ["cpu"] = 9, ["npu"] = 1 },
                PassedOver = new Dictionary<string, string> { ["npu"] = "no such device" },
                Build = new("npu", "failed", s_time, 2.5, "no such device"),
                Models =
                [
                    new() { Model = "parts", State = PipelineState.Running, Provider = "cpu", ProviderNodes = 9, Nodes = 10, Results = 2, Published = 1, Dropped = 1, NodeProviders = new Dictionary<string, int> { ["cpu"] = 10 }, PassedOver = new Dictionary<string, string> { ["npu"] = "is being made ready" }, Build = new("npu", "running", s_time, 0.1, null) },
                    new() { Model = "second", State = PipelineState.NoModel, Cause = "a: b; c" },
                ],
                Received = 5,
                Displaced = 1,
                Lost = 2,
                Corrupt = 3,
                Results = 4,
                Published = 5,
                Dropped = 6,
            });
        }

        pipelines.Add("bare", new() { State = PipelineState.Starting, Since = s_time, Fps = 0 });
        yield return Text((least with
        {
            State = AgentState.Online,
            At = s_time,
            StartedAt = s_time,
            Clock = "unsynced",
            Configuration = new(s_time, "edge.yaml:6:1: b; c", s_time),
            Labels = new Dictionary<string, string> { ["site"] = "oslo" },
            Models = new Dictionary<string, ModelReport> { ["parts"] = new("parts-detector", "1.2.0", new('a', 64)) },
            Pipelines = pipelines,
            Heat = AgentReports.Heat(Warm(Enum.GetValues<ThrottleReasons>().Aggregate(static (all, one) => all | one), 0.25)),
            Broker = new("failed", "mqtts://broker.plant:8883", s_time, "a: b; c"),
            Outbox = new("memory_only", "the disk is full", 1, 2, 3, 4, 5, 6, 7, 8, 9, new Dictionary<string, string> { ["belt"] = "not authorised" }),
            Memory = new(256L << 20, 240L << 20, 2, "a: b; c"),
            Delivery = new(1, 2, 3, 4, 5, 6),
        }).Encode());
    }

    private static HeatSnapshot Warm(ThrottleReasons reasons, double rate) => new(
        s_time,
        new()
        {
            Zones = [new("cpu-thermal", 83.46, 80)],
            Hottest = new("cpu-thermal", 83.46, 80),
            Now = reasons,
            SinceStart = reasons,
            FrequencyHz = 1_499_999_999,
            AllowedFrequencyHz = 1_800_000_000,
            HighestFrequencyHz = 1_800_000_000,
            PowerMode = "MAXN",
        },
        new(77, rate, s_time, "a: b; c"));

    private static string Text(ReadOnlySpan<byte> utf8) => System.Text.Encoding.UTF8.GetString(utf8);

    private static void AssertDescribed(JsonElement root, JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference)) schema = root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]);
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out JsonElement items))
        {
            foreach (JsonElement item in value.EnumerateArray()) AssertDescribed(root, items, item, at + "[]");
        }

        if (value.ValueKind != JsonValueKind.Object) return;
        foreach (JsonProperty property in value.EnumerateObject())
        {
            bool isKnown = schema.TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(property.Name, out JsonElement inner);
            inner = isKnown ? properties.GetProperty(property.Name) : default;
            Assert.True(isKnown || schema.TryGetProperty("additionalProperties", out inner), $"{at}.{property.Name} is not described");
            AssertDescribed(root, inner, property.Value, $"{at}.{property.Name}");
        }
    }

    private static string[] Validate(IEnumerable<(string Schema, string Message)> cases)
    {
        if (!File.Exists(Python)) Assert.Skip(Python + " is not installed");
        string input = $"[{string.Join(',', cases.Select(c => $$"""{"schema":{{MessageSchemas.Find(c.Schema)}},"message":{{c.Message}}}"""))}]";
        ProcessStartInfo start = new(Python, ["-c", Validator]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode == 3) Assert.Skip("Python has no jsonschema: apt-get install python3-jsonschema");
        Assert.True(process.ExitCode == 0, error.Result);
        return output.Result.Split('\n')[..^1];
    }
}
