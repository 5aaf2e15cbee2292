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
    [InlineData("://", "://***")]
    [InlineData("token s3cret is wrong", "token *** is wrong")]
    public void A_line_is_shown_without_what_opens_the_camera(string line, string shown) => Assert.Equal(shown, Redaction.Of(line, "s3cret", ""));
}
