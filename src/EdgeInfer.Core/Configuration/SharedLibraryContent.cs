using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EdgeInfer.Configuration;

/// <summary>Looks whether a file can be ONNX Runtime for this machine, by its ELF header and the name of its entry point: none of its code runs.</summary>
internal static class SharedLibraryContent
{
    private const int HeaderBytes = 20;
    private const int Is64Bit = 2;
    private const int IsShared = 3;
    private const int ChunkBytes = 1 << 20;

    private static ReadOnlySpan<byte> EntryPoint => "OrtGetApiBase"u8;

    /// <summary>What is wrong with a file, and the cure; null where nothing is, or it may not be read by this user.</summary>
    /// <param name="path">An existing file.</param>
    public static (string What, string Cure)? Wrong(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
            Span<byte> header = stackalloc byte[HeaderBytes];
            int length = file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
            const string Cure = "name the libonnxruntime.so itself";
            if (length < HeaderBytes || !header.StartsWith("\u007fELF"u8)) return ($"the file {path} is no shared library", Cure);
            int machine = BinaryPrimitives.ReadUInt16LittleEndian(header[18..]);
            if (header[4] != Is64Bit || machine != MachineOf(RuntimeInformation.ProcessArchitecture))
                return ($"the library {path} is for {NameOf(machine)}, and this is {NameOf(MachineOf(RuntimeInformation.ProcessArchitecture))}", "name one that was built for this processor");
            if (BinaryPrimitives.ReadUInt16LittleEndian(header[16..]) != IsShared) return ($"the file {path} is no shared library", Cure);
            return HoldsEntryPoint(file) ? null : ($"the library {path} is no ONNX Runtime", Cure);
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        catch (IOException e)
        {
            return BoundedFile.Explain(e, path, "name a libonnxruntime.so");
        }
    }

    private static bool HoldsEntryPoint(FileStream file)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            int kept = 0;
            for (int read; (read = file.Read(buffer.AsSpan(kept))) > 0;)
            {
                Span<byte> seen = buffer.AsSpan(0, kept + read);
                if (seen.IndexOf(EntryPoint) >= 0) return true;
                // The name may lie across two pieces.
                kept = Math.Min(EntryPoint.Length - 1, seen.Length);
                seen[^kept..].CopyTo(buffer);
            }

            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int MachineOf(Architecture architecture) => architecture switch
    {
        Architecture.X64 => 62,
        Architecture.Arm64 => 183,
        _ => 0,
    };

    private static string NameOf(int machine) => machine switch
    {
        3 => "32-bit x86",
        40 => "32-bit ARM",
        62 => "x86-64",
        183 => "arm64",
        _ => $"another processor (ELF machine {machine})",
    };
}
