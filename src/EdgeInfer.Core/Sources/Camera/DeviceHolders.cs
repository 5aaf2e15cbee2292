using System.Globalization;

namespace EdgeInfer.Sources.Camera;

/// <summary>A process that has a device open.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">Its command.</param>
internal sealed record DeviceHolder(int Id, string Name);

/// <summary>Finds who has a device open, as far as /proc shows it to this user.</summary>
internal static class DeviceHolders
{
    /// <summary>The process that has a device open; another one rather than this.</summary>
    /// <param name="path">The device, or a link to it.</param>
    /// <param name="ownDescriptor">This program's own descriptor on it, which does not count; -1 for none.</param>
    /// <param name="processes">Where processes are listed.</param>
    public static DeviceHolder? Find(string path, int ownDescriptor, string processes = "/proc")
    {
        string device = Resolve(path);
        DeviceHolder? self = null;
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(processes))
            {
                if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int id)) continue;
                bool isSelf = id == Environment.ProcessId;
                if (!Holds(folder, device, isSelf ? ownDescriptor : -1)) continue;
                DeviceHolder holder = new(id, NameOf(folder));
                if (!isSelf) return holder;
                self = holder;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return self;
        }

        return self;
    }

    private static bool Holds(string process, string device, int exceptDescriptor)
    {
        try
        {
            string except = exceptDescriptor.ToString(CultureInfo.InvariantCulture);
            foreach (string descriptor in Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")))
            {
                if (Path.GetFileName(descriptor) == except) continue;
                if (new FileInfo(descriptor).LinkTarget == device) return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended meanwhile, or belongs to another user.
        }

        return false;
    }

    private static string NameOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "comm")).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "a program";
        }
    }

    private static string Resolve(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }
}
