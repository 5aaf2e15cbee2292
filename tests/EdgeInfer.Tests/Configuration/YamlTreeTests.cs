using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

public sealed class YamlTreeTests
{
    [Fact]
    public void Every_node_knows_its_line_and_column()
    {
        YamlMapping root = (YamlMapping)Parse("a:\n  - x\n  - { b: 'y' }\n");
        YamlSequence list = (YamlSequence)root.Find("a")!;
        Assert.Equal(new Mark("f", 2, 5), list.Items[0].Mark);
        YamlMapping inner = (YamlMapping)list.Items[1];
        Assert.Equal(new Mark("f", 3, 5), inner.Mark);
        Assert.Equal(new Mark("f", 3, 10), inner.Find("b")!.Mark);
        Assert.Equal("f:3:10", inner.Find("b")!.Mark.ToString());
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("0x10")]
    [InlineData("1e3")]
    [InlineData("12:30:45")]
    [InlineData("no")]
    public void A_scalar_is_text_whatever_YAML_1_1_makes_of_it(string text)
        => Assert.Equal(text, ((YamlScalar)((YamlMapping)Parse($"a: {text}")).Find("a")!).Value);

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("---\n")]
    [InlineData("null\n")]
    public void An_empty_document_is_an_empty_mapping(string text)
        => Assert.Empty(((YamlMapping)Parse(text)).Entries);

    [Theory]
    [InlineData("a: 1\na: 2\n", "f:2:1: the key 'a' stands here a second time; keep one of them")]
    [InlineData("a: &x 1\n", "f:1:4: anchors are not supported; write the value out")]
    [InlineData("a: *x\n", "f:1:4: aliases are not supported; write the value out, or quote a text that begins with '*'")]
    [InlineData("a: !x 1\n", "f:1:4: tags are not supported; remove the tag, or quote a text that begins with '!'")]
    [InlineData("? [a]\n: 1\n", "f:1:3: a key must be a single value; write it as text")]
    [InlineData("a: 1\n---\nb: 2\n", "f:2:1: a second document starts here; keep one document in a file")]
    public void What_the_tree_does_not_take_is_refused_where_it_stands(string text, string fault)
    {
        FaultList faults = new();
        Assert.NotNull(YamlTree.Parse(text, "f", faults));
        Assert.Equal([fault], faults.Faults.Select(f => f.ToString()));
    }

    [Theory]
    [InlineData("a: [1\n", 1)]
    [InlineData("a: 'x\n", 1)]
    [InlineData("a: 1\n b: 2\n", 2)]
    [InlineData("a: @b\n", 1)]
    [InlineData("a: \"\\q\"\n", 1)]
    public void A_text_that_is_not_YAML_is_one_fault_with_its_line(string text, int line)
    {
        FaultList faults = new();
        Assert.Null(YamlTree.Parse(text, "f", faults));
        string fault = Assert.Single(faults.Faults).ToString();
        Assert.StartsWith($"f:{line}:", fault, StringComparison.Ordinal);
        Assert.Contains("this is not YAML: ", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_has_an_end()
    {
        FaultList faults = new();
        Assert.Null(YamlTree.Parse(new string('[', 100_000), "f", faults));
        Assert.Equal(["f:1:34: more than 32 levels of nesting; flatten it"], faults.Faults.Select(f => f.ToString()));
    }

    [Fact]
    public void A_text_has_an_end()
    {
        FaultList faults = new();
        Assert.Null(YamlTree.Parse(new string(' ', (4 << 20) + 1), "f", faults));
        Assert.Single(faults.Faults);
    }

    private static YamlNode Parse(string text)
    {
        FaultList faults = new();
        YamlNode? node = YamlTree.Parse(text, "f", faults);
        Assert.Empty(faults.Faults);
        return node!;
    }
}
