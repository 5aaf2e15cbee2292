using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Reliability;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>What docs/updates.md tells its readers to type is typed, with their addresses, digest and passphrases in the place of the document's.</summary>
[Collection(Alone.Name)]
public sealed partial class GuideTests
{
    private const string Guide = "updates.md";

    [Fact]
    public async Task The_ten_minutes_lead_from_a_plain_onnx_file_to_a_committed_release_on_another_machine()
    {
        await using Fleet fleet = await Fleet.WithBroker();
        fleet.Folder.Copy(Path.Combine(PartsModel.Bundled, "model.onnx"), "best.onnx");
        fleet.Folder.Copy(PartsModel.FloatParent, "parts-float.onnx");
        foreach (string picture in PartsModel.Pictures) fleet.Folder.Copy(picture, Path.Combine("samples", Path.GetFileName(picture)));
        await fleet.StartAgent(null, "models: { parts: { path: parts-detector } }");
        Shell shell = new(fleet);
        shell.Replace("192.168.1.10:8099", fleet.Authority);
        shell.Replace("0.0.0.0:8099", fleet.Authority);

        Stopwatch taken = Stopwatch.StartNew();
        string configuration = "", said = "";
        int commands = 0;
        foreach (DocumentBlock block in Document.Blocks(Guide, "## Ten minutes"))
        {
            // A device that has just started asks within half a minute, a different one each time.
            if (block.Language == "yaml") configuration = shell.Own(string.Join('\n', block.Lines)).Replace("\" }", "\", spread: 0s }", StringComparison.Ordinal);
            // What is printed there is printed here, as far as it is not another release's; the trial begins about then.
            if (block.Language.Length == 0) Assert.StartsWith(block.Lines[0][..(block.Lines[0].IndexOf("serves ", StringComparison.Ordinal) + 7)], said, StringComparison.Ordinal);
            if (block.Language != "sh") continue;
            foreach (string line in block.Lines)
            {
                said = await Type(fleet, shell, line, configuration);
                commands++;
                if (Digest().Match(said) is { Success: true } digest) shell.Replace("00677105…", digest.Groups[1].Value);
            }
        }

        JsonElement served = await fleet.UntilState(1);
        taken.Stop();
        Assert.Equal(("committed", null), Fleet.Outcome(served));
        Assert.Contains("release 1 (0): committed since ", await shell.Run("edgeinfer update status"), StringComparison.Ordinal);
        await fleet.Results.Line("\"name\":\"best\",\"version\":\"0\"");
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{commands} commands and a trial of 3 s: {taken.Elapsed.TotalSeconds:0.0} s"));
    }

    [Fact]
    public async Task The_drill_ends_what_somebody_does_who_has_stolen_the_key_ci()
    {
        await using Fleet fleet = await Fleet.Enrolled();
        Directory.CreateDirectory(fleet.Folder["stick"]);
        File.Move(Path.Combine(fleet.Publisher.Folder, "keys", "root.pem"), fleet.Folder["stick/root.pem"]);
        await fleet.Publisher.Publish(PartsModel.Write(fleet.Folder, "1.0.1"), 1);
        // Two frames a second: far from the hundred results with which one release's times would be held against the next one's.
        await fleet.StartAgent("3/1s", fps: 2);
        Assert.Equal(("committed", null), Fleet.Outcome(await fleet.UntilState(1)));

        // He publishes a release of his own, at the fleet's address, and devices cannot know better.
        Publisher thief = fleet.Publisher.Stolen(fleet.Folder["thief"]);
        await thief.Publish(PartsModel.Write(fleet.Folder, "6.6.6"), 7);
        await fleet.Serve(thief);
        await fleet.Hint();
        Assert.Equal(("committed", null), Fleet.Outcome(await fleet.UntilState(7)));

        // The address is the owner's again; the release is made of models/parts there.
        await fleet.Serve(fleet.Publisher);
        Directory.CreateDirectory(fleet.Folder["models"]);
        Directory.Move(PartsModel.Write(fleet.Folder, "1.0.2"), fleet.Folder["models/parts"]);
        Shell shell = new(fleet);
        shell.Replace("/media/stick/keys", fleet.Folder["stick"]);
        bool isRefused = false;
        foreach (string line in Assert.Single(Document.Blocks(Guide, "## Drill: the key `ci` is stolen")).Lines)
        {
            string said = await shell.Run(line);
            if (line.Contains(" rotate ", StringComparison.Ordinal))
            {
                isRefused = true;
                await AssertThiefIsRefused(fleet, thief);
            }
            else if (line.Contains(" status", StringComparison.Ordinal))
            {
                Assert.Matches(@"timestamp .* signed by ci-2", said);
            }
        }

        Assert.True(isRefused, "the drill rotates no key");
        await fleet.Hint();
        JsonElement served = await fleet.UntilState(8);
        Assert.Equal(("committed", null), Fleet.Outcome(served));
        Assert.Equal("1.0.2", served.GetProperty("active").GetProperty("version").GetString());

        // Not even by hand.
        (int code, string why) = await AgentProcess.Run("model", "rollback", "parts", "--socket", fleet.Socket);
        Assert.True(code != 0, why);
        Assert.Contains("taken back by its publisher, as all below 8", why, StringComparison.Ordinal);
        await fleet.StopAgent();
    }

    // The device looks once at what the owner has signed. Then the thief has the line again, and serves the owner's new root too, to be found out late.
    private static async Task AssertThiefIsRefused(Fleet fleet, Publisher thief)
    {
        await fleet.Hint();
        await Sample.Until(() => File.ReadAllText(Path.Combine(fleet.State, "tuf", "root.json")).Contains("\"version\":2", StringComparison.Ordinal), "the owner's next root", ChildProcess.Patience);
        File.Copy(Path.Combine(fleet.Publisher.Repository, "metadata", "2.root.json"), Path.Combine(thief.Repository, "metadata", "2.root.json"));
        await fleet.Serve(thief);
        await fleet.Hint();
        // Whoever asks just as one server takes the other's place finds nobody: that is 'network', and passes.
        JsonElement refused = await fleet.Until(static r => r.TryGetProperty("repository_code", out JsonElement code) && code.GetString() != "network");
        // Sound signatures, but by a key that does not count any more.
        Assert.Equal("threshold", refused.GetProperty("repository_code").GetString());
        Assert.Contains("0 of 1 signatures that the role timestamp needs are valid", refused.GetProperty("repository").GetString(), StringComparison.Ordinal);
        Assert.Equal(7, Fleet.SeqOf(refused, "active"));
        await fleet.Serve(fleet.Publisher);
    }

    private static async Task<string> Type(Fleet fleet, Shell shell, string line, string configuration)
    {
        if (line == "sudo systemctl stop edgeinfer")
        {
            await fleet.StopAgent();
            return "";
        }

        if (line == "sudo systemctl start edgeinfer")
        {
            await fleet.StartAgent("10/3s", configuration, fps: 5);
            return "";
        }

        if (!line.StartsWith("edgeinfer release serve ", StringComparison.Ordinal)) return await shell.Run(line);
        ChildProcess server = shell.Start("exec " + line);
        fleet.TakeServer(server);
        return await server.Line("serving ");
    }

    [GeneratedRegex(@"^root\.json sha256  ([0-9a-f]{64})$", RegexOptions.Multiline)]
    private static partial Regex Digest();
}
