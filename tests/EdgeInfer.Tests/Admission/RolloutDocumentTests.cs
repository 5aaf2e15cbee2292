using System.Text;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Admission;

/// <summary>Which device shall have which release.</summary>
public sealed class RolloutDocumentTests
{
    private const string Head = """{"model":"parts","rules":[""";
    private const string Tail = """],"schema":"edgeinfer/rollout/1"}""";
    private const string Example = """
        {"schema":"edgeinfer/rollout/1","model":"parts","rules":[
          {"devices":["press-3"],"target":"models/parts/12"},
          {"labels":{"site":"oslo"},"target":"models/parts/12"},
          {"percent":10,"salt":"wave","target":"models/parts/12"},
          {"labels":{"line":"7","site":"bergen"},"hold":true},
          {"target":"models/parts/11","hard":true}]}
        """;

    private static readonly Dictionary<string, string> s_none = [];

    // 'wave/A…A' stands at 2788, 'wave/device-5' at 417 of 10000 (python3's hashlib).
    [Theory]
    [InlineData("press-3", "", 0, "models/parts/12", false)]
    [InlineData("press-3", "site=oslo", 0, "models/parts/12", false)]
    [InlineData("PRESS-3", "site=oslo", 1, "models/parts/12", false)]
    [InlineData("PRESS-3", "site=oslo,line=7", 1, "models/parts/12", false)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "site=bergen,line=7", 3, null, false)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "site=bergen,line=8", 4, "models/parts/11", true)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "site=bergen", 4, "models/parts/11", true)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "site=Oslo", 4, "models/parts/11", true)]
    public void The_first_rule_that_matches_decides(string device, string labels, int rule, string? target, bool isHard)
    {
        Dictionary<string, string> has = labels.Split(',', StringSplitOptions.RemoveEmptyEntries).ToDictionary(l => l.Split('=')[0], l => l.Split('=')[1]);
        RolloutDecision decision = Read(Example).Decide(device, has);
        Assert.Equal((rule, target, isHard), (decision.Rule, decision.Target?.ToString(), decision.IsHard));
        Assert.Equal((target is null, false), (decision.IsHold, decision.IsNothing));
    }

    [Fact]
    public void Without_a_rule_that_matches_there_is_nothing_to_do()
    {
        RolloutDecision decision = Rules("""{"devices":["a"],"target":"models/parts/12"}""").Decide("b", s_none);
        Assert.Equal((true, false, null), (decision.IsNothing, decision.IsHold, decision.Target));
        Assert.True(Rules("").Decide("b", s_none).IsNothing);
    }

    [Fact]
    public void Conditions_of_one_rule_hold_together()
    {
        RolloutDocument document = Rules("""{"devices":["press-3","press-4"],"labels":{"site":"oslo"},"percent":50,"salt":"s","target":"models/parts/12-arm64"}""");
        Dictionary<string, string> oslo = new() { ["site"] = "oslo" };
        // press-3 stands at 4950 under this salt.
        Assert.Equal("models/parts/12-arm64", document.Decide("press-3", oslo).Target.ToString());
        Assert.True(document.Decide("press-3", s_none).IsNothing);
        Assert.True(document.Decide("press-5", oslo).IsNothing);
        Assert.True(Rules("""{"devices":["press-3"],"percent":49.5,"salt":"s","target":"models/parts/12"}""").Decide("press-3", oslo).IsNothing);
    }

    // python3: int.from_bytes(hashlib.sha256(f"{salt}/{device}".encode()).digest()[:4], "big") % 10000
    [Theory]
    [InlineData("s", "press-3", 4950)]
    [InlineData("2026-11", "press-3", 589)]
    [InlineData("", "a", 4229)]
    [InlineData("grün", "press-3", 5443)]
    [InlineData("wave", "line_7-b", 9616)]
    [InlineData("wave", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 2788)]
    public void A_device_stands_where_its_digest_says(string salt, string device, int place)
    {
        Assert.False(new RolloutShare(place, salt).Holds(device));
        Assert.True(new RolloutShare(place + 1, salt).Holds(device));
    }

    // The same by python3 over f"device-{i}" for i from 0 to 9999.
    [Theory]
    [InlineData("wave", new[] { 119, 1021, 1051, 5036, 10000 })]
    [InlineData("2026-11-26", new[] { 112, 988, 1010, 4994, 10000 })]
    public void Shares_of_ten_thousand_devices(string salt, int[] expected)
    {
        int[] shares = [100, 1000, 1025, 5000, 10000];
        Assert.Equal(expected, shares.Select(share => Enumerable.Range(0, 10_000).Count(i => new RolloutShare(share, salt).Holds($"device-{i}"))));
    }

    [Fact]
    public void Who_is_in_a_share_is_in_every_larger_one()
    {
        for (int i = 0; i < 1000; i++)
        {
            bool wasIn = false;
            foreach (int share in new[] { 0, 1, 100, 1000, 5000, 9999, 10_000 })
            {
                bool isIn = new RolloutShare(share, "wave").Holds($"device-{i}");
                Assert.True(isIn || !wasIn);
                wasIn = isIn;
            }

            Assert.True(wasIn);
            Assert.False(new RolloutShare(0, "wave").Holds($"device-{i}"));
        }
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("10", 1000)]
    [InlineData("10.0", 1000)]
    [InlineData("10.25", 1025)]
    [InlineData("0.01", 1)]
    [InlineData("0.29", 29)]
    [InlineData("1e1", 1000)]
    [InlineData("99.99", 9999)]
    [InlineData("100", 10000)]
    [InlineData("100.00", 10000)]
    public void Percents_have_two_decimals(string percent, int hundredths)
        => Assert.Equal(new RolloutShare(hundredths, "s"), Rules($$"""{"percent":{{percent}},"salt":"s","target":"models/parts/12"}""").Rules[0].Share);

    [Fact]
    public void It_is_written_as_the_same_bytes()
    {
        // python3: json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        const string Canonical = """{"model":"parts","rules":[{"devices":["press-3","press-1"],"target":"models/parts/12"},{"labels":{"linie":"grün","site":"oslo"},"percent":0.5,"salt":"wave","target":"models/parts/12-arm64"},{"percent":10.25,"salt":"wave","target":"models/parts/12"},{"hold":true,"percent":100,"salt":"wave"},{"hard":true,"target":"models/parts/11"}],"schema":"edgeinfer/rollout/1"}""";
        Assert.Equal(Canonical, Encoding.UTF8.GetString(Read(Canonical).Write()));
        RolloutDocument made = RolloutDocument.Of("parts",
        [
            new() { Devices = ["press-3", "press-1"], Target = new("parts", 12) },
            new() { Labels = new Dictionary<string, string> { ["site"] = "oslo", ["linie"] = "grün" }, Share = new(50, "wave"), Target = new("parts", 12, "arm64") },
            new() { Share = new(1025, "wave"), Target = new("parts", 12) },
            new() { Share = new(10_000, "wave") },
            new() { Target = new("parts", 11), IsHard = true },
        ]);
        Assert.Equal(Canonical, Encoding.UTF8.GetString(made.Write()));
    }

    [Theory]
    [InlineData("""{"target":"models/other/12"}""", "rules[0] has 'models/other/12' as target, which is none of models/parts/")]
    [InlineData("""{"target":"models/parts2/12"}""", "which is none of models/parts/")]
    [InlineData("""{"target":"models/parts/../other/12"}""", "which is no release like")]
    [InlineData("""{"target":"parts/12"}""", "which is no release like")]
    [InlineData("""{"target":"rollout/parts.json"}""", "which is no release like")]
    [InlineData("""{"target":""}""", "1 to 256 characters")]
    [InlineData("""{"target":7}""", "no text in 'target'")]
    [InlineData("""{}""", "needs either a 'target' or 'hold'")]
    [InlineData("""{"hold":true,"target":"models/parts/12"}""", "needs either a 'target' or 'hold'")]
    [InlineData("""{"hold":false}""", "'hold': false")]
    [InlineData("""{"hold":"yes"}""", "no true or false in 'hold'")]
    [InlineData("""{"hold":1}""", "no true or false in 'hold'")]
    [InlineData("""{"hold":true,"hard":true}""", "'hard' without a 'target'")]
    [InlineData("""{"target":"models/parts/12","hard":null}""", "no true or false in 'hard'")]
    [InlineData("""{"devices":[],"target":"models/parts/12"}""", "0 items in 'devices'")]
    [InlineData("""{"devices":"a","target":"models/parts/12"}""", "no list in 'devices'")]
    [InlineData("""{"devices":[null],"target":"models/parts/12"}""", "no text in 'devices'")]
    [InlineData("""{"devices":["a b"],"target":"models/parts/12"}""", "names the device 'a b'")]
    [InlineData("""{"devices":["*"],"target":"models/parts/12"}""", "names the device '*'")]
    [InlineData("""{"labels":{},"target":"models/parts/12"}""", "names 0 labels")]
    [InlineData("""{"labels":["a"],"target":"models/parts/12"}""", "labels is no object")]
    [InlineData("""{"labels":{"site":7},"target":"models/parts/12"}""", "no text in 'site'")]
    [InlineData("""{"labels":{"site":""},"target":"models/parts/12"}""", "in 'site': 1 to 256")]
    [InlineData("""{"labels":{"a\u0007":"b"},"target":"models/parts/12"}""", "names the label 'a =b'")]
    [InlineData("""{"labels":{"site":"a","site":"b"},"target":"models/parts/12"}""", "not strict JSON")]
    [InlineData("""{"labels":{"\ud800":"b"},"target":"models/parts/12"}""", "")]
    [InlineData("""{"percent":10,"target":"models/parts/12"}""", "'percent' and 'salt' together")]
    [InlineData("""{"salt":"s","target":"models/parts/12"}""", "'percent' and 'salt' together")]
    [InlineData("""{"percent":-1,"salt":"s","target":"models/parts/12"}""", "no percent from 0 to 100")]
    [InlineData("""{"percent":100.01,"salt":"s","target":"models/parts/12"}""", "no percent from 0 to 100")]
    [InlineData("""{"percent":0.001,"salt":"s","target":"models/parts/12"}""", "at most two decimals")]
    [InlineData("""{"percent":"10","salt":"s","target":"models/parts/12"}""", "no percent from 0 to 100")]
    [InlineData("""{"percent":1e99,"salt":"s","target":"models/parts/12"}""", "no percent from 0 to 100")]
    [InlineData("""{"percent":10,"salt":"","target":"models/parts/12"}""", "1 to 64 characters")]
    [InlineData("7", "rules[0] is no object")]
    public void A_rule_that_breaks_the_form_is_refused(string rule, string expected) => Refused(UpdateCode.Signature, expected, Head + rule + Tail);

    [Theory]
    [InlineData("""{"before":"2027-01-01T00:00:00Z","target":"models/parts/12"}""", "rules[0] asks for 'before'")]
    [InlineData("""{"Labels":{"site":"oslo"},"target":"models/parts/12"}""", "rules[0] asks for 'Labels'")]
    [InlineData("""{"device":["press-3"],"target":"models/parts/12"}""", "rules[0] asks for 'device'")]
    public void A_condition_that_is_not_known_refuses_the_rollout(string rule, string expected) => Refused(UpdateCode.AgentTooOld, expected, Head + rule + Tail);

    [Theory]
    [InlineData("""{"schema":"edgeinfer/rollout/1","model":"parts","rules":[],"halt":true}""", "agent-too-old", "the rollout asks for 'halt'")]
    [InlineData("""{"schema":"edgeinfer/rollout/2","model":"parts","rules":[]}""", "agent-too-old", "written as 'edgeinfer/rollout/2'")]
    [InlineData("""{"schema":"edgeinfer/prediction/1","model":"parts","rules":[]}""", "signature", "in 'schema' instead of")]
    [InlineData("""{"model":"parts","rules":[]}""", "signature", "has no 'schema'")]
    [InlineData("""{"schema":"edgeinfer/rollout/1","rules":[]}""", "signature", "has no 'model'")]
    [InlineData("""{"schema":"edgeinfer/rollout/1","model":"other","rules":[]}""", "signature", "is for the model 'other'")]
    [InlineData("""{"schema":"edgeinfer/rollout/1","model":"parts"}""", "signature", "has no 'rules'")]
    [InlineData("""{"schema":"edgeinfer/rollout/1","model":"parts","rules":{}}""", "signature", "no list in 'rules'")]
    [InlineData("""{"schema":"edgeinfer/rollout/1","model":"parts","rules":[],"rules":[]}""", "signature", "not strict JSON")]
    [InlineData("""{"schema":"edgeinfer/rollout/1","model":"parts","rules":[]} x""", "signature", "not strict JSON")]
    [InlineData("[]", "signature", "the rollout is no object")]
    [InlineData("", "signature", "not strict JSON")]
    public void A_document_that_breaks_the_form_is_refused(string text, string code, string expected)
        => Refused(UpdateCodes.OfWord(code)!.Value, expected, text);

    [Fact]
    public void Rules_and_devices_are_counted()
    {
        string rule = """{"hold":true}""";
        Assert.Equal(1000, Read(Head + string.Join(',', Enumerable.Repeat(rule, 1000)) + Tail).Rules.Count);
        Refused(UpdateCode.Signature, "1001 items in 'rules'", Head + string.Join(',', Enumerable.Repeat(rule, 1001)) + Tail);
        string devices = string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"d{i}\""));
        string half = $$"""{"devices":[{{devices}}],"hold":true}""";
        Assert.Equal(1, Read($"{Head}{half},{half}{Tail}").Decide("d", s_none).Rule + 2);
        Refused(UpdateCode.Signature, "more than 10000 devices", $$"""{{Head}}{{half}},{{half}},{"devices":["x"],"hold":true}{{Tail}}""");
        Assert.Throws<UpdateException>(() => RolloutDocument.Of("parts", [.. Enumerable.Repeat(new RolloutRule(), 1001)]));
    }

    [Fact]
    public void A_long_document_is_refused()
    {
        Refused(UpdateCode.Size, "at most 1048576", Head + new string(' ', RolloutDocument.MaxBytes) + Tail);
        Dictionary<string, string> labels = new() { ["a"] = new string('b', 256) };
        RolloutRule[] rules = [.. Enumerable.Repeat(new RolloutRule { Labels = Enumerable.Range(0, 10).ToDictionary(i => $"l{i}", _ => labels["a"]) }, 1000)];
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => RolloutDocument.Of("parts", rules)).Code);
    }

    [Fact]
    public void What_nobody_would_take_cannot_be_made()
    {
        Assert.Throws<UpdateException>(() => RolloutDocument.Of("../parts", []));
        Assert.Throws<UpdateException>(() => RolloutDocument.Of("parts", [new() { Target = new("other", 1) }]));
        Assert.Throws<UpdateException>(() => RolloutDocument.Of("parts", [new() { Devices = [], Target = new("parts", 1) }]));
        Assert.Throws<UpdateException>(() => RolloutDocument.Of("parts", [new() { Share = new(10_001, "s"), Target = new("parts", 1) }]));
        Assert.Throws<UpdateException>(() => RolloutDocument.Of("parts", [new() { Share = new(1, ""), Target = new("parts", 1) }]));
    }

    [Fact]
    public void A_document_that_is_changed_anywhere_is_read_or_refused()
    {
        Random random = new(7);
        byte[] text = Encoding.UTF8.GetBytes(Example);
        int refused = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] changed = [.. text];
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                RolloutDocument.Read(changed, "parts").Decide("press-3", s_none);
            }
            catch (UpdateException e)
            {
                refused++;
                Assert.DoesNotContain(Assert.Single(e.Faults).ToString(), char.IsControl);
            }
        }

        Assert.InRange(refused, 3000, 4999);
    }

    private static RolloutDocument Rules(string rules) => Read(Head + rules + Tail);

    private static RolloutDocument Read(string text) => RolloutDocument.Read(Encoding.UTF8.GetBytes(text), "parts");

    private static void Refused(UpdateCode code, string expected, string text)
    {
        UpdateException refused = Assert.Throws<UpdateException>(() => Read(text));
        Assert.Equal(code, refused.Code);
        Assert.Contains(expected, refused.Message);
        Assert.StartsWith("rollout/parts.json: ", refused.Message);
        Assert.DoesNotContain(refused.Message, char.IsControl);
    }
}
