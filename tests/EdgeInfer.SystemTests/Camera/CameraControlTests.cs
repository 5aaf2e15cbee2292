namespace EdgeInfer.SystemTests.Camera;

/// <summary>Controls of a camera as the configuration names them: set in the order that works, kept over a replug, and every refusal named.</summary>
public sealed class CameraControlTests
{
    private const string Device = "/dev/video0";

    [Fact]
    public async Task Automatic_modes_are_set_before_the_values_they_unlock_and_all_again_after_a_replug()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        await using CameraProbe probe = CameraProbe.Start(
            rig.Environment, Device, "controls=exposure_time_absolute=80,white_balance_temperature=4000,auto_exposure=manual,white_balance_automatic=false,power_line_frequency=50 Hz");
        CameraReading before = await probe.Until(r => r.Received >= 5);
        Assert.Equal("", before.ControlNotes);
        // V4L2_EXPOSURE_MANUAL is 1, V4L2_CID_POWER_LINE_FREQUENCY_50HZ is 1.
        string[] expected =
        [
            "Auto Exposure = 1", "White Balance, Automatic = 0", "Exposure Time, Absolute = 80", "White Balance Temperature = 4000", "Power Line Frequency = 1",
        ];
        Assert.Equal(expected, rig.Applied(0));
        rig.Control(0, "unplug");
        await probe.Until(r => r.State == "NoSignal");
        rig.Control(0, "ok");
        CameraReading after = await probe.Until(r => r.State == "Running" && r.Opens > before.Opens);
        Assert.Equal("", after.ControlNotes);
        Assert.Equal([.. expected, .. expected], rig.Applied(0));
        rig.AssertRules();
    }

    [Theory]
    [InlineData("power_line_frequency=1", "Power Line Frequency = 1")]
    [InlineData("power_line_frequency=disabled", "Power Line Frequency = 0")]
    [InlineData("power_line_frequency=60", "Power Line Frequency = 2")]
    [InlineData("auto_exposure=Aperture Priority Mode", "Auto Exposure = 3")]
    [InlineData("auto_exposure=aperture_priority", "Auto Exposure = 3")]
    [InlineData("exposure_dynamic_framerate=true", "Exposure, Dynamic Framerate = 1")]
    [InlineData("brightness=-64", "Brightness = -64")]
    [InlineData("exposure_auto=manual", "Auto Exposure = 1")]
    public async Task A_value_is_a_number_a_truth_or_an_item_by_number_or_name(string control, string applied)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "controls=" + control);
        await probe.Until(r => r.Received >= 1);
        Assert.Equal([applied], rig.Applied(0));
    }

    [Theory]
    [InlineData("controls plain", "auto_exposure=manual,exposure_time_absolute=80", "Auto Exposure = 1", "Exposure Time, Absolute = 80")]
    [InlineData("controls old", "auto_exposure=manual,exposure_time_absolute=80", "Exposure, Auto = 1", "Exposure (Absolute) = 80")]
    [InlineData("controls old", "exposure_auto=manual,exposure_absolute=80", "Exposure, Auto = 1", "Exposure (Absolute) = 80")]
    [InlineData("controls forget", "gain=50", "Gain = 50", "Gain = 50")]
    public async Task Drivers_of_old_kernels_and_forgetful_cameras_are_set_too(string setup, string controls, params string[] applied)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, setup);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "controls=" + controls);
        Assert.Equal("", (await probe.Until(r => r.Received >= 1)).ControlNotes);
        Assert.Equal(applied, rig.Applied(0));
    }

    [Theory]
    [InlineData("gain=14", "asked control gain to be 14, the driver made it 10; give it a value of 0 to 100, step 10, default 20")]
    [InlineData("exposure_time_absolute=80", "control exposure_time_absolute has no effect now and was not set to 80; set auto_exposure: manual in controls")]
    [InlineData("white_balance_temperature=5000", "control white_balance_temperature has no effect now and was not set to 5000; set white_balance_automatic: false in controls")]
    public async Task What_comes_out_otherwise_is_said_and_the_frames_flow(string control, string note)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "controls=" + control);
        Assert.Equal($"{Device}: {note}", (await probe.Until(r => r.Received >= 5)).ControlNotes);
    }

    [Theory]
    [InlineData("exposure_tiem_absolute=80", "has no control 'exposure_tiem_absolute'; did you mean 'exposure_time_absolute'? it has exposure_time_absolute, brightness, white_balance_automatic, gain, ")]
    [InlineData("gain=101", "control gain cannot be 101: out of range; give it 0 to 100, step 10, default 20")]
    [InlineData("gain=high", "control gain cannot be 'high' (it is 20); expected a whole number, 0 to 100, step 10, default 20")]
    [InlineData("white_balance_automatic=off", "control white_balance_automatic cannot be 'off' (it is true); expected true or false")]
    [InlineData("auto_exposure=0", "control auto_exposure cannot be '0' (it is 3 (Aperture Priority Mode)); expected one of 1 (Manual Mode), 3 (Aperture Priority Mode), default 3 (Aperture Priority Mode)")]
    [InlineData("power_line_frequency=55 Hz", "cannot be '55 Hz' (it is 2 (60 Hz)); did you mean '50 Hz'? expected one of 0 (Disabled), 1 (50 Hz), 2 (60 Hz)")]
    [InlineData("privacy=true", "control privacy can only be read; remove it from controls")]
    [InlineData("pan_reset=1", "control pan_reset is a button, which holds no value; remove it from controls")]
    [InlineData("gain=101,contrast=5", "control gain cannot be 101: out of range, and has no control 'contrast'; give it 0 to 100")]
    public async Task What_the_camera_does_not_have_or_take_is_one_fault_with_its_cure(string control, string cause)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "controls=" + control);
        CameraReading reading = await probe.Until(r => r.Failures > 0);
        Assert.Equal("Failed", reading.State);
        Assert.StartsWith(Device + ": ", reading.Cause, StringComparison.Ordinal);
        Assert.Contains(cause, reading.Cause, StringComparison.Ordinal);
        Assert.Empty(rig.Applied(0));
        rig.AssertRules();
    }

    [Fact]
    public async Task A_camera_without_controls_says_so()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "controls none");
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "controls=gain=10");
        Assert.Contains("has no control 'gain'; it has no controls at all: remove controls", (await probe.Until(r => r.Failures > 0)).Cause, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("control-busy", "refuses control gain = 10: Device or resource busy; another program holds it: stop that, or leave this control out")]
    [InlineData("control-eio", "refuses control gain = 10: Input/output error; the camera itself did not take it; it is tried again by itself")]
    public async Task A_refused_control_is_named_and_heals(string fault, string cause)
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0);
        rig.Control(0, fault);
        await using CameraProbe probe = CameraProbe.Start(rig.Environment, Device, "controls=gain=10");
        Assert.Contains(cause, (await probe.Until(r => r.State == "Failed")).Cause, StringComparison.Ordinal);
        rig.Control(0, "ok");
        await probe.Until(r => r.State == "Running" && r.Received >= 5);
        Assert.Equal(["Gain = 10"], rig.Applied(0));
        rig.AssertRules();
    }
}
