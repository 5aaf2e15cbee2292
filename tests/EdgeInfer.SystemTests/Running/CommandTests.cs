using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>Commands to the published agent, sent by mosquitto's own clients.</summary>
public sealed class CommandTests : IDisposable
{
    private const string Root = "edgeinfer/press-3";
    private readonly TestFolder _folder = new();

    private string Configuration(Mosquitto broker, string threshold = "0.4") => _folder.Configuration(
        broker.Url, "{ synthetic: conveyor, size: 320x240, fps: 20, rotate: 90 }", $"    fps: max\n    threshold: {threshold}\n    record: {{ frames: 10 }}\n    publish: {{ predictions: every }}");

    [Fact]
    public async Task Ping_doctor_reload_snapshot_and_capture_are_answered_at_the_response_topic()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker));
        await listener.Line("/belt/prediction {");

        JsonElement ping = await Ask(broker, "ping", """{"id":"a7"}""");
        Assert.Equal(("ping", "a7", true), (ping.GetProperty("op").GetString(), ping.GetProperty("id").GetString(), ping.GetProperty("ok").GetBoolean()));
        Assert.Equal((1, "running"), (ping.GetProperty("ping").GetProperty("boot").GetInt32(), ping.GetProperty("ping").GetProperty("pipelines").GetProperty("belt").GetString()));

        JsonElement snapshot = (await Ask(broker, "snapshot", """{"pipeline":"belt"}""")).GetProperty("snapshot");
        Assert.Equal((240, 320), (snapshot.GetProperty("width").GetInt32(), snapshot.GetProperty("height").GetInt32()));
        byte[] jpeg = snapshot.GetProperty("jpeg").GetBytesFromBase64();
        Assert.Equal((240, 320), JpegSize(jpeg));
        DateTimeOffset captured = snapshot.GetProperty("captured_at").GetDateTimeOffset();
        Assert.InRange(captured, TimeProvider.System.GetUtcNow().AddSeconds(-30), TimeProvider.System.GetUtcNow());

        JsonElement capture = (await Ask(broker, "capture", """{"pipeline":"belt"}""")).GetProperty("capture");
        string path = capture.GetProperty("path").GetString()!;
        byte[] archive = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        Assert.StartsWith(_folder["state/captures/belt-"], path, StringComparison.Ordinal);
        Assert.Equal((archive.Length, Convert.ToHexStringLower(SHA256.HashData(archive))), (capture.GetProperty("bytes").GetInt32(), capture.GetProperty("sha256").GetString()));
        (int code, string replayed) = await AgentProcess.Run("replay", path);
        Assert.True(code == 0, replayed);

        Configuration(broker, "0.5");
        JsonElement reload = (await Ask(broker, "reload", "")).GetProperty("reload");
        Assert.Equal("belt", Assert.Single(reload.GetProperty("restarted").EnumerateArray()).GetString());
        Configuration(broker, "seven");
        JsonElement refused = await Ask(broker, "reload", "");
        Assert.Contains("threshold", refused.GetProperty("error").GetProperty("what").GetString()!, StringComparison.Ordinal);

        JsonElement doctor = await Ask(broker, "doctor", "");
        Assert.Equal("edgeinfer/doctor/1", doctor.GetProperty("doctor").GetProperty("schema").GetString());
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Without_a_response_topic_the_answer_is_at_the_result_topic_and_a_dangerous_one_is_not_used()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        await using ChildProcess other = broker.Subscribe("edgeinfer/press-4/#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker));
        await listener.Line("/belt/prediction {");
        await Publish(broker, "cmd/ping", """{"id":"one"}""");
        Assert.Contains("\"ok\":true", await listener.Line($"{Root}/cmd/ping/result "), StringComparison.Ordinal);
        await Publish(broker, "cmd/ping", """{"id":"two"}""", "-D", "publish", "response-topic", "edgeinfer/press-4/cmd/restart");
        string line = await listener.Line("\"id\":\"two\"");
        Assert.StartsWith($"{Root}/cmd/ping", line, StringComparison.Ordinal);
        Assert.Contains("\"response_topic\":{\"refused\":\"edgeinfer/press-4/cmd/restart\"", await listener.Line("\"response_topic\""), StringComparison.Ordinal);
        await Publish(broker, "cmd/pingg", """{"id":"three"}""");
        Assert.Contains("did you mean 'ping'?", await listener.Line($"{Root}/cmd/pingg/result "), StringComparison.Ordinal);
        await Publish(broker, "cmd/ping", """{"id":"four","expires_at":"2020-01-01T00:00:00Z"}""");
        string expired = await listener.Line("\"id\":\"four\",\"ok\":false");
        Assert.True(expired.Contains("it expired at 2020", StringComparison.Ordinal) || expired.Contains("cannot be judged", StringComparison.Ordinal), expired);
        Assert.DoesNotContain("press-4/cmd", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_broker_keeps_is_not_obeyed_neither_at_the_start_nor_later()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await Publish(broker, "cmd/restart", """{"id":"old"}""", "-r");
        await Publish(broker, "belt/set/enabled", "false", "-r");
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker));
        await listener.Line("/belt/prediction {");
        await Publish(broker, "cmd/restart", """{"id":"new"}""", "-r");
        await agent.Line("cmd/restart': a retained message is ignored");
        JsonElement ping = await Ask(broker, "ping", "");
        Assert.Equal((1, "running"), (ping.GetProperty("ping").GetProperty("boot").GetInt32(), ping.GetProperty("ping").GetProperty("pipelines").GetProperty("belt").GetString()));
        Assert.DoesNotContain("cmd/restart/result", listener.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_goes_on_as_the_same_process_is_ready_for_systemd_again_and_its_repeat_does_nothing()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        using ServiceManager systemd = new(_folder["notify"]);
        await using ChildProcess agent = ChildProcess.Start(
            PublishedBinary.Path, ["run", "-c", Configuration(broker)], new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _folder["notify"], ["SHOWN"] = "kept" });
        await systemd.Hears("READY=1");
        await listener.Line("\"boot\":1,");
        string[] arguments = await CommandLine(agent.Id);

        await Publish(broker, "cmd/restart", """{"id":"r1"}""");
        string answer = await listener.Line($"{Root}/cmd/restart/result ");
        Assert.Contains("\"id\":\"r1\",\"ok\":true,\"restart\":{\"boot\":1}", answer, StringComparison.Ordinal);
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+\n", await systemd.Hears("RELOADING=1"));
        await systemd.Hears("READY=1");
        await listener.Line("\"state\":\"stopped\"");
        await listener.Line("prediction/1\",\"id\":");
        await listener.Line("\"boot\":2,\"seq\":");
        Assert.False(agent.HasExited);
        Assert.Equal(arguments, await CommandLine(agent.Id));
        Assert.Contains("SHOWN=kept", await File.ReadAllTextAsync($"/proc/{agent.Id}/environ", TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // The same command once more, as a broker may deliver it: answered, not done.
        await Publish(broker, "cmd/restart", """{"id":"r1"}""");
        await agent.Line("came again and is answered from record");
        JsonElement ping = await Ask(broker, "ping", "");
        Assert.Equal(2, ping.GetProperty("ping").GetProperty("boot").GetInt32());
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
        await systemd.Hears("STOPPING=1");
    }

    [Fact]
    public async Task Ten_restarts_leave_no_descriptor_behind()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker));
        await listener.Line("\"boot\":1,\"seq\":20,");
        int before = Directory.GetFileSystemEntries($"/proc/{agent.Id}/fd").Length;
        for (int boot = 2; boot <= 11; boot++)
        {
            await Publish(broker, "cmd/restart", "");
            await listener.Line(string.Create(CultureInfo.InvariantCulture, $"\"boot\":{boot},\"seq\":20,"));
        }

        Assert.InRange(Directory.GetFileSystemEntries($"/proc/{agent.Id}/fd").Length, 1, before + 1);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<string[]> CommandLine(int process) => (await File.ReadAllTextAsync($"/proc/{process}/cmdline")).Split('\0');

    private static async Task<JsonElement> Ask(Mosquitto broker, string op, string payload)
    {
        (int code, string output) = await ChildProcess.Run(Peer.Program("mosquitto_rr"),
            "-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-W", "100", "-t", $"{Root}/cmd/{op}", "-e", $"{Root}/answers/{op}", "-m", payload);
        Assert.True(code == 0, output);
        return AgentProcess.Payload(output);
    }

    private static async Task Publish(Mosquitto broker, string topic, string payload, params string[] more)
    {
        (int code, string output) = await ChildProcess.Run(
            Peer.Program("mosquitto_pub"), ["-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-t", $"{Root}/{topic}", "-m", payload, .. more]);
        Assert.True(code == 0, output);
    }

    /// <summary>Width and height of the frame header (SOF0 to SOF2) of a JPEG: ITU-T T.81, B.2.2.</summary>
    private static (int Width, int Height) JpegSize(byte[] jpeg)
    {
        for (int at = 2; at + 9 < jpeg.Length; at += 2 + (jpeg[at + 2] << 8 | jpeg[at + 3]))
            if (jpeg[at + 1] is >= 0xC0 and <= 0xC2) return (jpeg[at + 7] << 8 | jpeg[at + 8], jpeg[at + 5] << 8 | jpeg[at + 6]);
        return (0, 0);
    }
}
