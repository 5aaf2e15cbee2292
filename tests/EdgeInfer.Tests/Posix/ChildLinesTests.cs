using System.Text;
using EdgeInfer.Posix;

namespace EdgeInfer.Tests.Posix;

public sealed class ChildLinesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void Lines_are_the_same_however_they_were_read(int piece)
    {
        List<string> heard = [];
        ChildLines lines = new(5);
        byte[] bytes = Encoding.UTF8.GetBytes("one\n\nfive5\nrest");
        for (int at = 0; at < bytes.Length; at += piece) Assert.True(lines.Take(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)), Hear));
        Assert.True(lines.Take("!\n"u8, Hear));
        Assert.Equal(["one", "", "five5", "rest!"], heard);

        void Hear(ReadOnlySpan<byte> line) => heard.Add(Encoding.UTF8.GetString(line));
    }

    [Theory]
    [InlineData("123456\n")]
    [InlineData("123456")]
    [InlineData("12\n123456")]
    public void A_line_longer_than_allowed_is_none(string text) => Assert.False(new ChildLines(5).Take(Encoding.UTF8.GetBytes(text), static _ => { }));

    [Fact]
    public void A_line_that_grows_too_long_is_none()
    {
        ChildLines lines = new(5);
        Assert.True(lines.Take("12345"u8, static _ => { }));
        Assert.False(lines.Take("6\n"u8, static _ => { }));
    }
}
