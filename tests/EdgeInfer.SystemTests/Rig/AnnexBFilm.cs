namespace EdgeInfer.SystemTests.Rig;

/// <summary>An H.264 byte stream (ITU-T H.264, Annex B) cut into pictures, each with the parameter sets and messages before it.</summary>
internal sealed class AnnexBFilm
{
    private AnnexBFilm(string file, IReadOnlyList<IReadOnlyList<ReadOnlyMemory<byte>>> pictures)
    {
        File = file;
        Pictures = pictures;
    }

    /// <summary>The file it is in.</summary>
    public string File { get; }

    /// <summary>The NAL units of each picture, without start codes.</summary>
    public IReadOnlyList<IReadOnlyList<ReadOnlyMemory<byte>>> Pictures { get; }

    /// <summary>Encodes what an ffmpeg source shows, with a key frame every half second.</summary>
    /// <param name="folder">Where the file goes; encoded once.</param>
    /// <param name="source">A source of lavfi such as <c>testsrc=size=320x240:rate=10</c>.</param>
    /// <param name="seconds">Length.</param>
    /// <param name="framesPerSecond">Its rate.</param>
    /// <param name="codecOptions">More options of the encoder.</param>
    public static async Task<AnnexBFilm> Encode(TestFolder folder, string source, int seconds, int framesPerSecond, params string[] codecOptions)
    {
        string file = folder[$"film-{Guid.NewGuid():N}.h264"];
        (int code, string output) = await ChildProcess.Run(Peer.Program("ffmpeg"), [
            "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-t", $"{seconds}", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
            "-bf", "0", "-g", $"{Math.Max(1, framesPerSecond / 2)}", .. codecOptions, "-f", "h264", file]);
        Assert.True(code == 0, output);
        return Read(file);
    }

    /// <summary>Cuts a byte stream.</summary>
    public static AnnexBFilm Read(string file)
    {
        byte[] bytes = System.IO.File.ReadAllBytes(file);
        List<IReadOnlyList<ReadOnlyMemory<byte>>> pictures = [];
        List<ReadOnlyMemory<byte>> picture = [];
        bool hasSlice = false;
        foreach (ReadOnlyMemory<byte> unit in Units(bytes))
        {
            int type = unit.Span[0] & 0x1F;
            bool isSlice = type is 1 or 5;

            // first_mb_in_slice is 0, which Exp-Golomb writes as a single 1.
            bool isFirstSlice = isSlice && (unit.Span[1] & 0x80) != 0;
            if (hasSlice && (isFirstSlice || !isSlice))
            {
                pictures.Add(picture);
                picture = [];
                hasSlice = false;
            }

            picture.Add(unit);
            hasSlice |= isSlice;
        }

        if (hasSlice) pictures.Add(picture);
        return new(file, pictures);
    }

    private static List<ReadOnlyMemory<byte>> Units(byte[] bytes)
    {
        List<ReadOnlyMemory<byte>> units = [];
        int start = -1;
        for (int i = 0; i + 2 < bytes.Length; i++)
        {
            if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) continue;
            if (start >= 0) units.Add(Unit(bytes, start, i));
            start = i + 3;
            i += 2;
        }

        if (start >= 0) units.Add(Unit(bytes, start, bytes.Length));
        return units;
    }

    private static ReadOnlyMemory<byte> Unit(byte[] bytes, int start, int end)
    {
        // A start code of four bytes begins with a zero of its own.
        while (end > start && bytes[end - 1] == 0) end--;
        return bytes.AsMemory(start, end - start);
    }
}
