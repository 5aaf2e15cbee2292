using System.Diagnostics;
using EdgeInfer.Releasing;
using EdgeInfer.Tests.Models;
using EdgeInfer.Trust;

namespace EdgeInfer.Tests.Releasing;

/// <summary>What was signed, as somebody else's code sees it.</summary>
public sealed class SignatureTests
{
    [Fact]
    public void Every_signature_is_verified_by_another_implementation()
    {
        const string Python = "/usr/bin/python3";
        if (!File.Exists(Python)) Assert.Skip($"{Python} is not here");
        using ReleaseRig rig = new(new() { RootKeys = 2, Threshold = 2, Kind = PrivateKeyKind.EcdsaP256, IsSeparate = true });
        using ReleaseRig other = new();
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().FloatConstant("w", 1).FloatConstant("s", 1), "input: { kernel: bilinear }\n");
        foreach (ReleaseRig one in (ReleaseRig[])[rig, other])
        {
            one.Do(desk => ReleasePack.Run(desk, new(box.Folder, "parts")));
            one.Do(ReleasePublish.Run);
            string script = Path.Combine(one.Outer, "verify.py");
            File.WriteAllText(script, VerifyScript);
            using Process run = Process.Start(new ProcessStartInfo(Python, [script, one.Folder.FileOf("metadata")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = run.StandardOutput.ReadToEnd(), errors = run.StandardError.ReadToEnd();
            run.WaitForExit();
            if (run.ExitCode == 3) Assert.Skip("python3-cryptography is not here");
            Assert.True(run.ExitCode == 0, errors);
            Assert.Equal(one == rig ? "8 files, 10 signatures\n" : "8 files, 8 signatures\n", output);
        }
    }

    // Written to the specification alone: canonical JSON, key ids, and which key has to sign which role.
    private const string VerifyScript = """
        import glob, hashlib, json, sys
        try:
            from cryptography.hazmat.primitives import hashes, serialization
            from cryptography.hazmat.primitives.asymmetric import ec, ed25519
        except ImportError:
            sys.exit(3)

        def canonical(value):
            if isinstance(value, dict):
                return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"
            if isinstance(value, list):
                return "[" + ",".join(map(canonical, value)) + "]"
            if isinstance(value, str):
                return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
            assert value is None or isinstance(value, (bool, int)), value
            return json.dumps(value)

        folder = sys.argv[1]
        load = lambda name: json.load(open(folder + "/" + name))
        root, targets = load("1.root.json")["signed"], load("1.targets.json")["signed"]
        keys = dict(root["keys"], **targets["delegations"]["keys"])
        roles = dict(root["roles"], **{r["name"]: r for r in targets["delegations"]["roles"]})
        files = signatures = 0
        for path in sorted(glob.glob(folder + "/*.json")):
            document = json.load(open(path))
            role = path.split("/")[-1].split(".")[-2]
            message = canonical(document["signed"]).encode()
            assert len(document["signatures"]) >= roles[role]["threshold"], path
            for signature in document["signatures"]:
                assert signature["keyid"] in roles[role]["keyids"], path
                key = keys[signature["keyid"]]
                assert hashlib.sha256(canonical(key).encode()).hexdigest() == signature["keyid"]
                raw = bytes.fromhex(signature["sig"])
                if key["keytype"] == "ed25519":
                    ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["keyval"]["public"])).verify(raw, message)
                else:
                    serialization.load_pem_public_key(key["keyval"]["public"].encode()).verify(raw, message, ec.ECDSA(hashes.SHA256()))
                signatures += 1
            files += 1
        print(f"{files} files, {signatures} signatures")
        """;
}
