using EdgeInfer.Signals;

namespace EdgeInfer.Recording;

/// <summary>The file name endings of a recording's frames.</summary>
internal static class RecordedFormat
{
    private static readonly (PixelFormat Format, string Ending)[] s_endings =
    [
        (PixelFormat.Jpeg, "jpg"), (PixelFormat.PictureFile, "picture"), (PixelFormat.Rgb24, "rgb24"), (PixelFormat.Bgr24, "bgr24"),
        (PixelFormat.Gray8, "gray"), (PixelFormat.Yuyv, "yuyv"), (PixelFormat.Nv12, "nv12"), (PixelFormat.I420, "i420"),
    ];

    /// <summary>The ending of a format.</summary>
    public static string EndingOf(PixelFormat format) => s_endings.First(e => e.Format == format).Ending;

    /// <summary>The format of an ending; <see cref="PixelFormat.None"/> where there is none.</summary>
    public static PixelFormat Of(string ending) => s_endings.FirstOrDefault(e => e.Ending == ending).Format;
}
