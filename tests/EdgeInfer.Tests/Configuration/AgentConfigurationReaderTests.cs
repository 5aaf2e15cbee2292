using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Configuration;

public sealed class AgentConfigurationReaderTests
{
    [Fact]
    public void The_quickstart_of_the_documentation_has_neither_fault_nor_warning()
    {
        FaultList faults = new();
        AgentConfiguration? read = ConfigurationText.Reader().Read(Path.Combine(RepositoryFolder.Root, "docs", "quickstart.yaml"), faults);

        Assert.Empty(faults.Faults);
        Assert.Empty(faults.Warnings);
        Assert.Equal("press-3", read!.Device.Id);
        Assert.Equal(Path.Combine(RepositoryFolder.Root, "models", "parts-detector"), read.Models["parts"].Path);
        PipelineOptions belt = Assert.Single(read.Pipelines);
        Assert.Equal(new SyntheticOptions((640, 480), 30, 1), belt.Source);
        Assert.Equal(0.4, belt.Threshold);
        Assert.Equal(0.6, belt.LabelThresholds["bolt"]);
        Assert.Equal(TimeSpan.FromMilliseconds(200), belt.Publish.MinInterval);
    }

    [Fact]
    public void The_smallest_configuration_gets_every_default()
    {
        AgentConfiguration read = ConfigurationText.Good(ConfigurationText.Smallest);

        Assert.Equal(new Uri("mqtt://broker.plant:1883"), read.Mqtt.Url);
        Assert.Equal("edgeinfer", read.Mqtt.Prefix);
        Assert.Equal(16, read.Mqtt.InFlight);
        Assert.Equal(TimeSpan.FromSeconds(30), read.Mqtt.KeepAlive);
        Assert.Null(read.Mqtt.Username);
        Assert.Null(read.Mqtt.Password);
        Assert.Equal(["cpu"], read.Runtime.Providers);
        Assert.Equal(0, read.Runtime.Threads);
        Assert.False(read.Runtime.IsFirstProviderRequired);
        Assert.Equal("/var/lib/edgeinfer", read.Runtime.StateFolder);

        PipelineOptions belt = Assert.Single(read.Pipelines);
        Assert.Equal(new CameraOptions("/dev/video0", null, null, null), belt.Source);
        Assert.Equal(5, belt.FramesPerSecond);
        Assert.Null(belt.Labels);
        Assert.Null(belt.Threshold);
        Assert.Equal(0, belt.MinArea);
        Assert.Equal(PublishMode.OnChange, belt.Publish.Predictions);
        Assert.Equal(TimeSpan.Zero, belt.Publish.MinInterval);
        Assert.Equal(TimeSpan.FromSeconds(10), belt.Publish.Heartbeat);
        Assert.Null(belt.Publish.Topic);
        Assert.Equal(1, belt.Publish.Qos);
    }
}
