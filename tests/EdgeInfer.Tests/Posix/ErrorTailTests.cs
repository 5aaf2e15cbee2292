using EdgeInfer.Posix;

namespace EdgeInfer.Tests.Posix;

public sealed class ErrorTailTests
{
    private readonly ErrorTail _tail = new();

    [Fact]
    public void Nothing_has_no_last_line()
    {
        Assert.Null(_tail.LastLine);
        _tail.Add("\n \n"u8);
        Assert.Null(_tail.LastLine);
    }

    [Fact]
    public void Lines_in_pieces_are_put_together_and_progress_counts_as_lines()
    {
        _tail.Add("fir"u8);
        _tail.Add("st\r\nframe=1\rframe=2\rlast"u8);
        Assert.Equal(["first", "frame=1", "frame=2", "last"], _tail.Lines());
    }

    [Fact]
    public void Colours_and_control_characters_are_taken_out()
    {
        _tail.Add("\u001b[31;1mERROR\u001b[0m\tno\u0007 camera\n"u8);
        Assert.Equal("ERROR no camera", _tail.LastLine);
    }

    [Fact]
    public void A_long_line_is_cut()
    {
        _tail.Add(System.Text.Encoding.ASCII.GetBytes(new string('x', 5000)));
        Assert.Equal(new string('x', 300) + "…", _tail.LastLine);
    }

    [Fact]
    public void Of_much_only_the_end_is_kept_in_whole_lines()
    {
        for (int i = 0; i < 100_000; i++) _tail.Add(System.Text.Encoding.ASCII.GetBytes($"line {i:000000}\n"));
        IReadOnlyList<string> lines = _tail.Lines();
        Assert.Equal(100_000, _tail.LineCount);
        Assert.InRange(lines.Count, 600, 700);
        Assert.All(lines, line => Assert.Equal(11, line.Length));
        Assert.Equal("line 099999", lines[^1]);
    }
}
