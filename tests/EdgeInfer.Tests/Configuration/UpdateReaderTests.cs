using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

public sealed class UpdateReaderTests
{
    [Fact]
    public void Without_the_key_nothing_is_updated()
        => Assert.Null(Read("mqtt: {}", out _));

    [Fact]
    public void What_is_not_written_has_the_documented_defaults()
    {
        UpdateOptions options = Read("updates: { repository: https://updates.example/fleet }", out IReadOnlyList<string> faults)!;
        Assert.Empty(faults);
        Assert.Equal(
            new UpdateOptions { Repository = new("https://updates.example/fleet/"), Poll = TimeSpan.FromHours(6), Spread = TimeSpan.FromMinutes(10) }, options);
    }

    [Fact]
    public void Everything_that_can_be_written_is_read()
    {
        string root = Path.GetTempFileName();
        UpdateOptions options = Read(
            "updates: { repository: https://u.example/a/b/, registry: \"oci://r.example:5000/fleet/models\", root: " + root + ", poll: 5m, spread: 0s, install: approve, window: \"22:30-05:00\", rate: 2MiB/s, username: press, password: secret }",
            out IReadOnlyList<string> faults)!;
        File.Delete(root);
        Assert.Empty(faults);
        Assert.Equal(new UpdateOptions
        {
            Repository = new("https://u.example/a/b/"),
            Registry = "oci://r.example:5000/fleet/models",
            Root = root,
            Poll = TimeSpan.FromMinutes(5),
            Spread = TimeSpan.Zero,
            NeedsApproval = true,
            Window = new(new(22, 30), new(5, 0)),
            RateBytesPerSecond = 2 << 20,
            Username = "press",
            Password = new("secret"),
        }, options);
        Assert.Equal("22:30-05:00", options.Window!.ToString());
    }

    [Theory]
    [InlineData("repository: ftp://u.example", "updates.repository: unknown scheme 'ftp' in 'ftp://u.example'; expected https://HOST/PATH")]
    [InlineData("repository: 'https://u.example/?a=b'", "updates.repository: a repository is a folder: its address has neither ? nor #; expected https://HOST/PATH")]
    [InlineData("repository: https://me:pw@u.example/", "updates.repository: 'https://***@u.example/' holds a user or a password; take them out and write updates.username and updates.password: { file: PATH }")]
    [InlineData("registry: oci://r.example/a", "updates.registry: the signed metadata have no place; add updates.repository")]
    [InlineData("repository: https://u.example, registry: r.example/a", "updates.registry: found 'r.example/a'; expected oci://HOST/REPOSITORY without tag and digest, such as oci://registry.example/fleet/models")]
    [InlineData("repository: https://u.example, registry: oci://r.example", "updates.registry: found 'oci://r.example'; expected oci://HOST/REPOSITORY without tag and digest, such as oci://registry.example/fleet/models")]
    [InlineData("repository: https://u.example, registry: 'oci://r.example/a:tag'", "updates.registry: found 'oci://r.example/a:tag'; expected oci://HOST/REPOSITORY without tag and digest, such as oci://registry.example/fleet/models")]
    [InlineData("certificate: /dev/null", "updates.certificate: a certificate without its key; add updates.key")]
    [InlineData("key: /dev/null", "updates.key: a key without its certificate; add updates.certificate")]
    [InlineData("repository: http://10.0.0.7, certificate: /dev/null, key: /dev/null", "updates.certificate: nothing here is reached over TLS, so this would have no effect; write https:// in updates.repository")]
    [InlineData("repository: https://u.example, certificate: /dev/null, key: /dev/null", "updates.key: the file /dev/null is empty; write a private key in PEM into it")]
    [InlineData("root: /nothing/root.json", "updates.root: there is no file /nothing/root.json; copy the fleet's root.json here, or run 'edgeinfer enroll'")]
    [InlineData("poll: 10s", "updates.poll: found '10s'; expected a duration such as 250ms, 5s, 2h, from 1m to 7d")]
    [InlineData("spread: 2d", "updates.spread: found '2d'; expected a duration such as 250ms, 5s, 2h, from 0ms to 1d")]
    [InlineData("install: always", "updates.install: found 'always'; expected one of auto, approve")]
    [InlineData("window: '02:00'", "updates.window: found '02:00'; expected two times of the day such as \"02:00-05:00\"")]
    [InlineData("window: '2:00-5:00'", "updates.window: found '2:00-5:00'; expected two times of the day such as \"02:00-05:00\"")]
    [InlineData("window: '02:00-02:00'", "updates.window: found '02:00-02:00'; expected two times of the day such as \"02:00-05:00\"")]
    [InlineData("window: '24:00-05:00'", "updates.window: found '24:00-05:00'; expected two times of the day such as \"02:00-05:00\"")]
    [InlineData("rate: 2MiB", "updates.rate: found '2MiB'; expected a size a second such as 2MiB/s, at least 1KiB/s")]
    [InlineData("rate: 10/s", "updates.rate: found '10/s'; expected a size a second such as 2MiB/s, at least 1KiB/s")]
    [InlineData("password: secret", "updates.password: there is no user name; add updates.username")]
    [InlineData("instal: auto", "unknown key 'updates.instal'; did you mean 'install'?")]
    public void What_is_wrong_is_said_with_its_key_and_its_cure(string yaml, string fault)
    {
        Read($"updates: {{ {yaml} }}", out IReadOnlyList<string> faults);
        Assert.Contains(fault, faults.Select(static f => f[(f.IndexOf(": ", StringComparison.Ordinal) + 2)..]));
    }

