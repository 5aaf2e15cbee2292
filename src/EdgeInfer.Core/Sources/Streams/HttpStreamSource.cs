using System.Net.Http;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Streams;

/// <summary>
/// A camera behind an HTTP address: an MJPEG stream (multipart/x-mixed-replace), or single pictures that are asked for again and again.
/// The stream costs no managed memory per frame; a single picture that is asked for costs about 1.1 kB for its request and answer.
/// </summary>
internal sealed class HttpStreamSource : FrameSource
{
    /// <summary>One being filled, one waiting, two with a pipeline that compares.</summary>
    /// <summary>Parts without a picture, one after the other, that make a stream no camera's: without it a server of empty parts burns a core.</summary>
    private const int UnusablePartsLimit = 200;

    private const int Frames = 4;

    private readonly StreamOptions _options;
    private readonly StreamLimits _limits;
    private readonly FramePool _pool;
    private readonly HttpFaults _faults;
    private long _sequence;

    /// <summary>Prepares the source; nothing is opened before <see cref="FrameSource.Start"/>.</summary>
    /// <param name="options">Address, user and interval.</param>
    /// <param name="output">Where frames go.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter of the back-off.</param>
    /// <param name="logger">Changes of state go here.</param>
    /// <param name="limits">Bounds on what the server may do; null for the usual ones.</param>
    public HttpStreamSource(
        StreamOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger, StreamLimits? limits = null)
        : base(StreamName.Of(options.Url), output, time, random, logger)
    {
        _options = options;
        _limits = limits ?? new StreamLimits();
        _pool = new FramePool(Frames, _limits.FrameBytes);
        _faults = new HttpFaults(Name, _limits, options.Username is not null);
    }

