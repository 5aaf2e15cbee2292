using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>One V4L2 node of this machine.</summary>
/// <param name="Path"><c>/dev/videoN</c>.</param>
/// <param name="Card">The camera's name.</param>
/// <param name="Driver">Kernel driver.</param>
/// <param name="Bus">Where it is plugged in.</param>
/// <param name="Kind">What the node is for.</param>
/// <param name="Offer">Formats, sizes and rates of a node that captures; else empty.</param>
internal sealed record CameraInfo(string Path, string Card, string Driver, string Bus, CameraKind Kind, CameraOffer Offer);

/// <summary>The V4L2 nodes of this machine.</summary>
internal static class CameraDirectory
{
    /// <summary>The kernel numbers its nodes from 0; a machine with more than these is none this agent is for.</summary>
    private const int MostNodes = 64;

    /// <summary>Every node that this user may open, with what it offers.</summary>
    public static IReadOnlyList<CameraInfo> List()
    {
        List<CameraInfo> found = [];
        for (int i = 0; i < MostNodes; i++)
        {
            using CameraNode? node = CameraNode.TryOpen($"/dev/video{i}").Node;
            if (node is null || node.Identify(out CameraIdentity identity) != Errno.None) continue;
            CameraOffer offer = identity.Kind == CameraKind.Capture ? CameraOffer.Read(node) : new([]);
            found.Add(new(node.Path, identity.Card, identity.Driver, identity.Bus, identity.Kind, offer));
        }

        return found;
    }

    /// <summary>The node of the same device that captures pictures, for someone who chose another; null where there is none.</summary>
    /// <param name="chosen">What the chosen node says of itself.</param>
    public static string? CapturingSibling(CameraIdentity chosen)
    {
        for (int i = 0; i < MostNodes; i++)
        {
            using CameraNode? node = CameraNode.TryOpen($"/dev/video{i}").Node;
            if (node is null || node.Identify(out CameraIdentity identity) != Errno.None) continue;
            // A USB camera has two capture nodes where its driver splits pictures and metadata: only one offers formats.
            bool isSibling = identity.Bus == chosen.Bus && identity.Kind == CameraKind.Capture && identity.CanStream;
            if (isSibling && CameraOffer.Read(node).Formats.Count > 0) return node.Path;
        }

        return null;
    }

    /// <summary>Names the cameras that are there without opening any: <c>/dev/video0 (HD Webcam)</c>; empty for none.</summary>
    /// <param name="folder">Where the kernel lists its video nodes.</param>
    public static string Present(string folder = "/sys/class/video4linux")
    {
        List<string> cameras = [];
        try
        {
            foreach (string node in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
            {
                // Index 0 is a device's first node: the one that captures.
                if (File.ReadAllText(Path.Combine(node, "index")).Trim() != "0") continue;
                cameras.Add($"/dev/{Path.GetFileName(node)} ({File.ReadAllText(Path.Combine(node, "name")).Trim()})");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return string.Join(", ", cameras);
        }

        return string.Join(", ", cameras);
    }
}
