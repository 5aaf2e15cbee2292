using System.Runtime.InteropServices;

namespace EdgeInfer.Results;

/// <summary>
/// A digest of a result's numbers as they are, before a message rounds them: two results with the same one are the same bit for bit,
/// but for chance (64-bit FNV-1a, taken over 32-bit words). It tells changes from none; it protects nothing.
/// </summary>
internal static class ResultBits
{
    private const ulong Start = 0xcbf29ce484222325;
    private const ulong Prime = 0x100000001b3;

    /// <summary>The digest of what a prediction found.</summary>
    public static ulong Of(Prediction prediction)
    {
        ulong bits = Add(Start, (uint)prediction.FrameWidth);
        bits = Add(bits, (uint)prediction.FrameHeight);
        bits = Add(bits, MemoryMarshal.Cast<Detection, uint>(CollectionsMarshal.AsSpan(prediction.Detections)));
        bits = Add(bits, MemoryMarshal.Cast<ClassScore, uint>(CollectionsMarshal.AsSpan(prediction.Classes)));
        return Add(bits, MemoryMarshal.Cast<float, uint>(CollectionsMarshal.AsSpan(prediction.RawValues)));
    }

    private static ulong Add(ulong bits, ReadOnlySpan<uint> words)
    {
        bits = Add(bits, (uint)words.Length);
        foreach (uint word in words) bits = Add(bits, word);
        return bits;
    }

    private static ulong Add(ulong bits, uint word) => (bits ^ word) * Prime;
}
