using System.Security.Cryptography;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>The pictures of a film as ffmpeg decodes them by hand, known by the digest of their planes.</summary>
internal sealed class DecodedFilm
{
    private readonly Dictionary<string, int> _numbers = [];

    private DecodedFilm(IReadOnlyList<string> digests)
    {
        Digests = digests;
        for (int i = 0; i < digests.Count; i++) _numbers[digests[i]] = i;
    }

    /// <summary>One a picture, in order.</summary>
    public IReadOnlyList<string> Digests { get; }

    /// <summary>Decodes a file.</summary>
    /// <param name="folder">For the planes.</param>
    /// <param name="file">The film.</param>
    /// <param name="width">Its width; even.</param>
    /// <param name="height">Its height; even.</param>
    public static async Task<DecodedFilm> Decode(TestFolder folder, string file, int width, int height)
    {
        string planes = folder[$"planes-{Guid.NewGuid():N}"];
        (int code, string output) = await ChildProcess.Run(
            Peer.Program("ffmpeg"), "-v", "error", "-nostdin", "-i", file, "-map", "0:v:0", "-f", "rawvideo", planes);
        Assert.True(code == 0, output);
        byte[] bytes = await File.ReadAllBytesAsync(planes);
        int size = width * height * 3 / 2;
        Assert.Equal(0, bytes.Length % size);
        return new([.. Enumerable.Range(0, bytes.Length / size).Select(i => Convert.ToHexString(SHA256.HashData(bytes.AsSpan(i * size, size))))]);
    }

    /// <summary>The number of a picture; null where the film has none such.</summary>
    public int? NumberOf(string digest) => _numbers.TryGetValue(digest, out int number) ? number : null;
}
