using System.Text.Json;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Models;

/// <summary>Expected values are what Python's ast.literal_eval gives for the same text.</summary>
public sealed class PythonLiteralTests
{
    [Theory]
    [InlineData("{0: 'person', 1: 'bicycle'}", """{"0":"person","1":"bicycle"}""")]
    [InlineData("{0: \"driver's cab\", 1: 'say \"x\"',}", """{"0":"driver's cab","1":"say \"x\""}""")]
    [InlineData("[640, 480]", "[640,480]")]
    [InlineData("(640, 480,)", "[640,480]")]
    [InlineData("(7)", "7")]
    [InlineData("(7,)", "[7]")]
    [InlineData("()", "[]")]
    [InlineData(" -1.5e3 ", "-1500")]
    [InlineData("['a\\n\\x41\\u00e9\\U0001F600\\101']", """["a\nAé😀A"]""")]
    [InlineData("'\\q'", "\"\\\\q\"")]
    [InlineData("r'\\n'", "\"\\\\n\"")]
    [InlineData("u'é'", "\"é\"")]
    [InlineData("'''it's\ntwo lines'''", "\"it's\\ntwo lines\"")]
    [InlineData("{'nms': False, 'half': None, 'x': True}", """{"nms":"False","half":"None","x":"True"}""")]
    [InlineData("[\n  {'a': (1, 2)},\n  []\n]", """[{"a":[1,2]},[]]""")]
    [InlineData("""{"0": "person", "1": null}""", """{"0":"person","1":"null"}""")]
    public void A_literal_is_read_as_python_reads_it(string text, string expected)
    {
        PythonValue? value = PythonLiteral.Parse(text, out string error);
        Assert.Equal("", error);
        using JsonDocument document = JsonDocument.Parse(expected);
        Assert.Equal(document.RootElement.GetRawText().Normalize(), Json(value!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{0: 'person'")]
    [InlineData("{0: 'person")]
    [InlineData("{0 'person'}")]
    [InlineData("{0: 'a' 1: 'b'}")]
    [InlineData("[1, 2")]
    [InlineData("[1 2]")]
    [InlineData("[,]")]
    [InlineData("['a\\")]
    [InlineData("'\\x4'")]
    [InlineData("'\\N{BULLET}'")]
    [InlineData("'\\U00110000'")]
    [InlineData("1e999")]
    [InlineData("--1")]
    [InlineData("1 2")]
    [InlineData("nan")]
    [InlineData("{1, 2}")]
    [InlineData("f'{x}'")]
    [InlineData("__import__('os').system('reboot')")]
    [InlineData("[x for x in (1, 2)]")]
    [InlineData("'a\nb'")]
    public void Anything_else_is_refused_with_its_place(string text)
    {
        Assert.Null(PythonLiteral.Parse(text, out string error));
        Assert.StartsWith("character ", error);
    }

    [Fact]
    public void Deep_nesting_is_refused_before_the_stack_ends()
    {
        Assert.Null(PythonLiteral.Parse(new string('[', 1_000_000), out string error));
        Assert.Contains("levels", error);
    }

    [Fact]
    public void Too_many_values_are_refused()
    {
        Assert.Null(PythonLiteral.Parse("[" + string.Concat(Enumerable.Repeat("1,", 300_000)) + "]", out string error));
        Assert.Contains("values", error);
    }

    [Fact]
    public void Random_texts_of_its_own_characters_never_crash_it()
    {
        const string Alphabet = "{}[](),:'\"\\0123456789.-+eExuUrNnTF \n";
        Random random = new(20261125);
        int read = 0;
        for (int i = 0; i < 50_000; i++)
        {
            char[] text = new char[random.Next(1, 24)];
            for (int j = 0; j < text.Length; j++) text[j] = Alphabet[random.Next(Alphabet.Length)];
            if (PythonLiteral.Parse(new string(text), out string error) is not null) read++;
            else Assert.NotEqual("", error);
        }

        Assert.InRange(read, 1, 49_999);
    }

    // As compact JSON; the words None, True and False become texts.
    private static string Json(PythonValue value) => value switch
    {
        PythonText text => Quoted(text.Value),
        PythonNumber number => number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        PythonWord word => Quoted(word.Value),
        PythonList list => $"[{string.Join(',', list.Items.Select(Json))}]",
        PythonMapping mapping => $"{{{string.Join(',', mapping.Entries.Select(e => $"{(e.Key is PythonText ? Json(e.Key) : Quoted(Json(e.Key)))}:{Json(e.Value)}"))}}}",
        _ => throw new InvalidOperationException(),
    };

    private static string Quoted(string text)
        => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
