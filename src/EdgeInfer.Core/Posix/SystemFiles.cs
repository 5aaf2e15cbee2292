using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Posix;

/// <summary>The files by which the system describes itself (/proc, /sys, /etc), under a root that tests replace. Nothing here throws.</summary>
/// <param name="root">The file system's root.</param>
internal sealed class SystemFiles(string root = "/")
{
    private const int LongestFileBytes = 256 * 1024;

    /// <summary>Whether this is the machine itself.</summary>
    public bool IsReal => root == "/";

    /// <summary>Where an absolute path lies under the root.</summary>
    public string At(string path) => Path.Combine(root, path.TrimStart('/'));

    /// <summary>A file's text without the white space (and zero bytes) around it; null where it is absent or unreadable.</summary>
    public string? Text(string path)
    {
        try
        {
            using FileStream file = new(At(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] bytes = new byte[4096];
            int length = 0;
            // Files of /proc and /sys do not know their length.
            for (int read; length < LongestFileBytes && (read = file.Read(bytes, length, bytes.Length - length)) > 0;)
            {
                length += read;
                if (length == bytes.Length) Array.Resize(ref bytes, bytes.Length * 2);
            }

            return Encoding.UTF8.GetString(bytes, 0, length).Trim().Trim('\0');
        }
        catch (Exception e) when (IsExpected(e))
        {
            return null;
        }
    }

    /// <summary>The whole number that a file holds, for files that are read again and again; null where it is absent, unreadable or holds something else.</summary>
    public long? Number(string path)
    {
        Span<byte> bytes = stackalloc byte[32];
        try
        {
            using SafeFileHandle file = File.OpenHandle(At(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            ReadOnlySpan<byte> text = bytes[..RandomAccess.Read(file, bytes, 0)];
            text = text[..(text.IndexOf((byte)'\n') is var end and >= 0 ? end : text.Length)];
            return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
        }
        catch (Exception e) when (IsExpected(e))
        {
            return null;
        }
    }

    /// <summary>A file's lines; none where it is absent or unreadable.</summary>
    public string[] Lines(string path) => Text(path)?.Split('\n', StringSplitOptions.TrimEntries) ?? [];

    /// <summary>Whether a file or folder is there.</summary>
    public bool Exists(string path) => Path.Exists(At(path));

    /// <summary>The paths of a folder's entries, in order; none where it is absent or unreadable.</summary>
    public IReadOnlyList<string> List(string folder, string pattern = "*")
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(At(folder), pattern).Select(e => $"{folder.TrimEnd('/')}/{Path.GetFileName(e)}")
                .Order(Comparer<string>.Create(CompareNatural))];
        }
        catch (Exception e) when (IsExpected(e))
        {
            return [];
        }
    }

    /// <summary>Where a link leads in the end; null where it is none.</summary>
    public string? Target(string path)
    {
        try
        {
            return File.ResolveLinkTarget(At(path), returnFinalTarget: true)?.FullName;
        }
        catch (Exception e) when (IsExpected(e))
        {
            return null;
        }
    }

    // zone10 after zone9.
    private static int CompareNatural(string a, string b) => a.Length == b.Length || !Stem(a).SequenceEqual(Stem(b))
        ? string.CompareOrdinal(a, b)
        : a.Length.CompareTo(b.Length);

    private static ReadOnlySpan<char> Stem(string name) => name.AsSpan().TrimEnd("0123456789");

    private static bool IsExpected(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;
}
