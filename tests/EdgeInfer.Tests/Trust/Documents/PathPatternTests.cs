using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust.Documents;

public sealed class PathPatternTests
{
    // The first nine rows are the specification's own examples (section 4.5).
    [Theory]
    [InlineData("targets/*.tgz", "targets/foo.tgz", true)]
    [InlineData("targets/*.tgz", "targets/bar.tgz", true)]
    [InlineData("targets/*.tgz", "targets/foo.txt", false)]
    [InlineData("foo-version-?.tgz", "foo-version-2.tgz", true)]
    [InlineData("foo-version-?.tgz", "foo-version-alpha.tgz", false)]
    [InlineData("*.tgz", "foo.tgz", true)]
    [InlineData("*.tgz", "targets/foo.tgz", false)]
    [InlineData("foo.tgz", "foo.tgz", true)]
    [InlineData("foo.tgz", "xfoo.tgz", false)]
    [InlineData("models/*/*", "models/parts/12", true)]
    [InlineData("models/*/*", "models/parts", false)]
    [InlineData("models/*/*", "models/parts/12/extra", false)]
    [InlineData("models/*/*", "models//12", true)]
    [InlineData("models?parts", "models/parts", false)]
    [InlineData("models*parts", "models/parts", false)]
    [InlineData("rollout/*", "rollout/../models/parts/12", false)]
    [InlineData("*", "", true)]
    [InlineData("?", "", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("*a*b*c*", "xxaxxbxxcxx", true)]
    [InlineData("*a*b*c", "abcbca", false)]
    [InlineData("a**b", "ab", true)]
    [InlineData("*/x", "a/b/x", false)]
    [InlineData("[ab]", "a", false)]
    [InlineData("[ab]", "[ab]", true)]
    [InlineData("README.md", "README.MD", false)]
    [InlineData("?", "😀", true)]
    [InlineData("??", "😀", false)]
    [InlineData(".*", ".hidden", true)]
    [InlineData("a.b", "axb", false)]
    [InlineData("a\\*", "a\\b", true)]
    public void A_wildcard_stays_within_its_segment(string pattern, string path, bool fits) => Assert.Equal(fits, PathPattern.Matches(pattern, path));

    [Fact]
    public void A_pattern_of_stars_costs_no_exponential_time()
        => Assert.False(PathPattern.Matches(string.Concat(Enumerable.Repeat("*a", 500)) + "b", new string('a', 1000)));
}
