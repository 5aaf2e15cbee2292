using EdgeInfer.Commands;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Commands;

public sealed class PredictInputTests
{
    [Theory]
    [InlineData("/dev/video0", "camera", "video0")]
    [InlineData("/dev/v4l/by-id/usb-Cam_1-video-index0", "camera", "usb-Cam_1-video-index0")]
    [InlineData("csi:0", "camera", "csi-0")]
    [InlineData("http://camera.local:8080/video?key=secret", "stream", "camera.local")]
    [InlineData("rtsp://192.168.0.9/stream1", "stream", "192.168.0.9")]
    [InlineData("films/belt.mp4", "files", "belt")]
    [InlineData("films/*.mkv", "files", "frame")]
    public void An_input_names_its_source_and_its_annotated_pictures(string input, string kind, string name)
    {
        SourceFlags flags = PredictInput.Source(input, new())!;
        Assert.Equal(kind, flags.Camera is not null ? "camera" : flags.Stream is not null ? "stream" : flags.Files is not null ? "files" : "");
        Assert.Equal(name, PredictInput.FileName(flags));
    }

    [Theory]
    [InlineData("belt.jpg")]
    [InlineData("pictures")]
    [InlineData("pictures/*.png")]
    [InlineData("/dev/shm/belt.jpg")]
    public void Pictures_are_no_source(string input) => Assert.Null(PredictInput.Source(input, new()));

    [Fact]
    public void Credentials_are_for_streams_alone()
    {
        SourceFlags given = new() { Username = "u", PasswordFile = "pw" };
        Assert.Equal("u", PredictInput.Source("http://cam/1", given)!.Username);
        Assert.Null(PredictInput.Source("/dev/video0", given)!.Username);
    }

    [Fact]
    public void An_address_with_a_password_is_refused_unseen_with_the_flags_to_use()
    {
        const string Input = "http://joe:hunter2@cam/1?pw=hunter2";
        FaultList faults = new();
        Assert.Null(Configuration.ConfigurationText.Reader().SourceFromFlags(PredictInput.Source(Input, new())!, faults));
        Assert.Equal("http://***@cam/1: 'http://***@cam/1' holds a user or a password; take them out and give --username and --password-file",
            PredictInput.Worded(Assert.Single(faults.Faults), Input).ToString().Replace("?***", "", StringComparison.Ordinal));
    }
}
