using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

/// <summary>What the agent and its probe tell each other.</summary>
public sealed class ProbeTalkTests
{
    [Fact]
    public void A_request_survives_its_way_through_a_pipe()
    {
        RuntimeOptions runtime = new()
        {
            Providers = ["cuda", "cpu"],
            IsFirstProviderRequired = true,
            OnnxRuntime = "/opt/ort/libonnxruntime.so",
            Threads = 3,
            CacheFolder = "/var/cache/edge infer",
            Plugins = new Dictionary<string, string> { ["npu"] = "/opt/npu.so" },
            Options = new Dictionary<string, ProviderOptions> { ["cuda"] = new() { Device = 1, MemoryBytes = 1L << 31, IsHalf = true, IsInt8 = false, IsBackground = true, Own = new Dictionary<string, string> { ["k"] = "v\"" } } },
        };
        ProbeRequest request = new("/var/lib/edgeinfer/models/pärts", [new("golden/a.jpg", 0.3), new("golden/b \"x\".jpg", 0.01)], runtime, 1L << 30);
        ProbeRequest read = ProbeRequest.Parse(request.Encode());
        Assert.Equal((request.Folder, request.DataBytes), (read.Folder, read.DataBytes));
        Assert.Equal(request.Inputs, read.Inputs);
        Assert.Equal(runtime, read.Runtime);
        Assert.Equal(new RuntimeOptions(), ProbeRequest.Parse(new ProbeRequest("/m", [], new(), null).Encode()).Runtime);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"model":7,"inputs":[],"runtime":{}}""")]
    public void What_is_no_request_is_refused(string json) => Assert.Throws<InvalidDataException>(() => ProbeRequest.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Each_line_of_a_probe_is_read_as_it_was_written()
    {
        ProbeMessage[] messages =
        [
            new ProbeBegins("running golden/a.jpg"), new ProbeLoaded("cpu", 12.25), new ProbeNotANumber(2, "output0"), new ProbeTimes(60, 12.5, 9.25, 90L << 20),
            new ProbeFailure(ProbeFailureKind.Memory, "too little"), new ProbeEnds(),
        ];
        foreach (ProbeMessage message in messages) Assert.Equal(message, ProbeMessage.Parse(message.Encode()));
    }

    [Fact]
    public void Results_survive_their_way_through_a_line_to_the_last_digit_of_single_precision()
    {
        GoldenBox box = Assert.Single(Read(Golden.Boxes(Golden.Box("bö\"lt", 0.9312345f, 412.06253f, 1e-7f))).Boxes);
        Assert.Equal(("bö\"lt", 0.9312345f, 412.06253f, 1e-7f), (box.Label, (float)box.Score, (float)box.X, (float)box.Y));
        Assert.Equal([1 / 3f, -1e30f], Read(Golden.Values(("y", [1 / 3f, -1e30f]))).Values[0].Numbers.Select(static n => (float)n));
        Assert.Equal("crane", Assert.Single(Read(Golden.Classes(("crane", 0.5))).Classes).Label);
        Assert.Equal([0.5, 0.25], Read(Golden.Embedding(0.5, 0.25)).Embedding);
    }

    [Theory]
    [InlineData("a library that prints")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"begin":1}""")]
    [InlineData("""{"result":0}""")]
    [InlineData("""{"result":0,"frame":{"width":1,"height":1},"detections":[{"label":"a","score":"NaN","box":[1,2,3,4]}]}""")]
    [InlineData("""{"runs":1,"p95_ms":-1,"inference_p95_ms":0,"peak_rss":0}""")]
    [InlineData("""{"runs":1,"p95_ms":1e999,"inference_p95_ms":0,"peak_rss":0}""")]
    [InlineData("""{"failure":"Sabotage","what":""}""")]
    [InlineData("""{"end":true,"end":true}""")]
    public void What_is_no_line_of_a_probe_is_passed_over(string line) => Assert.Null(ProbeMessage.Parse(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Words_of_a_probe_are_cut_and_have_no_control_characters()
    {
        string what = Assert.IsType<ProbeFailure>(ProbeMessage.Parse(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["failure"] = "Load", ["what"] = "\u001b[31m\n" + new string('x', 1000) }))).What;
        Assert.Equal(400, what.Length);
        Assert.DoesNotContain(what, char.IsControl);
    }

    private static GoldenResult Read(GoldenResult result) => Assert.IsType<ProbeResult>(ProbeMessage.Parse(new ProbeResult(0, result).Encode())).Result;
}
