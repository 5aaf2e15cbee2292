using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>
/// The published program as publisher of a fleet that consists of retained messages at a mosquitto. Of press-0 to press-9 the rules choose by the first four bytes
/// of SHA-256("7f350eb9671f5bff/press-N") mod 10000 (worked out with Python's hashlib): 2 (1398) for 20 %, also 7 (3316) and 9 (4150) for 50 %.
/// </summary>
[Collection(Alone.Name)]
public sealed class FleetTests : IAsyncLifetime
{
    private static readonly string s_zeros = new('0', 64);

    private readonly TestFolder _folder = new();
    private Mosquitto? _broker;
    private ChildProcess? _rollout;
    private ChildProcess? _hints;
    private string _manifest = "";

    private string ReleaseFolder => _folder["release"];

    public async ValueTask InitializeAsync()
    {
        _broker = await Mosquitto.Start();
        _folder.Write("passphrase", "correct horse battery staple");
        await Release("init", "--passphrase-file", _folder["passphrase"]);
        await Release("pack", TestFolder.BundledModel, "--name", "parts");
        await Release("publish", "--passphrase-file", _folder["passphrase"]);
        JsonElement status = JsonDocument.Parse(await Release("status", "--json")).RootElement;
        _manifest = status.GetProperty("releases")[0].GetProperty("sha256").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? process in new[] { _rollout, _hints })
            if (process is not null) await process.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task One_failed_of_three_halts_the_rollout_and_the_fleet_is_counted()
    {
        foreach (int device in (int[])[1, 2, 7, 9]) await Say(device, "online", "");
        _hints = _broker!.Subscribe("edgeinfer/_fleet/update/desired");
        _rollout = Roll("50,100", "10m");
        await _rollout.Line("parts 1: wave 1 of 2 (50 %) signed: 3 of 4 devices");
        Assert.EndsWith("""{"model":"parts","serial":2}""", await _hints.Line("_fleet"), StringComparison.Ordinal);
        await Say(7, "online", Active);
        await Say(2, "offline", """,{"state":"trial","manifest":"M"}""");
        await Say(9, "online", """,{"state":"failed","manifest":"M","code":"golden","reason":"frame 3: a box is missing"}""");
        Assert.Equal(1, await _rollout.Exit(ChildProcess.Patience));
        const string End = "parts 1: HALTED at 50 %: 1 of 3 committed, 1 failed (press-9 golden), 1 silent (press-2); more than 2 % failed; no device begins anything until 'edgeinfer release rollout parts --resume', or --to SEQ for everybody";
        Assert.Equal(End, _rollout.Output.Split('\n')[^1]);
        Assert.Contains("rollout parts  everybody: no change", await Release("status"), StringComparison.Ordinal);

        string table = await Release("status", "--broker", _broker.Url);
        Assert.Equal(
            """
            model  release  devices  committed  trial  waiting  failed  rolled back  other  silent
            parts  1              3          1      0        0       1            0      0       1
            parts  -              1          0      0        0       0            0      1       0
            parts: held, no device begins anything
            parts 1: failed golden: press-9
            parts 1: silent: press-2
            """,
            table);
        JsonElement release = JsonDocument.Parse(await Release("status", "--broker", _broker.Url, "--json")).RootElement.GetProperty("models")[0].GetProperty("releases")[0];
        Assert.Equal("""{"device":"press-9","state":"failed","code":"golden","reason":"frame 3: a box is missing","serves":0}""", Compact(release.GetProperty("open")[1]));
    }

    [Fact]
    public async Task A_rollout_goes_through_all_its_waves_though_it_is_killed_in_the_first()
    {
        for (int device = 0; device < 4; device++) await Say(device, device == 1 ? "offline" : "online", "");
        _rollout = Roll("20,100", "2s");
        await _rollout.Line("parts 1: wave 1 of 2 (20 %) signed: 1 of 4 devices");
        _rollout.Signal(9);
        await _rollout.Exit(ChildProcess.Patience);
        await _rollout.DisposeAsync();

        // One that has committed is enough for a soak that is over, though another is still on its way.
        await Say(0, "online", Active);
        await Say(2, "online", Active);
        _rollout = Roll("20,100", "2s", "--then", $"cp {ReleaseFolder}/repository/metadata/timestamp.json {_folder.Path}/carried-$(ls {_folder.Path} | wc -l)");
        Assert.Equal(0, await _rollout.Exit(ChildProcess.Patience));
        Assert.Equal(
            [
                "parts 1: wave 1 of 2 (20 %) goes on: 1 of 4 devices",
                "parts 1: wave 1 of 2 (20 %) is good enough: 1 of 1 committed",
                "parts 1: wave 2 of 2 (100 %) signed: 4 of 4 devices",
                "parts 1: wave 2 of 2 (100 %): 2 of 4 committed, 1 not yet, 1 silent (press-1)",
                "parts 1: done at 100 %: 2 of 4 committed, 1 not yet, 1 silent (press-1)",
            ],
            _rollout.Output.Split('\n'));
        string[] carried = Directory.GetFiles(_folder.Path, "carried-*");
        Assert.Equal(2, carried.Length);
        Assert.Contains("rollout parts  100 %: models/parts/1", await Release("status"), StringComparison.Ordinal);
    }

    private string Active => $$""","active":{"seq":1,"manifest":"{{_manifest}}"}""";

    private ChildProcess Roll(string waves, string soak, params string[] more) => AgentProcess.Start(
        ["release", "rollout", "parts", "--to", "1", "--waves", waves, "--soak", soak, "--max-failed", "2%", "--broker", _broker!.Url, "--dir", ReleaseFolder, "--passphrase-file", _folder["passphrase"], .. more]);

    // Behind a comma stands a job, or what serves.
    private async Task Say(int device, string state, string more)
    {
        string active = more.Contains("\"active\"", StringComparison.Ordinal) ? "" : $$""","active":{"seq":0,"manifest":"{{s_zeros}}"}""";
        if (more.StartsWith(",{", StringComparison.Ordinal)) more = ",\"job\":" + more[1..].Replace("\"M\"", $"\"{_manifest}\"", StringComparison.Ordinal);
        await Retain($"edgeinfer/press-{device}/status", $$"""{"schema":"edgeinfer/status/1","state":"{{state}}"}""");
        await Retain($"edgeinfer/press-{device}/update/status/parts", $$$"""{"schema":"edgeinfer/update/1","device":"press-{{{device}}}","model":"parts"{{{active}}}{{{more}}}}""");
    }

    private async Task Retain(string topic, string payload)
    {
        (int code, string output) = await ChildProcess.Run(Peer.Program("mosquitto_pub"), "-h", "127.0.0.1", "-p", $"{_broker!.Port}", "-V", "5", "-q", "1", "-r", "-t", topic, "-m", payload);
        Assert.True(code == 0, output);
    }

    private async Task<string> Release(params string[] arguments)
    {
        (int code, string said) = await AgentProcess.Run(["release", .. arguments, "--dir", ReleaseFolder]);
        Assert.True(code == 0, said);
        return said;
    }

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);
}
