using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

public sealed class EnvironmentOverrideTests
{
    private const string TwoPipelines = """
        mqtt: { url: mqtt://broker.plant, password: { file: /nowhere } }
        models: { parts: { path: /models/parts } }
        pipelines:
          press-3:
            source: { stream: "http://camera/1" }
            model: parts
            threshold: 0.4
          belt:
            source: { camera: /dev/video0 }
            model: parts

        """;

    [Fact]
    public void A_variable_replaces_a_value_of_the_file()
    {
        AgentConfiguration read = ConfigurationText.Good(ConfigurationText.Smallest,
            ("EDGEINFER__MQTT__URL", "mqtts://other"), ("EDGEINFER__PIPELINES__BELT__SOURCE__CAMERA", "/dev/video7"), ("EDGEINFER__PIPELINES__BELT__FPS", "max"));
        Assert.Equal(new Uri("mqtts://other:8883"), read.Mqtt.Url);
        Assert.Equal("/dev/video7", ((CameraOptions)read.Pipelines[0].Source).Device);
        Assert.Null(read.Pipelines[0].FramesPerSecond);
    }

    [Fact]
    public void A_variable_adds_a_key_that_the_file_does_not_have()
    {
        AgentConfiguration read = ConfigurationText.Good(ConfigurationText.Smallest,
            ("EDGEINFER__DEVICE__ID", "press-4"), ("EDGEINFER__RUNTIME__PROVIDERS", "[cuda, cpu]"), ("EDGEINFER__PIPELINES__BELT__PUBLISH", "{ qos: 0, topic: plant/belt }"));
        Assert.Equal("press-4", read.Device.Id);
        Assert.Equal(["cuda", "cpu"], read.Runtime.Providers);
        Assert.Equal(0, read.Pipelines[0].Publish.Qos);
        Assert.Equal("plant/belt", read.Pipelines[0].Publish.Topic);
    }

    [Fact]
    public void Names_are_compared_without_case_and_with_hyphens_written_as_underscores()
    {
        AgentConfiguration read = ConfigurationText.Good(TwoPipelines,
            ("edgeinfer__Pipelines__press_3__Source__Stream", "http://camera/2"), ("EDGEINFER__MQTT__PASSWORD", ""));
        Assert.Equal("press-3", read.Pipelines[0].Name);
        Assert.Equal(new Uri("http://camera/2"), ((StreamOptions)read.Pipelines[0].Source).Url);
    }

    [Fact]
    public void An_empty_variable_takes_the_key_away()
    {
        AgentConfiguration read = ConfigurationText.Good(TwoPipelines,
            ("EDGEINFER__MQTT__PASSWORD", ""), ("EDGEINFER__PIPELINES__PRESS_3__THRESHOLD", ""), ("EDGEINFER__PIPELINES__BELT", "null"));
        Assert.Null(read.Mqtt.Password);
        Assert.Equal("press-3", Assert.Single(read.Pipelines).Name);
        Assert.Null(read.Pipelines[0].Threshold);
    }

    [Fact]
    public void A_section_is_set_before_the_keys_inside_it()
        => Assert.Equal((320, 240), ((SyntheticOptions)ConfigurationText.Good(ConfigurationText.Smallest,
            ("EDGEINFER__PIPELINES__BELT__SOURCE__SIZE", "320x240"),
            ("EDGEINFER__PIPELINES__BELT__SOURCE", "{ synthetic: conveyor, size: 64x48 }")).Pipelines[0].Source).Size);

    [Fact]
    public void A_whole_configuration_can_come_from_variables()
    {
        AgentConfiguration read = ConfigurationText.Good("",
            ("EDGEINFER__MQTT__URL", "mqtt://b"), ("EDGEINFER__MODELS__PARTS__PATH", "/m"),
            ("EDGEINFER__PIPELINES__BELT__MODEL", "parts"), ("EDGEINFER__PIPELINES__BELT__SOURCE__FILES", "/pictures"));
        Assert.Equal("belt", Assert.Single(read.Pipelines).Name);
    }

    [Fact]
    public void Values_are_read_as_YAML()
        => Assert.Equal("5", ConfigurationText.Good(ConfigurationText.Smallest, ("EDGEINFER__DEVICE__LABELS", "{ site: '5' }")).Device.Labels["site"]);

