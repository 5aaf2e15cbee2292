using System.Text.Json;
using EdgeInfer.Commands;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.Tests.Releasing;

/// <summary>The verbs as they are typed.</summary>
public sealed class ReleaseCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-verbs-").FullName;
    private readonly string _passphrase;

    public ReleaseCommandTests()
    {
        _passphrase = Path.Combine(_folder, "passphrase");
        File.WriteAllText(_passphrase, "correct horse\n");
    }

    private string Release => Path.Combine(_folder, "release");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void From_a_plain_onnx_to_a_fleet_and_back()
    {
        string onnx = Path.Combine(_folder, "best.onnx");
        File.WriteAllBytes(onnx, TestModels.Yolov8().UltralyticsMetadata().FloatConstant("w", 1).FloatConstant("s", 1).ToArray());

        string made = Signed("init", "--url", "https://models.example");
        Assert.Matches("(?m)^on each device: edgeinfer enroll --repository https://models.example --root-sha256 [0-9a-f]{64} --model NAME$", made);
        Assert.Matches("^models/parts/1  sha256:[0-9a-f]{64}  3 files, [0-9]+ bytes\n$", Plain("pack", onnx, "--name", "parts", "--requires-arch", "x64,arm64", "--requires-memory", "64MiB", "--p95-ms", "80"));
        Assert.Matches("^models/parts/2  ", Plain("pack", onnx, "--name", "parts"));
        Assert.Equal("published models/parts/1\npublished models/parts/2\n", Signed("publish"));
        Assert.Equal("everybody: models/parts/1\n", Signed("rollout", "parts", "--to", "1"));
        Signed("rollout", "parts", "--to", "2", "--percent", "0.5");
        Assert.Equal("press-3, press-4: models/parts/2\n0.5 %: models/parts/2\neverybody: models/parts/1\n", Signed("rollout", "parts", "--to", "2", "--device", "press-3", "press-4"));
        Assert.Matches("^snapshot  until ....-..-..\ntimestamp  until ....-..-..\n$", Signed("refresh"));
        Assert.Equal("'ci-2' signs in the place of 'ci'; copy the repository to where devices find it\n", Signed("rotate", "--role", "ci"));
        Assert.Equal("revoked models/parts/1\n", Signed("revoke", "parts", "--below", "2"));

        JsonElement status = JsonDocument.Parse(Plain("status", "--json")).RootElement;
        Assert.Equal([2, 2, 4, 5, 8, 8], status.GetProperty("roles").EnumerateArray().Select(r => r.GetProperty("version").GetInt32()));
        Assert.Equal(["root", "root", "ci-2", "ci-2", "ci-2", "ci-2"], status.GetProperty("roles").EnumerateArray().Select(r => r.GetProperty("signed_by")[0].GetString()));
        Assert.Equal([true, false], status.GetProperty("releases").EnumerateArray().Select(r => r.GetProperty("is_revoked").GetBoolean()));
        Assert.Equal(3, status.GetProperty("rollouts").GetProperty("parts").GetArrayLength());
        string text = Plain("status");
        Assert.Matches("(?m)^timestamp +8  until ....-..-.. ..:..Z  6 days left  signed by ci-2$", text);
        Assert.Matches("(?m)^models/parts/1  0  sha256:[0-9a-f]{12}  REVOKED$", text);
    }

    [Theory]
    [InlineData(66, "there is no release folder here; make one with 'edgeinfer release init', or name it with --dir DIR", "publish")]
    [InlineData(66, "there is no release folder here; make one with 'edgeinfer release init', or name it with --dir DIR", "serve")]
    [InlineData(64, "edgeinfer: --threshold: 2 of 1 root keys; give at least 1, and at most as many as --root-keys", "init", "--threshold", "2")]
    [InlineData(64, "edgeinfer: --key-type: unknown type 'rsa'; give ed25519 or ecdsa", "init", "--key-type", "rsa")]
    [InlineData(64, "edgeinfer: --url: 'models' is no address of a repository; write https://HOST/PATH, without a user and a query", "init", "--url", "models")]
    [InlineData(64, "edgeinfer: --signer: the key 'root' has no --public-key; give both, as in --signer root=CMD --public-key root=FILE", "init", "--signer", "root=sign")]
    [InlineData(64, "edgeinfer: --signer: there will be no key 'online'; the keys are root, ci", "init", "--signer", "online=sign", "--public-key", "online=x.pem")]
    [InlineData(64, "edgeinfer: --role: no key has the role 'root-1'; give one of root, ci, models, online", "rotate", "--role", "root-1")]
    [InlineData(64, "edgeinfer: --percent: found 'ten'; give a number such as 10 or 0.5", "rollout", "parts", "--to", "1", "--percent", "ten")]
    [InlineData(64, "edgeinfer: --label: found 'oslo'; write it as in site=oslo", "rollout", "parts", "--to", "1", "--label", "oslo")]
    [InlineData(64, "edgeinfer: --waves: found '10,5'; give growing percentages above 0 up to 100, with at most two decimals, as in 1,10,50,100", "rollout", "parts", "--to", "1", "--waves", "10,5", "--broker", "mqtt://127.0.0.1:1")]
    [InlineData(64, "edgeinfer: --waves: nobody would be watched; add --broker URL, the broker that devices publish to", "rollout", "parts", "--to", "1", "--waves", "10")]
    [InlineData(64, "edgeinfer: --waves: it goes with --to SEQ, and not with --percent, --device, --hold and --resume; give MODEL --to SEQ --waves 1,10,50,100; --label may name a part of the fleet", "rollout", "parts", "--hold", "--waves", "10")]
    [InlineData(64, "edgeinfer: --soak: it belongs to --waves; add --waves 1,10,50,100, or leave it out", "rollout", "parts", "--to", "1", "--soak", "1h")]
    [InlineData(64, "edgeinfer: --broker: it belongs to --waves; add --waves 1,10,50,100, or leave it out", "rollout", "parts", "--to", "1", "--broker", "mqtt://127.0.0.1:1")]
    [InlineData(64, "edgeinfer: --username, --password-file, --ca, --prefix and --protocol belong to --broker; add --broker URL", "status", "--prefix", "plant")]
    [InlineData(64, "edgeinfer: --prefix: found 'plant/#'; give one or several levels, as in plant/edgeinfer; + stands for one", "status", "--broker", "mqtt://127.0.0.1:1", "--prefix", "plant/#")]
    [InlineData(64, "edgeinfer: --password: a password on the command line can be read by everyone on this machine; write it into a file and give --password-file FILE", "status", "--broker", "mqtt://127.0.0.1:1", "--password", "x")]
    [InlineData(66, "there is no release folder here; make one with 'edgeinfer release init', or name it with --dir DIR", "status", "--broker", "mqtt://127.0.0.1:1")]
    [InlineData(64, "edgeinfer: --no-blobs: it says how to push, and no registry is named; add --registry oci://HOST/REPOSITORY", "publish", "--no-blobs")]
    [InlineData(64, "edgeinfer: --registry: 'registry.example' is no repository in a registry; write oci://REGISTRY/REPOSITORY", "publish", "--registry", "registry.example")]
    [InlineData(64, "edgeinfer: --registry: a tag says nothing here: releases name their files by digest; write oci://REGISTRY/REPOSITORY", "publish", "--registry", "oci://registry.example/fleet:1")]
    [InlineData(64, "edgeinfer: --registry-password-file: there is no user name; add --registry-username NAME", "publish", "--registry", "oci://registry.example/fleet", "--registry-password-file", "x")]
    [InlineData(64, "edgeinfer: --registry-key: a key without its certificate; add --registry-certificate FILE", "publish", "--registry", "oci://registry.example/fleet", "--registry-key", "x")]
    [InlineData(66, "edgeinfer: --registry-password-file: there is no file /nothing; write the password into that file, readable by you alone", "publish", "--registry", "oci://registry.example/fleet", "--registry-username", "ci", "--registry-password-file", "/nothing")]
    [InlineData(64, "edgeinfer: --metric: found 'map50'; write it as in map50=0.85", "pack", "x", "--name", "parts", "--metric", "map50")]
    [InlineData(64, "edgeinfer: --rss: found 'much'; give a size such as 256MiB", "pack", "x", "--name", "parts", "--rss", "much")]
    public void A_mistake_is_one_line_with_what_where_and_cure(int code, string line, params string[] arguments)
    {
        (int ended, _, string errors) = Run([.. arguments, "--dir", Release]);
        Assert.EndsWith(line + "\n", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd('\n').Split('\n'));
        Assert.Equal(code, ended);
    }

    [Fact]
    public void A_wrong_passphrase_opens_nothing_and_changes_nothing()
    {
        Signed("init");
        File.WriteAllText(_passphrase, "wrong horse\n");
        byte[] before = File.ReadAllBytes(Path.Combine(Release, "repository/metadata/timestamp.json"));
        (int code, _, string errors) = Run("refresh", "--dir", Release, "--passphrase-file", _passphrase);
        Assert.Equal($"edgeinfer: {Release}/keys/ci.pem: the passphrase does not open this key; give the one that it was made with\n", errors);
        Assert.Equal(66, code);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(Release, "repository/metadata/timestamp.json")));
    }

    [Fact]
    public void Keys_that_lie_elsewhere_are_found_by_keys()
    {
        string keys = Path.Combine(_folder, "stick");
        Signed("init", "--keys", keys);
        Assert.False(Directory.Exists(Path.Combine(Release, "keys")));
        Signed("refresh");
        Directory.Move(keys, keys + "-2");
        (int code, _, string errors) = Run("refresh", "--dir", Release, "--passphrase-file", _passphrase);
        Assert.Equal($"edgeinfer: {keys}: the role snapshot needs 1 signature, and 0 can be made; not here: ci; put ci.pem there, or name the folder with --keys DIR\n", errors);
        Assert.Equal(66, code);
        Signed("refresh", "--keys", keys + "-2");
    }

    [Theory]
    [InlineData("init")]
    [InlineData("golden")]
    [InlineData("pack")]
    [InlineData("publish")]
    [InlineData("rollout")]
    [InlineData("status")]
    [InlineData("refresh")]
    [InlineData("rotate")]
    [InlineData("revoke")]
    [InlineData("serve")]
    public void Each_verb_shows_an_example(string verb)
    {
        (int code, string output, _) = Run(verb, "--help");
        Assert.Equal(0, code);
        Assert.Contains($"edgeinfer release {verb}", output[output.IndexOf("Example", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    private string Signed(string verb, params string[] arguments) => Plain(verb, [.. arguments, "--passphrase-file", _passphrase]);

    private string Plain(string verb, params string[] arguments)
    {
        (int code, string output, string errors) = Run([verb, .. arguments, "--dir", Release]);
        Assert.True(code == 0, errors);
        return output;
    }

    private static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter errors = new();
        int code = CommandLine.Invoke(["release", .. arguments], output, errors);
        return (code, output.ToString(), errors.ToString());
    }
}
