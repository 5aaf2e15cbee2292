using EdgeInfer.Configuration;
using EdgeInfer.Posix;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Children;

namespace EdgeInfer.Tests.Sources.Children;

/// <summary>Lines of ffmpeg's log and what an operator is told.</summary>
public sealed class FfmpegFaultsTests
{
    private const int ExitOne = 1 << 8;

    [Theory]
    [InlineData("[rtsp @ 0x1] method DESCRIBE failed: 404 Not Found|pipe:0: Server returned 404 Not Found", "knows no such address (404)", SourceState.Failed)]
    [InlineData("[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized|pipe:0: Server returned 401 Unauthorized (authorization failed)", "refused the user name or password (401)", SourceState.Failed)]
    [InlineData("[rtsp @ 0x1] method SETUP failed: 461 Unsupported transport", "does not send the stream that way (461)", SourceState.Failed)]
    [InlineData("[https @ 0x1] HTTP error 403 Forbidden", "forbids this address", SourceState.Failed)]
    [InlineData("[rtsp @ 0x1] method PLAY failed: 453 Not Enough Bandwidth", "busy (453)", SourceState.NoSignal)]
    [InlineData("Stream map '0:v:0' matches no streams.", "no video in this stream", SourceState.Failed)]
    [InlineData("Decoding requested, but no decoder found for: hevc", "cannot decode H.265 video", SourceState.Failed)]
    [InlineData("Decoder (codec h264) not found for input stream #0:0", "cannot decode H.264 video", SourceState.Failed)]
    [InlineData("Unrecognized option 'stimeout'.|Error splitting the argument list: Option not found", "does not take an option", SourceState.Failed)]
    [InlineData("Device creation failed: -542398533.", "hardware decoder cannot be opened", SourceState.Failed)]
    [InlineData("[tcp @ 0x1] Connection to tcp://10.0.0.7:554?timeout=0 failed: No route to host", "no way to that address", SourceState.NoSignal)]
    [InlineData("pipe:0: Invalid data found when processing input", "no video stream", SourceState.Failed)]
    [InlineData("something new at rtsp://edge:hunter2@cam/1?pwd=hunter2", "something new at rtsp://cam/1?***", SourceState.NoSignal)]
    public void A_log_comes_to_one_line(string log, string what, SourceState state)
    {
        StreamOptions options = new(new Uri("rtsp://cam/1?pwd=hunter2"), "edge", new Secret("hunter2"), null) { Ffmpeg = new() };
        FfmpegFaults faults = new("rtsp://cam/1", "ffmpeg", new Redaction(options), hasCredentials: true);
        SourceException fault = faults.OfEnd(new ChildExit(ExitOne), log.Split('|'), "h264", hadFrames: false);
        Assert.Contains(what, fault.Fault.What, StringComparison.Ordinal);
        Assert.NotEmpty(fault.Fault.Cure);
        Assert.Equal(state, fault.State);
        Assert.DoesNotContain("hunter2", fault.Fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, 60)]
    [InlineData(404, 0)]
    public void A_refused_password_is_not_tried_again_before_a_minute_is_over(int code, int seconds)
    {
        FfmpegFaults faults = new("rtsp://cam/1", "ffmpeg", Redaction.OfAddresses, hasCredentials: true);
        SourceException fault = faults.OfEnd(new ChildExit(ExitOne), [$"[rtsp @ 0x1] method DESCRIBE failed: {code} No"], "", hadFrames: false);
        Assert.Equal(seconds, fault.Pause.TotalSeconds);
    }

    [Fact]
    public void A_stream_that_ends_after_frames_is_no_fault_of_the_address()
    {
        FfmpegFaults faults = new("rtsp://cam/1", "ffmpeg", Redaction.OfAddresses, hasCredentials: false);
        SourceException fault = faults.OfEnd(new ChildExit(0), ["[h264 @ 0x1] Invalid data found when processing input"], "h264", hadFrames: true);
        Assert.Equal((SourceState.NoSignal, "the camera ended the stream"), (fault.State, fault.Fault.What));
    }
}
