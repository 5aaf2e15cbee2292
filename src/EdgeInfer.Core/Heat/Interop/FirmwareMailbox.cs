using System.Runtime.InteropServices;

namespace EdgeInfer.Heat.Interop;

/// <summary>The property mailbox of a Raspberry Pi's firmware (<c>/dev/vcio</c>), as the firmware's own wiki describes it.</summary>
internal static unsafe partial class FirmwareMailbox
{
    /// <summary>Words of a request for <c>get_throttled</c>.</summary>
    public const int Words = 7;

    // _IOWR(100, 0, char *) on a 64-bit machine.
    private const nuint Property = 0xc008_6400;
    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;
    private const uint GetThrottled = 0x0003_0046;
    private const uint ValueBytes = 4;
    private const uint Answered = 0x8000_0000;

    /// <summary>Asks for the throttled word; null where there is no such mailbox, or it may not be opened, or does not know.</summary>
    /// <param name="path">The mailbox's node.</param>
    public static uint? Throttled(string path)
    {
        int node = Open(path, OpenReadOnly | OpenCloseOnExec);
        if (node < 0) return null;
        Span<uint> message = stackalloc uint[Words];
        Ask(message);
        int result;
        fixed (uint* words = message) result = Control(node, Property, words);
        _ = Close(node);
        return result < 0 ? null : Answer(message);
    }

    /// <summary>Writes the request: total bytes, request, tag, bytes of the value, request, value, end. A value of 0 clears nothing.</summary>
    public static void Ask(Span<uint> message)
    {
        message.Clear();
        message[0] = Words * sizeof(uint);
        message[2] = GetThrottled;
        message[3] = ValueBytes;
    }

    /// <summary>Reads the answer; null where the firmware did not give one.</summary>
    public static uint? Answer(ReadOnlySpan<uint> message) => message[1] == Answered && message[4] == (Answered | ValueBytes) ? message[5] : null;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
