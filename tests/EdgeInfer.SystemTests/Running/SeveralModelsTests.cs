using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>A pipeline of the published agent that names several models.</summary>
public sealed class SeveralModelsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Configuration(string broker, string models, string state = "state") => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: {{broker}} }
        runtime: { state_folder: {{_folder.Path}}/{{state}}, cache_folder: {{_folder.Path}}/cache, control: off }
        models: { parts: { path: {{TestFolder.BundledModel}} }, second: { path: {{_folder.Path}}/second } }
        pipelines:
          belt:
            source: { files: {{Path.Combine(TestFolder.BundledModel, "golden")}} }
            model: {{models}}
            fps: max
            publish: { predictions: every, topic: "plant/{pipeline}/{model}" }
        """);

    [Fact]
    public async Task Each_gives_its_own_prediction_of_the_same_frame_and_the_same_one_as_alone()
    {
        CopyModel();
        JsonElement[] alone = await Results("parts", "plant/belt/parts", 1);
        JsonElement[] both = await Results("[parts, second]", "plant/belt/#", 2);
        Assert.Equal(alone.Length * 2, both.Length);

        // Each model of the pipeline has its own count.
        Assert.Equal(Enumerable.Range(1, alone.Length).SelectMany(n => (long[])[n, n]), both.Select(p => p.GetProperty("seq").GetInt64()));
        Assert.Equal(["belt/parts", "belt/second"], both.Select(p => p.GetProperty("stream").GetString()!).Distinct().Order(StringComparer.Ordinal));
        Assert.All(alone, p => Assert.False(p.TryGetProperty("stream", out _)));
        for (int i = 0; i < alone.Length; i++)
        {
            foreach (JsonElement one in both.Skip(2 * i).Take(2))
            {
                Assert.Equal(alone[i].GetProperty("frame_id").GetString(), one.GetProperty("frame_id").GetString());
                Assert.Equal(alone[i].GetProperty("detections").GetRawText(), one.GetProperty("detections").GetRawText());
            }
        }
    }

    [Fact]
    public async Task One_that_is_broken_does_not_stop_the_other_and_shows_in_the_status()
    {
        _folder.Write("second/model.onnx", "no model at all");
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker.Url, "[second, parts]"));
        await listener.Line("plant/belt/parts {");
        JsonElement belt = AgentProcess.Payload(await listener.Line("{\"model\":\"parts\",\"state\":\"running\"")).GetProperty("pipelines").GetProperty("belt");
        Assert.Equal([("second", "no_model"), ("parts", "running")],
            belt.GetProperty("models").EnumerateArray().Select(m => (m.GetProperty("model").GetString()!, m.GetProperty("state").GetString()!)));
        Assert.NotEqual("no_model", belt.GetProperty("state").GetString());
        Assert.Contains(_folder["second"], belt.GetProperty("models")[0].GetProperty("cause").GetString()!, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<JsonElement[]> Results(string models, string topic, int each)
    {
        int pictures = Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden"), "*.jpg").Length;
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe(topic);
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker.Url, models, state: $"state-{each}"));
        // What was made before the broker was there comes behind what is new.
        return [.. (await listener.Lines("{", pictures * each)).Select(AgentProcess.Payload).OrderBy(p => p.GetProperty("seq").GetInt64())];
    }

    private void CopyModel()
    {
        foreach (string file in Directory.EnumerateFiles(TestFolder.BundledModel, "*", SearchOption.AllDirectories))
            _folder.Copy(file, Path.Combine("second", Path.GetRelativePath(TestFolder.BundledModel, file)));
    }
}