    [Theory]
    [InlineData("EDGEINFER__MQTT__USRNAME", "x", "unknown key 'mqtt.usrname'; did you mean 'username'?")]
    [InlineData("EDGEINFER__MQQT__URL", "x", "unknown key 'mqqt'; did you mean 'mqtt'?")]
    [InlineData("EDGEINFER__PIPELINES__BLET__FPS", "1", "pipelines has no 'blet'; did you mean 'belt'?")]
    [InlineData("EDGEINFER__PIPELINES__ELEPHANT__FPS", "1", "pipelines has no 'elephant'; pipelines here: belt")]
    [InlineData("EDGEINFER__MODELS__PRATS__PATH", "/m", "models has no 'prats'; did you mean 'parts'?")]
    [InlineData("EDGEINFER__PIPELINES__BELT__FPS", "fast", "pipelines.belt.fps: found 'fast'; expected max, or a number above 0, at most 1000")]
    [InlineData("EDGEINFER__PIPELINES__BELT__FPS__MAX", "1", "unknown key 'pipelines.belt.fps'; nothing", true)]
    [InlineData("EDGEINFER__PIPELINES__BELT__ZONES", "{}", "pipelines.belt.zones: this version does not have 'zones' yet; remove it")]
    [InlineData("EDGEINFER__MQTT____URL", "x", "the name has an empty level; write EDGEINFER__SECTION__KEY, with two underscores between levels")]
    [InlineData("EDGEINFER__", "x", "the name has an empty level; write EDGEINFER__SECTION__KEY, with two underscores between levels")]
    [InlineData("EDGEINFER__PIPELINES__BELT__MODEL__NAME", "x", "'model' is a single value, with nothing inside it to set; set it whole: EDGEINFER__PIPELINES__BELT__MODEL")]
    public void What_is_wrong_with_a_variable_names_it(string name, string value, string fault, bool isOther = false)
    {
        string[] faults = ConfigurationText.Faults(ConfigurationText.Smallest, (name, value));
        if (!isOther) Assert.Equal([$"environment variable {name}: {fault}"], faults);
        else Assert.StartsWith($"environment variable {name}: pipelines.belt.fps: found a mapping", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_inside_a_longer_value_says_where_in_it()
        => Assert.Equal(["environment variable EDGEINFER__PIPELINES__BELT__PUBLISH:1:8: pipelines.belt.publish.qos: found '7'; expected a whole number from 0 to 1"],
            ConfigurationText.Faults(ConfigurationText.Smallest, ("EDGEINFER__PIPELINES__BELT__PUBLISH", "{ qos: 7 }")));

    [Fact]
    public void Two_variables_that_differ_in_case_alone_are_refused()
        => Assert.Equal(["environment variable edgeinfer__device__id: says the same as EDGEINFER__DEVICE__ID; keep one of them"],
            ConfigurationText.Faults(ConfigurationText.Smallest, ("EDGEINFER__DEVICE__ID", "a"), ("edgeinfer__device__id", "b")));

    [Fact]
    public void A_name_that_means_two_keys_is_refused()
        => Assert.Equal(["environment variable EDGEINFER__PIPELINES__A_B__FPS: means both 'a-b' and 'a_b'; rename one of them"],
            ConfigurationText.Faults(TwoPipelines.Replace("press-3", "a-b", StringComparison.Ordinal).Replace("belt", "a_b", StringComparison.Ordinal).Replace(", password: { file: /nowhere }", "", StringComparison.Ordinal),
                ("EDGEINFER__PIPELINES__A_B__FPS", "1")));

    [Fact]
    public void Other_variables_are_left_alone()
        => ConfigurationText.Good(ConfigurationText.Smallest, ("EDGEINFER_HOME", "/x"), ("PATH", "/bin"));

    [Fact]
    public void A_relative_path_in_a_variable_starts_from_the_folder_of_the_file()
        => Assert.Equal("/etc/edgeinfer/m", ConfigurationText.Read(ConfigurationText.Smallest, "/etc/edgeinfer/edgeinfer.yaml", null,
            ("EDGEINFER__MODELS__PARTS__PATH", "m")).Configuration!.Models["parts"].Path);
}
