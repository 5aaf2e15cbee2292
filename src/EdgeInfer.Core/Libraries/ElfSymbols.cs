using System.Buffers.Binary;
using System.Text;

namespace EdgeInfer.Libraries;

/// <summary>Finds a name among the symbols that a library offers, by the hash tables that the loader uses.</summary>
internal static class ElfSymbols
{
    private const int SymbolBytes = 24;
    private const uint MostSymbols = 1 << 20;

    /// <summary>Whether a symbol of this name is defined.</summary>
    /// <exception cref="InvalidDataException">The tables point outside of the file.</exception>
    public static bool Has(ElfImage image, FileStream file, IReadOnlyDictionary<long, ulong> dynamic, string symbol)
    {
        if (dynamic.TryGetValue(ElfTag.GnuHash, out ulong gnu)) return HasByGnuHash(image, file, dynamic, gnu, symbol);
        return dynamic.TryGetValue(ElfTag.Hash, out ulong hash) && HasByCount(image, file, dynamic, hash, symbol);
    }

    // Buckets, first symbol, words of the Bloom filter, its shift: 4 bytes each; the filter's words of 8 bytes; the buckets; the chains.
    private static bool HasByGnuHash(ElfImage image, FileStream file, IReadOnlyDictionary<long, ulong> dynamic, ulong table, string symbol)
    {
        byte[] head = image.At(file, table, 16);
        (uint buckets, uint first, uint filter) = (Word(head), Word(head.AsSpan(4)), Word(head.AsSpan(8)));
        if (buckets == 0) return false;
        uint hash = GnuHash(symbol);
        ulong bucketsAt = table + 16 + ((ulong)filter * 8);
        uint index = Word(image.At(file, bucketsAt + (hash % buckets * 4), 4));
        if (index < first) return false;
        for (uint tried = 0; tried < MostSymbols; tried++, index++)
        {
            uint chain = Word(image.At(file, bucketsAt + ((ulong)buckets * 4) + ((ulong)(index - first) * 4), 4));
            if ((chain | 1) == (hash | 1) && Is(image, file, dynamic, index, symbol)) return true;
            if ((chain & 1) != 0) return false;
        }

        return false;
    }

    private static bool HasByCount(ElfImage image, FileStream file, IReadOnlyDictionary<long, ulong> dynamic, ulong table, string symbol)
    {
        uint count = Word(image.At(file, table + 4, 4));
        for (uint i = 1; i < Math.Min(count, MostSymbols); i++)
        {
            if (Is(image, file, dynamic, i, symbol)) return true;
        }

        return false;
    }

    // Elf64_Sym: name 4, info 1, other 1, section 2, value 8, size 8; section 0 means that it is wanted, not offered.
    private static bool Is(ElfImage image, FileStream file, IReadOnlyDictionary<long, ulong> dynamic, uint index, string symbol)
    {
        byte[] entry = image.At(file, dynamic[ElfTag.SymbolTable] + ((ulong)index * SymbolBytes), SymbolBytes);
        if (BinaryPrimitives.ReadUInt16LittleEndian(entry.AsSpan(6)) == 0) return false;
        byte[] wanted = [.. Encoding.UTF8.GetBytes(symbol), 0];
        ulong name = Word(entry);
        if (name + (ulong)wanted.Length > dynamic[ElfTag.StringBytes]) return false;
        return image.At(file, dynamic[ElfTag.Strings] + name, (ulong)wanted.Length).AsSpan().SequenceEqual(wanted);
    }

    private static uint GnuHash(string symbol)
    {
        uint hash = 5381;
        foreach (byte b in Encoding.UTF8.GetBytes(symbol)) hash = unchecked((hash * 33) + b);
        return hash;
    }

    private static uint Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
