using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

public sealed class RunFlagsTests
{
    [Fact]
    public void Flags_make_one_pipeline_with_every_default()
    {
        AgentConfiguration read = Read(new(new() { Camera = "/dev/video0" }, "m.onnx", "mqtt://broker")).Configuration!;
        PipelineOptions main = Assert.Single(read.Pipelines);
        Assert.Equal(("main", "main", 5.0), (main.Name, main.Models.Single(), main.FramesPerSecond));
        Assert.Equal(new CameraOptions("/dev/video0", null, null, null), main.Source);
        Assert.Equal(Path.GetFullPath("m.onnx"), read.Models["main"].Path);
        Assert.Equal(new Uri("mqtt://broker:1883"), read.Mqtt.Url);
        Assert.Equal("", read.File);
    }

    [Fact]
    public void Credentials_come_from_files_the_camera_s_and_the_broker_s_apart()
    {
        string camera = Path.GetTempFileName();
        string broker = Path.GetTempFileName();
        File.WriteAllText(camera, "c4mera\n");
        File.WriteAllText(broker, "br0ker\n");
        AgentConfiguration read = Read(new(new() { Stream = "http://cam/1", Username = "viewer", PasswordFile = camera }, "m", "mqtt://b")
        {
            BrokerUsername = "press",
            BrokerPasswordFile = broker,
            Rate = "max",
        }).Configuration!;
        File.Delete(camera);
        File.Delete(broker);
        PipelineOptions main = Assert.Single(read.Pipelines);
        StreamOptions stream = Assert.IsType<StreamOptions>(main.Source);
        Assert.Equal(("viewer", "c4mera"), (stream.Username, stream.Password!.Reveal()));
        Assert.Equal(("press", "br0ker"), (read.Mqtt.Username, read.Mqtt.Password!.Reveal()));
        Assert.Null(main.FramesPerSecond);
    }

    [Fact]
    public void A_command_s_raw_pictures_have_a_format_and_a_size()
    {
        ExecOptions exec = Assert.IsType<ExecOptions>(Read(new(new() { Exec = "my-camera", Format = "nv12", Size = "640x480" }, "m", "mqtt://b")).Configuration!.Pipelines[0].Source);
        Assert.Equal(("nv12", (640, 480)), (exec.Format, exec.Size));
    }

    [Fact]
    public void Variables_lie_over_flags_too()
        => Assert.Equal("u", Read(new(new() { Stream = "http://cam/1" }, "m", "mqtt://b"), ("EDGEINFER__MQTT__USERNAME", "u")).Configuration!.Mqtt.Username);

    [Fact]
    public void A_listening_verb_names_the_version_of_MQTT()
    {
        FaultList faults = new();
        Assert.True(ConfigurationText.Reader().BrokerFromFlags(new("mqtt://b", null, null, null) { Protocol = "3.1.1" }, faults)!.IsVersion311);
        Assert.Empty(faults.Faults);
        Assert.Null(ConfigurationText.Reader().BrokerFromFlags(new("mqtt://b", null, null, null) { Protocol = "4" }, faults));
        Assert.Equal(["--protocol: mqtt.protocol: found '4'; expected one of 5, 3.1.1"], faults.Faults.Select(static f => f.ToString()));
    }

    [Theory]
    [InlineData(null, null, null, "m", "mqtt://b", FaultKind.Usage, "no source; give one of --camera, --stream, --files, --exec, or a configuration with -c")]
    [InlineData("/dev/video0", null, "x", "m", "mqtt://b", FaultKind.Usage, "--camera and --files exclude each other; keep one; a configuration file can have several pipelines")]
    [InlineData("/dev/video0", null, null, null, "mqtt://b", FaultKind.Usage, "--model is missing; name a model folder, an .onnx file, or one that 'edgeinfer model list' shows")]
    [InlineData("/dev/video0", null, null, "m", null, FaultKind.Usage, "--broker is missing; for example --broker mqtt://127.0.0.1:1883, or --broker embedded://127.0.0.1 for one inside EdgeInfer")]
    [InlineData(null, "cam", null, "m", "mqtt://b", FaultKind.Configuration, "--stream: pipelines.main.source.stream: found 'cam'; expected http://HOST/PATH or rtsp://HOST/PATH")]
    [InlineData(null, null, "x", "m", "mqtt://u:s3cr3t@b", FaultKind.Configuration,
        "--broker: mqtt.url: 'mqtt://***@b' holds a user or a password; take them out and give --username and --password-file for the camera, --broker-username and --broker-password-file for the broker; or write a configuration file")]
    public void A_flag_that_is_wrong_is_named(string? camera, string? stream, string? files, string? model, string? broker, FaultKind kind, string fault)
    {
        (AgentConfiguration? configuration, FaultList faults) = Read(new(new() { Camera = camera, Stream = stream, Files = files }, model, broker));
        Assert.Null(configuration);
        Assert.Equal(new[] { (kind, fault) }, faults.Faults.Select(f => (f.Kind, f.ToString())));
    }

    [Fact]
    public void Flags_name_a_broker_to_listen_to()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "s3cr3t\n");
        FaultList faults = new();
        using PemFile pem = new();
        MqttOptions? broker = ConfigurationText.Reader().BrokerFromFlags(new("mqtts://b", "u", file, pem.Path), faults);
        File.Delete(file);
        Assert.Empty(faults.Faults);
        Assert.Equal((new Uri("mqtts://b:8883"), "u", "s3cr3t", pem.Path), (broker!.Url, broker.Username, broker.Password!.Reveal(), broker.TlsCa));
    }

    [Theory]
    [InlineData("mqtt://u:s3cr3t@b", null, null, "--broker: mqtt.url: 'mqtt://***@b' holds a user or a password; take them out and give --username and --password-file")]
    [InlineData("mqtt://b", "/nowhere", null, "--password-file: mqtt.password.file: there is no file /nowhere; write the secret into that file, readable by the service alone")]
    [InlineData("mqtt://b", null, "/etc/passwd", "--ca: mqtt.tls: mqtt:// is not encrypted, so this would have no effect; write mqtts:// in mqtt.url")]
    public void A_flag_for_listening_that_is_wrong_is_named(string broker, string? passwordFile, string? authorities, string fault)
    {
        FaultList faults = new();
        Assert.Null(ConfigurationText.Reader().BrokerFromFlags(new(broker, null, passwordFile, authorities), faults));
        Assert.Equal([fault], faults.Faults.Select(f => f.ToString()));
    }

    private static (AgentConfiguration? Configuration, FaultList Faults) Read(RunFlags flags, params ReadOnlySpan<(string, string)> environment)
    {
        FaultList faults = new();
        return (ConfigurationText.Reader(null, environment).FromFlags(flags, faults), faults);
    }
}
