namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private const string CameraNode = "a V4L2 node such as /dev/video0, or csi:0 for a camera on a ribbon";

    private static readonly string[] s_formats = ["mjpg", "yuyv", "nv12", "grey"];

    private static SourceOptions? Camera(MappingReader source)
    {
        string? device = source.Text("camera");
        if (device is not null && device.StartsWith(CsiPrefix, StringComparison.Ordinal))
        {
            if (source.Has("controls")) source.Fault("controls", "a camera on a ribbon has no V4L2 controls here", "give its program arguments instead, such as arguments: [--shutter, \"8000\", --gain, \"2\"]");
            return Csi(source, device);
        }

        CameraOptions camera = new(device ?? "", source.Size("size"), Rate(source), source.Word("format", s_formats)) { Controls = Controls(source) };
        if (device is null) return null;
        if (device.All(char.IsAsciiDigit))
            source.Fault("camera", $"found '{device}'", $"write /dev/video{device}, or better its link under /dev/v4l/by-path");
        else if (!device.StartsWith('/') || device.Contains('\0', StringComparison.Ordinal))
            source.Fault("camera", $"found {Quoted.Text(device)}", $"expected {CameraNode}");
        return camera;
    }
}
