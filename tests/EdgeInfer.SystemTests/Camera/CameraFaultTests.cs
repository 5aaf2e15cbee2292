namespace EdgeInfer.SystemTests.Camera;

/// <summary>Every fault of a camera at 15 frames a second: what it is called, what it counts as, and that it heals.</summary>
public sealed class CameraFaultTests
{
    private const string Device = "/dev/video0";

    [Theory]
    [InlineData("mjpg", "640x480 MJPG 15/s", "Jpeg", 1024, 0)]
    [InlineData("yuyv", "640x480 YUYV 15/s", "Yuyv", 640 * 480 * 2, 1280)]
    [InlineData("nv12", "640x480 NV12 15/s", "Nv12", 640 * 480 * 3 / 2, 640)]
    [InlineData("grey", "640x480 GREY 15/s", "Gray8", 640 * 480, 640)]
    public async Task Frames_arrive_whole_fresh_and_in_the_format_asked_for(string format, string description, string pixels, int bytes, int stride)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "formats MJPG YUYV NV12 GREY");
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "size=640x480", "fps=15", $"format={format}");
        CameraReading reading = await probe.Until(r => r.Received >= 15);
        Assert.Equal(description, reading.Description);
        Assert.Equal((pixels, bytes, stride), (reading.Format, reading.Bytes, reading.Stride));
        Assert.Equal("", reading.Difference);
        Assert.Equal(0, reading.Corrupt);
        Assert.InRange(reading.AgeMs, 0, 1000);
        Assert.InRange((await probe.Stop()).TotalSeconds, 0, 2);
        rig.AssertRules();
    }

    [Theory]
    [InlineData("mjpg", "unplug", "NoSignal", "plug the camera in; it is opened again by itself")]
    [InlineData("yuyv", "unplug", "NoSignal", "plug the camera in; it is opened again by itself")]
    [InlineData("mjpg", "stall", "NoSignal", "no frame for 2 s")]
    [InlineData("yuyv", "stall", "NoSignal", "no frame for 2 s")]
    [InlineData("mjpg", "eio", "NoSignal", "a transfer from the camera failed: Input/output error")]
    [InlineData("yuyv", "eio", "NoSignal", "a transfer from the camera failed: Input/output error")]
    [InlineData("mjpg", "corrupt", "NoSignal", "no whole frame for 2 s: each was cut or damaged")]
    [InlineData("yuyv", "corrupt", "NoSignal", "no whole frame for 2 s: each was cut or damaged")]
    public async Task A_fault_under_way_is_named_and_heals(string format, string fault, string state, string cause)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "size=640x480", "fps=15", $"format={format}", "hold=1");
        CameraReading before = await probe.Until(r => r.Received >= 5);
        rig.Control(0, fault);
        CameraReading broken = await probe.Until(r => r.State == state);
        Assert.StartsWith(Device + ": ", broken.Cause, StringComparison.Ordinal);
        Assert.Contains(cause, broken.Cause, StringComparison.Ordinal);
        rig.Control(0, "ok");
        CameraReading after = await probe.Until(r => r.State == "Running" && r.Received >= broken.Received + 5);
        Assert.True(after.Opens > before.Opens);
        Assert.Equal("", after.Cause);
        rig.AssertRules();
    }

    [Theory]
    [InlineData("busy", "Failed", "another program uses the camera; find it with: sudo fuser -v /dev/video0; and stop it")]
    [InlineData("nospc", "Failed", "cannot stream 640x480 YUYV 15/s: the USB bus has not enough bandwidth left; set format: mjpg")]
    [InlineData("denied", "Failed", "may not open it; add ")]
    [InlineData("unplug", "NoSignal", "there is no camera at this path; plug the camera in")]
    public async Task A_fault_at_the_start_is_named_and_heals(string fault, string state, string cause)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        rig.Control(0, fault);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "size=640x480", "fps=15", "format=yuyv");
        CameraReading broken = await probe.Until(r => r.Failures > 0);
        Assert.Equal(state, broken.State);
        Assert.Contains(cause, broken.Cause, StringComparison.Ordinal);
        if (fault == "denied") Assert.Contains(" to the group video: ", broken.Cause, StringComparison.Ordinal);
        rig.Control(0, "ok");
        await probe.Until(r => r.State == "Running" && r.Received >= 5);
        rig.AssertRules();
    }

    [Theory]
    [InlineData("mjpg", "corrupt")]
    [InlineData("yuyv", "corrupt")]
    [InlineData("mjpg", "truncate")]
    [InlineData("yuyv", "truncate")]
    [InlineData("mjpg", "empty")]
    [InlineData("yuyv", "empty")]
    public async Task Damaged_frames_are_counted_and_never_passed_on(string format, string fault)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        rig.Control(0, fault);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "size=640x480", "fps=15", $"format={format}");
        CameraReading damaged = await probe.Until(r => r.Corrupt >= 15);
        Assert.Equal(0, damaged.Received);
        rig.Control(0, "ok");
        CameraReading whole = await probe.Until(r => r.Received >= 5);
        Assert.Equal(1, whole.Opens);
        rig.AssertRules();
    }

    [Fact]
    public async Task Gaps_in_the_drivers_count_are_frames_lost()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        rig.Control(0, "gap");
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device);
        CameraReading reading = await probe.Until(r => r.Received >= 20);
        Assert.InRange(reading.Lost, 2 * 18, long.MaxValue);
    }

    [Theory]
    [InlineData("metadata", "is the metadata node of HD Webcam; give /dev/video0, which captures pictures from the same device")]
    [InlineData("output", "is an output, which takes pictures in, of HD Webcam; give /dev/video0")]
    [InlineData("codec", "is a codec or scaler, which needs pictures put in, of HD Webcam; give /dev/video0")]
    public async Task A_node_that_gives_no_pictures_is_named_with_the_one_that_does(string kind, string cause)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "card HD Webcam", "bus usb-1");
        rig.Plug(1, "card HD Webcam", "bus usb-1", "kind " + kind);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, "/dev/video1");
        CameraReading reading = await probe.Until(r => r.Failures > 0);
        Assert.Equal("Failed", reading.State);
        Assert.StartsWith("/dev/video1: " + cause, reading.Cause, StringComparison.Ordinal);
    }
}
