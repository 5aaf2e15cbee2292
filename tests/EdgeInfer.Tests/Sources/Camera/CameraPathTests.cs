using EdgeInfer.Sources;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Sources.Camera;

public sealed class CameraPathTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-camera-");

    [Fact]
    public void A_folder_is_named_as_one() => Refused(_folder.FullName, SourceState.Failed, "is a folder, not a camera; give a camera node such as /dev/video0");

    [Fact]
    public void A_file_is_named_as_one_and_sent_to_the_files_source()
    {
        string path = Path.Combine(_folder.FullName, "belt.mp4");
        File.WriteAllText(path, "");
        Refused(path, SourceState.Failed, "is a file, not a camera; give a camera node such as /dev/video0, or read the file with source: { files: PATH }");
    }

    [Fact]
    public void An_absent_node_is_waited_for() => Refused(Path.Combine(_folder.FullName, "video9"), SourceState.NoSignal, "there is no camera at this path; plug the camera in");

    [Fact]
    public void A_path_below_a_file_is_absent_too() => Refused("/etc/passwd/video0", SourceState.NoSignal, "there is no camera at this path");

    [Fact]
    public void A_device_that_is_no_camera_is_named_as_such() => Refused("/dev/null", SourceState.Failed, "it is no V4L2 camera");

    [Fact]
    public void The_error_of_open_is_read()
    {
        // ENOENT and EISDIR of asm-generic/errno-base.h.
        Assert.Equal((null, 2), CameraNode.TryOpen(Path.Combine(_folder.FullName, "video9")));
        Assert.Equal((null, 21), CameraNode.TryOpen(_folder.FullName));
    }

    [Fact]
    public void The_cameras_present_are_named_by_their_first_nodes()
    {
        Node("video0", "0", "HD Webcam");
        Node("video1", "1", "HD Webcam");
        Node("video2", "0", "Microscope");
        Assert.Equal("/dev/video0 (HD Webcam), /dev/video2 (Microscope)", CameraDirectory.Present(_folder.FullName));
        Assert.Equal("", CameraDirectory.Present(Path.Combine(_folder.FullName, "absent")));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static void Refused(string path, SourceState state, string text)
    {
        SourceException e = Assert.Throws<SourceException>(() => CameraNode.Open(path));
        Assert.Equal(state, e.State);
        Assert.StartsWith(path + ": ", e.Message, StringComparison.Ordinal);
        Assert.Contains(text, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    private void Node(string name, string index, string card)
    {
        string folder = _folder.CreateSubdirectory(name).FullName;
        File.WriteAllText(Path.Combine(folder, "index"), index + "\n");
        File.WriteAllText(Path.Combine(folder, "name"), card + "\n");
    }
}
