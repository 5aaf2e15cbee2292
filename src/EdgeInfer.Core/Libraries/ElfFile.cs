using System.Buffers.Binary;
using System.Text;
using EdgeInfer.Posix;

namespace EdgeInfer.Libraries;

/// <summary>A symbol version that a library wants from another one, such as <c>GLIBC_2.34</c> of <c>libc.so.6</c>.</summary>
/// <param name="Library">As <see cref="ElfFile.Needed"/> names it.</param>
/// <param name="Version">The version's name.</param>
internal readonly record struct ElfVersionNeed(string Library, string Version);

/// <summary>
/// What a shared library says of itself and of what it needs (System V ABI, and the GNU symbol versions), read without running any of its code.
/// A library for 32 bits or for the other byte order has <see cref="Machine"/> and <see cref="Type"/> alone.
/// </summary>
internal sealed class ElfFile
{
    /// <summary><see cref="Type"/> of a shared library.</summary>
    public const int Shared = 3;

    // As many as no library has: whoever says more is not believed.
    private const int MostNames = 4096;
    private const int LongestName = 1 << 10;
    private const int LongestRunPath = 1 << 16;

    private readonly ElfImage? _image;
    private readonly Dictionary<long, ulong> _dynamic = [];
    private readonly List<string> _needed = [];
    private readonly List<ElfVersionNeed> _versionsNeeded = [];
    private readonly List<string> _versionsDefined = [];

    private ElfFile(string path, ElfMachine machine, int type, ElfImage? image)
    {
        Path = path;
        Machine = machine;
        Type = type;
        _image = image;
    }

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>What it was built for.</summary>
    public ElfMachine Machine { get; }

    /// <summary>2 a program, 3 a shared library or a program that may lie anywhere.</summary>
    public int Type { get; }

    /// <summary>The name that other libraries need it by; empty where it has none.</summary>
    public string Soname { get; private set; } = "";

    /// <summary>Libraries that the loader must find, in its order.</summary>
    public IReadOnlyList<string> Needed => _needed;

    /// <summary>Symbol versions that those must have; weak ones are left out.</summary>
    public IReadOnlyList<ElfVersionNeed> VersionsNeeded => _versionsNeeded;

    /// <summary>Symbol versions that it has, such as <c>VERS_1.31.1</c>; the library's own name is not one.</summary>
    public IReadOnlyList<string> VersionsDefined => _versionsDefined;

    /// <summary>Folders to look into for <see cref="Needed"/> alone, as written, <c>$ORIGIN</c> and all; empty where there are none.</summary>
    public IReadOnlyList<string> RunPath { get; private set; } = [];

    /// <summary>Folders to look into first, also for what the needed libraries need; without effect beside <see cref="RunPath"/>.</summary>
    public IReadOnlyList<string> OldRunPath { get; private set; } = [];

