using System.Text;
using EdgeInfer.Settings;

namespace EdgeInfer.Tests.Settings;

public sealed class SettingValueTests
{
    [Theory]
    [InlineData("enabled", "true", "true")]
    [InlineData("enabled", " false\n", "false")]
    [InlineData("enabled", "\"true\"", "true")]
    [InlineData("threshold", "0.5", "0.5")]
    [InlineData("threshold", "5e-1", "0.5")]
    [InlineData("threshold", "0", "0")]
    [InlineData("threshold", "-0", "0")]
    [InlineData("threshold", "1", "1")]
    [InlineData("threshold", "\"0.25\"", "0.25")]
    [InlineData("interval", "0", "0")]
    [InlineData("interval", "2.5", "2.5")]
    [InlineData("interval", "250ms", "0.25")]
    [InlineData("interval", "\"5s\"", "5")]
    [InlineData("interval", "2h", "7200")]
    [InlineData("interval", "1d", "86400")]
    public void A_scalar_is_read_with_and_without_quotes(string key, string message, string value)
    {
        Assert.Null(SettingValue.Read(key, Encoding.UTF8.GetBytes(message), out SettingValue read));
        Assert.Equal(value, read.Json);
    }

    [Theory]
    [InlineData("enabled", "on", "found 'on'; expected true or false")]
    [InlineData("enabled", "1", "found '1'; expected true or false")]
    [InlineData("enabled", "null", "found 'null'; expected true or false")]
    [InlineData("threshold", "1.01", "found '1.01'; expected a number from 0 to 1")]
    [InlineData("threshold", "-0.1", "found '-0.1'; expected a number from 0 to 1")]
    [InlineData("threshold", "NaN", "found 'NaN'; expected a number from 0 to 1")]
    [InlineData("threshold", "0,5", "found '0,5'; expected a number from 0 to 1")]
    [InlineData("threshold", "{\"value\":0.5}", "found '{\"value\":0.5}'; expected a number from 0 to 1")]
    [InlineData("threshold", "\"\\ud800\"", "found '\"\\ud800\"'; expected a number from 0 to 1")]
    [InlineData("interval", "-1", "found '-1'; expected seconds as a number, or a duration such as 250ms, 5s, 2h, from 0 to 1d")]
    [InlineData("interval", "86401", "found '86401'; expected seconds as a number, or a duration such as 250ms, 5s, 2h, from 0 to 1d")]
    [InlineData("interval", "25h", "found '25h'; expected seconds as a number, or a duration such as 250ms, 5s, 2h, from 0 to 1d")]
    public void Anything_else_is_refused_with_what_is_expected(string key, string message, string cause)
        => Assert.Equal(cause, SettingValue.Read(key, Encoding.UTF8.GetBytes(message), out _));

    [Fact]
    public void A_message_longer_than_a_value_can_be_is_refused_by_its_length()
        => Assert.Equal("the message has 257 bytes; expected true or false", SettingValue.Read("enabled", new byte[257], out _));

    [Theory]
    [InlineData("0.50", "0.5")]
    [InlineData("true", "true")]
    [InlineData("a \"b\" \u0007", "\"a \\u0022b\\u0022 \\u0007\"")]
    public void What_was_refused_is_shown_as_JSON(string message, string json) => Assert.Equal(json, SettingValue.Shown(Encoding.UTF8.GetBytes(message)));
}
