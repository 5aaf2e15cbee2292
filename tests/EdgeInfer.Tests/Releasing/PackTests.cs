using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Releasing;
using EdgeInfer.Tests.Models;
using EdgeInfer.Trust;

namespace EdgeInfer.Tests.Releasing;

/// <summary>From a model's folder to a release that a device accepts.</summary>
public sealed class PackTests : IDisposable
{
    private const string Yaml = "input: { kernel: bilinear }\nlabels: classes.names\ngolden:\n  - { input: golden/a.jpg, expect: golden/a.json }\n";

    private readonly ReleaseRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task What_is_packed_published_and_rolled_out_is_found_by_a_device_byte_for_byte()
    {
        using ModelBox box = Box();
        PackedRelease packed = Pack(new(box.Folder, "parts") { Arch = ["x64"], MemoryBytes = 1 << 28, P95Milliseconds = 80 });
        Assert.Equal(("models/parts/1", 7), (packed.Path, packed.FileCount));
        Assert.Equal(["models/parts/1"], _rig.Do(ReleasePublish.Run));
        Assert.Equal(["everybody: models/parts/1"], _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { To = "1" })));

        TrustClient client = await Device().Look();
        SignedTarget release = (await client.Find("models/parts/1", CancellationToken.None))!;
        Assert.Equal((packed.Sha256, "models"), (release.Sha256, release.Role));
        ReleaseCustom custom = ReleaseCustom.Read(release.Custom, ReleasePath.Parse("models/parts/1")!.Value);
        Assert.Equal((1L, "0", 1L << 28, 80L), (custom.Sequence, custom.Version!, custom.Requires.MemoryBytes!.Value, custom.Gate.P95Milliseconds!.Value));
        Assert.Equal(["x64"], custom.Requires.Architectures!);

        ReleaseManifest manifest = ReleaseManifest.Read(await client.ReadTarget(release, ReleaseLimits.ManifestBytes, CancellationToken.None), new(), "models/parts/1");
        Assert.Equal(["LICENSE", "classes.names", "golden/a.jpg", "golden/a.json", "model.onnx", "model.yaml", "weights/w.bin"], manifest.Files.Select(f => f.Name));
        foreach (ReleaseFile file in manifest.Files) Assert.Equal(File.ReadAllBytes(box.At(file.Name)), File.ReadAllBytes(_rig.Folder.FileOf($"blobs/sha256/{file.Sha256}")));
        Assert.Equal(
            [ReleaseManifest.DocumentType, ReleaseManifest.WeightConfigType, ReleaseManifest.DatasetType, ReleaseManifest.DatasetType, ReleaseManifest.WeightType, ReleaseManifest.WeightConfigType, ReleaseManifest.WeightType],
            manifest.Files.Select(f => f.MediaType));

        SignedTarget rollout = (await client.Find("rollout/parts.json", CancellationToken.None))!;
        RolloutDocument document = RolloutDocument.Read(await client.ReadTarget(rollout, RolloutDocument.MaxBytes, CancellationToken.None), "parts");
        Assert.Equal("models/parts/1", document.Decide("press-3", new Dictionary<string, string>()).Target.ToString());
    }

    [Fact]
    public void Equal_files_under_an_equal_number_give_an_equal_manifest()
    {
        using ModelBox box = Box();
        string first = Pack(new(box.Folder, "parts")).Sha256;
        using ModelBox other = Box();
        Directory.SetLastWriteTimeUtc(other.Folder, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        using ReleaseRig rig = new();
        rig.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(first, rig.Do(desk => ReleasePack.Run(desk, new(other.Folder, "parts"))).Sha256);
        other.Write("classes.names", "bolt\nscrew\n");
        Assert.NotEqual(first, rig.Do(desk => ReleasePack.Run(desk, new(other.Folder, "parts"))).Sha256);
    }

    [Fact]
    public void The_manifest_is_an_oci_image_manifest_with_the_types_of_ModelPack()
    {
        using ModelBox box = Box();
        PackedRelease packed = Pack(new(box.Folder, "parts"));
        byte[] bytes = new PendingReleases(_rig.Folder).Read(ReleasePath.Parse(packed.Path)!.Value).Manifest;
        JsonElement root = JsonDocument.Parse(bytes).RootElement;
        Assert.Equal(2, root.GetProperty("schemaVersion").GetInt32());
        Assert.Equal("application/vnd.oci.image.manifest.v1+json", root.GetProperty("mediaType").GetString());
        Assert.Equal("application/vnd.cncf.model.manifest.v1+json", root.GetProperty("artifactType").GetString());
        JsonElement config = root.GetProperty("config");
        Assert.Equal("application/vnd.cncf.model.config.v1+json", config.GetProperty("mediaType").GetString());
        JsonElement content = JsonDocument.Parse(File.ReadAllBytes(_rig.Folder.FileOf($"blobs/sha256/{config.GetProperty("digest").GetString()!["sha256:".Length..]}"))).RootElement;

        // Its JSON schema demands these three, and no others.
        Assert.Equal(["config", "descriptor", "modelfs"], content.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal));
        Assert.Equal("layers", content.GetProperty("modelfs").GetProperty("type").GetString());
        Assert.Equal(root.GetProperty("layers").EnumerateArray().Select(l => l.GetProperty("digest").GetString()), content.GetProperty("modelfs").GetProperty("diffIds").EnumerateArray().Select(d => d.GetString()));
    }

    [Fact]
    public void A_plain_onnx_that_says_all_by_itself_is_packed_with_the_contract_that_was_read()
    {
        string onnx = Path.Combine(_rig.Outer, "best.onnx");
        File.WriteAllBytes(onnx, Graph().ToArray());
        PackedRelease packed = Pack(new(onnx, "parts"));
        Assert.Equal(3, packed.FileCount);
        Assert.StartsWith("the model has no golden inputs", Assert.Single(packed.Warnings).What, StringComparison.Ordinal);
        ReleaseManifest manifest = ReleaseManifest.Read(new PendingReleases(_rig.Folder).Read(ReleasePath.Parse(packed.Path)!.Value).Manifest, new(), packed.Path);
        Assert.Equal(["labels.txt", "model.onnx", "model.yaml"], manifest.Files.Select(f => f.Name));
        Assert.Equal("bolt\nnut\n", File.ReadAllText(_rig.Folder.FileOf($"blobs/sha256/{manifest.Files[0].Sha256}")));
    }

    [Fact]
    public void A_plain_onnx_that_leaves_something_open_is_refused_with_the_keys()
    {
        string onnx = Path.Combine(_rig.Outer, "classifier.onnx");
        File.WriteAllBytes(onnx, TestModels.Classifier().ToArray());
        FaultException refused = Assert.Throws<FaultException>(() => Pack(new(onnx, "parts")));
        Assert.Contains(refused.Faults, f => f.What.StartsWith("input.color is stated nowhere", StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_go_on_from_what_is_packed_and_what_is_published()
    {
        using ModelBox box = Box();
        Assert.Equal("models/parts/1", Pack(new(box.Folder, "parts")).Path);
        Assert.Equal("models/parts/2", Pack(new(box.Folder, "parts")).Path);
        _rig.Do(ReleasePublish.Run);
        Assert.Equal("models/parts/3", Pack(new(box.Folder, "parts")).Path);
        Assert.Equal("models/parts/3-arm64", Pack(new(box.Folder, "parts") { Seq = 3, Variant = "arm64" }).Path);
        Assert.Equal("models/bolts/1", Pack(new(box.Folder, "bolts")).Path);
        Assert.Equal("--seq: models/parts/2 is published already, and what is published never changes; leave --seq out: the next is 4", Refused(new(box.Folder, "parts") { Seq = 2 }));
        Assert.Equal("--seq: 1 comes before 3, which devices may have already; leave --seq out: the next is 4", Refused(new(box.Folder, "parts") { Seq = 1, Variant = "x" }));
        Assert.Equal(["models/bolts/1", "models/parts/3", "models/parts/3-arm64"], _rig.Do(ReleasePublish.Run));
    }

    [Fact]
    public void The_same_files_again_are_worth_a_word()
    {
        using ModelBox box = Box();
        Pack(new(box.Folder, "parts"));
        _rig.Do(ReleasePublish.Run);
        Assert.Equal("this is byte for byte models/parts/1", Assert.Single(Pack(new(box.Folder, "parts")).Warnings).What);
    }

    [Theory]
    [InlineData("graph", "it was made by this model itself")]
    [InlineData("digest", "it was made by this model itself")]
    [InlineData("nobody", "it does not say which model made it")]
    public void Nobody_is_his_own_judge(string by, string what)
    {
        using ModelBox box = Box();
        string graph = ModelDigest.OfFile(box.At("model.onnx")).Sha256;
        string own = ModelDigestOf(box);
        string model = by switch { "graph" => $"\"digest\":\"{new string('b', 64)}\",\"graph\":\"{graph}\"", "digest" => $"\"digest\":\"{own[..12]}\"", _ => "\"name\":\"x\"" };
        box.Write("golden/a.json", Expectation(model));
        UpdateException refused = Assert.Throws<UpdateException>(() => Pack(new(box.Folder, "parts")));
        Assert.Equal(UpdateCode.Golden, refused.Code);
        Assert.StartsWith(what, refused.Fault.What, StringComparison.Ordinal);
        Assert.Equal(box.At("golden/a.json"), refused.Fault.Where);
    }

    [Fact]
    public void What_a_device_would_refuse_is_not_packed()
    {
        using ModelBox box = Box();
        box.Write("model.onnx", Graph(1).Domain("com.example", 1).ToArray());
        Pack(new(box.Folder, "parts"));
        box.Write("model.onnx", Graph(1).Domain("com.example", 1).Graph(1, OnnxBuilder.NodeMessage("Exec", ["images"], ["z"]).Text(7, "com.example")).ToArray());
        Assert.Equal(UpdateCode.Inspect, Assert.Throws<UpdateException>(() => Pack(new(box.Folder, "parts"))).Code);
        Assert.Equal(["models/parts/1"], new PendingReleases(_rig.Folder).Paths().Select(p => p.ToString()));
    }

    [Fact]
    public void An_accuracy_needs_ground_truth_of_twenty_inputs()
    {
        using ModelBox box = Box();
        Assert.StartsWith("--metric: 0 golden inputs have ground truth, and map50 takes at least 20; ", Refused(new(box.Folder, "parts") { Metric = ("map50", 0.85m) }), StringComparison.Ordinal);
        StringBuilder yaml = new("input: { kernel: bilinear }\nlabels: classes.names\ngolden:\n");
        for (int i = 0; i < 20; i++)
        {
            box.Write($"golden/{i}.jpg", "a picture");
            box.Write($"golden/{i}.json", Expectation("").Replace("\"model\":{},", "", StringComparison.Ordinal));
            yaml.Append(CultureInfo.InvariantCulture, $"  - {{ input: golden/{i}.jpg, truth: golden/{i}.json }}\n");
        }

        box.Write("model.yaml", yaml.ToString());
        PackedRelease packed = Pack(new(box.Folder, "parts") { Metric = ("map50", 0.85m) });
        Assert.Equal(new GateMetric("map50", 0.85m), new PendingReleases(_rig.Folder).Read(ReleasePath.Parse(packed.Path)!.Value).Custom.Gate.Metric);
        Assert.Equal(45, packed.FileCount);
    }

    [Fact]
    public void Every_mistake_of_the_command_is_said_at_once()
    {
        PackOptions wrong = new("x", "a/b") { Seq = 0, Variant = "a b", Arch = ["x86"], Agent = "2", Metric = ("accuracy", 0.5m) };
        FaultException refused = Assert.Throws<FaultException>(() => Pack(wrong));
        Assert.Equal(["--name", "--seq", "--variant", "--requires-arch", "--requires-agent", "--metric"], refused.Faults.Select(f => f.Where));
    }

    [Fact]
    public void A_release_whose_file_was_lost_is_not_signed()
    {
        using ModelBox box = Box();
        Pack(new(box.Folder, "parts"));
        string blob = _rig.Folder.FileOf($"blobs/sha256/{ModelDigest.OfFile(box.At("classes.names")).Sha256}");
        File.WriteAllText(blob, "bolt\nnuts");
        FaultException refused = Assert.Throws<FaultException>(() => _rig.Do(ReleasePublish.Run));
        Assert.Equal($"{blob}: a file of models/parts/1 is missing or damaged; pack it again", refused.Fault.ToString());
        Pack(new(box.Folder, "parts") { Seq = 1 });
        Assert.Equal(["models/parts/1"], _rig.Do(ReleasePublish.Run));
    }

    [Fact]
    public void A_publish_that_was_cut_off_after_signing_is_done()
    {
        using ModelBox box = Box();
        Pack(new(box.Folder, "parts"));
        PendingRelease release = new PendingReleases(_rig.Folder).Read(new("parts", 1));
        _rig.Do(ReleasePublish.Run);
        long version = _rig.Do(desk => desk.Published.Timestamp.Document.Version);
        new PendingReleases(_rig.Folder).Write(release);
        Assert.Equal(["models/parts/1"], _rig.Do(ReleasePublish.Run));
        Assert.Equal(version, _rig.Do(desk => desk.Published.Timestamp.Document.Version));
        Assert.StartsWith("nothing is packed", Assert.Throws<FaultException>(() => _rig.Do(ReleasePublish.Run)).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_every_step_of_publishing_a_device_finds_a_whole_repository()
    {
        using ModelBox box = Box();
        Pack(new(box.Folder, "parts"));
        string timestamp = _rig.Folder.FileOf("metadata/timestamp.json");
        byte[] before = File.ReadAllBytes(timestamp);
        _rig.Do(ReleasePublish.Run);
        byte[] after = File.ReadAllBytes(timestamp);

        // All but the last rename has happened.
        File.WriteAllBytes(timestamp, before);
        Assert.Null(await (await Device("old").Look()).Find("models/parts/1", CancellationToken.None));
        File.WriteAllBytes(timestamp, after);
        Assert.NotNull(await (await Device("new").Look()).Find("models/parts/1", CancellationToken.None));
    }

    [Fact]
    public async Task A_publish_that_cannot_write_its_last_file_leaves_the_old_state_and_is_done_with_the_next_try()
    {
        using ModelBox box = Box();
        Pack(new(box.Folder, "parts"));
        string inTheWay = Directory.CreateDirectory(_rig.Folder.FileOf("metadata/timestamp.json.new")).FullName;
        Assert.ThrowsAny<Exception>(() => _rig.Do(ReleasePublish.Run));
        Assert.True(File.Exists(_rig.Folder.FileOf("metadata/2.snapshot.json")));
        Assert.Null(await (await Device().Look()).Find("models/parts/1", CancellationToken.None));
        Assert.Equal(1, _rig.Do(desk => desk.Published.Timestamp.Document.Version));

        Directory.Delete(inTheWay);
        Assert.Equal(["models/parts/1"], _rig.Do(ReleasePublish.Run));
        Assert.NotNull(await (await Device().Look()).Find("models/parts/1", CancellationToken.None));
    }

    [Fact]
    public async Task A_revocation_is_seen_on_every_release_of_the_model()
    {
        using ModelBox box = Box();
        for (int i = 0; i < 3; i++)
        {
            Pack(new(box.Folder, "parts"));
            box.Write("LICENSE", $"{i}");
        }

        Pack(new(box.Folder, "bolts"));
        _rig.Do(ReleasePublish.Run);
        _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { To = "2" }));
        RevokedReleases revoked = _rig.Do(desk => ReleaseRevoke.Run(desk, "parts", 3));
        Assert.Equal(["models/parts/1", "models/parts/2"], revoked.Paths);
        Assert.Equal("models/parts/2 is still named there, and devices that it is for keep what they have", Assert.Single(revoked.Warnings).What);

        TrustClient client = await Device().Look();
        for (int seq = 1; seq <= 3; seq++) Assert.Equal(3, await RevokedBelow(client, new("parts", seq)));
        Assert.Null(await RevokedBelow(client, new("bolts", 1)));
        Assert.Equal("models/parts/2: this release is revoked, and no device takes it; give a later one", Assert.Throws<FaultException>(() => _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { To = "2" }))).Fault.ToString());

        // What comes later says so too, or a device that sees that one alone would not know.
        Pack(new(box.Folder, "parts"));
        _rig.Do(ReleasePublish.Run);
        Assert.Equal(3, await RevokedBelow(await Device().Look(), new("parts", 4)));
    }

    [Theory]
    [InlineData("parts", 1, "--below: 1 revokes nothing; give the first number that stays good")]
    [InlineData("parts", 2, "--below: 2 leaves none: the newest is 1, and devices that are to refuse something need something to take instead; publish a good release first")]
    [InlineData("bolts", 2, "bolts: no release of this model is published; there is parts")]
    public void A_revocation_that_makes_no_sense_is_refused(string model, long below, string words)
    {
        using ModelBox box = Box();
        Pack(new(box.Folder, "parts"));
        _rig.Do(ReleasePublish.Run);
        Assert.Equal(words, Assert.Throws<FaultException>(() => _rig.Do(desk => ReleaseRevoke.Run(desk, model, below))).Fault.ToString());
    }

    private static async Task<long?> RevokedBelow(TrustClient client, ReleasePath path)
        => ReleaseCustom.Read((await client.Find(path.ToString(), CancellationToken.None))!.Custom, path).RevokedBelow;

    private static OnnxBuilder Graph(float weight = 1) => TestModels.Yolov8().UltralyticsMetadata().FloatConstant("w", weight).FloatConstant("s", 1);

    private static ModelBox Box()
    {
        ModelBox box = new(Graph().External("e", "weights/w.bin", 0, 8, 2), Yaml);
        box.Write("classes.names", "bolt\nnut\n");
        box.Write("weights/w.bin", new byte[8]);
        box.Write("golden/a.jpg", "a picture");
        box.Write("golden/a.json", Expectation($"\"digest\":\"{new string('b', 64)}\""));
        box.Write("LICENSE", "free");
        box.Write("train.py", "what it was made with");
        return box;
    }

    // As its folder was before it had an expectation.
    private static string ModelDigestOf(ModelBox box)
    {
        File.Delete(box.At("golden/a.json"));
        return ModelLoader.Digest(box.Folder);
    }

    private static string Expectation(string model)
        => "{\"schema\":\"edgeinfer/prediction/1\",\"model\":{" + model + "},\"frame\":{\"width\":640,\"height\":480},\"detections\":[]}";

    private PackedRelease Pack(PackOptions options) => _rig.Do(desk => ReleasePack.Run(desk, options));

    private string Refused(PackOptions options) => Assert.Throws<FaultException>(() => Pack(options)).Fault.ToString();

    private LookingDevice Device(string name = "device") => new(Path.Combine(_rig.Outer, name), _rig.Folder.Repository, _rig.Settings.RootSha256, _rig.Time);
}
