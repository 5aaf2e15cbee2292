using System.Globalization;
using System.Runtime.InteropServices;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>Who may do what with a file or device.</summary>
/// <param name="Mode">Permission bits.</param>
/// <param name="Owner">User number.</param>
/// <param name="Group">Group number.</param>
internal sealed record FileRights(UnixFileMode Mode, uint Owner, uint Group);

/// <summary>What a path given as a camera names, and who may open it.</summary>
internal static unsafe class DeviceAccess
{
    private const int TypeMask = 0xF000;
    private const int TypeFolder = 0x4000;
    private const int TypeRegular = 0x8000;
    private const int TypeCharacter = 0x2000;
    private const int PermissionMask = 0xFFF;
    private const string UsualGroup = "video";

    /// <summary>Refuses what cannot be a camera before it is opened.</summary>
    /// <exception cref="SourceException">Nothing is there, or a folder or file is.</exception>
    public static void Check(string path)
    {
        FileFacts facts = default;
        if (V4l2.Stat(V4l2.AtCurrentDirectory, path, 0, V4l2.StatxBasic, &facts) < 0)
        {
            throw CameraFaults.OfOpen(Marshal.GetLastPInvokeError(), path);
        }

        string? kind = (facts.Mode & TypeMask) switch
        {
            TypeCharacter => null,
            TypeFolder => "a folder",
            TypeRegular => "a file",
            _ => "no device",
        };
        if (kind is null) return;
        string cure = kind == "a file"
            ? "give a camera node such as /dev/video0, or read the file with source: { files: PATH }"
            : "give a camera node such as /dev/video0 or a link under /dev/v4l/by-id";
        throw CameraFaults.Of(SourceState.Failed, Diagnostics.FaultKind.Configuration, path, $"is {kind}, not a camera", cure);
    }

    /// <summary>Owner, group and permission bits of a path, links followed; null where it cannot be asked.</summary>
    public static FileRights? Rights(string path)
    {
        FileFacts facts = default;
        return V4l2.Stat(V4l2.AtCurrentDirectory, path, 0, V4l2.StatxBasic, &facts) < 0
            ? null
            : new((UnixFileMode)(facts.Mode & PermissionMask), facts.Owner, facts.Group);
    }

    /// <summary>The group that may open a device: <c>video</c> where it cannot be told.</summary>
    /// <param name="path">The device.</param>
    /// <param name="groups">The file that names groups.</param>
    public static string GroupOf(string path, string groups = "/etc/group")
    {
        FileFacts facts = default;
        if (V4l2.Stat(V4l2.AtCurrentDirectory, path, 0, V4l2.StatxBasic, &facts) < 0 || facts.Group == 0) return UsualGroup;
        try
        {
            string id = facts.Group.ToString(CultureInfo.InvariantCulture);
            foreach (string line in File.ReadLines(groups))
            {
                string[] fields = line.Split(':');
                if (fields.Length >= 3 && fields[2] == id) return fields[0];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return UsualGroup;
        }

        return UsualGroup;
    }
}
