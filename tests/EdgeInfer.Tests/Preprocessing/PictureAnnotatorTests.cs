using EdgeInfer.Preprocessing;
using EdgeInfer.Preprocessing.Annotation;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Drawn results.</summary>
public sealed class PictureAnnotatorTests
{
    [Fact]
    public void A_box_is_drawn_on_its_edges_and_nowhere_inside()
    {
        DecodedPicture picture = new(100, 80, new byte[100 * 80 * 3]);
        PictureAnnotator.Draw(picture, [new("nut", 0.5f, 20, 30, 40, 25, 0)], []);
        Assert.NotEqual(0, Green(picture, 20, 40));
        Assert.NotEqual(0, Green(picture, 59, 40));
        Assert.NotEqual(0, Green(picture, 40, 54));
        Assert.Equal(0, Green(picture, 40, 42));
        Assert.Equal(0, Green(picture, 61, 42));
    }

    [Fact]
    public void Boxes_and_labels_beyond_the_picture_are_clipped()
    {
        DecodedPicture picture = new(30, 20, new byte[30 * 20 * 3]);
        PictureAnnotator.Draw(
            picture,
            [new("a label that is far too long for the picture", 1, -50, -50, 500, 500, -1), new("é漢", 0.1f, 29, 19, 9, 9, int.MaxValue), new("", 0, 5, 5, 0, 0, 3)],
            ["caption", "second"]);
        Assert.Contains(picture.Rgb, value => value != 0);
    }

    [Theory]
    [InlineData("out.png", 0)]
    [InlineData("out.jpg", 40)]
    public void A_saved_picture_is_read_back(string name, int tolerance)
    {
        DecodedPicture picture = new(64, 48, PictureFrames.Pixels(64, 48, 3, 1));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeinfer-annotate-");
        try
        {
            string path = Path.Combine(folder.FullName, name);
            PictureAnnotator.Save(picture, path);
            using PicturePath reader = PictureFrames.Path(PictureFrames.Input(8, 8));
            Assert.Equal(DecodeOutcome.Ok, reader.Picture(PictureFrames.Lease(File.ReadAllBytes(path), PixelFormat.PictureFile), out DecodedPicture? read));
            Assert.Equal((64, 48), (read!.Width, read.Height));
            double mean = picture.Rgb.Zip(read.Rgb).Average(pair => Math.Abs(pair.First - pair.Second));
            Assert.InRange(mean, 0, tolerance);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    private static byte Green(DecodedPicture picture, int x, int y) => picture.Rgb[(y * picture.Width + x) * 3 + 1];
}
