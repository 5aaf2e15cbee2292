using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;
using EdgeInfer.Tests.Models;
using EdgeInfer.Trust;

namespace EdgeInfer.Tests.Releasing;

/// <summary>Who gets which release, as rules follow each other.</summary>
public sealed class RolloutTests : IDisposable
{
    private readonly ReleaseRig _rig = new();

    public RolloutTests()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().FloatConstant("w", 1).FloatConstant("s", 1), "input: { kernel: bilinear }\n");
        foreach (PackOptions options in (PackOptions[])[new(box.Folder, "parts"), new(box.Folder, "parts"), new(box.Folder, "parts") { Variant = "arm64" }])
            _rig.Do(desk => ReleasePack.Run(desk, options));
        _rig.Do(ReleasePublish.Run);
    }

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData("a b")]
    [InlineData("")]
    public void What_can_be_no_id_of_a_device_is_refused_by_the_name_of_its_option(string device)
    {
        FaultException refused = Assert.Throws<FaultException>(() => Roll(new("parts") { To = "1", Devices = ["press-3", device] }));
        Assert.Equal($"--device: '{device}' is no id of a device; an id is 1 to 64 of A-Z, a-z, 0-9, _ and -", refused.Fault.ToString());
        Assert.Equal(FaultKind.Usage, refused.Fault.Kind);
    }

    [Fact]
    public void A_label_with_a_control_character_is_refused_by_the_name_of_its_option()
    {
        FaultException refused = Assert.Throws<FaultException>(() => Roll(new("parts") { To = "1", Labels = new Dictionary<string, string> { ["site"] = "os\u0007lo" } }));
        Assert.Equal("--label", refused.Fault.Where);
        Assert.Equal(FaultKind.Usage, refused.Fault.Kind);
    }

    [Fact]
    public void The_rest_of_the_fleet_keeps_what_it_has()
    {
        Roll(new("parts") { To = "1" });
        Assert.Equal(["20 %: models/parts/2", "everybody: models/parts/1"], Roll(new("parts") { To = "2", Percent = 20 }));
        Assert.Equal(["site=oslo: models/parts/2", "20 %: models/parts/2", "everybody: models/parts/1"], Roll(new("parts") { To = "2", Labels = new Dictionary<string, string> { ["site"] = "oslo" } }));
        Assert.Equal(["press-3, press-4: models/parts/1", "site=oslo: models/parts/2", "20 %: models/parts/2", "everybody: models/parts/1", TooLate(2)], Roll(new("parts") { To = "1", Devices = ["press-3", "press-4", "press-3"] }));

        // The same devices, and a larger share: the new rule takes the old one's place.
        Assert.Equal(
            ["press-3, press-4: models/parts/3-arm64, no return", "site=oslo: models/parts/2", "20 %: models/parts/2", "everybody: models/parts/1"],
            Roll(new("parts") { To = "3-arm64", Devices = ["press-4", "press-3"], IsHard = true }).Select(r => r.Replace("press-4, press-3", "press-3, press-4", StringComparison.Ordinal)));
        Assert.Equal("50 %: models/parts/2", Roll(new("parts") { To = "2", Percent = 50 })[2]);
        Assert.Equal(["everybody: models/parts/2", TooLate(3)], Roll(new("parts") { To = "2" }));
        Assert.Equal(["everybody: models/parts/2"], Roll(new("parts") { To = "2" }));
    }

    [Fact]
    public async Task A_share_that_grows_contains_the_smaller_and_another_release_shuffles_anew()
    {
        IReadOnlyList<string> devices = [.. Enumerable.Range(0, 2000).Select(i => $"press-{i}")];
        HashSet<string> tenth = await Got(new("parts") { To = "2", Percent = 10 });
        HashSet<string> half = await Got(new("parts") { To = "2", Percent = 50 });
        Assert.InRange(tenth.Count, 140, 260);
        Assert.InRange(half.Count, 900, 1100);
        Assert.Subset(half, tenth);
        HashSet<string> other = await Got(new("parts") { To = "1", Percent = 10 }, "1");
        Assert.InRange(other.Intersect(tenth).Count(), 0, 50);

        async Task<HashSet<string>> Got(RolloutOptions options, string seq = "2")
        {
            Roll(options);
            RolloutDocument document = await Document();
            return [.. devices.Where(d => document.Decide(d, new Dictionary<string, string>()).Target?.ToString() == $"models/parts/{seq}")];
        }
    }

    [Fact]
    public async Task A_halt_stops_everybody_and_ends_where_it_began()
    {
        Roll(new("parts") { To = "1" });
        Roll(new("parts") { To = "2", Percent = 10 });
        Assert.Equal(["everybody: no change", "10 %: models/parts/2", "everybody: models/parts/1"], Roll(new("parts") { Hold = true }));
        Assert.True((await Document()).Decide("press-3", new Dictionary<string, string>()).IsHold);
        Assert.Equal("--hold: the rollout is held already; see 'edgeinfer release status'", Refused(new("parts") { Hold = true }));
        Assert.Equal("parts: the rollout is held: nobody would get it; end that first, with --resume; or say --to SEQ for everybody", Refused(new("parts") { To = "2", Percent = 50 }));
        Assert.Equal(["10 %: models/parts/2", "everybody: models/parts/1"], Roll(new("parts") { Hold = false }));
        Assert.Equal("--resume: the rollout is not held; see 'edgeinfer release status'", Refused(new("parts") { Hold = false }));

        // A release is called off by one command, which says for whom that is too late.
        Roll(new("parts") { Hold = true });
        Assert.Equal(["everybody: models/parts/1", TooLate(2)], Roll(new("parts") { To = "1" }));
        Assert.Equal(["everybody: models/parts/1"], Roll(new("parts") { To = "1" }));
    }

    [Fact]
    public async Task Devices_that_no_rule_is_for_change_nothing()
    {
        Roll(new("parts") { To = "2", Devices = ["press-3"] });
        RolloutDocument document = await Document();
        Assert.Equal("models/parts/2", document.Decide("press-3", new Dictionary<string, string>()).Target.ToString());
        Assert.True(document.Decide("press-4", new Dictionary<string, string>()).IsNothing);
    }

    [Fact]
    public void Mistakes_are_said_with_what_there_is()
    {
        Assert.Equal("models/parts/7: there is no such release; there is 1, 2, 3-arm64; what is packed counts once it is published", Refused(new("parts") { To = "7" }));
        Assert.Equal("models/parts/3: there is no such release; there is 1, 2, 3-arm64; what is packed counts once it is published", Refused(new("parts") { To = "3" }));
        Assert.Equal("models/bolts/1: there is no such release; there is parts", Refused(new("bolts") { To = "1" }));
        Assert.Equal("parts: it is not said which release; give --to SEQ, --hold or --resume", Refused(new("parts")));
        Assert.Equal("--percent: 0.001 is no part of a fleet; give more than 0, at most 100, with at most two decimals", Refused(new("parts") { To = "1", Percent = 0.001m }));
        Assert.Equal("--hold: it stands alone; give it without --to, --device, --label and --percent", Refused(new("parts") { To = "1", Hold = true }));
        Assert.StartsWith("--device: 'press 3' is no id of a device", Refused(new("parts") { To = "1", Devices = ["press 3"] }), StringComparison.Ordinal);
        Assert.False(File.Exists(_rig.Folder.FileOf("metadata/2.rollout.json")));
    }

    [Fact]
    public void Status_says_who_gets_what_until_when_and_by_whom_it_was_signed()
    {
        Roll(new("parts") { To = "1" });
        using ReleaseDesk desk = _rig.Open();
        ReleaseStatus status = ReleaseStatus.Of(desk);
        Assert.Equal(["root", "targets", "models", "rollout", "snapshot", "timestamp"], status.Roles.Select(r => r.Role));
        Assert.Equal(["root", "root", "ci", "ci", "ci", "ci"], status.Roles.SelectMany(r => r.SignedBy));
        Assert.Equal([1, 1, 2, 2, 3, 3], status.Roles.Select(r => r.Version));
        Assert.Equal(["models/parts/1", "models/parts/2", "models/parts/3-arm64"], status.Releases.Select(r => r.Path));
        Assert.Equal(["everybody: models/parts/1"], Assert.Single(status.Rollouts).Rules);
        Assert.Equal(_rig.Settings.RootSha256, status.RootSha256);
    }

    private static string TooLate(int committed)
        => $"note: a device that has committed {committed} keeps it, and takes nothing older from here: publish the older model under a higher number, or say 'edgeinfer model rollback parts' on the device";

    private IReadOnlyList<string> Roll(RolloutOptions options) => _rig.Do(desk => ReleaseRollout.Run(desk, options));

    private string Refused(RolloutOptions options) => Assert.ThrowsAny<FaultException>(() => Roll(options)).Fault.ToString();

    private async Task<RolloutDocument> Document()
    {
        TrustClient client = await new LookingDevice(Path.Combine(_rig.Outer, "device"), _rig.Folder.Repository, _rig.Settings.RootSha256, _rig.Time).Look();
        SignedTarget target = (await client.Find("rollout/parts.json", CancellationToken.None))!;
        return RolloutDocument.Read(await client.ReadTarget(target, RolloutDocument.MaxBytes, CancellationToken.None), "parts");
    }
}
