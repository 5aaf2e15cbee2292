using System.Globalization;

namespace EdgeInfer.Posix;

/// <summary>Names and numbers of groups, as <c>/etc/group</c> has them.</summary>
internal static class UserGroups
{
    private const string File = "/etc/group";

    /// <summary>The number of a group; null where there is none of this name.</summary>
    public static uint? NumberOf(string name, string file = File)
        => Find(file, fields => fields[0] == name) is { } fields && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : null;

    /// <summary>The name of a group; null where it has none.</summary>
    public static string? NameOf(uint number, string file = File)
    {
        string wanted = number.ToString(CultureInfo.InvariantCulture);
        return Find(file, fields => fields[2] == wanted)?[0];
    }

    private static string[]? Find(string file, Func<string[], bool> isWanted)
    {
        try
        {
            return System.IO.File.ReadLines(file).Select(static line => line.Split(':')).FirstOrDefault(fields => fields.Length >= 3 && isWanted(fields));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
