using System.Text.Json;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Admission;

/// <summary>What signed metadata say of a release, and whether it is for this device.</summary>
public sealed class ReleaseCustomTests
{
    private const string Full = """
        {"edgeinfer":{"gate":{"metric":{"min":"0.85","name":"map50"},"p95_ms":80,"rss":314572800},"requires":{"agent":"0.2.0","arch":["x64","arm64"],"memory":268435456,"provider":"cpu"},"revoked_below":9,"seq":12,"version":"1.3.0"}}
        """;

    private static readonly ReleasePath s_path = new("parts", 12);
    private static readonly DeviceFacts s_device = new("arm64", ["cpu", "cuda"], 1L << 30, SemanticVersion.Parse("0.2.0")!);

    [Fact]
    public void Everything_is_read_and_written_again_as_the_same_bytes()
    {
        ReleaseCustom custom = Read(Full);
        Assert.Equal((12, "1.3.0", 9), (custom.Sequence, custom.Version, custom.RevokedBelow));
        Assert.Equal(["x64", "arm64"], custom.Requires.Architectures!);
        Assert.Equal(("cpu", 268435456, "0.2.0"), (custom.Requires.Provider, custom.Requires.MemoryBytes, custom.Requires.Agent!.ToString()));
        Assert.Equal((new("map50", 0.85m), 80, 314572800), (custom.Gate.Metric, custom.Gate.P95Milliseconds, custom.Gate.RssBytes));
        // python3's json.dumps(json.loads(Full), sort_keys=True, separators=(",", ":")) gives it back as it is.
        Assert.Equal(Full.Trim(), custom.Write().GetRawText());
    }

    [Fact]
    public void Only_the_number_has_to_be_there()
    {
        ReleaseCustom custom = Read("""{"edgeinfer":{"seq":12}}""");
        Assert.Equal(new(12), custom);
        Assert.Equal("""{"edgeinfer":{"seq":12}}""", custom.Write().GetRawText());
        Assert.Null(Suitability.Check(custom, s_device, s_path));
    }

    [Fact]
    public void A_fraction_may_also_be_a_number()
        => Assert.Equal(0.85m, Read("""{"edgeinfer":{"seq":12,"gate":{"metric":{"name":"map50","min":0.85}}}}""").Gate.Metric!.Least);

    [Fact]
    public void Strangers_elsewhere_are_passed_over()
        => Assert.Equal(new(12), Read("""{"other":{"a":1},"edgeinfer":{"seq":12,"note":"x","links":[{}]}}"""));

    [Theory]
    [InlineData("""{"requires":{"tpm":true}}""", "edgeinfer.requires asks for 'tpm'")]
    [InlineData("""{"requires":{"arch":["x64"],"Arch":["x64"]}}""", "asks for 'Arch'")]
    [InlineData("""{"gate":{"energy_mj":5}}""", "edgeinfer.gate asks for 'energy_mj'")]
    [InlineData("""{"gate":{"metric":{"name":"map50","min":"0.8","max":"0.9"}}}""", "gate.metric asks for 'max'")]
    [InlineData("""{"gate":{"a\nb":5}}""", "asks for 'a b'")]
    public void A_demand_that_is_not_known_refuses_the_release(string members, string expected)
        => Refused(UpdateCode.AgentTooOld, expected, "{\"edgeinfer\":{\"seq\":12," + members[1..] + "}");

