using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>A fenced block of a document.</summary>
/// <param name="Language">What stands behind its fence; empty for nothing.</param>
/// <param name="Lines">Its lines.</param>
internal sealed record DocumentBlock(string Language, IReadOnlyList<string> Lines);

/// <summary>What a document tells its readers to type.</summary>
internal static class Document
{
    private const string Fence = "```";

    /// <summary>The fenced blocks under a heading, up to the next heading.</summary>
    /// <param name="file">In <c>docs</c>.</param>
    /// <param name="heading">The whole line.</param>
    public static IReadOnlyList<DocumentBlock> Blocks(string file, string heading)
    {
        string[] lines = File.ReadAllLines(Path.Combine(PublishedBinary.Root, "docs", file));
        int at = Array.IndexOf(lines, heading);
        Assert.True(at >= 0, $"docs/{file} has no line '{heading}'");
        List<DocumentBlock> blocks = [];
        for (at++; at < lines.Length && !lines[at].StartsWith('#'); at++)
        {
            if (!lines[at].StartsWith(Fence, StringComparison.Ordinal)) continue;
            string language = lines[at][Fence.Length..];
            int end = Array.IndexOf(lines, Fence, at + 1);
            blocks.Add(new(language, lines[(at + 1)..end]));
            at = end;
        }

        return blocks;
    }
}
