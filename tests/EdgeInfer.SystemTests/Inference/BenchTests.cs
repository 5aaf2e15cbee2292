using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Inference;

/// <summary><c>bench</c> of the published binary: compiled ahead of time, some library calls allocate that do not otherwise.</summary>
public sealed class BenchTests
{
    [Fact]
    public async Task No_stage_of_a_detector_s_frame_allocates_managed_memory()
    {
        JsonElement report = await Bench(TestFolder.BundledModel);
        foreach (JsonProperty stage in report.GetProperty("stages").EnumerateObject())
        {
            if (stage.Value.TryGetProperty("managed_bytes", out JsonElement bytes)) Assert.True(bytes.GetDouble() == 0, $"{stage.Name}: {bytes} bytes a frame");
        }

        Assert.Equal(0, report.GetProperty("whole").GetProperty("managed_bytes").GetDouble());
        Assert.Equal(0, report.GetProperty("session_alone").GetProperty("managed_bytes").GetDouble());
        // A frame with objects on it, or suppression would not be measured.
        Assert.InRange(report.GetProperty("results").GetInt32(), 1, 300);
        Assert.Equal("cpu", report.GetProperty("provider").GetString());
        Assert.True(report.GetProperty("nodes").GetProperty("cpu").GetInt32() > 10);
    }

    [Theory]
    [InlineData("--provider", "cuda", 69)]
    [InlineData("--provider", "gpu", 64)]
    [InlineData("--seconds", "0", 64)]
    [InlineData("--threads", "-1", 64)]
    [InlineData("--input", "/no/such/picture.jpg", 66)]
    public async Task What_cannot_be_measured_is_one_line_and_a_code(string option, string value, int code)
    {
        (int exit, string output) = await ChildProcess.Run(PublishedBinary.Path, "bench", TestFolder.BundledModel, option, value);
        Assert.Equal(code, exit);
        Assert.StartsWith("edgeinfer: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', output);
    }

    private static async Task<JsonElement> Bench(string model)
    {
        (int exit, string output) = await ChildProcess.Run(PublishedBinary.Path, "bench", model, "--seconds", "2", "--json");
        Assert.True(exit == 0, output);
        return JsonDocument.Parse(output).RootElement;
    }
}
