using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Tests.Sources.Streams;

[Collection(Alone.Name)]
public sealed class HttpStreamSourceTests : IDisposable
{
    private static readonly byte[] s_picture = [0xFF, 0xD8, 0xFF, 1, 2, 3, 0xFF, 0xD9];

    private readonly RecordingLogger _log = new();
    private readonly FrameMailbox _mailbox = new();
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        foreach (IDisposable one in _open) one.Dispose();
        _mailbox.Dispose();
    }

    [Fact]
    public void A_stream_gives_its_pictures_with_their_ids_and_the_time_they_came()
    {
        FakeCamera camera = Camera(visit =>
        {
            visit.BeginStream();
            visit.SendPart(s_picture, "X-Frame-Id: 17\r\n");
            visit.Stall();
        });
        DateTimeOffset before = TimeProvider.System.GetUtcNow();
        HttpStreamSource source = Start(camera.Url());
        using FrameLease picture = Take();
        Assert.Equal(s_picture, picture.Data.ToArray());
        Assert.Equal(PixelFormat.Jpeg, picture.Info.Format);
        Assert.Equal("17", picture.Info.Id.ToString());
        Assert.InRange(picture.Info.CapturedAt, before, TimeProvider.System.GetUtcNow());
        Assert.Equal(SourceState.Running, source.State);
        Assert.Equal("MJPEG over HTTP", source.Description);
        Assert.StartsWith("GET /video HTTP/1.1\r\n", camera.Requests.First(), StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", camera.Requests.First(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_chunked_stream_torn_within_the_chunks_gives_its_pictures()
    {
        byte[] parts = [.. "--frame\r\nContent-Type: image/jpeg\r\n\r\n"u8, .. s_picture, .. "\r\n--frame\r\nX-Frame-Id: 2\r\n\r\n"u8, .. s_picture, .. "\r\n--frame\r\n"u8];
        Start(Camera(visit =>
        {
            visit.ReadRequest();
            visit.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=\"--frame\"\r\nTransfer-Encoding: chunked\r\n\r\n");
            foreach (byte one in parts) visit.Send([.. "1\r\n"u8, one, .. "\r\n"u8]);
            visit.Stall();
        }).Url());
        FrameLease picture = Take();
        while (picture.Info.Sequence < 2)
        {
            Assert.Equal(s_picture, picture.Data.ToArray());
            picture.Dispose();
            picture = Take();
        }

        Assert.Equal(s_picture, picture.Data.ToArray());
        Assert.Equal("2", picture.Info.Id.ToString());
        picture.Dispose();
    }

    [Fact]
    public void A_camera_that_ends_within_a_picture_counts_a_corrupt_frame_and_is_opened_again()
    {
        HttpStreamSource source = Start(Camera(visit =>
        {
            visit.BeginStream();
            if (visit.Number == 1)
            {
                visit.Send("--frame\r\nContent-Length: 1000\r\n\r\nhalf");
                return;
            }

            visit.SendPart(s_picture);
            visit.Stall();
        }).Url());
        using FrameLease picture = Take();
        Assert.Equal(2, picture.Info.Sequence);
        _log.WaitFor("ended the stream within a picture");
        Assert.Equal(1, source.Counts.Corrupt);
        Assert.Equal(2, source.Counts.Opens);
        Assert.Equal(1, source.Counts.Failures);
        Assert.Equal(1, source.Counts.Received);
    }

    [Fact]
    public void A_silent_camera_is_noticed_and_opened_again()
    {
        HttpStreamSource source = Start(
            Camera(visit =>
            {
                visit.BeginStream();
                visit.SendPart(s_picture, $"X-Frame-Id: {visit.Number}\r\n");
                visit.Stall();
            }).Url(),
            limits: new StreamLimits { Stall = TimeSpan.FromMilliseconds(200) });
        using FrameLease first = Take();
        Assert.Equal("1", first.Info.Id.ToString());
        _log.WaitFor("no answer and no bytes for 0.2 s");
        using FrameLease second = Take();
        Assert.Equal("2", second.Info.Id.ToString());
        Assert.Equal(0, source.Counts.Corrupt);
    }

    [Fact]
    public void A_camera_that_accepts_and_never_answers_is_noticed()
    {
        HttpStreamSource source = Start(Camera(visit => visit.Stall()).Url(), limits: new StreamLimits { Stall = TimeSpan.FromMilliseconds(100) });
        _log.WaitFor("no answer and no bytes for 0.1 s");
        Assert.Equal(SourceState.NoSignal, source.State);
    }

    [Fact]
    public void A_camera_that_trickles_without_a_whole_picture_is_noticed()
    {
        Start(
            Camera(visit =>
            {
                visit.BeginStream();
                visit.Send("--frame\r\nContent-Length: 15000000\r\n\r\n");
                while (true) visit.Send("x");
            }).Url(),
            limits: new StreamLimits { Frame = TimeSpan.FromMilliseconds(100) });
        _log.WaitFor("no whole picture in 0.1 s");
    }

    [Fact]
    public void An_address_that_takes_no_connection_is_given_up_in_time()
    {
        // The queue of a listener that accepts nothing fills up, and further connections wait.
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        FillQueue(port);
        Start(new Uri($"http://127.0.0.1:{port}/"), limits: new StreamLimits { Connect = TimeSpan.FromMilliseconds(200) });
        _log.WaitFor("no connection in 0.2 s");
    }

    [Fact]
    public void A_stop_ends_a_connection_attempt_at_once()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        FillQueue(port);
        int others = Connecting(port);
        HttpStreamSource source = Start(new Uri($"http://127.0.0.1:{port}/"), limits: new StreamLimits { Connect = TimeSpan.FromSeconds(60) });
        Assert.True(SpinWait.SpinUntil(() => Connecting(port) > others, TimeSpan.FromSeconds(20)), "the source does not connect");
        Stopwatch watch = Stopwatch.StartNew();
        source.Dispose();
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stop_ends_a_silent_stream_at_once(bool isAnswered)
    {
        using ManualResetEventSlim isSilent = new();
        HttpStreamSource source = Start(
            Camera(visit =>
            {
                if (isAnswered) visit.BeginStream();
                else visit.ReadRequest();
                isSilent.Set();
                visit.Stall();
            }).Url(),
            limits: new StreamLimits { Stall = TimeSpan.FromSeconds(60) });
        Assert.True(isSilent.Wait(TimeSpan.FromSeconds(20)));
        Stopwatch watch = Stopwatch.StartNew();
        source.Dispose();
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
        Assert.Equal(0, source.Counts.Failures);
    }

    [Fact]
    public void An_address_where_nothing_listens_is_said_to_refuse()
    {
        using Socket bound = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        HttpStreamSource source = Start(new Uri($"http://127.0.0.1:{((IPEndPoint)bound.LocalEndPoint!).Port}/"));
        _log.WaitFor("nothing listens there");
        Assert.Equal(SourceState.NoSignal, source.State);
    }

    [Theory]
    [InlineData("404 Not Found", "", "knows no such address", SourceState.Failed)]
    [InlineData("403 Forbidden", "", "forbids this address", SourceState.Failed)]
    [InlineData("401 Unauthorized", "WWW-Authenticate: Basic realm=\"cam\"\r\n", "asks for a user name and a password", SourceState.Failed)]
    [InlineData("503 Service Unavailable", "", "is busy", SourceState.NoSignal)]
    [InlineData("500 Oops", "", "an error of its own (500)", SourceState.NoSignal)]
    [InlineData("400 Bad", "", "answered 400", SourceState.Failed)]
    [InlineData("200 OK", "Content-Type: text/html; charset=utf-8\r\n", "web page (text/html)", SourceState.Failed)]
    [InlineData("200 OK", "Content-Type: application/json\r\n", "gives \"application/json\"", SourceState.Failed)]
    [InlineData("200 OK", "Content-Type: image/jpeg\r\nContent-Length: 99999999\r\n", "a picture of more than 16 MiB", SourceState.Failed)]
    [InlineData("200 OK", "Content-Type: image/jpeg\r\n", "(10 bytes of \"image/jpeg\") is no picture", SourceState.Failed)]
    [InlineData("200 OK", "Content-Type: multipart/x-mixed-replace;boundary=x\r\n", "the camera ended the stream", SourceState.NoSignal)]
    [InlineData("200 OK", "Content-Type: multipart/x-mixed-replace;boundary=never\r\n", "the camera ended the stream", SourceState.NoSignal)]
    public void Every_answer_without_pictures_is_told_apart(string status, string headers, string said, object state)
    {
        HttpStreamSource source = Start(Camera(visit =>
        {
            visit.ReadRequest();
            visit.Send($"HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\nsome bytes");
        }).Url());
        _log.WaitFor(said);
        Assert.Equal(state, source.State);
        Assert.Equal(source.Name, source.Cause?.Where);
        Assert.NotEqual("", source.Cause?.Cure);
    }

    [Fact]
    public void What_is_not_http_is_said_to_be_none()
    {
        Start(Camera(visit =>
        {
            visit.ReadRequest();
            visit.Send("RTSP/1.0 400 Bad Request\r\nCSeq: 1\r\n\r\n");
        }).Url());
        _log.WaitFor("not HTTP");
    }

    [Fact]
    public void A_flood_of_headers_is_refused()
    {
        Start(Camera(visit =>
        {
            visit.ReadRequest();
            visit.Send("HTTP/1.1 200 OK\r\n");
            for (int i = 0; i < 100_000; i++) visit.Send($"X-Flood-{i}: 0123456789012345678901234567890123456789\r\n");
        }).Url());
        _log.WaitFor("more than 64 KiB");
    }

    [Fact]
    public void A_part_without_end_is_refused()
    {
        Start(
            Camera(visit =>
            {
                visit.BeginStream();
                visit.Send("--frame\r\n\r\n");
                byte[] some = new byte[65536];
                while (true) visit.Send(some);
            }).Url(),
            limits: new StreamLimits { FrameBytes = 1 << 20 });
        _log.WaitFor("a picture of more than 1 MiB");
    }

    [Fact]
    public void A_camera_that_sends_on_is_followed()
    {
        FakeCamera camera = Camera(visit =>
        {
            if (visit.ReadRequest().StartsWith("GET /video ", StringComparison.Ordinal))
            {
                visit.Send("HTTP/1.1 302 Found\r\nLocation: /real/video\r\nContent-Length: 0\r\n\r\n");
                visit.BeginStream();
            }
            else
            {
                visit.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
            }

            visit.SendPart(s_picture);
            visit.Stall();
        });
        Start(camera.Url());
        Take().Dispose();
        Assert.StartsWith("GET /real/video ", camera.Requests.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_camera_that_sends_in_circles_is_given_up_after_three()
    {
        FakeCamera camera = Camera(visit =>
        {
            visit.ReadRequest();
            visit.Send("HTTP/1.1 302 Found\r\nLocation: /video?token=hunter2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        });
        Start(camera.Url());
        string line = _log.WaitFor("sent this on too often");
        Assert.DoesNotContain("hunter2", line, StringComparison.Ordinal);
        Assert.Equal(4, camera.Requests.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_frame_costs_no_managed_memory_from_the_socket_to_the_mailbox(bool isLengthGiven)
    {
        const int Frames = 400;
        byte[] picture = new byte[20_000];
        picture[0] = 0xFF;
        picture[1] = 0xD8;
        byte[] part =
        [
            .. "--frame\r\nContent-Type: image/jpeg\r\nX-Frame-Id: 4711\r\n"u8, .. isLengthGiven ? "Content-Length: 20000\r\n"u8.ToArray() : [],
            .. "\r\n"u8, .. picture, .. "\r\n"u8,
        ];
        AllocationClock clock = new();
        FakeCamera camera = Camera(visit =>
        {
            visit.BeginStream();
            for (int i = 0; i <= Frames; i++) visit.Send(part);
            visit.Send("--frame--\r\n");
            visit.Stall();
        });
        HttpStreamSource source = new(new StreamOptions(camera.Url(), null, null, null), _mailbox, clock, new Random(1), _log);
        _open.Insert(0, source);
        source.Start();
        while (source.Counts.Received < Frames) Take().Dispose();
        source.Dispose();
        Assert.True(clock.Readings.Count > 2 * Frames);
        Assert.Equal(0, clock.Readings[^20] - clock.Readings[clock.Readings.Count / 4]);
    }

    /// <summary>A clock that notes, each time the source's thread asks, what that thread has allocated so far.</summary>
    private sealed class AllocationClock : TimeProvider
    {
        public List<long> Readings { get; } = new(100_000);

        public override long GetTimestamp()
        {
            if (Thread.CurrentThread.Name?.StartsWith("source ", StringComparison.Ordinal) == true) Readings.Add(GC.GetAllocatedBytesForCurrentThread());
            return base.GetTimestamp();
        }
    }

    private static int Connecting(int port)
    {
        string peer = $":{port:X4} 02 ";
        return File.ReadLines("/proc/net/tcp").Count(line => line.Contains(peer, StringComparison.Ordinal));
    }

    private void FillQueue(int port)
    {
        for (int i = 0; i < 4; i++)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _open.Add(socket);
            try
            {
                socket.Connect(IPAddress.Loopback, port);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                // It waits in the queue, as it should.
            }
        }
    }

    private FakeCamera Camera(Action<FakeCamera.Visit> script)
    {
        FakeCamera camera = new(script);
        _open.Insert(0, camera);
        return camera;
    }

    private HttpStreamSource Start(Uri url, StreamLimits? limits = null)
    {
        HttpStreamSource source = new(new StreamOptions(url, null, null, null), _mailbox, TimeProvider.System, new Random(1), _log, limits);
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
