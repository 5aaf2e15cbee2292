using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Delivery.Ring.Interop;
using EdgeInfer.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Delivery.Ring;

/// <summary>A ring in a mapped file: what a killed process held is there for the next one. On tmpfs it costs no flash.</summary>
internal sealed unsafe class MappedRing : SlotRing
{
    private readonly SafeFileHandle _file;

    private MappedRing(byte* memory, int bytes, SafeFileHandle file, string path)
        : base(memory, bytes)
    {
        _file = file;
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Opens the ring of a state folder, or begins one.</summary>
    /// <param name="runFolder">Where it lies; exists.</param>
    /// <param name="stateFolder">Whose it is: each has a ring of its own.</param>
    /// <param name="kernel">This start of the kernel.</param>
    /// <param name="boot">This start of the agent.</param>
    /// <param name="opening">What was found.</param>
    /// <param name="fileBytes">Of the whole file.</param>
    /// <exception cref="FaultException">There can be no ring: no room, no rights, or a living agent that holds it.</exception>
    public static MappedRing Open(string runFolder, string stateFolder, Guid kernel, long boot, out RingOpening opening, int fileBytes = RingLayout.DefaultFileBytes)
    {
        string path = PathOf(runFolder, stateFolder);
        RingFile opened = RingFile.Open(path, boot, fileBytes);
        byte* memory = opened.Map(fileBytes);
        MappedRing ring = new(memory, fileBytes, opened.File, path);
        try
        {
            RingHeader? previous = ring.TakeOver(new(kernel, boot, 1), out int torn);
            opening = new(previous is not null, previous?.Boot ?? 0, previous?.Kernel ?? Guid.Empty, torn, opened.Warning);
            return ring;
        }
        catch
        {
            ring.Dispose();
            throw;
        }
    }

    /// <summary>The file of a state folder's ring.</summary>
    public static string PathOf(string runFolder, string stateFolder)
    {
        string state = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(stateFolder));
        return System.IO.Path.Combine(runFolder, $"outbox-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)).AsSpan(0, 4))}.ring");
    }

    /// <inheritdoc/>
    protected override void Release(byte* memory)
    {
        RingFileCalls.Unmap(memory, Bytes);
        _file.Dispose();
    }

    private RingHeader? TakeOver(RingHeader next, out int torn)
    {
        Span<byte> first = new(Memory, RingLayout.SecondHeader);
        Span<byte> second = new(Memory + RingLayout.SecondHeader, RingLayout.SecondHeader);
        bool hasFirst = RingLayout.TryReadHeader(first, Bytes, out RingHeader one);
        bool hasSecond = RingLayout.TryReadHeader(second, Bytes, out RingHeader two);
        if (!hasFirst && !hasSecond)
        {
            // Killed before its first header, or a new file: nothing can have been accepted.
            new Span<byte>(Memory + RingLayout.HeaderBytes, RingLayout.ArenaStart - RingLayout.HeaderBytes).Clear();
            torn = 0;
            RingLayout.WriteHeader(first, next, Bytes);
            return null;
        }

        torn = Recover();

        // The other one goes on saying who wrote the ring until this one is whole.
        bool isFirst = hasFirst && (!hasSecond || one.Generation >= two.Generation);
        RingHeader previous = isFirst ? one : two;
        RingLayout.WriteHeader(isFirst ? second : first, next with { Generation = previous.Generation + 1 }, Bytes);
        return previous;
    }
}
