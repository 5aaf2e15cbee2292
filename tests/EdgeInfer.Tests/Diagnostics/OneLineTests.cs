using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Diagnostics;

public sealed class OneLineTests
{
    [Theory]
    [InlineData("plain: é 猫", "plain: é 猫")]
    [InlineData("one\r\ntwo\nthree\u2028four", "one two three four")]
    [InlineData("\u001b[31mred\u001b[0m \u009b5n \b\0\t\u007f", " [31mred [0m  5n     ")]
    public void Words_of_others_make_one_line_and_give_a_terminal_no_orders(string said, string expected) => Assert.Equal(expected, OneLine.Of(said));
}
