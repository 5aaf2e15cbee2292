namespace EdgeInfer.Tests.Configuration;

/// <summary>What is said about each mistake, and where; the lines of the texts are counted from 1.</summary>
public sealed class ConfigurationFaultTests
{
    [Theory]
    [InlineData("mqqt: {}", "edge.yaml:7:1: unknown key 'mqqt'; did you mean 'mqtt'?")]
    [InlineData("elephant: {}", "edge.yaml:7:1: unknown key 'elephant'; known here: device, http, models, mqtt, outbox, pipelines, runtime, updates")]
    [InlineData("device: { id: press 3 }", "edge.yaml:7:15: device.id: found 'press 3'; expected 1 to 64 of A-Z, a-z, 0-9, _ and -")]
    [InlineData("device: { name: x }", "edge.yaml:7:11: unknown key 'device.name'; known here: id, labels")]
    [InlineData("device: press-3", "edge.yaml:7:9: device: found 'press-3'; expected a mapping")]
    [InlineData("device: { labels: [a] }", "edge.yaml:7:19: device.labels: found a list; expected a mapping")]
    [InlineData("device: { labels: { site: [a] } }", "edge.yaml:7:27: device.labels.site: found a list; expected a text")]
    [InlineData("runtime: { providers: cpu }", "edge.yaml:7:23: runtime.providers: found 'cpu'; expected a list")]
    [InlineData("runtime: { providers: [] }", "edge.yaml:7:23: runtime.providers: found an empty list; name at least one, such as cpu")]
    [InlineData("runtime: { providers: [tensorrt, cdua] }", "edge.yaml:7:34: runtime.providers: unknown provider 'cdua'; did you mean 'cuda'?")]
    [InlineData("runtime: { providers: [cpu, cpu] }", "edge.yaml:7:29: runtime.providers: 'cpu' stands here a second time; keep the first")]
    [InlineData("runtime: { required: yes }", "edge.yaml:7:22: runtime.required: found 'yes'; expected true or false")]
    [InlineData("runtime: { threads: 0 }", "edge.yaml:7:21: runtime.threads: found '0'; expected auto, or a whole number from 1 to 64")]
    [InlineData("runtime: { threads: [2] }", "edge.yaml:7:21: runtime.threads: found a list; expected auto, or a whole number from 1 to 64")]
    [InlineData("runtime: { onnxruntime: /nowhere/libonnxruntime.so }",
        "edge.yaml:7:25: runtime.onnxruntime: there is no file /nowhere/libonnxruntime.so; name a libonnxruntime.so, or remove the key for the one that comes with EdgeInfer")]
    [InlineData("runtime: { state_folder: ~/edge }", "edge.yaml:7:26: runtime.state_folder: '~/edge': '~' has no meaning here; write an absolute path, or one relative to the configuration file")]
    [InlineData("outbox: { events: 7d }", "edge.yaml:7:11: outbox.events: this version does not have 'events' yet; remove it")]
    [InlineData("updates: { poll: soon }", "edge.yaml:7:18: updates.poll: found 'soon'; expected a duration such as 250ms, 5s, 2h, from 1m to 7d")]
    public void A_mistake_at_the_top_is_named(string line, string fault)
        => Assert.Equal([fault], ConfigurationText.Faults(ConfigurationText.Smallest + line));

