using EdgeInfer.Sources.Files;

namespace EdgeInfer.Tests.Sources.Files;

public sealed class FilePatternTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FilePatternTests()
    {
        foreach (string name in (string[])["b.jpg", "a.jpg", "B.jpg", "a1.png", ".hidden.jpg", "x/c.jpg", "x/y/d.jpg", "x/y/d.png", "z[1]/e.jpg", ".git/f.jpg"]) _folder.Write(name, [1]);
        Directory.CreateSymbolicLink(_folder.At("x/circle"), _folder.At("x"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.jpg", "a.jpg")]
    [InlineData("", "B.jpg a.jpg a1.png b.jpg")]
    [InlineData("*.jpg", "B.jpg a.jpg b.jpg")]
    [InlineData("?.jpg", "B.jpg a.jpg b.jpg")]
    [InlineData("a*", "a.jpg a1.png")]
    [InlineData("*", "B.jpg a.jpg a1.png b.jpg")]
    [InlineData(".*.jpg", ".hidden.jpg")]
    [InlineData("*/*.jpg", "x/c.jpg z[1]/e.jpg")]
    [InlineData("**/*.jpg", "B.jpg a.jpg b.jpg x/c.jpg x/y/d.jpg z[1]/e.jpg")]
    [InlineData("**", "B.jpg a.jpg a1.png b.jpg x/c.jpg x/y/d.jpg x/y/d.png z[1]/e.jpg")]
    [InlineData("x/**/d.*", "x/y/d.jpg x/y/d.png")]
    [InlineData("**/y/*.png", "x/y/d.png")]
    [InlineData("z[1]/*", "z[1]/e.jpg")]
    [InlineData("x/circle/*.jpg", "x/circle/c.jpg")]
    [InlineData("nothing/*.jpg", "")]
    [InlineData("missing.jpg", "")]
    [InlineData("A.jpg", "")]
    public void A_pattern_finds_what_a_shell_would_in_ordinal_order(string pattern, string expected)
    {
        IEnumerable<string> found = FilePattern.Find(_folder.At(pattern)).Select(path => Path.GetRelativePath(_folder.Path, path));
        Assert.Equal(expected, string.Join(' ', found));
    }
}
