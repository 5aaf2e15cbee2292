using System.Security.Cryptography;
using System.Text.Json.Nodes;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>The cases of the public conformance suite's test_keys and test_quoting_issues, by their description, and more ways to fake a threshold.</summary>
public sealed class KeyTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public KeyTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task A_snapshot_signed_by_two_of_three_keys_is_refused()
    {
        _repository.SetThreshold("snapshot", 3);
        _repository.AddKey("snapshot");
        _repository.AddKey("snapshot");
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        await _device.Refresh();
        _repository.SignersOf("snapshot").RemoveAt(0);
        _repository.Publish("targets", "snapshot", "timestamp");
        await Refused(UpdateCode.Threshold);
        Assert.Equal(2, _device.Version("snapshot"));
    }

    [Fact]
    public async Task A_role_with_fewer_keys_than_its_threshold_can_never_be_signed()
    {
        for (int i = 0; i < 4; i++) _repository.AddKey("snapshot");
        _repository.SetThreshold("snapshot", 6);
        _repository.Publish("root", "snapshot", "timestamp");
        await Refused(UpdateCode.Threshold);
        Assert.Equal(2, _device.Version("root"));
        Assert.Null(_device.Version("snapshot"));
    }

    [Fact]
    public async Task One_key_that_is_listed_many_times_counts_once()
    {
        IRoleSigner signer = _repository.NewSigner();
        for (int i = 0; i < 9; i++) _repository.AddKey("snapshot", signer, signs: i == 0);
        _repository.SetThreshold("snapshot", 6);
        _repository.Publish("root", "snapshot", "timestamp");
        await Refused(UpdateCode.Threshold);
        Assert.Null(_device.Version("snapshot"));
    }

    [Fact]
    public async Task One_key_under_many_ids_counts_once()
    {
        byte[] seed = SHA256.HashData("one key"u8);
        for (int i = 0; i < 3; i++) _repository.AddKey("snapshot", new NumberedSigner(seed, i));
        _repository.SetThreshold("snapshot", 3);
        _repository.Publish("root", "snapshot", "timestamp");
        // The old key and the new one under three ids are two keys.
        UpdateException e = await Refused(UpdateCode.Threshold);
        Assert.Contains("2 of 3", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_signature_under_the_same_key_id_refuses_the_file_though_the_threshold_is_met()
    {
        _repository.Edit("metadata/1.snapshot.json", file => file["signatures"]!.AsArray().Add(file["signatures"]![0]!.DeepClone()));
        await Refused(UpdateCode.Signature);
        Assert.Null(_device.Version("snapshot"));
    }

    [Theory]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    [InlineData("ed25519")]
    public async Task The_key_types_of_the_specification_sign_root_and_a_wrong_signature_of_theirs_is_refused(string type)
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        IRoleSigner signer = type switch { "rsa" => new RsaSigner(rsa), "ecdsa" => new EcdsaSigner(ecdsa), _ => _repository.NewSigner() };
        _repository.AddKey("root", signer);
        _repository.SetThreshold("root", 2);
        _repository.Publish("root");
        await _device.Refresh();
        Assert.Equal(2, _device.Version("root"));
        _repository.Publish("root");
        // A signature of the right form by the right key, over another version.
        JsonNode other = JsonNode.Parse(_repository.Files["metadata/2.root.json"])!["signatures"]!.DeepClone();
        _repository.Edit("metadata/3.root.json", file => file["signatures"]![1]!["sig"] = other[1]!["sig"]!.DeepClone());
        await Refused(UpdateCode.Signature);
        Assert.Equal(2, _device.Version("root"));
    }

    [Theory]
    [InlineData("of another version")]
    [InlineData("")]
    [InlineData("not hex")]
    [InlineData("abc")]
    public async Task A_signature_that_does_not_fit_does_no_harm_where_the_threshold_is_met_without_it(string signature)
    {
        JsonNode old = JsonNode.Parse(_repository.Files["metadata/timestamp.json"])!["signatures"]![0]!["sig"]!;
        _repository.AddKey("timestamp");
        _repository.Publish("root", "timestamp");
        _repository.Edit("metadata/timestamp.json", file => file["signatures"]![0]!["sig"] = signature == "of another version" ? old.DeepClone() : signature);
        await _device.Refresh();
        Assert.Equal("root 2, snapshot 1, targets 1, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task A_thief_of_a_key_that_was_rotated_away_is_refused()
    {
        IRoleSigner stolen = _repository.SignersOf("timestamp")[0];
        _repository.RotateKeys("timestamp");
        _repository.Publish("root", "timestamp");
        await _device.Refresh();
        _repository.SignersOf("timestamp").Clear();
        _repository.SignersOf("timestamp").Add(stolen);
        _repository.Publish("timestamp");
        await Refused(UpdateCode.Threshold);
    }

    [Theory]
    [InlineData("?", "%3F")]
    [InlineData("#", "%23")]
    [InlineData("/delegatedrole", "%2Fdelegatedrole")]
    [InlineData("../delegatedrole", "..%2Fdelegatedrole")]
    public async Task An_unusual_role_name_is_quoted_in_the_request_and_on_the_disk(string role, string quoted)
    {
        _repository.Delegate("targets", role, ["*"]);
        _repository.Publish(role, "targets", "snapshot", "timestamp");
        Assert.Null(await _device.Download("nonexistent target"));
        Assert.Equal($"metadata/1.{quoted}.json", _repository.Requests.Last());
        Assert.Equal([Path.Combine(_device.Store.Folder, "delegated", quoted + ".json")], Directory.GetFiles(Path.Combine(_device.Store.Folder, "delegated")));
        Assert.Equal(4, Directory.GetFiles(_device.Store.Folder).Length);
    }

    private Task<UpdateException> Refused(UpdateCode code) => Refusals.ThrowsAsync(code, async () => await _device.Refresh());

    private sealed class NumberedSigner(byte[] seed, int number) : IRoleSigner
    {
        public TrustKey Key { get; } = TrustKey.Read(
            CanonicalJson.Build(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("keytype", "ed25519");
                writer.WriteString("scheme", "ed25519");
                writer.WriteNumber("number", number);
                writer.WriteStartObject("keyval");
                writer.WriteString("public", Convert.ToHexStringLower(Ed25519Signature.PublicKey(seed)));
                writer.WriteEndObject();
                writer.WriteEndObject();
            }),
            "x");

        public byte[] Sign(byte[] message) => Ed25519Signature.Sign(seed, message);
    }

    private sealed class RsaSigner(RSA key) : IRoleSigner
    {
        public TrustKey Key { get; } = TrustKey.Rsa(key);

        public byte[] Sign(byte[] message) => key.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
    }
}
