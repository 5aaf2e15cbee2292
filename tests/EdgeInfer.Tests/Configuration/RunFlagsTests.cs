using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

public sealed class RunFlagsTests
{
    [Fact]
    public void Flags_make_one_pipeline_with_every_default()
    {
        AgentConfiguration read = Read(new("/dev/video0", null, null, "m.onnx", "mqtt://broker")).Configuration!;
        PipelineOptions main = Assert.Single(read.Pipelines);
        Assert.Equal(("main", "main", 5.0), (main.Name, main.Model, main.FramesPerSecond));
        Assert.Equal(new CameraOptions("/dev/video0", null, null, null), main.Source);
        Assert.Equal(Path.GetFullPath("m.onnx"), read.Models["main"].Path);
        Assert.Equal(new Uri("mqtt://broker:1883"), read.Mqtt.Url);
        Assert.Equal("", read.File);
    }

    [Fact]
    public void Variables_lie_over_flags_too()
        => Assert.Equal("u", Read(new(null, "http://cam/1", null, "m", "mqtt://b"), ("EDGEINFER__MQTT__USERNAME", "u")).Configuration!.Mqtt.Username);

    [Theory]
    [InlineData(null, null, null, "m", "mqtt://b", FaultKind.Usage, "no source; give one of --camera, --stream, --files, or a configuration with -c")]
    [InlineData("/dev/video0", null, "x", "m", "mqtt://b", FaultKind.Usage, "--camera and --files exclude each other; keep one; a configuration file can have several pipelines")]
    [InlineData("/dev/video0", null, null, null, "mqtt://b", FaultKind.Usage, "--model is missing; name a model folder or an .onnx file")]
    [InlineData("/dev/video0", null, null, "m", null, FaultKind.Usage, "--broker is missing; for example --broker mqtt://127.0.0.1:1883")]
    [InlineData(null, "cam", null, "m", "mqtt://b", FaultKind.Configuration, "--stream: pipelines.main.source.stream: found 'cam'; expected http://HOST/PATH or https://HOST/PATH")]
    [InlineData(null, null, "x", "m", "mqtt://u:s3cr3t@b", FaultKind.Configuration,
        "--broker: mqtt.url: 'mqtt://***@b' holds a user or a password; take them out and write mqtt.username and mqtt.password: { file: PATH }")]
    public void A_flag_that_is_wrong_is_named(string? camera, string? stream, string? files, string? model, string? broker, FaultKind kind, string fault)
    {
        (AgentConfiguration? configuration, FaultList faults) = Read(new(camera, stream, files, model, broker));
        Assert.Null(configuration);
        Assert.Equal(new[] { (kind, fault) }, faults.Faults.Select(f => (f.Kind, f.ToString())));
    }

    private static (AgentConfiguration? Configuration, FaultList Faults) Read(RunFlags flags, params ReadOnlySpan<(string, string)> environment)
    {
        FaultList faults = new();
        return (ConfigurationText.Reader(null, environment).FromFlags(flags, faults), faults);
    }
}