    /// <inheritdoc/>
    protected override void RunOnce(CancellationToken stop)
    {
        using HttpCamera camera = new(_options, _limits, Name, Time);
        using CancellationTokenRegistration abort = stop.UnsafeRegister(static camera => ((HttpCamera)camera!).Abort(), camera);
        using HttpResponseMessage response = camera.Get(stop);
        string type = ContentType(response);
        try
        {
            if (type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
            {
                ReadStream(response, type, stop);
            }
            else
            {
                RefuseOtherThanPicture(type);
                PollPictures(camera, response, stop);
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException or ObjectDisposedException or HttpRequestException)
        {
            stop.ThrowIfCancellationRequested();
            throw camera.Broken(e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) _pool.Dispose();
    }

    private void ReadStream(HttpResponseMessage response, string type, CancellationToken stop)
    {
        if (_options.SnapshotInterval is not null)
        {
            throw _faults.Failed(
                "this address gives a stream of pictures, but `snapshot_interval` is for single ones",
                "remove `snapshot_interval`, or use the camera's snapshot address");
        }

        using System.IO.Stream body = response.Content.ReadAsStream(stop);
        using MultipartReader reader = new(body, _pool, Boundary.OfContentType(type), _limits.Frame, Time) { Sequence = _sequence };
        Description = "MJPEG over HTTP";
        Opened();
        int unusable = 0;
        while (!stop.IsCancellationRequested)
        {
            PartOutcome outcome = reader.Read(out FrameLease picture);
            _sequence = reader.Sequence;
            if (outcome == PartOutcome.Picture)
            {
                unusable = 0;
                if (!Deliver(picture)) return;
            }
            else
            {
                Account(outcome, stop);
                if (outcome != PartOutcome.NoBuffer && ++unusable == UnusablePartsLimit)
                    throw _faults.Failed($"the last {UnusablePartsLimit} parts of the stream hold no whole picture", "check that this address gives MJPEG; a browser shows it");
            }
        }
    }

    private void Account(PartOutcome outcome, CancellationToken stop)
    {
        switch (outcome)
        {
            case PartOutcome.NoPicture:
                return;
            case PartOutcome.NoBuffer:
                CountLost(1);
                return;
            case PartOutcome.Corrupt or PartOutcome.Stray:
                CountCorrupt();
                return;
        }

        stop.ThrowIfCancellationRequested();
        if (outcome == PartOutcome.ClosedWithin) CountCorrupt();
        throw outcome switch
        {
            PartOutcome.Closed => _faults.NoSignal(
                "the camera ended the stream", "check the camera; some end a stream after a time, and it is opened again"),
            PartOutcome.ClosedWithin => _faults.NoSignal("the camera ended the stream within a picture", "check the camera and the network"),
            PartOutcome.TooLarge => TooLarge(),
            PartOutcome.HeaderTooLong => _faults.Failed("a part's header does not end", "this is no MJPEG stream; check the address"),
            _ => _faults.Failed("the stream does not hold the boundary that its header names", "this is no MJPEG stream; check the address"),
        };
    }

    private void PollPictures(HttpCamera camera, HttpResponseMessage first, CancellationToken stop)
    {
        TimeSpan interval = _options.SnapshotInterval ?? _limits.DefaultSnapshotInterval;
        string remark = _options.SnapshotInterval is null ? " (the address gives single pictures, and no `snapshot_interval` is set)" : "";
        Description = $"one picture every {interval.TotalSeconds:0.###} s over HTTP{remark}";
        Opened();
        HttpResponseMessage response = first;
        while (true)
        {
            long asked = Time.GetTimestamp();
            bool isWanted;
            using (response) isWanted = TakePicture(response, stop);
            if (!isWanted) return;
            TimeSpan wait = interval - Time.GetElapsedTime(asked);
            if (wait > TimeSpan.Zero && stop.WaitHandle.WaitOne(wait)) return;
            response = camera.Get(stop);
            RefuseOtherThanPicture(ContentType(response));
        }
    }

    private bool TakePicture(HttpResponseMessage response, CancellationToken stop)
    {
        FrameInfo info = new() { Sequence = ++_sequence, CapturedTimestamp = Time.GetTimestamp(), CapturedAt = Time.GetUtcNow() };
        if (response.Headers.NonValidated.TryGetValues("X-Frame-Id", out var ids))
        {
            info.Id = FrameId.FromUtf8(Encoding.UTF8.GetBytes(ids.ToString()));
        }

        if (_pool.Rent() is not { } frame)
        {
            CountLost(1);
            return true;
        }

        bool isHandedOver = false;
        try
        {
            int length = ReadBody(response, frame, stop);
            info.Format = PictureContent.Recognise(_pool.Memory(frame, 0)[..length]);
            if (info.Format == PixelFormat.None)
            {
                CountCorrupt();
                throw _faults.Failed(
                    $"what the address gives ({length} bytes of \"{Short(ContentType(response))}\") is no picture",
                    "use the camera's snapshot address");
            }

            frame.Info = info;
            isHandedOver = true;
            return Deliver(_pool.Publish(frame, length));
        }
        finally
        {
            if (!isHandedOver) _pool.Abandon(frame);
        }
    }

    private int ReadBody(HttpResponseMessage response, Frame frame, CancellationToken stop)
    {
        const int ChunkBytes = 64 << 10;
        long? declared = response.Content.Headers.ContentLength;
        if (declared > _pool.LimitBytes) throw TooLarge();

        using System.IO.Stream body = response.Content.ReadAsStream(stop);
        int length = 0;
        long since = Time.GetTimestamp();
        try
        {
            while (true)
            {
                if (length == _pool.LimitBytes) throw TooLarge();
                if (Time.GetElapsedTime(since) > _limits.Frame) throw new TimeoutException();
                int room = Math.Min(_pool.LimitBytes, Math.Max((int)(declared ?? 0) + 1, length + ChunkBytes));
                int read = body.Read(_pool.Memory(frame, room)[length..room]);
                if (read == 0) return length;
                length += read;
            }
        }
        catch (IOException)
        {
            CountCorrupt();
            throw;
        }
    }

    private void RefuseOtherThanPicture(string type)
    {
        bool IsType(string start) => type.StartsWith(start, StringComparison.OrdinalIgnoreCase);
        if (type.Length == 0 || IsType("image/") || IsType("application/octet-stream")) return;
        if (IsType("text/html"))
        {
            throw _faults.Failed(
                "the address gives a web page (text/html), not pictures",
                "use the address of the stream or snapshot that the page shows; often /video, /mjpg/video.mjpg, /?action=stream or /snapshot.jpg");
        }

        throw _faults.Failed(
            $"the address gives \"{Short(type)}\", neither an MJPEG stream nor a picture",
            "use the camera's MJPEG (multipart/x-mixed-replace) or snapshot address");
    }

    private SourceException TooLarge()
        => _faults.Failed($"a picture of more than {_limits.FrameBytes >> 20} MiB", "ask the camera for smaller pictures");

    private static string ContentType(HttpResponseMessage response)
        => response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values) ? values.ToString() : "";

    private static string Short(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
