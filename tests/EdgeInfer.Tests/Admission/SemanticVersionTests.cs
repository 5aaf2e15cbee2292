using EdgeInfer.Admission;

namespace EdgeInfer.Tests.Admission;

/// <summary>Versions as semver.org has them (2.0.0): the grammar's examples and the order of precedence of item 11.</summary>
public sealed class SemanticVersionTests
{
    private static readonly string[] s_order =
    [
        "0.0.4", "0.9.9", "1.0.0-0", "1.0.0-1", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
        "1.2.3----R-S.12.9.1--.12", "1.9.0", "1.10.0", "1.11.0", "2.0.0", "2.1.0", "2.1.1", "10.2.3-DEV-SNAPSHOT", "99999999999999999999999.999999999999999999.99999999999999999",
    ];

    [Fact]
    public void They_are_ordered_by_precedence()
    {
        for (int i = 0; i < s_order.Length; i++)
            for (int j = 0; j < s_order.Length; j++)
                Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(SemanticVersion.Parse(s_order[i])!.CompareTo(SemanticVersion.Parse(s_order[j]))));
    }

    [Theory]
    [InlineData("1.0.0+20130313144700", "1.0.0")]
    [InlineData("1.0.0-beta+exp.sha.5114f85", "1.0.0-beta+21AF26D3---117B344092BD")]
    public void Build_metadata_do_not_count(string a, string b)
        => Assert.Equal(0, SemanticVersion.Parse(a)!.CompareTo(SemanticVersion.Parse(b)));

    // The lists behind the regular expression that semver.org suggests.
    [Theory]
    [InlineData("1.1.2-prerelease+meta")]
    [InlineData("1.1.2+meta-valid")]
    [InlineData("1.0.0-alpha0.valid")]
    [InlineData("1.0.0-alpha.0valid")]
    [InlineData("1.0.0-rc.1+build.123")]
    [InlineData("2.0.0+build.1848")]
    [InlineData("1.2.3----RC-SNAPSHOT.12.9.1--.12+788")]
    [InlineData("1.0.0+0.build.1-rc.10000aaa-kk-0.1")]
    [InlineData("1.0.0-0A.is.legal")]
    public void These_are_versions(string text) => Assert.Equal(text, SemanticVersion.Parse(text)!.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2")]
    [InlineData("1.2.3-0123")]
    [InlineData("1.2.3-0123.0123")]
    [InlineData("1.1.2+.123")]
    [InlineData("+invalid")]
    [InlineData("-invalid")]
    [InlineData("alpha.beta.1")]
    [InlineData("1.0.0-alpha_beta")]
    [InlineData("1.0.0-alpha..1")]
    [InlineData("01.1.1")]
    [InlineData("1.01.1")]
    [InlineData("1.1.01")]
    [InlineData("1.2.3.DEV")]
    [InlineData("1.2-SNAPSHOT")]
    [InlineData("1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788")]
    [InlineData("-1.0.3-gamma+b7718")]
    [InlineData("9.8.7+meta+meta")]
    [InlineData("1.0.0-")]
    [InlineData("1.0.0+")]
    [InlineData("v1.0.0")]
    [InlineData(" 1.0.0")]
    [InlineData("1.0.0\n")]
    [InlineData("1.0.\u0661")]
    public void These_are_none(string text) => Assert.Null(SemanticVersion.Parse(text));
}
