using System.Text;
using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Releasing;
using EdgeInfer.Tests.Fetching;
using EdgeInfer.Tests.Fetching.Updates;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.Tests.Releasing;

/// <summary>Publishing with a registry for the files.</summary>
public sealed class ReleaseRegistryTests : IDisposable
{
    private readonly ReleaseRig _rig = new();
    private readonly UpdateBench _bench = new();
    private readonly FakeRegistry _registry = new();
    private readonly FileServer _server;
    private readonly List<string> _said = [];

    public ReleaseRegistryTests() => _server = new(_registry.Answer);

    public void Dispose()
    {
        _server.Dispose();
        _bench.Dispose();
        _rig.Dispose();
    }

    [Fact]
    public void Files_are_in_the_registry_before_anything_is_signed()
    {
        ReleaseManifest manifest = Pack(1);
        List<long> versions = [];
        _registry.Instead = request =>
        {
            versions.Add(Directory.GetFiles(_rig.Folder.FileOf("metadata"), "*.snapshot.json").Length);
            return null;
        };
        Assert.Equal([$"models/parts/1 as oci://127.0.0.1:{_server.Port}/fleet/models:parts-1"], Publish());
        Assert.All(versions, static v => Assert.Equal(1, v));
        Assert.Equal(2, Directory.GetFiles(_rig.Folder.FileOf("metadata"), "*.snapshot.json").Length);
        Assert.Equal(Digests(manifest).Order(StringComparer.Ordinal), _registry.Blobs.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(manifest.Write(), _registry.Manifests["parts-1"]);
        Assert.Equal($"PUT {FakeRegistry.Repository}manifests/parts-1", $"{_server.Requests[^1].Method} {_server.Requests[^1].Target}");
        Assert.All(Digests(manifest), d => Assert.True(File.Exists(_rig.Folder.FileOf($"blobs/sha256/{d}"))));
    }

    [Fact]
    public void A_registry_that_fails_in_the_middle_signs_nothing_and_the_next_try_sends_what_is_missing()
    {
        ReleaseManifest manifest = Pack(1);
        int puts = 0;
        _registry.Instead = request => request.Method == "PUT" && ++puts == 2 ? FakeRegistry.Refusal(403, "DENIED", "quota") : null;
        FaultException refused = Assert.Throws<FaultException>(() => Publish());
        Assert.Contains("DENIED, 'quota'", refused.Fault.What, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_rig.Folder.FileOf("metadata"), "*.snapshot.json"));
        Assert.Single(_registry.Blobs);

        _registry.Instead = static _ => null;
        int before = _server.Requests.Count;
        Publish();
        Assert.Equal(Digests(manifest).Count(), _server.Requests.Skip(before).Count(static r => r.Method == "PUT"));
    }

