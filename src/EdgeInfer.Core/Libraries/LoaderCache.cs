using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace EdgeInfer.Libraries;

/// <summary>Reads the loader's cache, as ldconfig of glibc writes it (sysdeps/generic/dl-cache.h), since 2.2 alone or behind an older part.</summary>
internal static class LoaderCache
{
    private const int MostBytes = 16 << 20;
    private const int HeaderBytes = 48;
    private const int EntryBytes = 24;
    // FLAG_ELF_LIBC6 with FLAG_X8664_LIB64 or FLAG_AARCH64_LIB64.
    private const int ForX64 = 0x0303;
    private const int ForArm64 = 0x0a03;

    private static ReadOnlySpan<byte> Mark => "glibc-ld.so.cache1.1"u8;

    /// <summary>Paths by name; empty where there is no cache, or one of another kind.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Read(string path)
    {
        try
        {
            FileInfo file = new(path);
            if (file.Exists && file.Length <= MostBytes) return Parse(File.ReadAllBytes(path), RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? ForArm64 : ForX64);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As good as none.
        }

        return new Dictionary<string, IReadOnlyList<string>>();
    }

    /// <summary>The cache's content.</summary>
    /// <param name="cache">The file.</param>
    /// <param name="flags">Of the entries to take.</param>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> Parse(ReadOnlySpan<byte> cache, int flags)
    {
        Dictionary<string, IReadOnlyList<string>> paths = [];
        int start = cache.IndexOf(Mark);
        if (start < 0 || cache.Length - start < HeaderBytes) return paths;
        // Strings are counted from where this part begins.
        ReadOnlySpan<byte> part = cache[start..];
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(part[Mark.Length..]);
        for (int i = 0, at = HeaderBytes; i < count && at + EntryBytes <= part.Length; i++, at += EntryBytes)
        {
            if (BinaryPrimitives.ReadInt32LittleEndian(part[at..]) != flags) continue;
            string name = Text(part, BinaryPrimitives.ReadUInt32LittleEndian(part[(at + 4)..]));
            string path = Text(part, BinaryPrimitives.ReadUInt32LittleEndian(part[(at + 8)..]));
            if (name.Length == 0 || path.Length == 0) continue;
            paths[name] = paths.TryGetValue(name, out IReadOnlyList<string>? others) ? [.. others, path] : [path];
        }

        return paths;
    }

    private static string Text(ReadOnlySpan<byte> part, uint offset)
    {
        if (offset >= part.Length) return "";
        ReadOnlySpan<byte> from = part[(int)offset..];
        int end = from.IndexOf((byte)0);
        return end < 0 ? "" : Encoding.UTF8.GetString(from[..end]);
    }
}
