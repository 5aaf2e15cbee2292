using System.Text.Json;

namespace EdgeInfer.SystemTests.Camera;

/// <summary>What a camera does over time: negotiation, leases, memory, and re-plugging.</summary>
public sealed class CameraBehaviourTests
{
    private const int Cycles = 100;
    private const int SettledCycles = 10;

    [Fact]
    public async Task What_the_driver_gives_instead_is_reported_with_what_it_offers()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "sizes 640x480 320x240", "rate 30", "fixed 1", "formats MJPG");
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, "/dev/video0", "size=800x600", "fps=15");
        CameraReading reading = await probe.Until(r => r.Received > 0);
        Assert.Equal("640x480 MJPG 30/s", reading.Description);
        Assert.Equal("/dev/video0: asked for 800x600 at 15/s, the driver gives 640x480 MJPG 30/s; set size and fps to what it offers: MJPG 640x480 30/s, 320x240 30/s",
            reading.Difference);
    }

    [Fact]
    public async Task The_machines_nodes_are_listed_with_what_they_are_for_and_offer()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "card HD Webcam", "bus usb-1", "formats YUYV MJPG", "sizes 640x480");
        rig.Plug(2, "card HD Webcam", "bus usb-1", "kind metadata");
        string[] lines = (await CameraProbe.Run(rig.Environment, "list")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("/dev/video0 Capture HD Webcam at usb-1: MJPG, YUYV 640x480 15 5/s", lines);
        Assert.Contains("/dev/video2 Metadata HD Webcam at usb-1: none", lines);
    }

    [Theory]
    [InlineData("colour 8 0 0", "Bt601Limited")]
    [InlineData("colour 3 0 0", "Bt709Limited")]
    [InlineData("colour 8 2 1", "Bt709Full")]
    public async Task Raw_frames_have_the_colours_that_the_driver_says(string setup, string colour)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, setup);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, "/dev/video0", "format=yuyv");
        CameraReading reading = await probe.Until(r => r.Received > 0 && r.Bytes > 0);
        Assert.Equal(colour, reading.Colour);
    }

    [Theory]
    [InlineData("mjpg")]
    [InlineData("yuyv")]
    public async Task A_frame_costs_no_managed_byte(string format)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "rate 60");
        string printed = await CameraProbe.Run(rig.Environment, "/dev/video0", $"format={format}", "measure=300");
        string line = printed.Split('\n').Single(l => l.StartsWith('{'));
        JsonElement measured = JsonDocument.Parse(line).RootElement;
        Assert.Equal(300, measured.GetProperty("frames").GetInt32());

        // The whole process is measured, and its runtime does a thing of its own now and then; one smallest object a frame would be 24 bytes times 300.
        Assert.InRange(measured.GetProperty("bytes").GetInt64(), 0, 300);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Frames_go_on_while_some_are_held(int held)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "rate 30");
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, "/dev/video0", $"hold={held - 1}");
        CameraReading reading = await probe.Until(r => r.Received >= 60);
        Assert.Equal("Running", reading.State);
        Assert.Equal(1, reading.Opens);
        rig.AssertRules();
    }

    [Fact]
    public async Task A_holder_of_every_buffer_loses_frames_but_does_not_break_the_stream()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "rate 30");
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, "/dev/video0", "hold=99");
        CameraReading reading = await probe.Until(r => r.Lost >= 100);
        Assert.Equal(("Running", 1L, 0L), (reading.State, reading.Opens, reading.Failures));
        rig.AssertRules();
    }

    [Fact]
    public async Task A_frame_held_while_its_camera_goes_keeps_its_bytes_and_does_not_keep_the_camera_from_coming_back()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "rate 30");
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, "/dev/video0", "format=yuyv", "hold=2");
        await probe.Until(r => r.Received > 5);
        rig.Control(0, "unplug");
        CameraReading gone = await probe.Until(r => r.State == "NoSignal" && r.Failures > 1);
        Assert.Equal((2, true), (gone.Held, gone.Intact));
        rig.Control(0, "ok");
        CameraReading back = await probe.Until(r => r.Opens == 2 && r.Received > gone.Received + 5);
        Assert.True(back.Intact);
        rig.AssertRules();
    }

    [Fact]
    public async Task A_link_follows_the_camera_to_another_node_with_a_new_negotiation()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "sizes 640x480");
        string link = rig.Link("by-id", 0);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, link, "format=yuyv", "hold=1");
        Assert.Equal(640 * 480 * 2, (await probe.Until(r => r.Received > 3)).Bytes);
        rig.Control(0, "unplug");
        await probe.Until(r => r.State == "NoSignal");
        rig.Plug(3, "sizes 320x240", "rate 10");
        rig.Link("by-id", 3);
        CameraReading reading = await probe.Until(r => r.State == "Running" && r.Bytes == 320 * 240 * 2);
        Assert.Equal("320x240 YUYV 10/s", reading.Description);
        rig.AssertRules();
    }

    [Fact]
    public async Task A_hundred_replugs_leave_no_descriptor_thread_mapping_or_memory_behind()
    {
        // Every time another camera comes back, so that nothing of the last negotiation may be left either.
        string[][] cameras = [["formats MJPG", "sizes 640x480", "rate 100"], ["formats YUYV", "sizes 320x240", "rate 100"]];
        string[] formats = ["640x480 MJPG 100/s", "320x240 YUYV 100/s"];
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, cameras[0]);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, "/dev/video0", "hold=1");
        CameraReading settled = await probe.Until(r => r.Received >= 10);
        CameraReading last = settled;
        for (int i = 1; i <= Cycles; i++)
        {
            rig.Control(0, "unplug");
            await probe.Until(r => r.State == "NoSignal");
            rig.Plug(0, cameras[i % 2]);
            rig.Control(0, "ok");
            // A few frames on, so that the frame held over the cut is back and the old mappings are gone.
            last = await probe.Until(r => r.State == "Running" && r.Received >= last.Received + 5 && r.Opens == i + 1);
            Assert.Equal(formats[i % 2], last.Description);
            if (i == SettledCycles) settled = last;
        }

        string figures = $"after {SettledCycles} and {Cycles} cycles: descriptors {settled.Descriptors} {last.Descriptors}, threads {settled.Threads} {last.Threads}, "
            + $"mappings {settled.VideoMaps} {last.VideoMaps}, anonymous memory {settled.RssKb} {last.RssKb} kB";
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(last.Descriptors <= settled.Descriptors && last.Threads <= settled.Threads && last.VideoMaps <= settled.VideoMaps, figures);
        Assert.True(last.RssKb <= settled.RssKb + 2048, figures);
        rig.AssertRules();
    }
}
