using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.PixelFormats;

namespace EdgeInfer.Preprocessing.Annotation;

/// <summary>Draws what a model found on the picture it was found in, and saves it.</summary>
public static class PictureAnnotator
{
    private const int JpegQuality = 92;

    /// <summary>Ten colours that differ in hue and lightness, so that neighbours are told apart.</summary>
    private static ReadOnlySpan<uint> Palette => [0x2FD673, 0xFF9F1A, 0x3DA5FF, 0xFF4D6D, 0xFFE14D, 0xB57BFF, 0x22D3DC, 0xFF7AD9, 0xB6E84A, 0xE8E8E8];

    /// <summary>Draws boxes with their labels and scores, and captions in the top left corner, into the picture's own pixels.</summary>
    /// <param name="picture">The upright picture; changed.</param>
    /// <param name="boxes">Best first; the best is drawn last, on top.</param>
    /// <param name="captions">Lines such as the best classes; empty for none.</param>
    public static void Draw(DecodedPicture picture, ReadOnlySpan<AnnotatedBox> boxes, ReadOnlySpan<string> captions)
    {
        Canvas canvas = new(picture.Rgb, picture.Width, picture.Height);
        int side = Math.Min(picture.Width, picture.Height);
        int thickness = Math.Clamp((int)MathF.Round(side / 260f), 1, 16);
        float scale = Math.Clamp(side / 330f, 1, 8);
        for (int i = boxes.Length - 1; i >= 0; i--) Frame(canvas, boxes[i], thickness);
        Span<Placed> placed = new Placed[boxes.Length];
        for (int i = 0; i < boxes.Length; i++) placed[i] = Label(canvas, boxes[i], thickness, scale, placed[..i]);
        int top = 0;
        foreach (string caption in captions)
        {
            canvas.Text(caption, 0, top, scale, 0xFFFFFF, 0x202020);
            top += Canvas.TextHeight(scale);
        }
    }

    /// <summary>Saves a picture by the extension of its path: JPEG for .jpg and .jpeg, else PNG.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static void Save(DecodedPicture picture, string path)
    {
        string extension = Path.GetExtension(path);
        bool isJpeg = extension.Equals(".jpg", StringComparison.OrdinalIgnoreCase) || extension.Equals(".jpeg", StringComparison.OrdinalIgnoreCase);
        IImageEncoder encoder = isJpeg ? new JpegEncoder { Quality = JpegQuality } : new PngEncoder();
        using Image<Rgb24> image = Image.LoadPixelData<Rgb24>(picture.Rgb, picture.Width, picture.Height);
        using FileStream stream = File.Create(path);
        image.Save(stream, encoder);
    }

    private static uint Color(in AnnotatedBox box) => Palette[(int)((uint)box.ColorIndex % (uint)Palette.Length)];

    private static (int Left, int Top, int Right, int Bottom) Edges(in AnnotatedBox box)
        => ((int)MathF.Round(box.X), (int)MathF.Round(box.Y), (int)MathF.Round(box.X + box.Width), (int)MathF.Round(box.Y + box.Height));

    private static void Frame(Canvas canvas, in AnnotatedBox box, int thickness)
    {
        (int left, int top, int right, int bottom) = Edges(box);
        uint color = Color(box);
        canvas.Fill(left, top, right, top + thickness, color);
        canvas.Fill(left, bottom - thickness, right, bottom, color);
        canvas.Fill(left, top, left + thickness, bottom, color);
        canvas.Fill(right - thickness, top, right, bottom, color);
    }

    /// <summary>Writes a label at the first free place: above the box, inside it at the top or bottom, below it; else above.</summary>
    private static Placed Label(Canvas canvas, in AnnotatedBox box, int thickness, float scale, ReadOnlySpan<Placed> taken)
    {
        (int left, int top, _, int bottom) = Edges(box);
        string text = $"{box.Label} {box.Score:0.00}";
        int height = Canvas.TextHeight(scale);
        int width = Canvas.TextWidth(text, scale);
        int x = Math.Max(0, Math.Min(left, canvas.Width - width));
        Span<int> places = [top - height, top + thickness, bottom - thickness - height, bottom];
        Placed chosen = new(x, Math.Clamp(places[0], 0, Math.Max(0, canvas.Height - height)), width, height);
        foreach (int y in places)
        {
            Placed place = chosen with { Top = y };
            if (y < 0 || y + height > canvas.Height || Overlaps(place, taken)) continue;
            chosen = place;
            break;
        }

        uint color = Color(box);
        canvas.Text(text, x, chosen.Top, scale, IsLight(color) ? 0x101010u : 0xFFFFFFu, color);
        return chosen;
    }

    private static bool Overlaps(Placed place, ReadOnlySpan<Placed> taken)
    {
        foreach (Placed other in taken)
        {
            bool isBeside = place.Left >= other.Left + other.Width || other.Left >= place.Left + place.Width;
            bool isAboveOrBelow = place.Top >= other.Top + other.Height || other.Top >= place.Top + place.Height;
            if (!isBeside && !isAboveOrBelow) return true;
        }

        return false;
    }

    private static bool IsLight(uint color) => (color >> 16) * 299 + (color >> 8 & 0xFF) * 587 + (color & 0xFF) * 114 > 128_000;

    private readonly record struct Placed(int Left, int Top, int Width, int Height);
}
