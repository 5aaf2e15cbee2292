using System.Buffers.Binary;

namespace EdgeInfer.Libraries;

/// <summary>Entries of a library's dynamic section (elf.h).</summary>
internal static class ElfTag
{
    public const long Needed = 1;
    public const long Hash = 4;
    public const long Strings = 5;
    public const long SymbolTable = 6;
    public const long StringBytes = 10;
    public const long Soname = 14;
    public const long OldRunPath = 15;
    public const long RunPath = 29;
    public const long GnuHash = 0x6ffffef5;
    public const long VersionsDefined = 0x6ffffffc;
    public const long VersionsDefinedCount = 0x6ffffffd;
    public const long VersionsNeeded = 0x6ffffffe;
    public const long VersionsNeededCount = 0x6fffffff;
}

/// <summary>What an ELF file was built for.</summary>
/// <param name="Number">e_machine.</param>
/// <param name="Is64Bit">Size of an address.</param>
/// <param name="IsLittleEndian">Order of bytes.</param>
internal readonly record struct ElfMachine(int Number, bool Is64Bit, bool IsLittleEndian)
{
    /// <summary>What this program runs on.</summary>
    public static ElfMachine Here { get; } = new(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => 62,
        System.Runtime.InteropServices.Architecture.Arm64 => 183,
        _ => 0,
    }, true, true);

    /// <summary>Whether <see cref="ElfFile"/> reads more than the header.</summary>
    public bool IsReadable => Is64Bit && IsLittleEndian;

    /// <summary>The machine of a header.</summary>
    public static ElfMachine Of(ReadOnlySpan<byte> header)
    {
        ElfMachine order = new(0, header[4] == 2, header[5] != 2);
        return order with { Number = order.Half(header[18..]) };
    }

    /// <summary>Two bytes in this machine's order.</summary>
    public int Half(ReadOnlySpan<byte> bytes) => IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    /// <summary>As an operator knows it.</summary>
    public override string ToString()
    {
        string order = IsLittleEndian ? "" : ", big-endian";
        return (Number, Is64Bit) switch
        {
            (3, _) => "32-bit x86",
            (40, _) => "32-bit ARM",
            (62, true) => "x86-64",
            (62, false) => "x86-64 with 32-bit addresses",
            (183, true) => "arm64",
            (183, false) => "arm64 with 32-bit addresses",
            (243, _) => Is64Bit ? "64-bit RISC-V" : "32-bit RISC-V",
            _ => $"another processor (ELF machine {Number}, {(Is64Bit ? 64 : 32)} bits)",
        } + order;
    }
}

/// <summary>Pieces of an ELF file by the addresses that it will have in memory. Lengths come from the file and are not believed.</summary>
internal sealed class ElfImage
{
    private const int HeaderBytes = 64;
    private const int SegmentBytes = 56;
    private const int MostSegments = 512;
    private const int Load = 1;
    private const int DynamicSection = 2;
    // The largest names tables of libraries in the field have some megabytes.
    private const ulong MostBytes = 64 << 20;

    private readonly List<(ulong Address, ulong Offset, ulong Bytes)> _loaded = [];
    private readonly (ulong Offset, ulong Bytes) _dynamic;

    /// <summary>Reads where the pieces lie.</summary>
    /// <param name="file">A 64-bit little-endian file.</param>
    /// <param name="header">Its header.</param>
    /// <exception cref="InvalidDataException">It ends before a piece does.</exception>
    public ElfImage(FileStream file, ReadOnlySpan<byte> header)
    {
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[54..]) != SegmentBytes && count > 0) throw Broken();
        byte[] segments = Piece(file, table, (ulong)(Math.Min(count, MostSegments) * SegmentBytes));
        for (int i = 0; i < segments.Length; i += SegmentBytes)
        {
            ReadOnlySpan<byte> segment = segments.AsSpan(i, SegmentBytes);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(segment);
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]);
            ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(segment[32..]);
            if (type is not (Load or DynamicSection)) continue;
            if (offset > (ulong)file.Length || bytes > (ulong)file.Length - offset) throw new InvalidDataException($"is cut off after {file.Length} bytes");
            if (type == DynamicSection) _dynamic = (offset, bytes);
            else _loaded.Add((BinaryPrimitives.ReadUInt64LittleEndian(segment[16..]), offset, bytes));
        }
    }

    /// <summary>The first bytes of a file.</summary>
    /// <exception cref="InvalidDataException">It is no ELF file.</exception>
    public static byte[] Header(FileStream file)
    {
        byte[] header = new byte[HeaderBytes];
        int length = file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        // A 32-bit header is shorter, and nothing behind it is read.
        if (length < 52 || !header.AsSpan().StartsWith("\u007fELF"u8)) throw new InvalidDataException(length == 0 ? "is empty" : "is no shared library");
        return header;
    }

    /// <summary>The fault of a file whose own numbers do not fit each other.</summary>
    public static InvalidDataException Broken() => new("is damaged: its ELF tables point outside of it");

    /// <summary>The dynamic section; empty where there is none.</summary>
    public byte[] Dynamic(FileStream file) => Piece(file, _dynamic.Offset, _dynamic.Bytes);

    /// <summary>Bytes by their address.</summary>
    /// <exception cref="InvalidDataException">No piece has them.</exception>
    public byte[] At(FileStream file, ulong address, ulong bytes)
    {
        foreach ((ulong from, ulong offset, ulong length) in _loaded)
        {
            if (address >= from && address - from < length && bytes <= length - (address - from)) return Piece(file, offset + (address - from), bytes);
        }

        throw Broken();
    }

    private static byte[] Piece(FileStream file, ulong offset, ulong bytes)
    {
        if (bytes > MostBytes || offset > (ulong)file.Length || bytes > (ulong)file.Length - offset) throw Broken();
        byte[] piece = new byte[bytes];
        file.Position = (long)offset;
        file.ReadExactly(piece);
        return piece;
    }
}