    /// <summary>Reads a file.</summary>
    /// <param name="path">An existing file.</param>
    /// <exception cref="InvalidDataException">It is no file, no ELF file, or not a whole one; the message says which, as a predicate.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static ElfFile Read(string path)
    {
        if (FileKind.OtherThanFile(path) is { } kind) throw new InvalidDataException($"is {kind}");
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        byte[] header = ElfImage.Header(file);
        ElfMachine machine = ElfMachine.Of(header);
        if (!machine.IsReadable) return new(path, machine, machine.Half(header.AsSpan(16)), null);
        ElfImage image = new(file, header);
        ElfFile read = new(path, machine, BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(16)), image);
        read.ReadDynamic(image, file);
        return read;
    }

    /// <summary>Whether it offers a function or variable to others.</summary>
    /// <param name="symbol">Its name.</param>
    public bool Defines(string symbol)
    {
        if (_image is null || !_dynamic.ContainsKey(ElfTag.SymbolTable) || !_dynamic.ContainsKey(ElfTag.Strings) || !_dynamic.ContainsKey(ElfTag.StringBytes)) return false;
        using FileStream file = new(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        return ElfSymbols.Has(_image, file, _dynamic, symbol);
    }

    private void ReadDynamic(ElfImage image, FileStream file)
    {
        List<ulong> needed = [];
        byte[] dynamic = image.Dynamic(file);
        for (int i = 0; i + 16 <= dynamic.Length; i += 16)
        {
            long tag = BinaryPrimitives.ReadInt64LittleEndian(dynamic.AsSpan(i));
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(dynamic.AsSpan(i + 8));
            if (tag == 0) break;
            if (tag == ElfTag.Needed && needed.Count == MostNames) throw ElfImage.Broken();
            if (tag == ElfTag.Needed) needed.Add(value);
            else _dynamic.TryAdd(tag, value);
        }

        if (!_dynamic.TryGetValue(ElfTag.Strings, out ulong strings) || !_dynamic.TryGetValue(ElfTag.StringBytes, out ulong bytes)) return;
        byte[] text = image.At(file, strings, bytes);
        foreach (ulong offset in needed) _needed.Add(Text(text, offset));
        if (_dynamic.TryGetValue(ElfTag.Soname, out ulong soname)) Soname = Text(text, soname);
        if (_dynamic.TryGetValue(ElfTag.RunPath, out ulong runPath)) RunPath = Folders(Text(text, runPath, LongestRunPath));
        else if (_dynamic.TryGetValue(ElfTag.OldRunPath, out ulong old)) OldRunPath = Folders(Text(text, old, LongestRunPath));
        ReadVersionsNeeded(image, file, text);
        ReadVersionsDefined(image, file, text);
    }

    // Elf64_Verneed: version, count, file, first aux, next, each 2, 2, 4, 4, 4 bytes; Elf64_Vernaux: hash, flags, other, name, next: 4, 2, 2, 4, 4.
    private void ReadVersionsNeeded(ElfImage image, FileStream file, byte[] text)
    {
        const int Weak = 2;
        if (!_dynamic.TryGetValue(ElfTag.VersionsNeeded, out ulong at) || !_dynamic.TryGetValue(ElfTag.VersionsNeededCount, out ulong count)) return;
        int left = MostNames;
        for (ulong i = 0; i < Math.Min(count, MostNames); i++)
        {
            ReadOnlySpan<byte> need = image.At(file, at, 16);
            string library = Text(text, Word(need[4..]));
            ulong aux = at + Word(need[8..]);
            for (int k = 0; k < BinaryPrimitives.ReadUInt16LittleEndian(need[2..]); k++)
            {
                if (left-- == 0) throw ElfImage.Broken();
                ReadOnlySpan<byte> version = image.At(file, aux, 16);
                if ((BinaryPrimitives.ReadUInt16LittleEndian(version[4..]) & Weak) == 0) _versionsNeeded.Add(new(library, Text(text, Word(version[8..]))));
                if (Word(version[12..]) == 0) break;
                aux += Word(version[12..]);
            }

            if (Word(need[12..]) == 0) break;
            at += Word(need[12..]);
        }
    }

    // Elf64_Verdef: version, flags, index, count, hash, first aux, next: 2, 2, 2, 2, 4, 4, 4 bytes; Elf64_Verdaux: name, next: 4, 4.
    private void ReadVersionsDefined(ElfImage image, FileStream file, byte[] text)
    {
        const int IsFileItself = 1;
        if (!_dynamic.TryGetValue(ElfTag.VersionsDefined, out ulong at) || !_dynamic.TryGetValue(ElfTag.VersionsDefinedCount, out ulong count)) return;
        for (ulong i = 0; i < Math.Min(count, MostNames); i++)
        {
            ReadOnlySpan<byte> definition = image.At(file, at, 20);
            if ((BinaryPrimitives.ReadUInt16LittleEndian(definition[2..]) & IsFileItself) == 0)
                _versionsDefined.Add(Text(text, Word(image.At(file, at + Word(definition[12..]), 8))));
            if (Word(definition[16..]) == 0) break;
            at += Word(definition[16..]);
        }
    }

    private static uint Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static string[] Folders(string text) => text.Split(':', StringSplitOptions.RemoveEmptyEntries);

    private static string Text(byte[] strings, ulong offset, int longest = LongestName)
    {
        if (offset >= (ulong)strings.Length) throw ElfImage.Broken();
        ReadOnlySpan<byte> from = strings.AsSpan((int)offset);
        from = from[..Math.Min(from.Length, longest)];
        int end = from.IndexOf((byte)0);
        return end < 0 ? throw ElfImage.Broken() : Encoding.UTF8.GetString(from[..end]);
    }
}