    [Theory]
    [InlineData("{}", "edge.yaml:1:7: mqtt.url: missing; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: broker.plant }", "edge.yaml:1:14: mqtt.url: found 'broker.plant'; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: 'broker.plant:1883' }", "edge.yaml:1:14: mqtt.url: found 'broker.plant:1883'; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: tcp://broker }", "edge.yaml:1:14: mqtt.url: unknown scheme 'tcp' in 'tcp://broker'; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: mqtt:// }", "edge.yaml:1:14: mqtt.url: 'mqtt://' names no host; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: mqtt://broker/topic }", "edge.yaml:1:14: mqtt.url: a broker's address ends behind the port; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: 'mqtt://broker:99999' }", "edge.yaml:1:14: mqtt.url: found 'mqtt://broker:99999'; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: 'mqtt://press:hunter2@broker' }", "edge.yaml:1:14: mqtt.url: 'mqtt://***@broker' holds a user or a password; take them out and write mqtt.username and mqtt.password: { file: PATH }")]
    [InlineData("{ url: 'mqtt://b?password=hunter2' }", "edge.yaml:1:14: mqtt.url: a broker's address ends behind the port; expected mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1")]
    [InlineData("{ url: 'embedded://0.0.0.0' }", "edge.yaml:1:14: mqtt.url: the embedded broker would listen on 0.0.0.0 for everybody; set username and password, or listen on 127.0.0.1")]
    [InlineData("{ url: 'embedded://press-3' }", "edge.yaml:1:14: mqtt.url: 'press-3' is not an address of this machine; write an IP address to listen on, such as embedded://127.0.0.1:1883")]
    [InlineData("{ url: mqtt://b, usrname: x }", "edge.yaml:1:24: unknown key 'mqtt.usrname'; did you mean 'username'?")]
    [InlineData("{ url: mqtt://b, prefix: plant/# }", "edge.yaml:1:32: mqtt.prefix: 'plant/#' holds a wildcard; expected topic levels such as plant/edge")]
    [InlineData("{ url: mqtt://b, prefix: plant/ }", "edge.yaml:1:32: mqtt.prefix: 'plant/' has an empty level; expected topic levels such as plant/edge")]
    [InlineData("{ url: mqtt://b, prefix: $SYS/x }", "edge.yaml:1:32: mqtt.prefix: '$SYS/x' begins with '$', which belongs to the broker; expected topic levels such as plant/edge")]
    [InlineData("{ url: mqtt://b, in_flight: 0 }", "edge.yaml:1:35: mqtt.in_flight: found '0'; expected a whole number from 1 to 1024")]
    [InlineData("{ url: mqtt://b, keep_alive: 30 }", "edge.yaml:1:36: mqtt.keep_alive: found '30'; expected a duration such as 250ms, 5s, 2h, from 5s to 1h")]
    [InlineData("{ url: mqtt://b, protocol: 3.1 }", "edge.yaml:1:34: mqtt.protocol: found '3.1'; expected one of 5, 3.1.1")]
    [InlineData("{ url: mqtt://b, protocol: [5] }", "edge.yaml:1:34: mqtt.protocol: found a list; expected one of 5, 3.1.1")]
    [InlineData("{ url: mqtt://b, protocol: 3.1.1, password: x }", "edge.yaml:1:51: mqtt.password: MQTT 3.1.1 has no password without a user name; add mqtt.username")]
    [InlineData("{ url: mqtt://b, client_id: '' }", "edge.yaml:1:35: mqtt.client_id: found ''; expected 1 to 256 bytes without control characters")]
    [InlineData("{ url: mqtt://b, home_assistant: false }", "edge.yaml:1:24: mqtt.home_assistant: this version does not have 'home_assistant' yet; remove it")]
    [InlineData("{ url: mqtt://b, accept: [set, updates] }", "edge.yaml:1:38: mqtt.accept: found 'updates'; expected a list of set, cmd and update, or [] to listen to nothing")]
    [InlineData("{ url: mqtt://b, accept: [set, set] }", "edge.yaml:1:38: mqtt.accept: 'set' stands here a second time; keep the first")]
    [InlineData("{ url: mqtt://b, accept: [sets] }", "edge.yaml:1:33: mqtt.accept: found 'sets'; expected a list of set, cmd and update, or [] to listen to nothing")]
    [InlineData("{ url: mqtt://b, accept: all }", "edge.yaml:1:32: mqtt.accept: found 'all'; expected a list")]
    [InlineData("{ url: mqtt://b, tls: {} }", "edge.yaml:1:29: mqtt.tls: mqtt:// is not encrypted, so this would have no effect; write mqtts:// in mqtt.url")]
    [InlineData("{ url: mqtts://b, tls: { ca: /nowhere/ca.pem } }", "edge.yaml:1:36: mqtt.tls.ca: there is no file /nowhere/ca.pem; name a PEM file")]
    [InlineData("{ url: mqtts://b, tls: { ca: /etc } }", "edge.yaml:1:36: mqtt.tls.ca: /etc is a folder; name a PEM file")]
    [InlineData("{ url: mqtts://b, tls: { key: /etc/passwd } }", "edge.yaml:1:37: mqtt.tls.key: a key without its certificate; add mqtt.tls.certificate")]
    [InlineData("{ url: mqtts://b, tls: { certificate: /etc/passwd } }", "edge.yaml:1:45: mqtt.tls.certificate: a certificate without its key; add mqtt.tls.key")]
    [InlineData("{ url: mqtts://b, tls: { insecure: true } }", "edge.yaml:1:32: unknown key 'mqtt.tls.insecure'; known here: ca, certificate, key")]
    public void A_mistake_in_mqtt_is_named(string mqtt, string fault)
        => Assert.Equal([fault], ConfigurationText.Faults($"mqtt: {mqtt}\n" + ConfigurationText.Smallest[(ConfigurationText.Smallest.IndexOf('\n') + 1)..]));

