using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>Where a picture goes in the tensor, in whole pixels, by the arithmetic of the implementation each mode is named after.</summary>
internal static class Fit
{
    /// <summary>Places a picture.</summary>
    /// <param name="input">The model's input.</param>
    /// <param name="width">Upright columns, at least 1.</param>
    /// <param name="height">Upright rows, at least 1.</param>
    public static PictureGeometry Of(PictureInput input, int width, int height) => input.Resize switch
    {
        ResizeMode.Letterbox => Letterbox(input, width, height),
        ResizeMode.LetterboxTopLeft => LetterboxTopLeft(input, width, height),
        ResizeMode.Crop => Crop(input, width, height),
        _ => new(width, height, input.Width, input.Height, input.Width, input.Height, 0, 0),
    };

    /// <summary>Whether an input takes pictures of this size: one that scales takes any.</summary>
    public static bool Takes(PictureInput input, int width, int height)
        => input.Resize != ResizeMode.None || (width == input.Width && height == input.Height);

    private static PictureGeometry Letterbox(PictureInput input, int width, int height)
    {
        double ratio = Math.Min((double)input.Width / width, (double)input.Height / height);
        int scaledWidth = Scaled(Math.Round(width * ratio), input.Width);
        int scaledHeight = Scaled(Math.Round(height * ratio), input.Height);

        // Ultralytics' LetterBox: an odd pad puts the smaller half first.
        int left = (int)Math.Round((input.Width - scaledWidth) / 2.0 - 0.1);
        int top = (int)Math.Round((input.Height - scaledHeight) / 2.0 - 0.1);
        return new(width, height, input.Width, input.Height, scaledWidth, scaledHeight, left, top);
    }

    private static PictureGeometry LetterboxTopLeft(PictureInput input, int width, int height)
    {
        double ratio = Math.Min((double)input.Height / height, (double)input.Width / width);
        int scaledWidth = Scaled(Math.Truncate(width * ratio), input.Width);
        int scaledHeight = Scaled(Math.Truncate(height * ratio), input.Height);
        return new(width, height, input.Width, input.Height, scaledWidth, scaledHeight, 0, 0);
    }

    private static PictureGeometry Crop(PictureInput input, int width, int height)
    {
        // torchvision: the fitted side is exact, the other truncated, and the window's corner rounded half to even.
        bool isWidthFitted = (long)input.Width * height >= (long)input.Height * width;
        int scaledWidth = isWidthFitted ? input.Width : (int)((long)input.Height * width / height);
        int scaledHeight = isWidthFitted ? (int)((long)input.Width * height / width) : input.Height;
        int left = (int)Math.Round((scaledWidth - input.Width) / 2.0);
        int top = (int)Math.Round((scaledHeight - input.Height) / 2.0);
        return new(width, height, input.Width, input.Height, scaledWidth, scaledHeight, -left, -top);
    }

    /// <summary>A picture of one row or column never vanishes, and rounding never goes past the tensor.</summary>
    private static int Scaled(double size, int limit) => Math.Clamp((int)size, 1, limit);
}
