using System.Security.Cryptography;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Native ONNX Runtime libraries as they were released, out of the packages for Node.js; kept in artifacts/ once they were fetched.</summary>
internal static class ReleasedRuntime
{
    private static readonly Dictionary<(string Version, string Architecture), string> s_sha256 = new()
    {
        [("1.16.3", "x64")] = "ce3752ba35018ee6d8127ff4cba955b68b9c8b8b0fed8798a8f2e5c4c5a35fa5",
        [("1.17.3", "x64")] = "f96ba39c4021546992807e596c5be53a73b3683fe5dc89c43ffb4769bffeea3f",
        [("1.17.3", "arm64")] = "7bc357f54069e1921dee307452b13112b4683dbf195c6d488a14386cf373abfd",
        [("1.20.1", "x64")] = "b7ccdd4204a273d0f2812958c7b074f3632d1de3ab91252a8791fe6da7046d19",
        [("1.20.1", "arm64")] = "f8407a59e7e4c4dddf3b6e01198a24444aa66ac4ad93b4b4284b6e98d1f938b1",
        [("1.23.2", "x64")] = "733854c3d7ce45256cc1c22cd4a30373247e1f7b7de8f40beab24211ef8e2a76",
        [("1.23.2", "arm64")] = "648ffa64fbe027ae27139109410900cf776a030dec2dbbac51053318cc44c286",
    };

    private static readonly SemaphoreSlim s_turn = new(1);

    /// <summary>This machine's name in those packages.</summary>
    public static string Here => PublishedBinary.Rid["linux-".Length..];

    /// <summary>The other machine's.</summary>
    public static string Other => Here == "x64" ? "arm64" : "x64";

    /// <summary>The path of a library; skips the test where it cannot be fetched, fails it in CI.</summary>
    /// <param name="version">Such as 1.17.3.</param>
    /// <param name="architecture"><c>x64</c> or <c>arm64</c>; null for this machine's.</param>
    public static async Task<string> Library(string version, string? architecture = null)
    {
        architecture ??= Here;
        string folder = Path.Combine(PublishedBinary.Root, "artifacts", "onnxruntime-node", version);
        await s_turn.WaitAsync();
        try
        {
            if (!Directory.Exists(folder)) await Fetch(version, folder);
        }
        finally
        {
            s_turn.Release();
        }

        // Some packages hold the library under two names.
        string library = Directory.EnumerateFiles(folder, "libonnxruntime.so.1*", SearchOption.AllDirectories)
            .Where(f => f.Contains($"/linux/{architecture}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).First();
        Assert.Equal(s_sha256[(version, architecture)], Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(library))));
        return library;
    }

    private static async Task Fetch(string version, string folder)
    {
        using TestFolder packed = new();
        (int code, string output) = await ChildProcess.Run(Peer.Program("npm"), "pack", $"onnxruntime-node@{version}", "--silent", "--pack-destination", packed.Path);
        if (code != 0) Peer.Missing($"onnxruntime-node {version} cannot be fetched: {output}");
        string half = $"{folder}.{Environment.ProcessId}";
        Directory.CreateDirectory(half);
        (code, output) = await ChildProcess.Run(Peer.Program("tar"), "-xzf", Directory.EnumerateFiles(packed.Path, "*.tgz").Single(), "-C", half, "--wildcards", "package/bin/*/linux/*/libonnxruntime.so.1*");
        Assert.True(code == 0, output);
        Directory.Move(half, folder);
    }
}
