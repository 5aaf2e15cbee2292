using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Durability.Interop;
using EdgeInfer.Posix;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Durability;

/// <summary>
/// A small JSON file that tells its own damage: <c>{"sha256":"…","content":…}</c> and a line feed, the digest over the exact bytes of the
/// content. It is written by <see cref="AtomicFile"/>, so that half of one is never there: whatever does not fit is the disk, or a hand.
/// A file that must not be lost has a copy beside it, which is at most one write older.
/// </summary>
internal static class CheckedFile
{
    private const string Head = "{\"sha256\":\"";
    private const string Middle = "\",\"content\":";
    private const string Tail = "}\n";
    private const int DigestDigits = 64;
    private const int OverheadBytes = 11 + DigestDigits + 12 + 2;

    /// <summary>The name of the copy.</summary>
    public static string CopyOf(string path) => path + ".copy";

    /// <summary>Replaces the file; the copy is for the caller to write, when the file is there.</summary>
    /// <exception cref="IOException">As <see cref="AtomicFile.Write(string, ReadOnlySpan{byte})"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        ArrayBufferWriter<byte> bytes = new(content.Length + OverheadBytes);
        bytes.Write(Encoding.ASCII.GetBytes(Head + Convert.ToHexStringLower(SHA256.HashData(content)) + Middle));
        bytes.Write(content);
        bytes.Write(Encoding.ASCII.GetBytes(Tail));
        AtomicFile.Write(path, bytes.WrittenSpan);
    }

    /// <summary>Reads a file; changes nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Larger content is damage.</param>
    /// <param name="damage">Why there is no content although there is something of this name: what the medium does not give any more is damaged too; null otherwise.</param>
    /// <returns>The content; null where there is no file, or a damaged one.</returns>
    /// <exception cref="IOException">It cannot be read, for another reason than damage.</exception>
    public static byte[]? Read(string path, int maxBytes, out string? damage)
    {
        // A check of the file system behind a power cut may have left whatever it found under this name.
        damage = FileKind.OtherThanFile(path, followsLinks: false) is { } kind ? $"it is {kind}, and no plain file" : null;
        if (damage is not null) return null;
        try
        {
            return ReadPlain(path, maxBytes, out damage);
        }
        catch (IOException e) when (PosixFile.IsDamage(e))
        {
            damage = e.Message;
            return null;
        }
    }

    private static byte[]? ReadPlain(string path, int maxBytes, out string? damage)
    {
        damage = null;
        using SafeFileHandle? file = PosixFile.OpenRead(path);
        if (file is null) return null;
        byte[] bytes = new byte[maxBytes + OverheadBytes + 1];
        int length = 0;
        for (int read; length < bytes.Length && (read = RandomAccess.Read(file, bytes.AsSpan(length), length)) > 0;) length += read;
        if (length == bytes.Length) damage = $"it has more than {length - 1} bytes";
        else if (Content(bytes.AsSpan(0, length)) is { } content) return content;
        else damage = length == 0 ? "it is empty" : "its checksum does not fit";
        return null;
    }

    /// <summary>Reads a file, or its copy where the file is damaged or gone; changes nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Larger content is damage.</param>
    /// <param name="damage">What is wrong with the file; null where it is whole, or nothing is there at all.</param>
    /// <returns>The content; null where neither is whole.</returns>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static byte[]? ReadWithCopy(string path, int maxBytes, out string? damage)
    {
        if (Read(path, maxBytes, out damage) is { } content) return content;
        byte[]? copy = Read(CopyOf(path), maxBytes, out string? alsoDamaged);
        if (copy is not null) damage ??= "it is gone";
        else if (alsoDamaged is not null) damage = damage is null ? $"it is gone, and of its copy {alsoDamaged}" : $"{damage}, and of its copy {alsoDamaged}";
        return copy;
    }

    private static byte[]? Content(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= OverheadBytes || !bytes.StartsWith(Encoding.ASCII.GetBytes(Head)) || !bytes.EndsWith(Encoding.ASCII.GetBytes(Tail))) return null;
        ReadOnlySpan<byte> digest = bytes.Slice(Head.Length, DigestDigits);
        ReadOnlySpan<byte> rest = bytes[(Head.Length + DigestDigits)..];
        if (!rest.StartsWith(Encoding.ASCII.GetBytes(Middle))) return null;
        ReadOnlySpan<byte> content = rest[Middle.Length..^Tail.Length];
        return digest.SequenceEqual(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(content)))) ? content.ToArray() : null;
    }
}
