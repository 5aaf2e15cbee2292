using System.Buffers.Text;
using System.Globalization;
using System.Text;
using EdgeInfer.Posix;

namespace EdgeInfer.Durability;

/// <summary>A small file that holds one number, at least 1, in decimal.</summary>
internal static class NumberFile
{
    /// <summary>The number; null where there is no file, or it holds none: cut short before this program wrote it atomically, damaged, or not ours.</summary>
    public static long? Read(string path)
    {
        if (!File.Exists(path) || FileKind.OtherThanFile(path) is not null) return null;
        byte[] content = File.ReadAllBytes(path);
        return Utf8Parser.TryParse(content, out long number, out _) && number > 0 ? number : null;
    }

    /// <summary>Writes it as <see cref="AtomicFile"/> does.</summary>
    public static void Write(string path, long number) => AtomicFile.Write(path, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture) + "\n"));
}
