using System.Runtime.InteropServices;
using EdgeInfer.Diagnostics;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>What each failure of a camera means to whoever has to mend it: one line with its cure.</summary>
internal static class CameraFaults
{
    private const string PlugIn = "plug the camera in; it is opened again by itself";

    /// <summary>Builds the exception for a fault.</summary>
    public static SourceException Of(SourceState state, FaultKind kind, string path, string what, string cure)
        => new(state, new Fault(kind, path, what, cure));

    /// <summary>Throws what an error means.</summary>
    /// <param name="error">The error of a command, or 0.</param>
    /// <param name="node">The node.</param>
    /// <param name="asked">What it was asked, after "refuses": <c>to set 640x480 MJPG</c>.</param>
    public static void ThrowIfError(int error, CameraNode node, string asked)
    {
        if (error != Errno.None) throw OfError(error, node, asked);
    }

    /// <summary>What the error of a command means.</summary>
    public static SourceException OfError(int error, CameraNode node, string asked) => error switch
    {
        Errno.NoDevice or Errno.NoSuchAddress or Errno.ShutDown => Unplugged(node.Path),
        Errno.InputOutput or Errno.Protocol => BrokenTransfer(node.Path, error),
        Errno.Busy => Busy(node.Path, node.Descriptor),
        Errno.NotTypewriter => Of(SourceState.Failed, FaultKind.Configuration, node.Path, $"refuses {asked}: it is no V4L2 camera",
            "give a camera node such as /dev/video0 or a link under /dev/v4l/by-id"),
        Errno.NoMemory => Of(SourceState.Failed, FaultKind.Unavailable, node.Path, $"refuses {asked}: no memory",
            "ask for a smaller size, or free memory for video buffers (cma= on the kernel's command line)"),
        _ => Of(SourceState.Failed, FaultKind.InputOutput, node.Path, $"refuses {asked}: {Text(error)}", "see the kernel's log (dmesg) for what the driver says"),
    };

    /// <summary>What an error of STREAMON means.</summary>
    public static SourceException OfStreamOn(int error, CameraNode node, CameraMode mode) => error switch
    {
        Errno.NoSpace => Of(SourceState.Failed, FaultKind.Unavailable, node.Path, $"cannot stream {mode}: the USB bus has not enough bandwidth left",
            "set format: mjpg, a smaller size or a lower fps, or plug the camera into a USB controller that no other camera uses"),
        Errno.BrokenPipe or Errno.NoLink => Of(SourceState.Failed, FaultKind.Unavailable, node.Path,
            $"cannot stream {mode}: it sits behind a media controller whose links are not set",
            "set the links up with media-ctl (a CSI camera needs libcamera for this), or use a USB camera"),
        _ => OfError(error, node, "to stream"),
    };

    /// <summary>What an error of open means.</summary>
    public static SourceException OfOpen(int error, string path) => error switch
    {
        Errno.NoEntry or Errno.NotDirectory => Absent(path),
        Errno.NoDevice or Errno.NoSuchAddress => Unplugged(path),
        Errno.Access or Errno.NotPermitted => Denied(path),
        Errno.Busy => Busy(path, ownDescriptor: -1),
        Errno.InputOutput or Errno.Protocol => BrokenTransfer(path, error),
        _ => Of(SourceState.Failed, FaultKind.InputOutput, path, $"cannot be opened: {Text(error)}", "see the kernel's log (dmesg) for what the driver says"),
    };

    /// <summary>Nothing is at the path.</summary>
    public static SourceException Absent(string path)
    {
        string present = CameraDirectory.Present();
        return Of(SourceState.NoSignal, FaultKind.NoInput, path, "there is no camera at this path",
            present.Length == 0 ? PlugIn : $"{PlugIn}; present are {present}");
    }

    /// <summary>The camera has gone.</summary>
    public static SourceException Unplugged(string path) => Of(SourceState.NoSignal, FaultKind.Unavailable, path, "the camera was unplugged", PlugIn);

    /// <summary>A transfer from the camera failed.</summary>
    public static SourceException BrokenTransfer(string path, int error)
        => Of(SourceState.NoSignal, FaultKind.InputOutput, path, $"a transfer from the camera failed: {Text(error)}",
            "it is opened again by itself; if this recurs, change the cable, the hub or the power supply");

    /// <summary>No whole frame came for too long.</summary>
    /// <param name="path">The camera.</param>
    /// <param name="limit">How long.</param>
    /// <param name="isCorrupt">Whether frames came and none was whole.</param>
    public static SourceException Silent(string path, TimeSpan limit, bool isCorrupt) => isCorrupt
        ? Of(SourceState.NoSignal, FaultKind.Data, path, $"no whole frame for {limit.TotalSeconds:0.#} s: each was cut or damaged",
            "it is opened again by itself; if this recurs, change the cable or the hub, or set a lower fps or size")
        : Of(SourceState.NoSignal, FaultKind.Unavailable, path, $"no frame for {limit.TotalSeconds:0.#} s",
            "it is opened again by itself; if this recurs, change the cable, the hub or the power supply");

    /// <summary>A node that gives no pictures was chosen.</summary>
    public static SourceException WrongKind(string path, CameraIdentity identity, string? captures)
    {
        string what = identity.Kind switch
        {
            CameraKind.Metadata => "is the metadata node",
            CameraKind.Output => "is an output, which takes pictures in,",
            CameraKind.Codec => "is a codec or scaler, which needs pictures put in,",
            CameraKind.MultiplanarCapture => "is a multi-planar capture node, which EdgeInfer does not read,",
            CameraKind.Capture => "has no mapped buffers (no streaming)",
            _ => "is no picture node",
        };
        return Of(SourceState.Failed, FaultKind.Configuration, path, $"{what} of {identity.Card}",
            captures is null ? "give the node of a camera that captures pictures" : $"give {captures}, which captures pictures from the same device");
    }

    private static SourceException Denied(string path)
    {
        string group = DeviceAccess.GroupOf(path);
        string user = Environment.UserName;
        return Of(SourceState.Failed, FaultKind.Unavailable, path, $"user {user} may not open it",
            $"add {user} to the group {group}: sudo usermod -aG {group} {user}, and start the service again");
    }

    private static SourceException Busy(string path, int ownDescriptor) => DeviceHolders.Find(path, ownDescriptor) switch
    {
        null => Of(SourceState.Failed, FaultKind.Unavailable, path, "another program uses the camera", $"find it with: sudo fuser -v {path}; and stop it"),
        { Id: var id } when id == Environment.ProcessId => Of(SourceState.Failed, FaultKind.Unavailable, path, "this program uses the camera already",
            "let one pipeline read the camera; a pipeline may name several models"),
        { } holder => Of(SourceState.Failed, FaultKind.Unavailable, path, $"{holder.Name} (process {holder.Id}) uses the camera",
            $"stop {holder.Name}, or give this pipeline another camera"),
    };

    private static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);
}
