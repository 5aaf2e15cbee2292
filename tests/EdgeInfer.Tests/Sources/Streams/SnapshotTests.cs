using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Tests.Sources.Streams;

public sealed class SnapshotTests : IDisposable
{
    private readonly RecordingLogger _log = new();
    private readonly FrameMailbox _mailbox = new();
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        foreach (IDisposable one in _open) one.Dispose();
        _mailbox.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Single_pictures_are_asked_for_again_and_again(bool isKeptAlive)
    {
        int asked = 0;
        FakeCamera camera = Camera(visit =>
        {
            do
            {
                visit.ReadRequest();
                byte[] picture = [0xFF, 0xD8, 0xFF, (byte)++asked, 0xFF, 0xD9];
                string length = isKeptAlive ? $"Content-Length: {picture.Length}" : "Connection: close";
                visit.Send($"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nX-Frame-Id: n{asked}\r\n{length}\r\n\r\n");
                visit.Send(picture);
            }
            while (isKeptAlive);
        });
        HttpStreamSource source = Start(camera.Url(), TimeSpan.FromMilliseconds(20));
        for (byte i = 1; i <= 3; i++)
        {
            using FrameLease frame = Take();
            Assert.Equal(i, frame.Data[3]);
            Assert.Equal($"n{i}", frame.Info.Id.ToString());
            Assert.Equal(PixelFormat.Jpeg, frame.Info.Format);
        }

        Assert.Equal("one picture every 0.02 s over HTTP", source.Description);
        Assert.Equal(1, source.Counts.Opens);
    }

    [Fact]
    public void An_address_of_single_pictures_without_an_interval_says_how_often_it_is_asked()
    {
        HttpStreamSource source = Start(Pictures().Url(), null, new StreamLimits { DefaultSnapshotInterval = TimeSpan.FromMilliseconds(10) });
        Take().Dispose();
        Take().Dispose();
        Assert.Equal("one picture every 0.01 s over HTTP (the address gives single pictures, and no `snapshot_interval` is set)", source.Description);
        Assert.Equal(TimeSpan.FromSeconds(1), new StreamLimits().DefaultSnapshotInterval);
    }

    [Fact]
    public void A_stream_where_an_interval_is_set_is_refused()
    {
        HttpStreamSource source = Start(
            Camera(visit =>
            {
                visit.BeginStream();
                visit.Stall();
            }).Url(),
            TimeSpan.FromSeconds(1));
        _log.WaitFor("`snapshot_interval` is for single ones");
        Assert.Equal(SourceState.Failed, source.State);
    }

    [Fact]
    public void A_picture_that_ends_too_soon_is_counted_corrupt_and_asked_for_again()
    {
        HttpStreamSource source = Start(
            Camera(visit =>
            {
                visit.ReadRequest();
                visit.Send($"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {(visit.Number == 1 ? 5000 : 12)}\r\n\r\n");
                visit.Send([0x89, .. "PNG\r\n\x1A\n1234"u8]);
            }).Url(),
            TimeSpan.FromMilliseconds(10));
        using FrameLease frame = Take();
        Assert.Equal(PixelFormat.PictureFile, frame.Info.Format);
        Assert.Equal(12, frame.Data.Length);
        Assert.Equal(1, source.Counts.Corrupt);
    }

    [Fact]
    public void A_stop_does_not_wait_for_the_next_picture()
    {
        HttpStreamSource source = Start(Pictures().Url(), TimeSpan.FromHours(1));
        Take().Dispose();
        source.Dispose();
        Assert.Equal(0, source.Counts.Failures);
    }

    private FakeCamera Pictures() => Camera(visit =>
    {
        while (true)
        {
            visit.ReadRequest();
            visit.Send("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 6\r\n\r\n");
            visit.Send([0xFF, 0xD8, 0xFF, 1, 0xFF, 0xD9]);
        }
    });

    private FakeCamera Camera(Action<FakeCamera.Visit> script)
    {
        FakeCamera camera = new(script);
        _open.Insert(0, camera);
        return camera;
    }

    private HttpStreamSource Start(Uri url, TimeSpan? interval, StreamLimits? limits = null)
    {
        HttpStreamSource source = new(new StreamOptions(url, null, null, interval), _mailbox, TimeProvider.System, new Random(1), _log, limits);
        _open.Insert(0, source);
        source.Start();
        return source;
    }

    private FrameLease Take()
    {
        bool isTaken = _mailbox.TryTake(TimeSpan.FromSeconds(20), out FrameLease frame);
        Assert.True(isTaken, "no frame came:\n" + _log.Text);
        return frame;
    }
}
