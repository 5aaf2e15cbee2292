using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

/// <summary>What is said of the slips that people make in YAML; lines and columns counted by hand from 1.</summary>
public sealed class YamlSyntaxTests
{
    private const string Colon = "write 'key: value', with a space behind the colon";
    private const string Alike = "indent the keys of one mapping by the same number of spaces";
    private const string Quote = "a quote that is opened here is not closed; close it on the same line";

    [Theory]
    [InlineData("mqtt:\n\turl: mqtt://h\n", "2:1: a tab in the indentation; use spaces alone")]
    [InlineData("pipelines:\n  belt:\n  \tmodel: x\n", "3:3: a tab in the indentation; use spaces alone")]
    [InlineData("mqtt:\n  url mqtt://h\n  prefix: x\n", "2:3: a key without ':'; " + Colon)]
    [InlineData("mqtt:\n  url:mqtt://h\n\n  prefix: x\n", "2:3: a ':' without a space behind it; " + Colon)]
    [InlineData("mqtt\n  url: x\n", "1:1: a key without ':'; " + Colon)]
    [InlineData("mqtt:\n  url: mqtt://h\nmodels\n", "3:1: a key without ':'; " + Colon)]
    [InlineData("mqtt:\n  url: \"mqtt://h\n  prefix: x\nmodels:\n  a: 1\n", "2:8: " + Quote)]
    [InlineData("mqtt:\n  url: 'mqtt://h\n  prefix: x\n", "2:8: " + Quote)]
    [InlineData("mqtt:\n  url: \"mqtt://h\" x\n", "2:19: something stands behind the closing quote; put the whole value in quotes")]
    [InlineData("mqtt:\n  url: \"\\q\"\n", "2:8: an unknown escape behind '\\' in double quotes; use single quotes, in which '\\' has no meaning")]
    [InlineData("runtime:\n  providers: [cpu\n  threads: 2\nmodels: {}\n", "2:14: a '[' that is opened here is not closed; close it with ']'")]
    [InlineData("mqtt: { url: mqtt://h\nmodels: {}\n", "1:7: a '{' that is opened here is not closed; close it with '}'")]
    [InlineData("mqtt: {\n", "1:7: a '{' that is opened here is not closed; close it with '}'")]
    [InlineData("runtime: { providers: [cpu, threads: 2 }\nmodels: {}\n", "1:23: a '[' that is opened here is not closed; close it with ']'")]
    [InlineData("a: it's [ # ] {\nb: '['\nc: \"\\\"{\"\nd: { e: 1\n", "4:4: a '{' that is opened here is not closed; close it with '}'")]
    [InlineData("mqtt: { url: mqtt://h }}\nmodels: {}\n", "1:24: a '}' that closes nothing; remove it, or open it before")]
    [InlineData("mqtt: { url: mqtt://h prefix: x }\n", "1:29: a ',' is missing before this; separate the entries in braces and brackets by ', '")]
    [InlineData("mqtt: {a: 1,, b: 2}\n", "1:13: an entry is missing before this; write it, or remove the ',' too much")]
    [InlineData("mqtt:\n  url: mqtt://h\n    prefix: x\n", "3:5: this line is indented deeper than the key above it, which has a value already; " + Alike)]
    [InlineData("mqtt:\n    url: mqtt://h\n  prefix: x\n", "3:3: this line's indentation is that of no key above it; " + Alike)]
    [InlineData("  mqtt:\n    url: x\nmodels: {}\n", "3:1: this line's indentation is that of no key above it; " + Alike)]
    [InlineData("mqtt:\n  url: a: b\n", "2:9: a second ': ' in one value; put the value in quotes")]
    [InlineData("mqtt:\n  username: @joe\n", "2:13: a value cannot begin with this character; put the value in quotes")]
    [InlineData("runtime:\n  - a\n  b: 1\n", "3:3: a key stands among the items of a list; begin each item of a list with '- ', indented alike")]
    [InlineData("runtime:\n  b: 1\n  - a\n", "3:3: an item of a list ('- ') stands among keys; put the list below a key of its own")]
    [InlineData("mqtt:\n  url: - x\n", "2:8: a list cannot begin with '- ' on the line of its key; put each '- ' on a line of its own below the key, or write [a, b]")]
    [InlineData("mqtt:\n  url: |x\n", "2:8: something stands behind '|' or '>'; put the text on the lines below it, or in quotes")]
    public void A_slip_is_named_where_it_was_made_with_its_cure(string text, string fault)
    {
        FaultList faults = new();
        Assert.Null(YamlTree.Parse(text, "f", faults));
        Assert.Equal([$"f:{fault}".Insert(fault.IndexOf(' ', StringComparison.Ordinal) + 3, "this is not YAML: ")], faults.Faults.Select(f => f.ToString()));
    }

    [Fact]
    public void Nothing_of_a_broken_text_is_shown()
    {
        string[] broken = ["password: hunter2: x", "password: \"hunter2", "password: [hunter2", "password: @hunter2", "\tpassword: hunter2", "password hunter2\nx: 1", "a: 1\n  password: hunter2"];
        foreach (string text in broken)
        {
            FaultList faults = new();
            YamlTree.Parse(text, "f", faults);
            Assert.DoesNotContain(faults.Faults, f => f.ToString().Contains("hunter2", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Any_text_is_explained_without_a_throw()
    {
        const string Characters = "a:-[]{}'\"\\#|>@&*!%`,? \t\n\r";
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            FaultList faults = new();
            string text = new(random.GetItems<char>(Characters, random.Next(1, 40)));
            if (YamlTree.Parse(text, "f", faults) is null) Assert.NotEmpty(faults.Faults);
        }
    }
}