    [Theory]
    [InlineData("{}", "has no 'edgeinfer'")]
    [InlineData("""{"edgeinfer":7}""", "is no object")]
    [InlineData("""{"edgeinfer":{}}""", "has no 'seq'")]
    [InlineData("""{"edgeinfer":{"seq":11}}""", "number 11 in 'seq', but the release's path has 12")]
    [InlineData("""{"edgeinfer":{"seq":"12"}}""", "no integer from 1")]
    [InlineData("""{"edgeinfer":{"seq":0}}""", "no integer from 1")]
    [InlineData("""{"edgeinfer":{"seq":12.0}}""", "no integer from 1")]
    [InlineData("""{"edgeinfer":{"seq":12,"seq":12}}""", "has 'seq' twice")]
    [InlineData("""{"edgeinfer":{"seq":12,"version":""}}""", "1 to 64 characters")]
    [InlineData("""{"edgeinfer":{"seq":12,"version":"a\u0007"}}""", "no control characters")]
    [InlineData("""{"edgeinfer":{"seq":12,"version":"\ud800"}}""", "not Unicode")]
    [InlineData("""{"edgeinfer":{"seq":12,"\ud800":1}}""", "a member whose name is not Unicode")]
    [InlineData("""{"edgeinfer":{"seq":12,"revoked_below":0}}""", "no integer from 1")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":[]}}""", "requires is no object")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":{"arch":"x64"}}}""", "no list in 'arch'")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":{"arch":[]}}}""", "0 items in 'arch'")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":{"arch":[7]}}}""", "no text in 'arch'")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":{"provider":["cpu"]}}}""", "no text in 'provider'")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":{"memory":-1}}}""", "no integer from 0")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":{"memory":9007199254740992}}}""", "no integer from 0")]
    [InlineData("""{"edgeinfer":{"seq":12,"requires":{"agent":"0.2"}}}""", "'0.2' in 'agent', which is no version")]
    [InlineData("""{"edgeinfer":{"seq":12,"gate":{"p95_ms":0}}}""", "no integer from 1")]
    [InlineData("""{"edgeinfer":{"seq":12,"gate":{"metric":{"name":"map50"}}}}""", "has no 'min'")]
    [InlineData("""{"edgeinfer":{"seq":12,"gate":{"metric":{"min":"0.5"}}}}""", "has no 'name'")]
    [InlineData("""{"edgeinfer":{"seq":12,"gate":{"metric":{"name":"map50","min":"high"}}}}""", "which is no number like 0.85")]
    [InlineData("""{"edgeinfer":{"seq":12,"gate":{"metric":{"name":"map50","min":"1e-400"}}}}""", "which is no number like 0.85")]
    [InlineData("""{"edgeinfer":{"seq":12,"gate":{"metric":{"name":"map50","min":null}}}}""", "no text in 'min'")]
    public void What_breaks_the_form_is_refused(string text, string expected) => Refused(UpdateCode.Signature, expected, text);

    [Fact]
    public void A_target_without_custom_is_no_release()
        => Assert.Equal(UpdateCode.Signature, Assert.Throws<UpdateException>(() => ReleaseCustom.Read(null, s_path)).Code);

    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"arch":["x64","arm64"],"provider":"cuda","memory":1073741824,"agent":"0.2.0"}""", null)]
    [InlineData("""{"agent":"0.2.0-rc.1"}""", null)]
    [InlineData("""{"agent":"0.2.0+build.7"}""", null)]
    [InlineData("""{"agent":"0.2.1"}""", "agent-too-old: it needs EdgeInfer 0.2.1, here is 0.2.0")]
    [InlineData("""{"agent":"0.10.0"}""", "agent-too-old: it needs EdgeInfer 0.10.0, here is 0.2.0")]
    [InlineData("""{"agent":"1.0.0-alpha"}""", "agent-too-old: it needs EdgeInfer 1.0.0-alpha")]
    [InlineData("""{"arch":["x64"]}""", "unsuited: it is for x64, this device is arm64")]
    [InlineData("""{"arch":["riscv64","ARM64"]}""", "unsuited: it is for riscv64, ARM64")]
    [InlineData("""{"provider":"tensorrt"}""", "unsuited: it needs the execution provider 'tensorrt', here are cpu, cuda")]
    [InlineData("""{"memory":1073741825}""", "unsuited: it needs 1024 MiB of memory")]
    [InlineData("""{"memory":2147483648}""", "unsuited: it needs 2048 MiB of memory, here are 1024;")]
    [InlineData("""{"memory":2147483648,"agent":"9.0.0"}""", "agent-too-old: ")]
    public void A_release_is_for_some_devices(string requires, string? expected)
    {
        UpdateException? refused = Suitability.Check(Read("{\"edgeinfer\":{\"seq\":12,\"requires\":" + requires + "}}"), s_device, s_path);
        if (expected is null) Assert.Null(refused);
        else Assert.StartsWith($"models/parts/12: {expected[(expected.IndexOf(':', StringComparison.Ordinal) + 2)..]}", refused!.Message);
        Assert.Equal(expected?[..expected.IndexOf(':', StringComparison.Ordinal)], refused?.Code.Word());
    }

    [Fact]
    public void A_pre_release_of_the_agent_is_older_than_the_release()
        => Assert.Equal(UpdateCode.AgentTooOld, Suitability.Check(Read(Full), s_device with { Agent = SemanticVersion.Parse("0.2.0-rc.9")! }, s_path)!.Code);

    [Theory]
    [InlineData("models/parts/12", "parts", 12, "")]
    [InlineData("models/parts/12-arm64", "parts", 12, "arm64")]
    [InlineData("models/a.b_C-1/9007199254740991-x-y", "a.b_C-1", 9007199254740991, "x-y")]
    public void Paths_of_releases(string path, string model, long sequence, string variant)
    {
        Assert.Equal(new ReleasePath(model, sequence, variant), ReleasePath.Parse(path));
        Assert.Equal(path, ReleasePath.Parse(path).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("models/parts")]
    [InlineData("models/parts/")]
    [InlineData("models/parts/0")]
    [InlineData("models/parts/012")]
    [InlineData("models/parts/+12")]
    [InlineData("models/parts/-12")]
    [InlineData("models/parts/12-")]
    [InlineData("models/parts/12-a/b")]
    [InlineData("models/parts/12-a b")]
    [InlineData("models/parts/12/")]
    [InlineData("models/../12")]
    [InlineData("models/.hidden/12")]
    [InlineData("models//12")]
    [InlineData("/models/parts/12")]
    [InlineData("rollout/parts/12")]
    [InlineData("Models/parts/12")]
    [InlineData("models/parts/9007199254740992")]
    [InlineData("models/parts/99999999999999999999")]
    [InlineData("models/parts/\u0661")]
    [InlineData("models/parts/12\n")]
    public void What_is_no_path_of_a_release(string path) => Assert.Null(ReleasePath.Parse(path));

    private static void Refused(UpdateCode code, string expected, string text)
    {
        UpdateException refused = Assert.Throws<UpdateException>(() => Read(text));
        Assert.Equal(code, refused.Code);
        Assert.Contains(expected, refused.Message);
        Assert.StartsWith("models/parts/12: ", refused.Message);
        Assert.DoesNotContain(refused.Message, char.IsControl);
    }

    private static ReleaseCustom Read(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return ReleaseCustom.Read(document.RootElement, s_path);
    }
}
