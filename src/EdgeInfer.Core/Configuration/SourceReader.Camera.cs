namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private const string CameraNode = "a V4L2 node such as /dev/video0";

    private static readonly string[] s_formats = ["mjpg", "yuyv", "nv12", "grey"];

    private static CameraOptions? Camera(MappingReader source)
    {
        string? device = source.Text("camera");
        CameraOptions camera = new(device ?? "", source.Size("size"), Rate(source), source.Word("format", s_formats)) { Controls = Controls(source) };
        if (device is null) return null;
        if (device.StartsWith("csi:", StringComparison.Ordinal))
            source.Fault("camera", "this version does not have 'csi:' yet", $"name {CameraNode}");
        else if (device.All(char.IsAsciiDigit))
            source.Fault("camera", $"found '{device}'", $"write /dev/video{device}, or better its link under /dev/v4l/by-path");
        else if (!device.StartsWith('/') || device.Contains('\0', StringComparison.Ordinal))
            source.Fault("camera", $"found {Quoted.Text(device)}", $"expected {CameraNode}");
        return camera;
    }
}
