using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust.Documents;

public sealed class RoleDocumentTests
{
    private const string Hash = "f592d072e1193688a686267e8e10d7257b4ebfcf28133350dae88362d82a0c8a";
    private static readonly DateTimeOffset s_expires = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const string Timestamp = """{"_type":"timestamp","spec_version":"1.0.0","expires":"2030-01-01T00:00:00Z","meta":{"snapshot.json":{"hashes":{"sha256":"f592d072e1193688a686267e8e10d7257b4ebfcf28133350dae88362d82a0c8a"},"length":1007,"version":4}},"version":3}""";
    private const string Snapshot = """{"_type":"snapshot","spec_version":"1.0.0","expires":"2030-01-01T00:00:00Z","meta":{"targets.json":{"version":1},"project1.json":{"version":2,"length":604}},"version":1}""";
    private const string Targets = """
        {"_type":"targets","spec_version":"1.0.0","expires":"2030-01-01T00:00:00Z","version":9,
         "targets":{"dir/file2.txt":{"hashes":{"sha256":"f592d072e1193688a686267e8e10d7257b4ebfcf28133350dae88362d82a0c8a"},"length":39,"custom":{"edgeinfer":{"seq":12}}}},
         "delegations":{"keys":{},"roles":[{"keyids":["a"],"name":"project","paths":["project/*"],"threshold":1,"terminating":true},{"keyids":[],"name":"bins","path_hash_prefixes":["0a"],"threshold":2}]}}
        """;

    [Fact]
    public void Timestamp_metadata_of_the_specification_is_read()
    {
        TimestampDocument read = TimestampDocument.Read(Parse(Timestamp), "x");
        Assert.Equal((3, 4, 1007, Hash), (read.Version, read.Snapshot.Version, read.Snapshot.Length, read.Snapshot.Hashes!["sha256"]));
        Assert.Equal(s_expires, read.Expires);
        Assert.Null(read.SignedAt);
    }

    [Fact]
    public void Snapshot_metadata_of_the_specification_is_read()
    {
        SnapshotDocument read = SnapshotDocument.Read(Parse(Snapshot), "x");
        Assert.Equal(["targets.json", "project1.json"], read.Meta.Keys);
        Assert.Equal((2, 604), (read.Meta["project1.json"].Version, read.Meta["project1.json"].Length));
    }

    [Fact]
    public void Targets_metadata_of_the_specification_is_read()
    {
        TargetsDocument read = TargetsDocument.Read(Parse(Targets), "x");
        TargetFile target = read.Targets["dir/file2.txt"];
        Assert.Equal((39, Hash, 12), (target.Length, target.Hashes["sha256"], target.Custom!.Value.GetProperty("edgeinfer").GetProperty("seq").GetInt32()));
        Assert.Equal(["project", "bins"], read.Delegations!.Roles.Select(r => r.Name));
        Assert.Equal([true, false], read.Delegations.Roles.Select(r => r.IsTerminating));
        Assert.Equal(["project/*"], read.Delegations.Roles[0].Paths!);
        Assert.Equal(["0a"], read.Delegations.Roles[1].HashPrefixes!);
    }

    [Fact]
    public void What_is_read_and_written_again_is_the_same_with_members_that_nobody_knows()
    {
        string text = Targets.Replace("1.0.0", RoleDocument.Specification, StringComparison.Ordinal)
            .Replace("\"length\":39", "\"length\":39,\"x-a\":[1]", StringComparison.Ordinal).Replace("\"version\":9", "\"version\":9,\"x-b\":{\"c\":null}", StringComparison.Ordinal)
            .Replace("\"keys\":{}", "\"keys\":{},\"x-d\":\"é\"", StringComparison.Ordinal).Replace("\"threshold\":2", "\"threshold\":2,\"terminating\":false,\"x-e\":true", StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetString(CanonicalJson.Encode(Parse(text))), Encoding.UTF8.GetString(TargetsDocument.Read(Parse(text), "x").Canonical()));
        string snapshot = Snapshot.Replace("1.0.0", RoleDocument.Specification, StringComparison.Ordinal).Replace("604", "604,\"x-f\":[]", StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetString(CanonicalJson.Encode(Parse(snapshot))), Encoding.UTF8.GetString(SnapshotDocument.Read(Parse(snapshot), "x").Canonical()));
    }

