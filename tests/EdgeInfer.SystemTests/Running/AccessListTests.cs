using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>The sample access list under mosquitto: the agent works under it, an operator commands it, another device does not.</summary>
public sealed class AccessListTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_device_works_under_the_sample_list_an_operator_commands_it_and_another_device_cannot()
    {
        string list = Path.Combine(PublishedBinary.Root, "packaging", "mosquitto.acl");
        string passwords = _folder.Write("passwords", "");
        foreach (string user in new[] { "press-3", "press-4", "operator" })
        {
            (int made, string said) = await ChildProcess.Run(Peer.Program("mosquitto_passwd"), "-b", passwords, user, Canary.Password);
            Assert.True(made == 0, said);
        }

        string copy = _folder.Copy(list, "list.acl");
        foreach (string file in new[] { passwords, copy }) File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        string secret = _folder.Write("secret", Canary.Password);
        await using Mosquitto broker = await Mosquitto.Start($"password_file {passwords}\nacl_file {copy}");
        await using ChildProcess listener = ChildProcess.Start(Peer.Program("mosquitto_sub"),
            ["-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-u", "operator", "-P", Canary.Password, "-q", "1", "-v", "-t", "edgeinfer/#"]);
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration(
            broker.Url, "{ synthetic: conveyor, size: 160x120, fps: 20 }", "    fps: max\n    publish: { predictions: every }", $"  username: press-3\n  password: {{ file: {secret} }}"));
        await listener.Line("\"seq\":5,");

        // Another device's user may send what it likes: it is not delivered.
        await Publish(broker, "press-4", "edgeinfer/press-3/cmd/restart", "{\"id\":\"evil\"}");
        await Publish(broker, "press-4", "edgeinfer/press-3/belt/set/enabled", "false");
        await Publish(broker, "operator", "edgeinfer/press-3/cmd/ping", "{\"id\":\"good\"}");
        Assert.Contains("\"id\":\"good\",\"ok\":true", await listener.Line("edgeinfer/press-3/cmd/ping/result"), StringComparison.Ordinal);
        await Publish(broker, "operator", "edgeinfer/press-3/belt/set/threshold", "0.9");
        await listener.Line("\"value\":0.9,\"origin\":\"set\"");
        (int code, string answer) = await ChildProcess.Run(Peer.Program("mosquitto_rr"), "-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-W", "30",
            "-u", "operator", "-P", Canary.Password, "-t", "edgeinfer/press-3/cmd/ping", "-e", "edgeinfer/press-3/answers/desk", "-m", "{\"id\":\"rr\"}");
        Assert.True(code == 0 && answer.Contains("\"id\":\"rr\",\"ok\":true", StringComparison.Ordinal), answer);

        Assert.DoesNotContain("evil", listener.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\"value\":false", listener.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("refuses", agent.Output, StringComparison.Ordinal);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
        await listener.Line("\"state\":\"stopped\"");
        Assert.DoesNotContain("refuses", agent.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task Publish(Mosquitto broker, string user, string topic, string payload)
    {
        // mosquitto_pub ends with an error where the broker says that it is not allowed, and without where it is.
        (_, string output) = await ChildProcess.Run(Peer.Program("mosquitto_pub"),
            "-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-u", user, "-P", Canary.Password, "-t", topic, "-m", payload);
        if (user == "operator") Assert.DoesNotContain("not authori", output, StringComparison.OrdinalIgnoreCase);
    }
}
