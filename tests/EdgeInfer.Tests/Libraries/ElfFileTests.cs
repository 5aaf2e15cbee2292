using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeInfer.Libraries;

namespace EdgeInfer.Tests.Libraries;

public sealed class ElfFileTests : IDisposable
{
    private readonly CompiledLibraries _made = new();

    public void Dispose() => _made.Dispose();

    [Fact]
    public void The_packages_library_says_what_readelf_says()
    {
        // readelf -dVW on both files of Microsoft.ML.OnnxRuntime 1.31.1.
        ElfFile file = ElfFile.Read(RuntimeLibrary());

        Assert.Equal(ElfMachine.Here, file.Machine);
        Assert.Equal(ElfFile.Shared, file.Type);
        Assert.Equal("libonnxruntime.so.1", file.Soname);
        Assert.Equal(["libdl.so.2", "librt.so.1", "libpthread.so.0", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6"], file.Needed.Take(7));
        Assert.Equal(["VERS_1.31.1"], file.VersionsDefined);
        Assert.Equal(["$ORIGIN"], file.RunPath);
        Assert.Empty(file.OldRunPath);
        Assert.Contains(file.VersionsNeeded, static need => need is { Library: "libstdc++.so.6" } && need.Version.StartsWith("GLIBCXX_", StringComparison.Ordinal));
        Assert.True(file.Defines("OrtGetApiBase"));
        Assert.False(file.Defines("OrtGetApi"));
        Assert.False(file.Defines("memcpy"), "it is needed, not offered");
    }

    [Theory]
    [InlineData("gnu")]
    [InlineData("sysv")]
    public void A_symbol_is_found_by_either_kind_of_hash_table(string style)
    {
        string code = string.Concat(Enumerable.Range(0, 300).Select(static i => $"int f{i}(void) {{ return {i}; }}\n"));
        ElfFile file = ElfFile.Read(_made.Make("many.so", code, "-Wl,--hash-style=" + style));

        Assert.All(Enumerable.Range(0, 300), i => Assert.True(file.Defines($"f{i}")));
        Assert.False(file.Defines("f300"));
        Assert.False(file.Defines("f"));
    }

    [Fact]
    public void A_library_without_symbols_or_needs_is_read_too()
    {
        ElfFile file = ElfFile.Read(_made.Make("bare.so", "", "-nostdlib"));

        Assert.Empty(file.Needed);
        Assert.Equal("", file.Soname);
        Assert.False(file.Defines("anything"));
    }

    [Fact]
    public void Run_paths_are_told_apart_by_their_kind()
    {
        Assert.Equal(["$ORIGIN/lib", "/opt/x"], ElfFile.Read(_made.Make("new.so", "", "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/lib:/opt/x")).RunPath);
        ElfFile old = ElfFile.Read(_made.Make("old.so", "", "-Wl,--disable-new-dtags", "-Wl,-rpath,/opt/x"));
        Assert.Equal(["/opt/x"], old.OldRunPath);
        Assert.Empty(old.RunPath);
    }

    [Theory]
    [InlineData(40, 1, 1, "32-bit ARM")]
    [InlineData(3, 1, 1, "32-bit x86")]
    [InlineData(62, 1, 1, "x86-64 with 32-bit addresses")]
    [InlineData(62, 2, 1, "x86-64")]
    [InlineData(183, 2, 1, "arm64")]
    [InlineData(183, 2, 2, "arm64, big-endian")]
    [InlineData(243, 2, 1, "64-bit RISC-V")]
    [InlineData(21, 2, 2, "another processor (ELF machine 21, 64 bits), big-endian")]
    public void Every_machine_has_a_name(int machine, byte bits, byte order, string name)
    {
        byte[] header = new byte[64];
        ((byte[])[0x7f, .. "ELF"u8, bits, order, 1]).CopyTo(header, 0);
        header[order == 1 ? 16 : 17] = 3;
        header[order == 1 ? 18 : 19] = (byte)machine;
        ElfFile file = ElfFile.Read(Write(header));

        Assert.Equal(name, file.Machine.ToString());
        Assert.Equal(ElfFile.Shared, file.Type);
        Assert.False(file.Defines("OrtGetApiBase"));
    }

    [Fact]
    public void What_is_no_ELF_file_or_only_the_beginning_of_one_is_said()
    {
        Assert.Equal("is empty", Refusal([]));
        Assert.Equal("is no shared library", Refusal("version https://git-lfs.github.com/spec/v1\noid sha256:0000000000000000000000000000\n"u8.ToArray()));
        Assert.Equal("is no shared library", Refusal([0x7f, .. "ELF"u8, 2, 1, 1]));
        byte[] whole = File.ReadAllBytes(_made.Make("whole.so", "int answer(void) { return 42; } int big[5000] = { 1 };"));
        Assert.Equal($"is cut off after {whole.Length / 2} bytes", Refusal(whole[..(whole.Length / 2)]));
    }

    [Theory]
    [InlineData("pipe", "is a pipe")]
    [InlineData("socket", "is a socket")]
    [InlineData("folder", "is a folder")]
    [InlineData("device", "is a device")]
    public void What_is_no_file_is_said_and_never_opened(string kind, string said)
    {
        string path = Path.Combine(_made.Folder, kind);
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        switch (kind)
        {
            // Who opens a pipe waits until somebody writes into it.
            case "pipe": Assert.Equal(0, CompiledLibraries.Run("mkfifo", path).ExitCode); break;
            case "socket": socket.Bind(new UnixDomainSocketEndPoint(path)); break;
            case "folder": Directory.CreateDirectory(path); break;
            default: File.CreateSymbolicLink(path, "/dev/zero"); break;
        }

        Assert.Equal(said, Assert.Throws<InvalidDataException>(() => ElfFile.Read(path)).Message);
    }

    [Fact]
    public void Whatever_bytes_a_file_holds_it_is_read_or_refused()
    {
        byte[] good = File.ReadAllBytes(_made.Make("good.so", "#include <stdio.h>\nint OrtGetApiBase(void) { return puts(\"x\"); }"));
        Random random = new(20261126);
        for (int round = 0; round < 1000; round++)
        {
            byte[] bad = [.. good];
            // The tables that are read lie in the first pages and in the last.
            for (int i = random.Next(1, 6); i > 0; i--) bad[random.Next(2) == 0 ? random.Next(0x800) : random.Next(bad.Length)] = (byte)random.Next(256);
            string path = Write(bad);
            try
            {
                ElfFile.Read(path).Defines("OrtGetApiBase");
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith("is ", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("a name without end")]
    [InlineData("more needs than any library has")]
    [InlineData("versions without end")]
    public void Numbers_that_no_library_has_are_refused_before_they_cost_anything(string kind)
    {
        (long Tag, ulong Value)[] dynamic = kind switch
        {
            "a name without end" => [(1, 0)],
            "more needs than any library has" => [.. Enumerable.Repeat((1L, 0UL), 100_000)],
            // Weak ones, each with 65535 more, each of those the same again.
            _ => [(0x6ffffffe, Filling), (0x6fffffff, 4096)],
        };
        byte[] record = kind[0] == 'v' ? [1, 0, 255, 255, 2, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0] : [.. Enumerable.Repeat((byte)'a', 16)];

        Assert.Equal("is damaged: its ELF tables point outside of it", Refusal(Hostile(dynamic, record, 70_000)));
    }

    // Where a made file's own bytes begin: behind header, two segments and the names.
    private const ulong Filling = 64 + (2 * 56) + 64;

    // ELF64: all of it in one segment, its dynamic section last; names are 64 bytes, or all that is filled where that is text.
    private static byte[] Hostile((long Tag, ulong Value)[] dynamic, byte[] record, int records)
    {
        bool isText = record[0] == 'a';
        (long Tag, ulong Value)[] all = [(5, isText ? Filling : Filling - 64), (10, isText ? (ulong)(records * 16) : 64), .. dynamic, (0, 0)];
        byte[] file = new byte[(int)Filling + (records * 16) + (all.Length * 16)];
        ((byte[])[0x7f, .. "ELF"u8, 2, 1, 1]).CopyTo(file, 0);
        (file[16], file[18], file[32], file[54], file[56]) = (3, (byte)ElfMachine.Here.Number, 64, 56, 2);
        Segment(64, 1, 0, file.Length);
        Segment(64 + 56, 2, file.Length - (all.Length * 16), all.Length * 16);
        for (int i = 0; i < records; i++) record.CopyTo(file, (int)Filling + (i * 16));
        for (int i = 0; i < all.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(file.Length - ((all.Length - i) * 16)), all[i].Tag);
            BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(file.Length - ((all.Length - i) * 16) + 8), all[i].Value);
        }

        return file;

        void Segment(int at, byte type, int offset, int bytes)
        {
            file[at] = type;
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at + 8), offset);
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at + 16), offset);
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at + 32), bytes);
        }
    }

    /// <summary>The library that the managed package came with, for this processor.</summary>
    internal static string RuntimeLibrary() => Directory.GetFiles(AppContext.BaseDirectory, "libonnxruntime.so", SearchOption.AllDirectories)
        .First(static f => f.Contains(RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x64", StringComparison.Ordinal));

    private string Refusal(byte[] bytes) => Assert.Throws<InvalidDataException>(() => ElfFile.Read(Write(bytes))).Message;

    private string Write(byte[] bytes)
    {
        string path = Path.Combine(_made.Folder, "x.so");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