    [Theory]
    [InlineData("_type", "\"snapshot\"")]
    [InlineData("_type", null)]
    [InlineData("spec_version", "\"2.0.0\"")]
    [InlineData("spec_version", "\"1\"")]
    [InlineData("spec_version", "\"1.x\"")]
    [InlineData("spec_version", "1")]
    [InlineData("spec_version", null)]
    [InlineData("version", "0")]
    [InlineData("version", "-1")]
    [InlineData("version", "9007199254740992")]
    [InlineData("version", "\"1\"")]
    [InlineData("version", null)]
    [InlineData("expires", "\"2030-01-01T00:00:00+01:00\"")]
    [InlineData("expires", "\"2030-01-01T00:00:00.5Z\"")]
    [InlineData("expires", "\"2030-02-30T00:00:00Z\"")]
    [InlineData("expires", "\"2030-01-01\"")]
    [InlineData("expires", "1893456000")]
    [InlineData("expires", null)]
    [InlineData("meta", "{}")]
    [InlineData("meta", "[]")]
    [InlineData("meta", "{\"snapshot.json\":{\"version\":1},\"targets.json\":{\"version\":1}}")]
    [InlineData("meta", "{\"snapshot.json\":{\"length\":1}}")]
    [InlineData("meta", "{\"snapshot.json\":{\"version\":1,\"length\":0}}")]
    [InlineData("meta", "{\"snapshot.json\":{\"version\":1,\"hashes\":{}}}")]
    [InlineData("meta", "{\"snapshot.json\":{\"version\":1,\"hashes\":{\"sha256\":\"../../../etc/passwd\"}}}")]
    [InlineData("meta", "{\"snapshot.json\":{\"version\":1,\"hashes\":{\"sha256\":\"F592D072E1193688A686267E8E10D7257B4EBFCF28133350DAE88362D82A0C8A\"}}}")]
    [InlineData("meta", "{\"snapshot.json\":{\"version\":1,\"hashes\":{\"sha256\":7}}}")]
    [InlineData("x-edgeinfer-signed-at", "\"yesterday\"")]
    public void Malformed_timestamp_metadata_are_refused(string member, string? value)
        => Refusals.Throws(UpdateCode.Signature, () => TimestampDocument.Read(With(Timestamp, member, value), "x"));

    [Theory]
    [InlineData("meta", "{\"other.json\":{\"version\":1}}")]
    [InlineData("meta", "{\"targets.json\":1}")]
    [InlineData("meta", null)]
    public void Malformed_snapshot_metadata_are_refused(string member, string? value)
        => Refusals.Throws(UpdateCode.Signature, () => SnapshotDocument.Read(With(Snapshot, member, value), "x"));

