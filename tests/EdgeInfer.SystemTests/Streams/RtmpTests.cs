using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Streams;

/// <summary>Another protocol of ffmpeg's than RTSP, against ffmpeg's own server.</summary>
[Collection(Alone.Name)]
public sealed class RtmpTests
{
    [Fact]
    public async Task Frames_come_by_rtmp()
    {
        string url = string.Create(CultureInfo.InvariantCulture, $"rtmp://127.0.0.1:{Mosquitto.FreePort()}/live/cam");
        await using ChildProcess server = ChildProcess.Start(Peer.Program("ffmpeg"),
            ["-nostdin", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-pix_fmt", "yuv420p", "-g", "10", "-c:v", "flv", "-f", "flv", "-listen", "1", url]);
        using SourceRun run = new(new StreamOptions(new Uri(url), null, null, null) { Ffmpeg = new() });
        for (int i = 0; i < 5; i++)
        {
            TakenFrame frame = run.Take();
            Assert.Equal((PixelFormat.I420, 320, 240), (frame.Info.Format, frame.Info.WidthPixels, frame.Info.HeightPixels));
        }
    }
}
