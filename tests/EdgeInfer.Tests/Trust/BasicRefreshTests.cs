using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>The cases of the public conformance suite's test_basic, by their description.</summary>
public sealed class BasicRefreshTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public BasicRefreshTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task A_refresh_asks_for_the_next_root_and_then_for_each_role_in_order()
    {
        await _device.Refresh();
        Assert.Equal(["2.root", "timestamp", "1.snapshot", "1.targets"], _repository.MetadataRequests);
    }

    [Fact]
    public async Task A_refresh_keeps_what_the_repository_has_byte_by_byte()
    {
        // A serialisation of our own would not have the digest that others signed for.
        _repository.Files["metadata/timestamp.json"] = [.. _repository.Files["metadata/timestamp.json"], (byte)' '];
        await _device.Refresh();
        foreach ((string role, string file) in new[] { ("root", "1.root"), ("timestamp", "timestamp"), ("snapshot", "1.snapshot"), ("targets", "1.targets") })
            Assert.Equal(_repository.Files[$"metadata/{file}.json"], File.ReadAllBytes(_device.At(role)));
    }

    [Fact]
    public async Task A_target_that_nobody_has_is_none_after_a_refresh_that_went_well()
    {
        Assert.Null(await _device.Download("nonexistent artifact"));
        Assert.Equal(["2.root", "timestamp", "1.snapshot", "1.targets"], _repository.MetadataRequests);
        Assert.Equal("root 1, snapshot 1, targets 1, timestamp 1", _device.Trusted);
    }

    [Fact]
    public async Task Nothing_is_looked_for_before_a_refresh_has_ended_well()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _device.Open().Find("a", Device.Stop));
        _repository.Files.Remove("metadata/1.targets.json");
        await Refused(UpdateCode.Network);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _device.Client.Find("a", Device.Stop));
    }

    [Fact]
    public void A_pinned_root_that_is_no_root_is_refused_before_anything_is_asked_for()
    {
        _repository.Edit("metadata/1.root.json", root => root["signed"]!.AsObject().Remove("version"));
        using Device device = new(_repository);
        Refusals.Throws(UpdateCode.Signature, () => device.Open());
        Assert.Empty(_repository.Requests);
    }

    [Fact]
    public void A_pinned_root_that_is_not_signed_by_its_own_keys_is_refused_before_anything_is_asked_for()
    {
        _repository.Edit("metadata/1.root.json", root => root["signatures"]![0]!["sig"] = "3045022100ee448afe2d25dd1f05afedac83a24e7df90f203615221434979153dc7cea6d4702207710015851e571885a77db8a6e42c4b2983a59b9e1ebec91178dfa2fb0d42ab8");
        using Device device = new(_repository);
        Refusals.Throws(UpdateCode.Signature, () => device.Open());
        Assert.Empty(_repository.Requests);
    }

    [Theory]
    [InlineData("root", "root 1")]
    [InlineData("timestamp", "root 2")]
    [InlineData("snapshot", "root 2, timestamp 2")]
    [InlineData("targets", "root 2, snapshot 2, timestamp 2")]
    public async Task A_role_without_its_signature_is_refused_and_what_came_before_it_is_kept(string role, string trusted)
    {
        _repository.SignersOf(role).Clear();
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        await Refused(UpdateCode.Threshold);
        Assert.Equal(trusted, _device.Trusted);
    }

    [Theory]
    [InlineData("root", "metadata/2.root.json", "root 1")]
    [InlineData("snapshot", "metadata/2.snapshot.json", "root 2, timestamp 2")]
    [InlineData("targets", "metadata/2.targets.json", "root 2, snapshot 2, timestamp 2")]
    public async Task A_version_other_than_the_one_in_the_files_name_is_refused(string role, string file, string trusted)
    {
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        RoleDocument document = role switch { "root" => _repository.Root with { Version = 3 }, "snapshot" => _repository.Snapshot with { Version = 3 }, _ => _repository.Targets["targets"] with { Version = 3 } };
        _repository.Files[file] = RoleEnvelope.Sign(document, _repository.SignersOf(role)).Write();
        await Refused(UpdateCode.Rollback);
        Assert.Equal(trusted, _device.Trusted);
    }

    [Fact]
    public async Task A_timestamp_of_the_version_held_is_passed_over_whatever_it_says()
    {
        await _device.Refresh();
        _repository.Timestamp = _repository.Timestamp with { Version = 0, Snapshot = new MetaFile(100) };
        _repository.Publish("timestamp");
        _repository.Requests.Clear();
        await _device.Refresh();
        Assert.Equal(["2.root", "timestamp"], _repository.MetadataRequests);
        using JsonDocument kept = JsonDocument.Parse(File.ReadAllBytes(_device.At("timestamp")));
        Assert.Equal(1, kept.RootElement.GetProperty("signed").GetProperty("meta").GetProperty("snapshot.json").GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Lengths_and_digests_of_metadata_are_taken()
    {
        _repository.GivesHashes = true;
        _repository.Publish("targets", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Equal("root 1, snapshot 2, targets 2, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task Targets_metadata_with_another_digest_than_snapshot_says_are_refused()
    {
        await GoodWithHashes();
        _repository.Publish("targets");
        _repository.SetMeta("targets", _repository.Snapshot.Meta["targets.json"] with { Hashes = new Dictionary<string, string> { ["sha256"] = new('0', 64) } });
        _repository.Publish("snapshot", "timestamp");
        await Refused(UpdateCode.Digest);
        Assert.Equal("root 1, snapshot 3, targets 2, timestamp 3", _device.Trusted);
    }

    [Fact]
    public async Task Snapshot_metadata_with_another_digest_than_timestamp_says_are_refused()
    {
        await GoodWithHashes();
        _repository.Publish("snapshot");
        _repository.Timestamp = _repository.Timestamp with { Snapshot = _repository.Timestamp.Snapshot with { Hashes = new Dictionary<string, string> { ["sha256"] = new('0', 64) } } };
        _repository.Publish("timestamp");
        await Refused(UpdateCode.Digest);
        Assert.Equal("root 1, snapshot 2, targets 2, timestamp 3", _device.Trusted);
    }

    [Fact]
    public async Task Metadata_of_another_length_than_signed_are_refused()
    {
        await GoodWithHashes();
        _repository.Publish("snapshot");
        _repository.Timestamp = _repository.Timestamp with { Snapshot = _repository.Timestamp.Snapshot with { Length = _repository.Timestamp.Snapshot.Length + 1, Hashes = null } };
        _repository.Publish("timestamp");
        await Refused(UpdateCode.Size);
    }

    [Fact]
    public async Task Members_that_nobody_knows_are_part_of_what_is_signed()
    {
        await _device.Refresh();
        JsonElement value = CanonicalJson.Read("""{"a":1,"b":[null,true]}"""u8.ToArray(), "x");
        Dictionary<string, JsonElement> rest = new() { ["custom-field"] = value };
        _repository.AddKey("root", new MarkedSigner(_repository.NewSigner(), """{"extra-field":{"a":1,"b":2}}"""));
        _repository.Root = _repository.Root with
        {
            Rest = rest,
            Roles = new Dictionary<string, RoleKeys>(_repository.Root.Roles) { ["root"] = _repository.Root.Roles["root"] with { Rest = rest } },
        };
        _repository.Publish("root");
        Assert.Contains("custom-field", Encoding.UTF8.GetString(_repository.Files["metadata/2.root.json"]), StringComparison.Ordinal);
        await _device.Refresh();
        Assert.Equal(2, _device.Version("root"));
        _repository.Publish("root");
        _repository.Edit("metadata/3.root.json", root => root["signed"]!["custom-field"]!["a"] = 2);
        await Refused(UpdateCode.Signature);
    }

    [Fact]
    public async Task The_deprecated_keyid_hash_algorithms_of_a_key_mean_nothing()
    {
        await _device.Refresh();
        _repository.ClearKeys("snapshot");
        _repository.AddKey("snapshot", new MarkedSigner(_repository.NewSigner(), """{"keyid_hash_algorithms":"md5"}"""));
        _repository.Publish("root", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Equal("root 2, snapshot 2, targets 1, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task A_snapshot_that_is_not_there_leaves_the_old_one_and_the_new_timestamp()
    {
        await _device.Refresh();
        _repository.Timestamp = _repository.Timestamp with { Snapshot = new MetaFile(2) };
        _repository.Publish("timestamp");
        await Refused(UpdateCode.Network);
        Assert.Equal("2.snapshot", _repository.MetadataRequests.Last());
        Assert.Equal("root 1, snapshot 1, targets 1, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task Targets_that_are_not_there_leave_the_old_ones_and_the_new_snapshot()
    {
        await _device.Refresh();
        _repository.SetMeta("targets", new MetaFile(2));
        _repository.Publish("snapshot", "timestamp");
        await Refused(UpdateCode.Network);
        Assert.Equal("2.targets", _repository.MetadataRequests.Last());
        Assert.Equal("root 1, snapshot 2, targets 1, timestamp 2", _device.Trusted);
        // The same again, now that the timestamp is known: the cycle goes on where it ended.
        _repository.Publish("targets");
        await _device.Refresh();
        Assert.Equal("root 1, snapshot 2, targets 2, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task A_timestamp_that_is_not_there_is_the_networks_fault()
    {
        await _device.Refresh();
        _repository.Files.Remove("metadata/timestamp.json");
        Assert.True((await Refused(UpdateCode.Network)).Code.IsPassing());
        Assert.Equal("timestamp", _repository.MetadataRequests.Last());
    }

    [Fact]
    public async Task Metadata_of_another_type_are_refused_however_well_they_are_signed()
    {
        _repository.AddKey("snapshot", _repository.SignersOf("timestamp")[0]);
        _repository.Snapshot = _repository.Snapshot with { Meta = new Dictionary<string, MetaFile> { ["snapshot.json"] = new(1) } };
        _repository.Publish("root", "snapshot");
        _repository.Files["metadata/timestamp.json"] = _repository.Files["metadata/2.snapshot.json"];
        await Refused(UpdateCode.Signature);
        Assert.Equal("root 2", _device.Trusted);
    }

    [Fact]
    public async Task A_root_that_has_expired_by_the_devices_clock_stops_updates()
    {
        _repository.Root = _repository.Root with { Expires = RepositorySimulator.Day0.AddDays(7) };
        _repository.Publish("root");
        await _device.Refresh();
        _device.Time.Advance(TimeSpan.FromDays(8));
        await Refused(UpdateCode.Expired);
    }

    private async Task GoodWithHashes()
    {
        _repository.GivesHashes = true;
        _repository.Publish("targets", "snapshot", "timestamp");
        await _device.Refresh();
    }

    private Task<UpdateException> Refused(UpdateCode code) => Refusals.ThrowsAsync(code, async () => await _device.Refresh());

    /// <summary>A key object with further members, which its id is over too.</summary>
    private sealed class MarkedSigner(IRoleSigner inner, string members) : IRoleSigner
    {
        public TrustKey Key { get; } = Marked(inner.Key, members);

        public byte[] Sign(byte[] message) => inner.Sign(message);

        private static TrustKey Marked(TrustKey key, string members)
        {
            JsonObject json = JsonNode.Parse(key.Json.GetRawText())!.AsObject();
            foreach ((string name, JsonNode? value) in JsonNode.Parse(members)!.AsObject()) json[name] = value!.DeepClone();
            return TrustKey.Read(CanonicalJson.Read(Encoding.UTF8.GetBytes(json.ToJsonString()), "x"), "x");
        }
    }
}
