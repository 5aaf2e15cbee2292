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
        Assert.Equal(["set", "cmd", "update"], read.Mqtt.Accept);
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

    [Fact]
    public void Every_key_is_read()
    {
        using PemFile pem = new();
        AgentConfiguration read = ConfigurationText.Good("""
            device: { id: Press_3, labels: { site: oslo } }
            mqtt:
              url: wss://broker.plant/mqtt
              username: u
              password: p
              client_id: c
              prefix: plant/edge
              in_flight: 1024
              keep_alive: 1m
              tls: { ca: PEM, certificate: PEM, key: PEM }
            models: { parts: { path: m/parts }, other: { path: /x.onnx } }
            runtime: { providers: [tensorrt, cuda, cpu], required: true, threads: 64, cache_folder: cache, state_folder: /state }
            pipelines:
              a:
                source: { camera: /dev/v4l/by-path/x, size: 1280x720, fps: 15, format: yuyv }
                model: parts
                fps: 1/4
                labels: [bolt, nut]
                threshold: { default: 0.4, bolt: 0.6 }
                min_area: 0.002
                delivery: normal
                publish: { predictions: every, min_interval: 250ms, heartbeat: off, topic: 'plant/{device}/{pipeline}', qos: 0 }
              b:
                source: { stream: "https://cam/mjpg?x=1", username: u, password: p, snapshot_interval: 1s }
                model: other
                fps: max
                threshold: 0.5
                publish: { predictions: off, heartbeat: 1h }
              c: { source: { files: pictures/*.jpg, loop: true }, model: parts }
            """.Replace("PEM", pem.Path, StringComparison.Ordinal));

        Assert.Equal(new DeviceOptions("Press_3", read.Device.Labels), read.Device);
        Assert.Equal("oslo", read.Device.Labels["site"]);
        Assert.Equal(new Uri("wss://broker.plant:443/mqtt"), read.Mqtt.Url);
        Assert.Equal(("u", "p", "c"), (read.Mqtt.Username, read.Mqtt.Password!.Reveal(), read.Mqtt.ClientId));
        Assert.Equal(("plant/edge", 1024, TimeSpan.FromMinutes(1)), (read.Mqtt.Prefix, read.Mqtt.InFlight, read.Mqtt.KeepAlive));
        Assert.Equal((pem.Path, pem.Path, pem.Path), (read.Mqtt.TlsCa, read.Mqtt.TlsCertificate, read.Mqtt.TlsKey));
        Assert.Equal(Path.GetFullPath("m/parts"), read.Models["parts"].Path);
        Assert.Equal(["tensorrt", "cuda", "cpu"], read.Runtime.Providers);
        Assert.Equal((true, 64, Path.GetFullPath("cache"), "/state"),
            (read.Runtime.IsFirstProviderRequired, read.Runtime.Threads, read.Runtime.CacheFolder, read.Runtime.StateFolder));

        Assert.Equal(["a", "b", "c"], read.Pipelines.Select(p => p.Name));
        PipelineOptions a = read.Pipelines[0];
        Assert.Equal(new CameraOptions("/dev/v4l/by-path/x", (1280, 720), 15, "yuyv"), a.Source);
        Assert.Equal((0.25, 0.4, 0.6, 0.002), (a.FramesPerSecond, a.Threshold, a.LabelThresholds["bolt"], a.MinArea));
        Assert.Equal(["bolt", "nut"], a.Labels!);
        Assert.Equal(["bolt", "bolt", "nut"], a.LabelMentions.Select(m => m.Label).Order());
        Assert.Equal((PublishMode.Every, TimeSpan.FromMilliseconds(250), null, "plant/Press_3/a", 0),
            (a.Publish.Predictions, a.Publish.MinInterval, a.Publish.Heartbeat, a.Publish.Topic, a.Publish.Qos));
        StreamOptions stream = Assert.IsType<StreamOptions>(read.Pipelines[1].Source);
        Assert.Equal((new Uri("https://cam/mjpg?x=1"), "u", "p", TimeSpan.FromSeconds(1)), (stream.Url, stream.Username, stream.Password!.Reveal(), stream.SnapshotInterval));
        Assert.Equal((PublishMode.Off, TimeSpan.FromHours(1)), (read.Pipelines[1].Publish.Predictions, read.Pipelines[1].Publish.Heartbeat));
        Assert.Equal(new FilesOptions(Path.GetFullPath("pictures/*.jpg"), true), read.Pipelines[2].Source);
    }

    [Theory]
    [InlineData("[]", new string[0])]
    [InlineData("[cmd]", new[] { "cmd" })]
    [InlineData("[cmd, set]", new[] { "set", "cmd" })]
    public void What_a_device_listens_to_is_a_list_whose_order_means_nothing(string written, string[] accepted)
        => Assert.Equal(accepted, ConfigurationText.Good($"mqtt: {{ url: mqtt://b, accept: {written} }}\n" + ConfigurationText.Smallest[(ConfigurationText.Smallest.IndexOf('\n') + 1)..]).Mqtt.Accept);

    [Theory]
    [InlineData("mqtt://h", "mqtt://h:1883")]
    [InlineData("mqtts://h", "mqtts://h:8883")]
    [InlineData("ws://h/mqtt", "ws://h:80/mqtt")]
    [InlineData("wss://h/mqtt", "wss://h:443/mqtt")]
    [InlineData("mqtt://h:2000", "mqtt://h:2000")]
    [InlineData("mqtt://[fe80::1]:2000", "mqtt://[fe80::1]:2000")]
    [InlineData("embedded://127.0.0.1", "embedded://127.0.0.1:1883")]
    [InlineData("embedded://localhost:1900", "embedded://localhost:1900")]
    [InlineData("embedded://0.0.0.0, username: u, password: p", "embedded://0.0.0.0:1883")]
    public void A_broker_has_the_port_of_its_scheme_unless_another_is_written(string written, string url)
    {
        Uri read = ConfigurationText.Good(ConfigurationText.Smallest.Replace("mqtt://broker.plant", written.Contains('[', StringComparison.Ordinal) ? $"'{written}'" : written, StringComparison.Ordinal)).Mqtt.Url;
        Assert.Equal(new Uri(url), read);
        Assert.True(read.Port > 0);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(", protocol: 5", false)]
    [InlineData(", protocol: \"5\"", false)]
    [InlineData(", protocol: 3.1.1", true)]
    [InlineData(", protocol: \"3.1.1\"", true)]
    public void The_version_of_MQTT_may_be_quoted_or_not(string written, bool isVersion311)
        => Assert.Equal(isVersion311, ConfigurationText.Good(ConfigurationText.Smallest.Replace("mqtt://broker.plant", "mqtt://broker.plant" + written, StringComparison.Ordinal)).Mqtt.IsVersion311);

    [Fact]
    public void Ten_mistakes_are_ten_faults_at_once()
        => Assert.Equal(
        [
            "edge.yaml:1:15: device.id: found 'press 3'; expected 1 to 64 of A-Z, a-z, 0-9, _ and -",
            "edge.yaml:2:14: mqtt.url: unknown scheme 'http' in 'http://broker'; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1",
            "edge.yaml:2:40: mqtt.in_flight: found '5000'; expected a whole number from 1 to 1024",
            "edge.yaml:3:23: runtime.providers: found 'cpu'; expected a list",
            "edge.yaml:4:17: http.listen: found '80'; expected an address of this machine and a port, such as 127.0.0.1:8080, or '[::1]:8080' in quotes",
            "edge.yaml:5:1: unknown key 'modells'; did you mean 'models'?",
            "edge.yaml:8:13: pipelines.belt.source: 2 kinds of source: camera and files; keep one; each needs a pipeline of its own",
            "edge.yaml:9:12: pipelines.belt.model: there is no model 'part'; did you mean 'parts'?",
            "edge.yaml:10:5: pipelines.belt.zones: this version does not have 'zones' yet; remove it",
            "edge.yaml:11:5: unknown key 'pipelines.belt.treshold'; did you mean 'threshold'?",
        ], ConfigurationText.Faults("""
            device: { id: press 3 }
            mqtt: { url: http://broker, in_flight: 5000 }
            runtime: { providers: cpu }
            http: { listen: 80 }
            modells: {}
            pipelines:
              belt:
                source: { camera: /dev/video0, files: x }
                model: part
                zones: {}
                treshold: 0.4
            models: { parts: { path: /m } }
            """));

    [Theory]
    [InlineData("", "mqtt: missing; name the broker: mqtt: { url: mqtt://HOST }")]
    [InlineData("", "models: missing; name at least one: models: { NAME: { path: PATH } }")]
    [InlineData("pipelines: {}", "pipelines: missing; name at least one: pipelines: { NAME: { source: …, model: … } }")]
    [InlineData("pipelines: { belt: }", "pipelines.belt: says nothing; write { source: …, model: NAME }")]
    [InlineData("pipelines: { belt: { model: parts } }", "pipelines.belt.source: missing; name its kind: one of camera, stream, exec, files, synthetic")]
    public void What_must_be_there_and_is_not_is_named(string text, string fault)
        => Assert.Contains(ConfigurationText.Faults(text), f => f.EndsWith(fault, StringComparison.Ordinal));

    [Theory]
    [InlineData("[a]", "edge.yaml:1:1: found a list; expected a mapping with mqtt, models and pipelines")]
    [InlineData("hello", "edge.yaml:1:1: found a single value; expected a mapping with mqtt, models and pipelines")]
    public void A_document_that_is_not_a_mapping_is_refused(string text, string fault)
        => Assert.Equal([fault], ConfigurationText.Faults(text));

    [Fact]
    public void A_pipeline_may_name_several_models_and_a_topic_for_each()
    {
        string two = ConfigurationText.Smallest.Replace("models: { ", "models: { defects: { path: /m }, ", StringComparison.Ordinal)
            .Replace("model: parts", "model: [parts, defects]", StringComparison.Ordinal);
        Assert.Equal(["parts", "defects"], ConfigurationText.Good(two).Pipelines[0].Models);
        Assert.Equal(["parts"], ConfigurationText.Good(ConfigurationText.Smallest).Pipelines[0].Models);
        Assert.Equal("plant/belt/{model}", ConfigurationText.Good(two + "    publish: { topic: 'plant/{pipeline}/{model}' }").Pipelines[0].Publish.Topic);
        Assert.Equal(["edge.yaml:8:43: pipelines.exit.publish.topic: 'plant/defects' is the topic of pipeline 'belt' already; choose another topic"],
            ConfigurationText.Faults(two + "    publish: { topic: 'plant/{model}' }\n  exit: { model: parts, publish: { topic: plant/defects }, source: { files: x } }"));
    }

    [Fact]
    public void A_model_that_no_pipeline_uses_is_warned_of()
    {
        (_, FaultList faults) = ConfigurationText.Read(ConfigurationText.Smallest.Replace("models: { ", "models: { spare: { path: /m }, ", StringComparison.Ordinal));
        Assert.Empty(faults.Faults);
        Assert.Equal(["edge.yaml:2:11: models.spare: no pipeline uses it; remove it, or name it in a pipeline"], faults.Warnings.Select(w => w.ToString()));
    }

    [Theory]
    [InlineData("parts", "/store/parts")]
    [InlineData("./parts", "/nowhere/parts")]
    [InlineData("other", "/nowhere/other")]
    [InlineData("parts.onnx", "/nowhere/parts.onnx")]
    [InlineData("/m/parts", "/m/parts")]
    public void A_bare_name_that_is_nothing_beside_the_file_is_that_of_an_installed_model(string written, string path)
    {
        AgentConfigurationReader reader = new(new Dictionary<string, string>(), ConfigurationText.Machine, name => name == "parts" ? "/store/parts" : null);
        FaultList faults = new();
        AgentConfiguration? read = reader.ReadText(ConfigurationText.Smallest.Replace("/models/parts", written, StringComparison.Ordinal), "/nowhere/edge.yaml", faults);
        Assert.Empty(faults.Faults);
        Assert.Equal(path, read!.Models["parts"].Path);
    }

    [Fact]
    public void A_store_of_models_that_cannot_be_read_is_a_fault_where_the_name_stands()
    {
        AgentConfigurationReader reader = new(new Dictionary<string, string>(), ConfigurationText.Machine, _ => throw FaultException.Of(FaultKind.NoInput, "/store", "closed", "open it"));
        FaultList faults = new();
        Assert.Null(reader.ReadText(ConfigurationText.Smallest.Replace("/models/parts", "parts", StringComparison.Ordinal), "/nowhere/edge.yaml", faults));
        Assert.Equal(["/nowhere/edge.yaml:2:26: models.parts.path: /store: closed; open it"], faults.Faults.Select(f => f.ToString()));
    }

    [Fact]
    public void A_topic_may_have_65535_bytes_and_no_more()
    {
        string longest = new('ü', 32_767);
        Assert.Equal(longest + "x", ConfigurationText.Good(ConfigurationText.Smallest + $"    publish: {{ topic: {longest}x }}").Pipelines[0].Publish.Topic);
        Assert.EndsWith("is longer than 65535 bytes; choose another topic",
            Assert.Single(ConfigurationText.Faults(ConfigurationText.Smallest + $"    publish: {{ topic: {longest}xx }}")), StringComparison.Ordinal);
    }

    [Fact]
    public void Sixty_four_pipelines_are_the_most()
    {
        string head = "mqtt: { url: mqtt://b }\nmodels: { parts: { path: /m } }\npipelines:\n";
        string[] pipelines = [.. Enumerable.Range(0, 65).Select(i => $"  p{i}: {{ source: {{ files: x }}, model: parts }}\n")];
        Assert.Equal(64, ConfigurationText.Good(head + string.Concat(pipelines[..64])).Pipelines.Count);
        Assert.Equal(["edge.yaml:4:3: pipelines: 65 pipelines; at most 64"], ConfigurationText.Faults(head + string.Concat(pipelines)));
    }

    [Fact]
    public void A_value_that_is_quoted_in_a_fault_stays_on_one_line_and_short()
        => Assert.Equal([$"edge.yaml:7:15: device.id: found 'a\uFFFDb{new string('c', 77)}…'; expected 1 to 64 of A-Z, a-z, 0-9, _ and -"],
            ConfigurationText.Faults(ConfigurationText.Smallest + $"device: {{ id: \"a\\nb{new string('c', 500)}\" }}"));

    [Theory]
    [InlineData("nowhere.yaml", FaultKind.NoInput, "there is no file nowhere.yaml; write one with 'edgeinfer init', or name another with -c FILE")]
    [InlineData("/etc", FaultKind.NoInput, "/etc is a folder; name a file")]
    [InlineData("/dev/zero", FaultKind.Configuration, "/dev/zero has more than 1048576 bytes; is it the right file?")]
    public void A_file_that_cannot_be_read_is_named(string path, FaultKind kind, string fault)
    {
        FaultList faults = new();
        Assert.Null(ConfigurationText.Reader().Read(path, faults));
        Assert.Equal(new[] { (kind, fault) }, faults.Faults.Select(f => (f.Kind, f.ToString())));
    }

    [Fact]
    public void The_variables_of_the_documentation_are_taken()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "configuration.md"));
        (string, string)[] variables = [.. page.Split('\n').Where(line => line.StartsWith("EDGEINFER__", StringComparison.Ordinal))
            .Select(line => line.Split('#')[0].Trim().Split('=', 2)).Select(pair => (pair[0], pair[1].Trim('\'')))];
        Assert.Equal(5, variables.Length);
        AgentConfiguration read = ConfigurationText.Good(ConfigurationText.Smallest, variables);
        Assert.Equal(new Uri("mqtts://other.example:8883"), read.Mqtt.Url);
        Assert.Equal(0.7, read.Pipelines[0].LabelThresholds["bolt"]);
    }

    [Fact]
    public void Every_key_that_is_known_is_documented()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "configuration.md"));
        string[] sections = ["device: { elephant: 1 }", "mqtt: { elephant: 1, url: mqtt://b }", "runtime: { elephant: 1 }", "elephant: {}", "pipelines: { a: { elephant: 1 } }",
            "pipelines: { a: { publish: { elephant: 1 } } }", "models: { a: { elephant: 1 } }", .. new[] { "camera: /dev/video0", "stream: http://a", "files: a", "synthetic: conveyor" }
                .Select(kind => $"pipelines: {{ a: {{ source: {{ {kind}, elephant: 1 }} }} }}")];
        List<string> keys = [];
        foreach (string section in sections)
        {
            string fault = Assert.Single(ConfigurationText.Faults(section), f => f.Contains("elephant'", StringComparison.Ordinal));
            keys.AddRange(fault[(fault.IndexOf("known here: ", StringComparison.Ordinal) + "known here: ".Length)..].Split(", "));
        }

        Assert.InRange(keys.Count, 40, 90);
        Assert.All(keys.Distinct(), key => Assert.Matches($@"`([a-z_]+\.)?{key}[`:.]", page));
    }
}
