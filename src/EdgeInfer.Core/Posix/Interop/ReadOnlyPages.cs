using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary>The pages of the program and of the libraries beside it that nobody writes: code and constants.</summary>
internal static partial class ReadOnlyPages
{
    private const int DontNeed = 4;

    /// <summary>
    /// Takes them out of this process's memory; what is used again comes back from the system's cache of the file, 16 pages at a time.
    /// Some 15 MB are needed by a start alone: the reading of configurations and graphs, tables that the runtime unpacks once.
    /// </summary>
    public static void Release()
    {
        // A runtime that compiles as it goes writes into its own code. What was compiled ahead of time does not, and neither does what is shipped
        // with it; of libraries that somebody else has put here nobody knows.
        if (RuntimeFeature.IsDynamicCodeSupported) return;
        try
        {
            foreach (string line in File.ReadLines("/proc/self/maps"))
                if (Pages(line, AppContext.BaseDirectory) is ({ } first, { } end)) _ = Advise((nint)first, (nuint)(end - first), DontNeed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They stay.
        }
    }

    /// <summary>
    /// The pages of a line of <c>/proc/PID/maps</c> (proc(5)) that are as in the file: code, and what stands before it from the file's beginning.
    /// Constants behind the code lie beside those that the loader has relocated before it took the right to write away: they stay.
    /// </summary>
    /// <param name="line">ADDRESS-ADDRESS PERMISSIONS OFFSET DEVICE INODE PATH.</param>
    /// <param name="folder">Whose files count, with a slash at its end.</param>
    /// <returns>Addresses, the second exclusive; null for any other mapping.</returns>
    internal static (long First, long End)? Pages(string line, string folder)
    {
        int path = line.IndexOf('/', StringComparison.Ordinal);
        if (path < 0 || Path.GetDirectoryName(line.AsSpan(path)) is var of && !folder.AsSpan().TrimEnd('/').SequenceEqual(of)) return null;
        string[] fields = line[..path].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields[1] != "r-xp" && (fields[1] != "r--p" || fields[2].Trim('0').Length > 0)) return null;
        int dash = fields[0].IndexOf('-', StringComparison.Ordinal);
        return (Address(fields[0].AsSpan(0, dash)), Address(fields[0].AsSpan(dash + 1)));
    }

    private static long Address(ReadOnlySpan<char> digits) => long.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
