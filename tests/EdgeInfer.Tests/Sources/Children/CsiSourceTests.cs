using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Children;

namespace EdgeInfer.Tests.Sources.Children;

/// <summary>Against scripts that stand for the boards' programs: they write down how they were called, and then a grey film.</summary>
public sealed class CsiSourceTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _log = new();
    private readonly FrameMailbox _mailbox = new();
    private CsiSource? _source;

    public void Dispose()
    {
        _source?.Dispose();
        _mailbox.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("rpicam-vid")]
    [InlineData("libcamera-vid")]
    public void On_a_Raspberry_Pi_raw_pictures_come_from_its_own_program(string program)
    {
        Program(program, "exec head -c 1000000000 /dev/zero");
        Program("gst-launch-1.0", "exit 1");
        Start(new(1, (640, 480), 15, false, ["--hflip"], s_patience));
        using (FrameLease frame = Take())
        {
            Assert.Equal((PixelFormat.I420, 640, 480, YuvColour.Bt601Limited), (frame.Info.Format, frame.Info.WidthPixels, frame.Info.HeightPixels, frame.Info.Colour));
            Assert.Equal(640 * 480 * 3 / 2, frame.Data.Length);
        }

        Assert.Equal($"640x480 I420 from {program}", _source!.Description);
        Assert.Equal("--camera 1 --codec yuv420 -t 0 -n --width 640 --height 480 --framerate 15 --hflip --flush -o -", Arguments());
    }

    [Fact]
    public void The_newer_program_comes_before_the_older_and_large_pictures_are_BT_709()
    {
        Program("rpicam-vid", "exec cat /dev/zero");
        Program("libcamera-vid", "exit 1");
        Start(new(0, (1280, 720), null, false, [], s_patience));
        using FrameLease frame = Take();
        Assert.Equal(YuvColour.Bt709Limited, frame.Info.Colour);
        Assert.Equal("--camera 0 --codec yuv420 -t 0 -n --width 1280 --height 720 --flush -o -", Arguments());
    }

    [Fact]
    public void A_low_rate_is_not_taken_for_silence()
    {
        // A frame of 64x64 every 300 ms, where 100 ms of silence are allowed.
        Program("rpicam-vid", "while :; do head -c 6144 /dev/zero; sleep 0.3; done");
        CsiSource source = Start(new(0, (64, 64), 3, false, [], TimeSpan.FromMilliseconds(100)));
        for (int i = 0; i < 4; i++) Take().Dispose();
        Assert.Equal(0, source.Counts.Failures);
    }

    [Fact]
    public void JPEG_pictures_are_asked_for_by_name()
    {
        Program("rpicam-vid", @"printf '\377\330\377\332\000\002\007\377\331'; exec sleep 1000");
        Start(new(0, (800, 600), null, true, [], s_patience));
        using FrameLease frame = Take();
        Assert.Equal(PixelFormat.Jpeg, frame.Info.Format);
        Assert.StartsWith("--camera 0 --codec mjpeg ", Arguments(), StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_Jetson_the_camera_s_own_words_do_not_get_into_the_pictures()
    {
        // As the camera's library does: it prints to standard output.
        Program("gst-launch-1.0", "echo 'GST_ARGUS: Creating output stream'; exec cat /dev/zero >&3");
        Start(new(2, (640, 480), 29.97, false, ["sensor-mode=3"], s_patience));
        using FrameLease frame = Take();
        Assert.Equal(-1, frame.Data.IndexOfAnyExcept((byte)0));
        Assert.Equal(
            "-q -e nvarguscamerasrc sensor-id=2 sensor-mode=3 ! video/x-raw(memory:NVMM),width=640,height=480,framerate=29970/1000 ! nvvidconv ! video/x-raw,format=I420 ! fdsink fd=3",
            Arguments());
    }

    [Fact]
    public void On_a_Jetson_JPEG_pictures_come_from_its_encoder()
    {
        Program("gst-launch-1.0", @"printf '\377\330\377\332\000\002\007\377\331' >&3; exec sleep 1000");
        Start(new(0, (800, 600), 30, true, [], s_patience));
        using FrameLease frame = Take();
        Assert.Equal("-q -e nvarguscamerasrc sensor-id=0 ! video/x-raw(memory:NVMM),width=800,height=600,framerate=30/1 ! nvjpegenc ! fdsink fd=3", Arguments());
    }

    [Theory]
    [InlineData("rpicam-vid", "")]
    [InlineData("gst-launch-1.0", " >&3")]
    public void It_is_interrupted_and_may_come_to_its_own_end(string program, string to)
    {
        Program(program, $"trap 'echo ended >> {_folder.At("end")}; exit 0' INT; head -c 100000 /dev/zero{to}; while :; do sleep 0.05; done");
        CsiSource source = Start(new(0, (64, 64), null, false, [], s_patience));
        Take().Dispose();
        source.Dispose();
        Assert.Equal("ended\n", File.ReadAllText(_folder.At("end")));
    }

    [Fact]
    public void Where_no_program_is_installed_each_board_s_cure_is_named()
    {
        CsiSource source = Start(new(0, (64, 64), null, false, [], s_patience));
        _log.WaitFor("csi:0: none of rpicam-vid, libcamera-vid and gst-launch-1.0 is installed; on a Raspberry Pi install rpicam-apps; on a Jetson");
        Assert.Equal(SourceState.Failed, source.State);
    }

    [Theory]
    [InlineData("gst-launch-1.0", "WARNING: erroneous pipeline: no element \"nvarguscamerasrc\"", "csi:0: rpicam-vid is not installed, and GStreamer has no nvarguscamerasrc; on a Raspberry Pi")]
    [InlineData("rpicam-vid", "ERROR: *** no cameras available ***", "csi:0: the board sees no camera; check the ribbon")]
    public void What_the_programs_are_known_to_say_is_explained(string program, string says, string said)
    {
        Program(program, $"echo '{says}' >&2; exit 255");
        Start(new(0, (64, 64), null, false, [], s_patience));
        _log.WaitFor(said);
    }

    private void Program(string name, string script)
    {
        string path = _folder.Write("bin/" + name, System.Text.Encoding.UTF8.GetBytes($"#!/bin/sh\necho \"$*\" > {_folder.At("arguments")}\n{script}\n"));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string Arguments() => File.ReadAllText(_folder.At("arguments")).Trim();

    private CsiSource Start(CsiOptions options)
    {
        _source = new(options, _mailbox, TimeProvider.System, new Random(1), _log, _folder.At("bin"));
        _source.Start();
        return _source;
    }

    private FrameLease Take()
    {
        bool isTaken = _mailbox.TryTake(s_patience, out FrameLease frame);
        Assert.True(isTaken, "no frame came:\n" + _log.Text);
        return frame;
    }
}
