using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeInfer.Diagnosis;
using EdgeInfer.Results.Schemas;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>The ids of findings: one list in the code, in the schema and in the documentation, and each is used.</summary>
public sealed partial class FindingIdTests
{
    [Fact]
    public void Code_schema_and_documentation_have_the_same_ids()
    {
        using JsonDocument schema = JsonDocument.Parse(MessageSchemas.Find("doctor")!);
        string[] inSchema = [.. schema.RootElement.GetProperty("$defs").GetProperty("finding_id").GetProperty("enum").EnumerateArray().Select(static e => e.GetString()!)];
        Assert.Equal(FindingIds.Names.Order(StringComparer.Ordinal), inSchema.Order(StringComparer.Ordinal));

        string page = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "doctor.md"));
        string table = page[page.IndexOf("## Kinds of findings", StringComparison.Ordinal)..];
        string[] documented = [.. Documented().Matches(table).Select(static m => m.Groups[1].Value)];
        Assert.Equal(FindingIds.Names.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_id_is_given_to_some_finding()
    {
        string code = string.Concat(Directory.EnumerateFiles(Path.Combine(RepositoryFolder.Root, "src", "EdgeInfer.Core", "Diagnosis"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.All(Enum.GetValues<FindingId>(), id => Assert.Matches($@"FindingId\.{id}\b", code));
    }

    [Fact]
    public void Every_value_of_a_section_is_described_by_the_schema()
    {
        using JsonDocument schema = JsonDocument.Parse(MessageSchemas.Find("doctor")!);
        JsonElement sections = schema.RootElement.GetProperty("properties").GetProperty("sections").GetProperty("properties");
        HashSet<string> described = [.. sections.EnumerateObject().SelectMany(static s => s.Value.GetProperty("properties").EnumerateObject().Select(static p => p.Name))];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(RepositoryFolder.Root, "src", "EdgeInfer.Core", "Diagnosis"), "*.cs", SearchOption.AllDirectories))
            foreach (Match fact in Facts().Matches(File.ReadAllText(file))) Assert.Contains(fact.Groups[1].Value, described);
    }

    [Theory]
    [InlineData("JpegFast", "jpeg_fast")]
    [InlineData("ProcessorInt8", "processor_int8")]
    [InlineData("UserMayNotReadConfiguration", "user_may_not_read_configuration")]
    public void An_id_is_written_in_snake_case(string id, string text) => Assert.Equal(text, FindingIds.NameOf(Enum.Parse<FindingId>(id)));

    [GeneratedRegex(@"^\| `([a-z0-9_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Documented();

    [GeneratedRegex("\\.Fact\\(\"([a-z_]+)\"")]
    private static partial Regex Facts();
}