    [Theory]
    [InlineData("{ camera: /dev/video0, files: x }", "2 kinds of source: camera and files; keep one; each needs a pipeline of its own")]
    [InlineData("{}", "no kind of source; write one of camera, stream, exec, files, synthetic")]
    [InlineData("{ audio: hw:0 }", "this version does not have 'audio' yet; remove it", ".audio", 15)]
    [InlineData("{ i2c: 1 }", "this version does not have 'i2c' yet; remove it", ".i2c", 15)]
    [InlineData("{ iio: x }", "this version does not have 'iio' yet; remove it", ".iio", 15)]
    [InlineData("{ onewire: x }", "this version does not have 'onewire' yet; remove it", ".onewire", 15)]
    [InlineData("{ serial: x }", "this version does not have 'serial' yet; remove it", ".serial", 15)]
    [InlineData("{ modbus: x }", "this version does not have 'modbus' yet; remove it", ".modbus", 15)]
    [InlineData("{ csv: x }", "this version does not have 'csv' yet; remove it", ".csv", 15)]
    [InlineData("{ mqtt: x }", "this version does not have 'mqtt' yet; remove it", ".mqtt", 15)]
    [InlineData("{ http: x }", "this version does not have 'http' yet; remove it", ".http", 15)]
    [InlineData("{ camera: 0 }", "found '0'; write /dev/video0, or better its link under /dev/v4l/by-path", ".camera", 23)]
    [InlineData("{ camera: video0 }", "found 'video0'; expected a V4L2 node such as /dev/video0, or csi:0 for a camera on a ribbon", ".camera", 23)]
    [InlineData("{ camera: }", "says nothing; name the source", ".camera", 23)]
    [InlineData("{ camera: /dev/video0, size: 640 }", "found '640'; expected a size such as 640x480", ".size", 42)]
    [InlineData("{ camera: /dev/video0, fps: 0 }", "found 0; expected a number above 0, at most 1000", ".fps", 41)]
    [InlineData("{ camera: /dev/video0, fps: fast }", "found 'fast'; expected a number from 0 to 1000", ".fps", 41)]
    [InlineData("{ camera: /dev/video0, format: h264 }", "found 'h264'; expected one of mjpg, yuyv, nv12, grey", ".format", 44)]
    [InlineData("{ stream: rtsp://cam/1, snapshot_interval: 1s }", "is for single pictures over http; remove it, and set fps", ".snapshot_interval", 56)]
    [InlineData("{ stream: rtsp://cam/1, transport: http }", "found 'http'; expected one of tcp, udp", ".transport", 48)]
    [InlineData("{ stream: rtsp://cam/1, username: 'a:b' }", "holds a colon, which no camera's user name can have; correct it", ".username", 47)]
    [InlineData("{ stream: rtsp://cam/1, input_args: [-i, x] }", "holds an address, or -i; write only options; everybody on this machine can see them", ".input_args", 49)]
    [InlineData("{ stream: http://cam/1, transport: udp }", "is for rtsp; remove it", ".transport", 48)]
    [InlineData("{ stream: http://cam/1, fps: 5 }", "is for streams that ffmpeg reads (rtsp and others); remove it; the pipeline's own fps drops frames before they are decoded", ".fps", 42)]
    [InlineData("{ stream: udp://239.0.0.1:5000, username: me }", "is not for udp; remove it", ".username", 55)]
    [InlineData("{ stream: cam.local }", "found 'cam.local'; expected http://HOST/PATH or rtsp://HOST/PATH", ".stream", 23)]
    [InlineData("{ stream: ftp://cam }", "unknown scheme 'ftp' in 'ftp://cam'; expected http://HOST/PATH or rtsp://HOST/PATH", ".stream", 23)]
    [InlineData("{ stream: http://a:b@cam/1 }",
        "'http://***@cam/1' holds a user or a password; take them out and write pipelines.belt.source.username and pipelines.belt.source.password: { file: PATH }", ".stream", 23)]
    [InlineData("{ stream: http://cam, snapshot_interval: 1 }", "found '1'; expected a duration such as 250ms, 5s, 2h, from 10ms to 1d", ".snapshot_interval", 54)]
    [InlineData("{ stream: http://cam, password: x }", "a password without a user; add pipelines.belt.source.username", ".password", 45)]
    [InlineData("{ files: x, loop: on }", "found 'on'; expected true or false", ".loop", 31)]
    [InlineData("{ synthetic: conveyor, size: 80x48 }", "found 80x48; expected 64 to 8192 pixels each way", ".size", 42)]
    [InlineData("{ synthetic: true }", "found 'true'; expected conveyor", ".synthetic", 26)]
    public void A_mistake_in_a_source_is_named(string source, string fault, string key = "", int column = 13)
        => Assert.Equal([$"edge.yaml:5:{column}: pipelines.belt.source{key}: {fault}"],
            ConfigurationText.Faults(ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", source, StringComparison.Ordinal)));

    [Theory]
    [InlineData("fps: -1", 10, ".fps: found '-1'; expected max, or a number above 0, at most 1000")]
    [InlineData("fps: maximum", 10, ".fps: found 'maximum'; expected max, or a number above 0, at most 1000")]
    [InlineData("labels: bolt", 13, ".labels: found 'bolt'; expected a list")]
    [InlineData("labels: []", 13, ".labels: found an empty list, which would report nothing; name labels, or remove the key for all")]
    [InlineData("labels: [[bolt]]", 14, ".labels: found a list; expected a list of labels")]
    [InlineData("threshold: 1.5", 16, ".threshold: found '1.5'; expected a number from 0 to 1")]
    [InlineData("threshold: [0.5]", 16, ".threshold: found a list; expected a number from 0 to 1, or { default: 0.4, LABEL: 0.6 }")]
    [InlineData("threshold: { bolt: high }", 24, ".threshold.bolt: found 'high'; expected a number from 0 to 1")]
    [InlineData("min_area: 2", 15, ".min_area: found '2'; expected a number from 0 to 1")]
    [InlineData("masks: [[[0, 0], [1, 0], [1, 1]]]", 5, ".masks: this version does not have 'masks' yet; remove it")]
    [InlineData("motion: false", 5, ".motion: this version does not have 'motion' yet; remove it")]
    [InlineData("track:", 5, ".track: this version does not have 'track' yet; remove it")]
    [InlineData("zones: {}", 5, ".zones: this version does not have 'zones' yet; remove it")]
    [InlineData("lines: {}", 5, ".lines: this version does not have 'lines' yet; remove it")]
    [InlineData("delivery: durable\n    publish: { qos: 0 }", 15, ".delivery: durable results need an acknowledgement, and publish.qos is 0; write publish: { qos: 1 }, or delivery: normal")]
    [InlineData("delivery: fast", 15, ".delivery: found 'fast'; expected one of normal, durable")]
    [InlineData("publish: { predictions: always }", 29, ".publish.predictions: found 'always'; expected one of on-change, every, off")]
    [InlineData("publish: { min_interval: 1 }", 30, ".publish.min_interval: found '1'; expected a duration such as 250ms, 5s, 2h, from 0ms to 1d")]
    [InlineData("publish: { heartbeat: 0s }", 27, ".publish.heartbeat: found '0s'; expected off, or a duration such as 10s, from 100ms to 1d")]
    [InlineData("publish: { qos: 2 }", 21, ".publish.qos: found '2'; expected a whole number from 0 to 1")]
    [InlineData("publish: { topic: plant/+ }", 23, ".publish.topic: 'plant/+' holds a wildcard; choose another topic")]
    [InlineData("publish: { topic: '' }", 23, ".publish.topic: '' is empty; choose another topic")]
    [InlineData("publish: { topic: lamp/set/x }", 23, ".publish.topic: 'lamp/set/x' has the level 'set', which is for commands; choose another topic")]
    [InlineData("publish: { topic: 'plant/{line}' }", 23, ".publish.topic: 'plant/{line}' holds a placeholder other than {prefix}, {device}, {pipeline} and {model}; choose another topic")]
    [InlineData("publish: { topic: edgeinfer/press-3/status }", 23, ".publish.topic: 'edgeinfer/press-3/status' is the topic of the device's status already; choose another topic")]
    [InlineData("publish: { events: true }", 16, ".publish.events: this version does not have 'events' yet; remove it")]
    [InlineData("publish: { counts: true }", 16, ".publish.counts: this version does not have 'counts' yet; remove it")]
    [InlineData("publish: { snapshots: {} }", 16, ".publish.snapshots: this version does not have 'snapshots' yet; remove it")]
    public void A_mistake_in_a_pipeline_is_named(string line, int column, string fault)
        => Assert.Equal([$"edge.yaml:7:{column}: pipelines.belt{fault}"], ConfigurationText.Faults(ConfigurationText.Smallest + "    " + line));

    [Fact]
    public void An_address_under_another_key_is_told_where_it_goes_and_no_kind_of_a_later_version_is_offered()
    {
        string[] faults = ConfigurationText.Faults(ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", "{ url: rtsp://camera/1 }", StringComparison.Ordinal));

        Assert.Equal(2, faults.Length);
        Assert.EndsWith("pipelines.belt.source: no kind of source; write an address as 'stream: ADDRESS'", faults[0], StringComparison.Ordinal);
        Assert.Contains("unknown key 'pipelines.belt.source.url'; known here: arguments, camera, ", faults[1], StringComparison.Ordinal);
        foreach (string later in (string[])["audio", "i2c", "modbus", "onewire", "http"]) Assert.DoesNotContain($" {later},", faults[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_key_of_a_pipeline_names_the_nearest()
        => Assert.Equal(["edge.yaml:7:5: unknown key 'pipelines.belt.treshold'; did you mean 'threshold'?"],
            ConfigurationText.Faults(ConfigurationText.Smallest + "    treshold: 0.5"));

    [Theory]
    [InlineData("Belt", "edge.yaml:4:3: pipelines: the name 'Belt'; expected 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit")]
    [InlineData("-belt", "edge.yaml:4:3: pipelines: the name '-belt'; expected 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456", "edge.yaml:4:3: pipelines: the name 'abcdefghijklmnopqrstuvwxyz0123456'; expected 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit")]
    [InlineData("cmd", "edge.yaml:4:3: pipelines: the name 'cmd' is reserved; choose another than status, cmd, update, gap")]
    public void A_pipeline_cannot_have_any_name(string name, string fault)
        => Assert.Equal([fault], ConfigurationText.Faults(ConfigurationText.Smallest.Replace("belt:", name + ":", StringComparison.Ordinal)));

    [Theory]
    [InlineData("part", "edge.yaml:6:12: pipelines.belt.model: there is no model 'part'; did you mean 'parts'?")]
    [InlineData("yolo", "edge.yaml:6:12: pipelines.belt.model: there is no model 'yolo'; models has parts")]
    [InlineData("", "edge.yaml:6:11: pipelines.belt.model: missing; name one of parts")]
    [InlineData("[]", "edge.yaml:6:12: pipelines.belt.model: found an empty list; name at least one model")]
    [InlineData("[parts, parts]", "edge.yaml:6:20: pipelines.belt.model: 'parts' stands here a second time; keep one of them")]
    [InlineData("[parts, prats]", "edge.yaml:6:20: pipelines.belt.model: there is no model 'prats'; did you mean 'parts'?")]
    [InlineData("[parts, [x]]", "edge.yaml:6:20: pipelines.belt.model: found a list; expected the name of a model, or a list of names")]
    [InlineData("{ name: parts }", "edge.yaml:6:12: pipelines.belt.model: found a mapping; expected the name of a model, or a list of names")]
    public void A_model_that_does_not_exist_names_the_nearest(string model, string fault)
        => Assert.Equal([fault], ConfigurationText.Faults(ConfigurationText.Smallest.Replace("model: parts", "model: " + model, StringComparison.Ordinal)));

    [Theory]
    [InlineData("{ managed: .x, path: /m }", 29, ".managed: found '.x'; expected 1 to 64 letters, digits, '.', '-' or '_', beginning with a letter or digit", 39, ".path: a managed model lies in the state folder; write initial: PATH for what it begins with, or remove managed")]
    [InlineData("{ managed: parts, initial: /m }", 11, ".managed: there is no section 'updates', so nothing would ever come; write updates: { repository: URL, root: FILE }, or path instead of managed")]
    [InlineData("{ path: /m, initial: /n }", 39, ".initial: it is what a managed model begins with, and this one is not managed; write path instead, or add managed: NAME")]
    [InlineData("{}", 18, ".path: missing; name a model folder or an .onnx file")]
    [InlineData("/models/parts", 18, ": found '/models/parts'; expected { path: PATH }")]
    public void A_model_needs_a_path(string model, int column, string fault, int secondColumn = 0, string second = "")
    {
        string[] expected = [$"edge.yaml:2:{column}: models.parts{fault}", .. second.Length == 0 ? (string[])[] : [$"edge.yaml:2:{secondColumn}: models.parts{second}"]];
        Assert.Equal(expected, ConfigurationText.Faults(ConfigurationText.Smallest.Replace("{ path: /models/parts }", model, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("{ path: /m, gate: { p95: 80ms } }", ": it is what releases of a managed model must keep to, and this one is not managed; remove it, or write managed: NAME instead of path")]
    [InlineData("{ managed: parts, gate: { p95: 0ms } }", ".p95: found '0ms'; expected a duration such as 250ms, 5s, 2h, from 1ms to 1h")]
    [InlineData("{ managed: parts, gate: { memory: much } }", ".memory: found 'much'; expected a size such as 64MiB, from 1048576 to 1099511627776 bytes")]
    [InlineData("{ managed: parts, gate: { map50: 1.5 } }", ".map50: found '1.5'; expected a number from 0 to 1")]
    [InlineData("{ managed: parts, gate: { p59: 80ms } }", ".p59'; did you mean 'p95'?")]
    public void A_devices_gate_is_read_strictly(string model, string fault)
    {
        string text = ConfigurationText.Smallest.Replace("{ path: /models/parts }", model, StringComparison.Ordinal) + "\nupdates: { repository: https://u.example }\n";
        Assert.EndsWith("models.parts.gate" + fault, Assert.Single(ConfigurationText.Faults(text)), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_pipelines_cannot_share_a_topic()
        => Assert.Equal(["edge.yaml:10:23: pipelines.exit.publish.topic: 'edgeinfer/press-3/belt/prediction' is the topic of pipeline 'belt' already; choose another topic"],
            ConfigurationText.Faults(ConfigurationText.Smallest + """
                  exit:
                    source: { camera: /dev/video1 }
                    model: parts
                    publish: { topic: '{prefix}/{device}/belt/prediction' }
                """));

    [Fact]
    public void Two_pipelines_cannot_share_a_camera()
        => Assert.Equal(["edge.yaml:7:3: pipelines.exit.source.camera: /dev/video0 is the camera of pipeline 'belt' already; a camera serves one pipeline"],
            ConfigurationText.Faults(ConfigurationText.Smallest + "  exit: { source: { camera: /dev/video0 }, model: parts }\n"));
}