    [Theory]
    [InlineData("targets", null)]
    [InlineData("targets", "{\"a\":{\"length\":1}}")]
    [InlineData("targets", "{\"a\":{\"length\":-1,\"hashes\":{\"sha512\":\"00\"}}}")]
    [InlineData("targets", "{\"a\":{\"length\":1,\"hashes\":{\"sha512\":\"00\"}}}")]
    [InlineData("targets", "{\"a\":{\"length\":1,\"hashes\":{\"other\":\"00\"},\"custom\":[]}}")]
    [InlineData("delegations", "{\"keys\":{}}")]
    [InlineData("delegations", "{\"roles\":[]}")]
    [InlineData("delegations", "{\"keys\":{},\"roles\":[{\"name\":\"a\",\"keyids\":[],\"threshold\":0,\"paths\":[]}]}")]
    [InlineData("delegations", "{\"keys\":{},\"roles\":[{\"name\":\"a\",\"threshold\":1,\"paths\":[]}]}")]
    [InlineData("delegations", "{\"keys\":{},\"roles\":[{\"name\":\"a\",\"keyids\":[],\"threshold\":1,\"paths\":[],\"path_hash_prefixes\":[]}]}")]
    [InlineData("delegations", "{\"keys\":{},\"roles\":[{\"name\":\"a\",\"keyids\":[],\"threshold\":1,\"paths\":[]},{\"name\":\"a\",\"keyids\":[],\"threshold\":1,\"paths\":[]}]}")]
    [InlineData("delegations", "{\"keys\":{},\"roles\":[{\"name\":\"root\",\"keyids\":[],\"threshold\":1,\"paths\":[]}]}")]
    [InlineData("delegations", "{\"keys\":{},\"roles\":[{\"name\":\"\",\"keyids\":[],\"threshold\":1,\"paths\":[]}]}")]
    [InlineData("delegations", "{\"keys\":{},\"roles\":[{\"name\":\"a\",\"keyids\":[],\"threshold\":1,\"paths\":[],\"terminating\":\"yes\"}]}")]
    [InlineData("delegations", "{\"keys\":{\"00\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"}}},\"roles\":[]}")]
    public void Malformed_targets_metadata_are_refused(string member, string? value)
        => Refusals.Throws(UpdateCode.Signature, () => TargetsDocument.Read(With(Targets, member, value), "x"));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"signed":{},"signatures":{}}""")]
    [InlineData("""{"signed":{},"signatures":[{"keyid":"a"}]}""")]
    [InlineData("""{"signed":{},"signatures":[{"keyid":"a","sig":"00"},{"keyid":"a","sig":"01"}]}""")]
    [InlineData("""{"signatures":[]}""")]
    [InlineData("[]")]
    public void A_malformed_envelope_is_refused(string json) => Refusals.Throws(UpdateCode.Signature, () => RoleEnvelope.Read(Encoding.UTF8.GetBytes(json), "x"));

    [Fact]
    public void Signatures_beyond_the_bound_are_refused_before_any_is_verified()
    {
        static string With(int count) => $$"""{"signed":{},"signatures":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"keyid":"{{i}}","sig":""}"""))}}]}""";
        Assert.Equal(RoleEnvelope.MaxSignatures, RoleEnvelope.Read(Encoding.UTF8.GetBytes(With(RoleEnvelope.MaxSignatures)), "x").Signatures.Count);
        Refusals.Throws(UpdateCode.Signature, () => RoleEnvelope.Read(Encoding.UTF8.GetBytes(With(RoleEnvelope.MaxSignatures + 1)), "x"));
    }

    [Fact]
    public void An_envelope_is_signed_by_one_after_the_other_and_keeps_one_signature_a_key()
    {
        Ed25519Signer first = new(new byte[32]), second = new([.. Enumerable.Repeat((byte)1, 32)]);
        TimestampDocument document = new(1, s_expires, new MetaFile(1));
        RoleEnvelope envelope = RoleEnvelope.Sign(document, [first]).With(second).With(first);
        RoleEnvelope read = RoleEnvelope.Read(envelope.Write(), "x");
        Assert.Equal([second.Key.Id, first.Key.Id], read.Signatures.Select(s => s.KeyId));
        Dictionary<string, TrustKey> keys = new() { [first.Key.Id] = first.Key, [second.Key.Id] = second.Key };
        read.Require("timestamp", keys, new RoleKeys([first.Key.Id, second.Key.Id], 2), "x");
        Refusals.Throws(UpdateCode.Threshold, () => read.Require("timestamp", keys, new RoleKeys([first.Key.Id], 2), "x"));
    }

    [Theory]
    [InlineData("?", "metadata/1.%3F.json")]
    [InlineData("#", "metadata/1.%23.json")]
    [InlineData("/delegatedrole", "metadata/1.%2Fdelegatedrole.json")]
    [InlineData("../delegatedrole", "metadata/1...%2Fdelegatedrole.json")]
    [InlineData("a b%é", "metadata/1.a%20b%25%C3%A9.json")]
    public void A_role_name_becomes_one_segment_of_an_address(string role, string file) => Assert.Equal(file, RoleName.MetadataFile(role, 1));

    [Theory]
    [InlineData("models/parts/12", "targets/models/parts/00.12")]
    [InlineData("a b/c?d#e", "targets/a%20b/00.c%3Fd%23e")]
    [InlineData("a\\..\\b", "targets/00.a%5C..%5Cb")]
    public void A_target_path_becomes_an_address_with_its_digest_in_the_last_segment(string path, string file) => Assert.Equal(file, RoleName.TargetsFile(path, "00"));

    [Theory]
    [InlineData("../root.json")]
    [InlineData("a/./b")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("")]
    public void A_target_path_that_could_lead_elsewhere_is_refused(string path) => Refusals.Throws(UpdateCode.Signature, () => RoleName.TargetsFile(path, "00"));

    private static JsonElement Parse(string json) => CanonicalJson.Read(Encoding.UTF8.GetBytes(json), "x");

    private static JsonElement With(string json, string member, string? value)
    {
        JsonObject changed = JsonNode.Parse(json)!.AsObject();
        changed.Remove(member);
        if (value is not null) changed[member] = JsonNode.Parse(value);
        return Parse(changed.ToJsonString());
    }
}
