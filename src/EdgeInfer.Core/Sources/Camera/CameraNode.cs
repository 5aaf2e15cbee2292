using System.Runtime.InteropServices;
using System.Text;
using EdgeInfer.Posix.Interop;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>An open V4L2 node: its commands, with every error read. Owns the descriptor.</summary>
internal sealed unsafe class CameraNode : IDisposable
{
    private readonly V4l2Handle _handle;

    private CameraNode(string path, V4l2Handle handle)
    {
        Path = path;
        _handle = handle;
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>Whether the descriptor is closed.</summary>
    public bool IsClosed => _handle.IsClosed;

    /// <summary>The descriptor's number, for naming it only.</summary>
    public int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>Opens a camera that captures pictures; the path is looked up anew, links included.</summary>
    /// <exception cref="SourceException">Nothing is there, it may not be opened, or it is something else.</exception>
    public static CameraNode Open(string path)
    {
        DeviceAccess.Check(path);
        (CameraNode? node, int error) = TryOpen(path);
        if (node is null) throw CameraFaults.OfOpen(error, path);
        try
        {
            CameraFaults.ThrowIfError(node.Identify(out CameraIdentity identity), node, "to say what it can do");
            if (identity.Kind == CameraKind.Capture && identity.CanStream) return node;
            throw CameraFaults.WrongKind(path, identity, CameraDirectory.CapturingSibling(identity));
        }
        catch
        {
            node.Dispose();
            throw;
        }
    }

    /// <summary>Opens any node.</summary>
    /// <returns>The node, or the error that open gave.</returns>
    public static (CameraNode? Node, int Error) TryOpen(string path)
    {
        int descriptor;
        int error;
        do
        {
            descriptor = V4l2.Open(path, V4l2.OpenReadWriteNonBlocking);
            error = descriptor < 0 ? Marshal.GetLastPInvokeError() : Errno.None;
        }
        while (error == Errno.Interrupted);
        return error == Errno.None ? (new CameraNode(path, new V4l2Handle(descriptor)), error) : (null, error);
    }

    /// <summary>Carries out a command; its error, or 0.</summary>
    public int Control<T>(uint command, ref T argument)
        where T : unmanaged
    {
        fixed (T* pointer = &argument)
        {
            while (V4l2.Control(_handle, command, pointer) < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                if (error != Errno.Interrupted) return error;
            }
        }

        return Errno.None;
    }

    /// <summary>Waits until a frame is there or something is wrong.</summary>
    /// <param name="timeoutMilliseconds">The longest wait.</param>
    /// <param name="events">What poll saw; 0 when the time was up.</param>
    /// <returns>The error of poll itself, or 0.</returns>
    public int Wait(int timeoutMilliseconds, out short events)
    {
        Poll.Descriptor descriptor = new() { Number = Descriptor, Wanted = Poll.In };
        int ready = Poll.Wait(&descriptor, 1, timeoutMilliseconds);
        int error = ready < 0 ? Marshal.GetLastPInvokeError() : Errno.None;
        events = ready > 0 ? descriptor.Found : (short)0;
        return error == Errno.Interrupted ? Errno.None : error;
    }

    /// <summary>Maps a driver's buffer for reading.</summary>
    /// <returns>Its address, or 0 with the error.</returns>
    public (nint Address, int Error) Map(uint offset, uint lengthBytes)
    {
        nint address = V4l2.Map(null, lengthBytes, V4l2.ProtectionRead, V4l2.MapShared, _handle, (nint)offset);
        return address == -1 ? (0, Marshal.GetLastPInvokeError()) : (address, Errno.None);
    }

    /// <summary>What the node says of itself.</summary>
    /// <returns>The error, or 0.</returns>
    public int Identify(out CameraIdentity identity)
    {
        V4l2Capability capability = default;
        int error = Control(V4l2Commands.QueryCapability, ref capability);
        uint node = (capability.Capabilities & V4l2Values.CapabilityDeviceCapabilities) != 0
            ? capability.DeviceCapabilities
            : capability.Capabilities;
        identity = new(Text(capability.Driver), Text(capability.Card), Text(capability.Bus), node);
        return error;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }
}

/// <summary>What a node says of itself.</summary>
/// <param name="Driver">Kernel driver.</param>
/// <param name="Card">The camera's name.</param>
/// <param name="Bus">Where it is plugged in: the same for all nodes of one device.</param>
/// <param name="Capabilities">What this node, not the whole device, can do.</param>
internal sealed record CameraIdentity(string Driver, string Card, string Bus, uint Capabilities)
{
    private const uint MemoryToMemory = V4l2Values.CapabilityMemoryToMemory | V4l2Values.CapabilityMemoryToMemoryMultiplanar;
    private const uint Metadata = V4l2Values.CapabilityMetadataCapture | V4l2Values.CapabilityMetadataOutput;
    private const uint Output = V4l2Values.CapabilityVideoOutput | V4l2Values.CapabilityVideoOutputMultiplanar;

    /// <summary>What the node is for.</summary>
    public CameraKind Kind => Has(MemoryToMemory) || (Has(Output) && Has(V4l2Values.CapabilityVideoCapture)) ? CameraKind.Codec
        : Has(V4l2Values.CapabilityVideoCapture) ? CameraKind.Capture
        : Has(V4l2Values.CapabilityVideoCaptureMultiplanar) ? CameraKind.MultiplanarCapture
        : Has(Metadata) ? CameraKind.Metadata
        : Has(Output) ? CameraKind.Output
        : CameraKind.Other;

    /// <summary>Whether the node maps buffers.</summary>
    public bool CanStream => Has(V4l2Values.CapabilityStreaming);

    private bool Has(uint any) => (Capabilities & any) != 0;
}

/// <summary>What a V4L2 node is for.</summary>
internal enum CameraKind
{
    /// <summary>Pictures: the one kind EdgeInfer reads.</summary>
    Capture,

    /// <summary>Pictures, in planes of their own buffers, which EdgeInfer does not read.</summary>
    MultiplanarCapture,

    /// <summary>What accompanies the pictures of another node.</summary>
    Metadata,

    /// <summary>Takes pictures in, as a display does.</summary>
    Output,

    /// <summary>Takes pictures in and gives them back coded or scaled.</summary>
    Codec,

    /// <summary>Radio, teletext, touch and the like.</summary>
    Other,
}
