using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary>Texts as C has them: an array of pointers to UTF-8, with a null at its end.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly int _count;

    /// <summary>Copies the texts.</summary>
    public NativeStrings(IReadOnlyList<string> texts)
    {
        _count = texts.Count;
        Pointer = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < _count; i++) Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
    }

    /// <summary>The array; valid until disposed.</summary>
    public byte** Pointer { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Pointer is null) return;
        for (int i = 0; i < _count; i++) Marshal.FreeCoTaskMem((nint)Pointer[i]);
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
