using System.Buffers.Binary;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Reads a JPEG's markers up to its first scan (ITU-T T.81 annex B): size, components, orientation. It is the gate before the
/// decoder: what it refuses costs no memory.
/// </summary>
internal static class JpegHeader
{
    private const int StartOfImage = 0xD8;
    private const int EndOfImage = 0xD9;
    private const int StartOfScan = 0xDA;
    private const int RestartInterval = 0xDD;
    private const int Application0 = 0xE0;
    private const int Application1 = 0xE1;
    private const int Application14 = 0xEE;

    /// <summary>Reads the markers; a picture without an end marker is called truncated here, before anything is decoded.</summary>
    public static DecodeOutcome Read(ReadOnlySpan<byte> data, out PictureHead head)
    {
        head = new PictureHead { Format = PixelFormat.Jpeg, Orientation = 1 };
        bool hasFrame = false;
        bool hasExif = false;
        bool hasJfif = false;
        int adobeTransform = -1;
        int at = 2;
        while (true)
        {
            int marker = NextMarker(data, ref at);
            if (marker < 0) return DecodeOutcome.Truncated;
            if (marker is 0x01 or (>= 0xD0 and <= 0xD7)) continue;
            if (marker is StartOfImage or EndOfImage) return DecodeOutcome.Corrupt;
            if (at + 2 > data.Length) return DecodeOutcome.Truncated;
            int length = BinaryPrimitives.ReadUInt16BigEndian(data[at..]);
            if (length < 2) return DecodeOutcome.Corrupt;
            if (at + length > data.Length) return DecodeOutcome.Truncated;
            ReadOnlySpan<byte> body = data.Slice(at + 2, length - 2);
            at += length;
            if (marker == StartOfScan) break;
            if (IsStartOfFrame(marker))
            {
                if (hasFrame) return DecodeOutcome.Corrupt;
                hasFrame = true;
                DecodeOutcome outcome = ReadFrame(marker, body, ref head);
                if (outcome != DecodeOutcome.Ok) return outcome;
            }
            else if (marker == RestartInterval && body.Length >= 2)
            {
                head.HasRestarts = BinaryPrimitives.ReadUInt16BigEndian(body) > 0;
            }
            else if (marker == Application0 && body.Length >= 12 && body.StartsWith("JFIF\0"u8))
            {
                hasJfif = true;
            }
            else if (marker == Application14 && body.Length >= 12 && body.StartsWith("Adobe"u8))
            {
                adobeTransform = body[11];
            }
            else if (marker == Application1 && !hasExif && body.StartsWith("Exif\0\0"u8))
            {
                hasExif = true;
                head.Orientation = ExifOrientation.Read(body[6..]);
            }
        }

        if (!hasFrame) return DecodeOutcome.Corrupt;

        // libjpeg's rule: JFIF is always YCC, else Adobe's word counts, else the components' ids (82 is 'R').
        if (!hasJfif && (adobeTransform == 0 || (adobeTransform < 0 && head.HasRedGreenBlueIds))) head.IsYcc = false;

        // Entropy-coded data never contain this pair, so the search from the end stops at once in a whole file.
        return data[at..].LastIndexOf([(byte)0xFF, (byte)EndOfImage]) < 0 ? DecodeOutcome.Truncated : DecodeOutcome.Ok;
    }

    /// <summary>Finds the next marker as libjpeg does: bytes that belong to none are skipped.</summary>
    private static int NextMarker(ReadOnlySpan<byte> data, ref int at)
    {
        while (at < data.Length)
        {
            int skip = data[at..].IndexOf((byte)0xFF);
            if (skip < 0) break;
            at += skip;
            while (at < data.Length && data[at] == 0xFF) at++;
            if (at >= data.Length) break;
            int marker = data[at++];
            if (marker != 0) return marker;
        }

        return -1;
    }

    private static bool IsStartOfFrame(int marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    private static DecodeOutcome ReadFrame(int marker, ReadOnlySpan<byte> body, ref PictureHead head)
    {
        // Baseline, extended and progressive, Huffman or arithmetic; not lossless, not hierarchical.
        if (marker is not (0xC0 or 0xC1 or 0xC2 or 0xC9 or 0xCA)) return DecodeOutcome.Unsupported;
        if (body.Length < 6) return DecodeOutcome.Corrupt;
        if (body[0] != 8) return DecodeOutcome.Unsupported;
        head.Height = BinaryPrimitives.ReadUInt16BigEndian(body[1..]);
        head.Width = BinaryPrimitives.ReadUInt16BigEndian(body[3..]);
        head.Components = body[5];
        head.IsProgressive = marker is 0xC2 or 0xCA;
        if (head.Width == 0 || head.Height == 0) return DecodeOutcome.Corrupt;
        if (body.Length < 6 + 3 * head.Components) return DecodeOutcome.Corrupt;
        if (head.Components is not (1 or 3 or 4)) return DecodeOutcome.Unsupported;
        for (int i = 0; i < head.Components; i++) head.Sampling = (head.Sampling << 8) | body[6 + 3 * i + 1];
        head.IsYcc = head.Components == 3;
        head.HasRedGreenBlueIds = head.IsYcc && body[6] == 'R' && body[9] == 'G' && body[12] == 'B';
        return DecodeOutcome.Ok;
    }
}
