using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>check</c> and <c>schema</c> of the published program.</summary>
public sealed class CheckTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_sound_configuration_is_ok_with_a_summary()
    {
        string file = _folder.Configuration("mqtt://broker.nowhere", "{ camera: /dev/video77 }");
        (int code, string output) = await AgentProcess.Run("check", "-c", file);
        Assert.True(code == 0, output);
        Assert.StartsWith($"ok: {file}: device press-3, 1 pipeline, 1 model (parts = parts-detector ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_label_that_the_model_does_not_have_is_named_with_its_place()
    {
        string file = _folder.Configuration("mqtt://broker.nowhere", "{ camera: /dev/video77 }", "    labels: [bolt, nutt]");
        (int code, string output) = await AgentProcess.Run("check", "-c", file);
        Assert.Equal(78, code);
        Assert.Matches(@"edgeinfer\.yaml:\d+:20: pipelines\.belt\.labels: the model 'parts' has no label 'nutt'; did you mean 'nut'\?", output);
    }

    [Fact]
    public async Task Schemas_are_listed_and_printed()
    {
        (int code, string output) = await AgentProcess.Run("schema");
        Assert.Equal((0, "prediction/1\ngap/1\nstatus/1\nanswer/1\nstate/1\ndoctor/1\nupdate/1\nfleet/1"), (code, output));
        (code, output) = await AgentProcess.Run("schema", "prediction");
        Assert.Equal(0, code);
        Assert.Contains("\"const\": \"edgeinfer/prediction/1\"", output, StringComparison.Ordinal);
        (code, output) = await AgentProcess.Run("schema", "predction");
        Assert.Equal(64, code);
        Assert.Contains("did you mean 'prediction/1'?", output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