    [Theory]
    [InlineData("oci://r.example:5000/fleet/models")]
    [InlineData("https://127.0.0.1:5000/fleet/models")]
    [InlineData("http://192.168.1.20:5000/fleet/models")]
    public void A_registry_is_written_in_one_of_three_ways(string written)
    {
        UpdateOptions options = Read($"updates: {{ repository: https://u.example, registry: \"{written}\" }}", out IReadOnlyList<string> faults)!;
        Assert.Equal((0, written), (faults.Count, options.Registry));
    }

    [Fact]
    public void A_certificate_with_its_key_is_read_where_a_registry_alone_has_TLS_too()
    {
        using Messaging.TestCertificates plant = new("plant authority");
        plant.Client().Dispose();
        UpdateOptions options = Read(
            $"updates: {{ repository: http://10.0.0.7, registry: oci://r.example/a, certificate: {plant["client.pem"]}, key: {plant["client.key"]} }}", out IReadOnlyList<string> faults)!;
        Assert.Empty(faults);
        Assert.Equal((plant["client.pem"], plant["client.key"]), (options.Certificate, options.Key));
    }

    [Theory]
    [InlineData("02:00-05:00", "02:00", true)]
    [InlineData("02:00-05:00", "04:59", true)]
    [InlineData("02:00-05:00", "05:00", false)]
    [InlineData("02:00-05:00", "01:59", false)]
    [InlineData("22:30-05:00", "23:59", true)]
    [InlineData("22:30-05:00", "00:00", true)]
    [InlineData("22:30-05:00", "05:00", false)]
    [InlineData("22:30-05:00", "22:29", false)]
    public void A_window_holds_its_first_minute_and_not_its_last_over_midnight_too(string window, string time, bool isOpen)
    {
        UpdateOptions options = Read($"updates: {{ window: \"{window}\" }}", out _)!;
        Assert.Equal(isOpen, options.Window!.Holds(TimeOnly.ParseExact(time, "HH:mm")));
    }

    [Fact]
    public void A_managed_model_has_the_gate_of_this_device()
    {
        const string Updates = "\nupdates: { repository: https://u.example }\n";
        string Text(string gate) => ConfigurationText.Smallest.Replace("{ path: /models/parts }", $"{{ managed: parts{gate} }}", StringComparison.Ordinal) + Updates;
        Assert.Equal(new GateOptions(), ConfigurationText.Good(Text("")).Models["parts"].Gate);
        Assert.Equal(
            new GateOptions { P95 = TimeSpan.FromMilliseconds(80), MemoryBytes = 300 << 20, Map50 = 0.85 },
            ConfigurationText.Good(Text(", gate: { p95: 80ms, memory: 300MiB, map50: 0.85 }")).Models["parts"].Gate);
    }

    private static UpdateOptions? Read(string yaml, out IReadOnlyList<string> faults)
    {
        FaultList found = new();
        YamlMapping root = (YamlMapping)YamlTree.Parse(yaml, "edge.yaml", found)!;
        ReadingContext context = new("edge.yaml", "/", new Dictionary<string, string>(), HostIdentity.OfThisMachine(), found);
        UpdateOptions? options = new UpdateReader(context).Read(new(root, "", found));
        faults = [.. found.Faults.Select(static f => f.ToString())];
        return options;
    }
}
