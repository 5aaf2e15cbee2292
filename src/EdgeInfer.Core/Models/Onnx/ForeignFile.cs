using System.Text;
using EdgeInfer.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Models.Onnx;

/// <summary>Recognises the files that most often carry the name .onnx without being one.</summary>
internal static class ForeignFile
{
    /// <summary>Throws what the file really is and how to get the model instead; returns where it is none of them.</summary>
    /// <exception cref="FaultException">It is another kind of file.</exception>
    public static void Refuse(SafeFileHandle file, string path)
    {
        byte[] buffer = new byte[512];
        ReadOnlySpan<byte> head = buffer.AsSpan(0, RandomAccess.Read(file, buffer, 0));
        if (Kind(head) is { } kind) throw FaultException.Of(FaultKind.Data, path, $"this is {kind.What}, not an ONNX file", kind.Cure);
    }

    private static (string What, string Cure)? Kind(ReadOnlySpan<byte> head)
    {
        if (head is [0xFF, 0xD8, 0xFF, ..] or [0x89, (byte)'P', (byte)'N', (byte)'G', ..]) return ("a picture", "give the model first, then the pictures");
        if (head.StartsWith("PK\x03\x04"u8)) return ("a ZIP archive (a PyTorch .pt or .pth is one)", "unpack it, or export the checkpoint as ONNX");
        if (head is [0x1F, 0x8B, ..]) return ("a gzip archive", "unpack it first");
        if (head is [0x7F, (byte)'E', (byte)'L', (byte)'F', ..]) return ("a program or library", "give the .onnx file");
        if (head is [0x89, (byte)'H', (byte)'D', (byte)'F', ..]) return ("an HDF5 file (Keras writes those)", "export the model as ONNX, for instance with tf2onnx");
        // FlatBuffers: a small offset, then the name of the format. The offset tells them from an exporter's name at the same place.
        bool isFlatBuffer = head.Length >= 8 && head[2] == 0 && head[3] == 0;
        if (isFlatBuffer && head[4..8].SequenceEqual("TFL3"u8)) return ("a TensorFlow Lite model", "convert it, for instance with tf2onnx --tflite");
        if (isFlatBuffer && head[4..8].SequenceEqual("ORTM"u8)) return ("a model in ONNX Runtime's own format", "give the .onnx file that it was made from");

        string text = Encoding.Latin1.GetString(head).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        if (text.StartsWith("version https://git-lfs.github.com/", StringComparison.Ordinal))
            return ("a Git LFS pointer, the model itself was not fetched", "run: git lfs pull");
        if (text.StartsWith("<!DOCTYPE", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return ("a web page (HTML)", "download the file itself, not the page about it (on GitHub: the raw file)");
        if (text.StartsWith("<?xml", StringComparison.Ordinal)) return ("an XML document", "download the model itself");
        if (text.StartsWith('{') && text.Contains('"', StringComparison.Ordinal)) return ("a JSON document", "download the model itself");
        return null;
    }
}