    [Fact]
    public void What_was_published_before_is_pushed_too_and_with_the_next_release_only_asked_for()
    {
        Pack(1);
        _rig.Do(ReleasePublish.Run);
        Assert.Empty(Publish());
        Assert.Equal(["parts-1"], _registry.Manifests.Keys);

        Pack(2);
        int before = _server.Requests.Count;
        Publish();
        Assert.Equal(["parts-1", "parts-2"], _registry.Manifests.Keys.Order(StringComparer.Ordinal));
        Assert.Equal($"HEAD {FakeRegistry.Repository}manifests/parts-1", $"{_server.Requests[before].Method} {_server.Requests[before].Target}");
        Assert.DoesNotContain(_server.Requests.Skip(before), static r => r.Method == "PUT" && r.Target.EndsWith("parts-1", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_keeping_them_files_leave_the_folder_once_they_are_in_the_registry_and_signed()
    {
        ReleaseManifest manifest = Pack(1);
        _registry.Instead = request => request.Target.EndsWith("manifests/parts-1", StringComparison.Ordinal) && request.Method == "PUT" ? Reply.Empty(403) : null;
        Assert.Throws<FaultException>(() => Publish(keepsFiles: false));
        Assert.All(Digests(manifest), d => Assert.True(File.Exists(_rig.Folder.FileOf($"blobs/sha256/{d}"))));

        _registry.Instead = static _ => null;
        Publish(keepsFiles: false);
        Assert.All(Digests(manifest), d => Assert.False(File.Exists(_rig.Folder.FileOf($"blobs/sha256/{d}"))));
        // The next release shares files with it and brings them along itself.
        Pack(2);
        Publish(keepsFiles: false);
        Assert.Equal(["parts-1", "parts-2"], _registry.Manifests.Keys.Order(StringComparer.Ordinal));
        Assert.Empty(_said);
    }

    [Fact]
    public void No_file_leaves_the_folder_that_the_registry_has_lost_under_its_tag()
    {
        ReleaseManifest manifest = Pack(1);
        Publish();
        string lost = Digests(manifest).Last();
        Assert.True(_registry.Blobs.TryRemove(lost, out _));
        Publish(keepsFiles: false);
        Assert.Contains(lost, _registry.Blobs.Keys);
        Assert.All(Digests(manifest), d => Assert.False(File.Exists(_rig.Folder.FileOf($"blobs/sha256/{d}"))));
    }

    [Fact]
    public void A_release_whose_files_are_nowhere_any_more_is_told_and_does_not_keep_the_next_one_back()
    {
        Pack(1);
        Publish(keepsFiles: false);
        _registry.Manifests.Clear();
        _registry.Blobs.Clear();
        Pack(2);
        Publish();
        Assert.Equal(["parts-2"], _registry.Manifests.Keys);
        Assert.StartsWith("models/parts/1: the registry does not have it, and its files are not in", Assert.Single(_said), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_revoked_is_not_pushed()
    {
        Pack(1);
        Pack(2);
        _rig.Do(ReleasePublish.Run);
        _rig.Do(desk => ReleaseRevoke.Run(desk, "parts", 2));
        Publish();
        Assert.Equal(["parts-2"], _registry.Manifests.Keys);
    }

    [Fact]
    public void A_tag_that_named_something_else_is_worth_a_word()
    {
        Pack(1);
        _registry.Manifests["parts-1"] = "{}"u8.ToArray();
        Publish();
        Assert.Contains($"was sha256:{UpdateBench.Sha256("{}"u8.ToArray())} before", Assert.Single(_bench.Said), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_releases_that_would_have_one_tag_are_refused_before_anything_is_sent()
    {
        Pack(1, "a", "2");
        Pack(2, "a-1");
        FaultException refused = Assert.Throws<FaultException>(() => Publish());
        Assert.Equal("models/a-1/2: its tag in the registry would be a-1-2, which is that of models/a/1-2; pack one of the two under another number or variant", refused.Fault.ToString());
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void With_nothing_packed_and_nothing_published_there_is_nothing_to_push()
        => Assert.StartsWith("nothing is packed", Assert.Throws<FaultException>(() => Publish()).Fault.What, StringComparison.Ordinal);

    [Fact]
    public void A_published_manifest_that_was_changed_on_the_disk_is_not_pushed()
    {
        Pack(1);
        _rig.Do(ReleasePublish.Run);
        string file = Assert.Single(Directory.GetFiles(_rig.Folder.FileOf("targets/models/parts"), "*.1"));
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Contains("missing or damaged", Assert.Throws<FaultException>(() => Publish()).Fault.What, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void A_password_does_not_go_over_plain_http()
    {
        PushOptions options = new(RegistryAddress.Read("http://192.168.1.20:5000/fleet/models", out _)!) { Credential = new("ci", new Secret("x")), Docker = new DockerLogins("/nothing") };
        FaultException refused = Assert.Throws<FaultException>(() => new ReleaseRegistry(options, _bench.Proxy, TimeProvider.System, new Random(1), _bench));
        Assert.Contains("over plain http", refused.Fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("oci://registry.example/fleet/models", true)]
    [InlineData("http://192.168.1.20:5000/fleet/models", false)]
    [InlineData("oci://127.0.0.1:5000/fleet/models", true)]
    public void A_user_whom_Dockers_tools_have_kept_is_shown_where_nobody_reads_along(string address, bool isShown)
    {
        OciReference registry = RegistryAddress.Read(address, out _)!;
        string file = Path.Combine(_rig.Outer, "config.json");
        File.WriteAllText(file, $$"""{"auths":{"{{registry.Registry}}":{"auth":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes("ci:secret"))}}"} } }""");
        Assert.Equal(isShown, new PushLogins(new(registry) { Docker = new DockerLogins(file) }).Find(registry.Registry) is not null);
    }

    private static IEnumerable<string> Digests(ReleaseManifest manifest) => [manifest.Config.Sha256, .. manifest.Files.Select(static f => f.Sha256)];

    private ReleaseManifest Pack(long seq, string name = "parts", string variant = "")
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().FloatConstant("w", seq).FloatConstant("s", 1), "input: { kernel: bilinear }\n");
        _rig.Do(desk => ReleasePack.Run(desk, new(box.Folder, name) { Seq = seq, Variant = variant.Length > 0 ? variant : null }));
        return ReleaseManifest.Read(new PendingReleases(_rig.Folder).Read(new(name, seq, variant)).Manifest, new(), name);
    }

    private IReadOnlyList<string> Publish(bool keepsFiles = true)
    {
        PushOptions options = new(RegistryAddress.Read($"oci://127.0.0.1:{_server.Port}/fleet/models", out _)!) { Docker = new DockerLogins("/nothing"), Limits = FetchLimits.ForPush with { AttemptsInAll = 1 } };
        using ReleaseRegistry registry = new(options, _bench.Proxy, TimeProvider.System, new Random(1), _bench);
        return _rig.Do(desk => ReleasePublish.RunAsync(desk, registry, keepsFiles, _said.Add, default).GetAwaiter().GetResult());
    }
}
