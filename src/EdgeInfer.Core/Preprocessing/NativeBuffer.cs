using System.Runtime.InteropServices;

namespace EdgeInfer.Preprocessing;

/// <summary>Native memory that grows to the largest size asked for and is kept; it may be read 64 bytes past its end.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>Bytes behind the end that vector loads may touch.</summary>
    public const int Slack = 64;

    private byte* _data;
    private nuint _capacity;

    /// <summary>At least <paramref name="bytes"/> bytes on a 64-byte boundary; what was in them is lost when they grow.</summary>
    public byte* Take(long bytes)
    {
        if ((nuint)bytes <= _capacity && _data != null) return _data;
        NativeMemory.AlignedFree(_data);
        _data = null;
        _capacity = 0;
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)bytes + Slack, 64);
        _capacity = (nuint)bytes;
        NativeMemory.Clear(_data + bytes, Slack);
        return _data;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        _capacity = 0;
    }
}
