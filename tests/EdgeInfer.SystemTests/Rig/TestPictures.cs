namespace EdgeInfer.SystemTests.Rig;

/// <summary>Pictures and picture headers for tests.</summary>
internal static class TestPictures
{
    /// <summary>A picture that ships with the bundled model.</summary>
    public static string FirstGolden()
        => Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden")).Where(f => f.EndsWith(".jpg", StringComparison.Ordinal) || f.EndsWith(".png", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).First();

    /// <summary>A JPEG that claims a size and holds no picture: SOI, SOF0, SOS, EOI (ITU-T T.81, B.2).</summary>
    public static byte[] JpegHeader(int width, int height) =>
    [
        0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
        0xFF, 0xDA, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0, 0xFF, 0xD9,
    ];
}
