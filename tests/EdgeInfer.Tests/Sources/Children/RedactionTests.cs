using EdgeInfer.Configuration;
using EdgeInfer.Sources.Children;

namespace EdgeInfer.Tests.Sources.Children;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("nothing to hide", "nothing to hide")]
    [InlineData("rtsp://admin:hunter2@10.0.0.9:554/live: 401 Unauthorized", "rtsp://10.0.0.9:554/live: 401 Unauthorized")]
    [InlineData("'http://cam/img?user=admin&pwd=hunter2&channel=1'.", "'http://cam/img?user=***&pwd=***&channel=1'.")]
    [InlineData("from rtsp://a:hunter2@x/1 to rtsp://b:hunter2@y/2", "from rtsp://x/1 to rtsp://y/2")]
    [InlineData("rtsp://admin:hunter2@cam.local:99999/1 failed", "rtsp://*** failed")]
    [InlineData("rtsp://admin:hun[ter2@", "rtsp://***")]
    [InlineData("rtsp://cam/user=admin_password=hunter2_channel=1_stream=0.sdp", "rtsp://cam/user=***_password=***_channel=1_stream=0.sdp")]
    [InlineData("://", "://***")]
    [InlineData("token s3cret is wrong", "token *** is wrong")]
    public void A_line_is_shown_without_what_opens_the_camera(string line, string shown) => Assert.Equal(shown, new Redaction("s3cret", "").Clean(line));

    [Theory]
    [InlineData("user edge@site refused", "user *** refused")]
    [InlineData("user edge%40site refused", "user *** refused")]
    [InlineData("password a b&c is wrong", "password *** is wrong")]
    [InlineData("password a%20b%26c is wrong", "password *** is wrong")]
    [InlineData("GET /1?token=tok%2Fen&channel=2 failed", "GET /1?*** failed")]
    [InlineData("no such token: tok%2Fen", "no such token: ***")]
    [InlineData("no such token: tok/en", "no such token: ***")]
    [InlineData("channel 2 has no picture", "channel 2 has no picture")]
    public void What_a_streams_options_hold_is_hidden_in_both_its_forms_wherever_it_stands(string line, string shown)
    {
        StreamOptions options = new(new Uri("rtsp://cam/1?token=tok%2Fen&channel=2"), "edge@site", new Secret("a b&c"), null);
        Assert.Equal(shown, new Redaction(options).Clean(line));
    }

    [Theory]
    [InlineData("auth of root with p@ss failed")]
    [InlineData("auth of root with p%40ss failed")]
    public void A_password_in_the_address_is_hidden_also_where_it_stands_alone(string line)
        => Assert.Equal("auth of *** with *** failed", new Redaction(new StreamOptions(new Uri("http://root:p%40ss@cam/"), null, null, null)).Clean(line));

    [Fact]
    public void A_short_user_name_does_not_blot_out_words()
        => Assert.Equal("a bad answer", new Redaction(new StreamOptions(new Uri("rtsp://cam/"), "a", null, null)).Clean("a bad answer"));
}
