using System.Globalization;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Messaging;

/// <summary>The bridge and the access list of packaging/, between two mosquitto with TLS: the site oslo, and the centre.</summary>
public sealed class BridgeTests : IDisposable
{
    private const string Prefix = "oslo/edgeinfer/press-3";

    private readonly TestFolder _folder = new();
    private readonly TestCertificates _plant = new("Plant CA");

    public BridgeTests() => _plant.Server().Dispose();

    public void Dispose()
    {
        _plant.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_a_site_publishes_while_the_centre_is_away_arrives_there_in_order_once_it_is_back()
    {
        await using Mosquitto centre = await Centre();
        await using Mosquitto site = await Site(centre.Port);
        await using ChildProcess consumer = Listen(centre, "+/edgeinfer/+/+/prediction", "-c", "-i", "consumer");
        await using ChildProcess local = site.Subscribe("edgeinfer/+/+/prediction");
        await using ChildProcess agent = Agent(site);
        await consumer.Line(Prefix + "/belt/prediction ");

        await centre.Stop();
        int before = Sequence(local).Length;
        await local.Lines("/prediction ", before + 20);
        await centre.Restart();
        await consumer.Lines("/prediction ", before + 21);
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));

        // All that the site's own subscriber has seen, from the first to the last, and some of it twice at most.
        int last = Sequence(local)[^1];
        await consumer.Line(string.Create(CultureInfo.InvariantCulture, $"\"seq\":{last},"));
        Assert.Equal(Enumerable.Range(1, last), Sequence(consumer).Distinct());
    }

    [Fact]
    public async Task Status_is_retained_at_the_centre_and_a_command_from_there_goes_down_once_and_is_answered()
    {
        await using Mosquitto centre = await Centre();
        await using Mosquitto site = await Site(centre.Port);
        await using ChildProcess answers = Listen(centre, "oslo/edgeinfer/+/cmd/#");
        await using ChildProcess commands = site.Subscribe("edgeinfer/+/cmd/+");
        await using (ChildProcess agent = Agent(site))
        {
            await using ChildProcess state = Listen(centre, "+/edgeinfer/+/status");
            await agent.Line("runs as press-3");
            await state.Line("\"state\":\"online\"");
            await Publish(centre, "operator", Prefix + "/cmd/ping", """{"id":"a7"}""");
            JsonElement answer = AgentProcess.Payload(await answers.Line(Prefix + "/cmd/ping/result"));
            Assert.True(answer.GetProperty("ok").GetBoolean(), answer.ToString());
            Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
        }

        // Somebody who comes later: what the centre itself has kept.
        await using ChildProcess late = Listen(centre, "oslo/#");
        await late.Line("oslo/connected 1");
        Assert.Contains("\"state\":\"stopped\"", await late.Line(Prefix + "/status "), StringComparison.Ordinal);
        await site.Kill();
        await late.Line("oslo/connected 0");
        Assert.Single(commands.Output.Split('\n'), static l => l.StartsWith("edgeinfer/press-3/cmd/ping ", StringComparison.Ordinal));
        Assert.Single(answers.Output.Split('\n'), static l => l.StartsWith(Prefix + "/cmd/ping ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_site_cannot_write_below_another_sites_name()
    {
        await using Mosquitto centre = await Centre();
        await using ChildProcess listener = Listen(centre, "+/edgeinfer/#");
        await Publish(centre, "oslo", "bergen/edgeinfer/press-3/belt/prediction", "forged");
        await Publish(centre, "operator", Prefix + "/belt/prediction", "forged");
        await Publish(centre, "oslo", Prefix + "/belt/prediction", "own");
        await listener.Line(" own");
        Assert.DoesNotContain("forged", listener.Output, StringComparison.Ordinal);
    }

    private static string Root => Path.Combine(PublishedBinary.Root, "packaging");

    private static string UserRoot => Environment.IsPrivilegedProcess ? "user root\n" : "";

    private async Task<Mosquitto> Centre()
    {
        string passwords = _folder["passwords"];
        foreach (string user in (string[])["oslo", "operator"])
        {
            string[] create = File.Exists(passwords) ? [] : ["-c"];
            (int code, string output) = await ChildProcess.Run(Peer.Program("mosquitto_passwd"), [.. create, "-b", passwords, user, Canary.Password]);
            Assert.True(code == 0, output);
        }

        return await SecuredMosquitto.Start(
            _plant, $"password_file {passwords}\nacl_file {Path.Combine(Root, "mosquitto-centre.acl")}\npersistence true\npersistence_location {{folder}}/");
    }

    // The file as it ships, with what it says is to be changed, and quicker where a test would wait.
    private Task<Mosquitto> Site(int centre)
    {
        string text = File.ReadAllText(Path.Combine(Root, "mosquitto-bridge.conf"));
        foreach ((string from, string to) in (ReadOnlySpan<(string, string)>)
        [
            ("centre.example:8883", $"127.0.0.1:{centre}"), ("/etc/mosquitto/ca.pem", _plant.AuthorityFile), ("change-me", Canary.Password),
            ("/var/lib/mosquitto/", "{folder}/"), ("restart_timeout 5 60", "restart_timeout 1 2"),
        ])
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return Mosquitto.Start(UserRoot + text);
    }

    private ChildProcess Agent(Mosquitto site)
        => AgentProcess.Start("run", "-c", _folder.Configuration(site.Url, "{ synthetic: conveyor, size: 320x240, fps: 10 }", "    fps: 10\n    publish: { predictions: every }"));

    private ChildProcess Listen(Mosquitto centre, string topic, params string[] session) => ChildProcess.Start(
        Peer.Program("mosquitto_sub"), [.. As(centre, "operator"), "-q", "1", "-v", "-t", topic, .. session]);

    private async Task Publish(Mosquitto centre, string user, string topic, string payload)
    {
        (int code, string output) = await ChildProcess.Run(Peer.Program("mosquitto_pub"), [.. As(centre, user), "-q", "1", "-t", topic, "-m", payload]);
        Assert.True(code == 0 || payload == "forged", output);
    }

    private string[] As(Mosquitto centre, string user)
        => ["-V", "5", "-h", "127.0.0.1", "-p", $"{centre.Port}", "--cafile", _plant.AuthorityFile, "-u", user, "-P", Canary.Password];

    private static int[] Sequence(ChildProcess subscriber) => [.. subscriber.Output.Split('\n').Where(static l => l.Contains("/prediction ", StringComparison.Ordinal))
        .Select(static l => AgentProcess.Payload(l).GetProperty("seq").GetInt32())];
}
