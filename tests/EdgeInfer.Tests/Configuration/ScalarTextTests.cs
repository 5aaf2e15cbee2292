using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

public sealed class ScalarTextTests
{
    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("5s", 5000)]
    [InlineData("0s", 0)]
    [InlineData("1.5s", 1500)]
    [InlineData("10m", 600_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("1d", 86_400_000)]
    public void A_duration_has_a_unit(string text, double milliseconds)
    {
        Assert.True(ScalarText.TryDuration(text, out TimeSpan value));
        Assert.Equal(milliseconds, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 min")]
    [InlineData("1e300d")]
    [InlineData("NaNs")]
    [InlineData("Infinitys")]
    [InlineData("5S")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(ScalarText.TryDuration(text, out _));

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(250, "250ms")]
    [InlineData(90_000, "90s")]
    [InlineData(7_200_000, "2h")]
    [InlineData(86_400_000, "1d")]
    public void A_duration_is_written_in_its_largest_whole_unit(double milliseconds, string text)
        => Assert.Equal(text, ScalarText.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData("1", 1)]
    [InlineData("-2.5", -2.5)]
    [InlineData("1e3", 1000)]
    [InlineData("1/4", 0.25)]
    [InlineData("1 / 4", 0.25)]
    public void A_number_may_be_a_fraction(string text, double number)
    {
        Assert.True(ScalarText.TryNumber(text, out double value));
        Assert.Equal(number, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1/0")]
    [InlineData("1/2/3")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e999")]
    [InlineData("1,5")]
    [InlineData("0x10")]
    [InlineData("one")]
    public void What_is_no_number_is_refused(string text) => Assert.False(ScalarText.TryNumber(text, out _));

    [Theory]
    [InlineData("64MiB", 67_108_864)]
    [InlineData("1kB", 1000)]
    [InlineData("5B", 5)]
    [InlineData("1.5KiB", 1536)]
    public void A_number_of_bytes_has_a_unit(string text, long bytes)
    {
        Assert.True(ScalarText.TryBytes(text, out long value));
        Assert.Equal(bytes, value);
    }

    [Theory]
    [InlineData("640x480", true)]
    [InlineData("1x1", true)]
    [InlineData("65500x65500", true)]
    [InlineData("65501x1", false)]
    [InlineData("0x480", false)]
    [InlineData("640", false)]
    [InlineData("640x", false)]
    [InlineData("x480", false)]
    [InlineData("640x480x3", false)]
    [InlineData("-640x480", false)]
    [InlineData("640X480", false)]
    [InlineData("99999999999x1", false)]
    public void A_size_is_width_x_height_within_what_a_JPEG_can_have(string text, bool isSize)
        => Assert.Equal(isSize, ScalarText.TrySize(text, out _));

    [Theory]
    [InlineData("treshold", "threshold")]
    [InlineData("on_change", "on-change")]
    [InlineData("ULR", "url")]
    [InlineData("passwrod", "password")]
    [InlineData("elephant", null)]
    [InlineData("x", null)]
    public void The_nearest_key_is_named_where_one_is_near(string written, string? near)
        => Assert.Equal(near, NearestKey.Find(written, ["threshold", "on-change", "url", "password", "id"]));

    [Theory]
    [InlineData("mqtt://u:p@host/x", "'mqtt://***@host/x'")]
    [InlineData("mqtt://u:p@q@host", "'mqtt://***@host'")]
    [InlineData("u:p@host", "'***@host'")]
    [InlineData("http://host/x?pwd=a&b=c", "'http://host/x?***'")]
    [InlineData("http://u:p@host?x=y@z", "'http://***@host?***'")]
    [InlineData("http://host", "'http://host'")]
    public void An_address_is_shown_without_what_may_be_a_password(string address, string shown) => Assert.Equal(shown, Quoted.Address(address));
}
