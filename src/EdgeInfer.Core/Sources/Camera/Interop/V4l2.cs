using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Sources.Camera.Interop;

/// <summary>An open V4L2 node; closed exactly once, and never while a call on it is under way.</summary>
internal sealed class V4l2Handle : SafeHandleMinusOneIsInvalid
{
    /// <summary>Takes a descriptor that open gave, or its -1.</summary>
    public V4l2Handle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => V4l2.Close((int)handle) == 0;
}

/// <summary>
/// The C library's calls that V4L2 needs (linux/videodev2.h, Linux on 64-bit processors). Each sets the error that
/// <see cref="Marshal.GetLastPInvokeError"/> reads. They are looked up by name in libc, so that a preloaded library can stand in.
/// </summary>
internal static unsafe partial class V4l2
{
    /// <summary>O_RDWR | O_NONBLOCK | O_CLOEXEC: the same numbers on x64 and arm64.</summary>
    internal const int OpenReadWriteNonBlocking = 0x2 | 0x800 | 0x80000;

    internal const int ProtectionRead = 1;
    internal const int ProtectionReadWrite = 3;
    internal const int MapShared = 1;
    internal const int MapPrivateAnonymous = 0x22;
    internal const int RemapInPlaceOf = 3;

    internal const int AtCurrentDirectory = -100;
    internal const uint StatxBasic = 0x7ff;

    /// <summary>Opens a node; its descriptor, or -1. Not a handle at once: the marshaller would read C's 32-bit -1 as 4294967295.</summary>
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags);

    /// <summary>One V4L2 command; 0 or -1.</summary>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(V4l2Handle node, nuint command, void* argument);

    /// <summary>Maps a driver's buffer; the address, or -1.</summary>
    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(void* hint, nuint lengthBytes, int protection, int flags, V4l2Handle node, nint offset);

    /// <summary>Maps memory of no file, where <paramref name="descriptor"/> is -1; the address, or -1.</summary>
    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint MapMemory(void* hint, nuint lengthBytes, int protection, int flags, int descriptor, nint offset);

    /// <summary>Moves a mapping to an address, in place of what is mapped there; the address, or -1.</summary>
    [LibraryImport("libc", EntryPoint = "mremap", SetLastError = true)]
    internal static partial nint Remap(nint address, nuint lengthBytes, nuint newLengthBytes, int flags, nint newAddress);

    /// <summary>Takes a mapping away.</summary>
    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint lengthBytes);

    /// <summary>Closes a descriptor.</summary>
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    /// <summary>What kind of file a path names, links followed.</summary>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Stat(int folder, string path, int flags, uint mask, FileFacts* facts);
}

/// <summary>The errors that mean something to a camera (asm-generic/errno*.h).</summary>
internal static class Errno
{
    internal const int None = 0;
    internal const int NotPermitted = 1;
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int InputOutput = 5;
    internal const int NoSuchAddress = 6;
    internal const int Again = 11;
    internal const int NoMemory = 12;
    internal const int Access = 13;
    internal const int Busy = 16;
    internal const int NoDevice = 19;
    internal const int NotDirectory = 20;
    internal const int Invalid = 22;
    internal const int NotTypewriter = 25;
    internal const int NoSpace = 28;
    internal const int BrokenPipe = 32;
    internal const int NoLink = 67;
    internal const int Protocol = 71;
    internal const int ShutDown = 108;
}
