using System.Buffers.Binary;
using System.Text.Json.Nodes;
using EdgeInfer.Configuration;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Decoding against Pillow: orientation, odd JPEGs, colour spaces, other formats.</summary>
public sealed class PictureDecodeTests
{
    [Fact]
    public void Every_orientation_tag_gives_the_same_upright_picture_as_Pillow()
    {
        using PythonReference reference = new();
        string[] files = SharedCases.Files("exif", "*.jpg");
        foreach (string file in files) reference.Add(new JsonObject { ["op"] = "decode" }, File.ReadAllBytes(file));
        reference.Run();
        for (int i = 0; i < files.Length; i++) AssertSame(reference.Result(i), File.ReadAllBytes(files[i]), 0, Path.GetFileName(files[i]));
    }

    [Fact]
    public void Odd_JPEGs_are_read_as_Pillow_reads_them_or_refused_with_one_line()
    {
        using PythonReference reference = new();
        string[] files = SharedCases.Files("jpeg-odd", "*.jpg");
        foreach (string file in files) reference.Add(new JsonObject { ["op"] = "decode" }, File.ReadAllBytes(file));
        reference.Run();
        for (int i = 0; i < files.Length; i++)
        {
            string name = Path.GetFileName(files[i]);
            byte[] data = File.ReadAllBytes(files[i]);
            byte[] expected = reference.Result(i);

            // Pillow says nothing of damage that libjpeg-turbo warns of: this one decodes to shreds.
            if (expected.Length > 0 && name != "hopper_bad_exif.jpg")
            {
                AssertSame(expected, data, 0, name);
                continue;
            }

            (DecodeOutcome outcome, _, string line) = Decode(data);
            Assert.NotEqual(DecodeOutcome.Ok, outcome);
            Assert.DoesNotContain('\n', line);
        }
    }

    [Fact]
    public void Generated_JPEGs_of_every_orientation_sampling_and_mode_are_read_as_Pillow_reads_them()
    {
        using PythonReference writer = new();
        List<JsonObject> cases = [];
        for (int orientation = 1; orientation <= 8; orientation++) cases.Add(new JsonObject { ["orientation"] = orientation });
        foreach (int sampling in (int[])[0, 1, 2])
            foreach (bool progressive in (bool[])[false, true])
                cases.Add(new JsonObject { ["options"] = new JsonObject { ["subsampling"] = sampling, ["progressive"] = progressive } });
        foreach (string mode in (string[])["L", "CMYK"])
            for (int orientation = 1; orientation <= 6; orientation += 5) cases.Add(new JsonObject { ["mode"] = mode, ["orientation"] = orientation });
        foreach (string kind in (string[])["PNG", "BMP", "WEBP", "GIF"])
        {
            JsonObject options = kind == "WEBP" ? new JsonObject { ["lossless"] = true } : [];
            cases.Add(new JsonObject { ["kind"] = kind, ["mode"] = kind == "GIF" ? "P" : "RGB", ["options"] = options });
        }

        List<byte[]> files = Encoded(writer, cases);
        using PythonReference reader = new();
        foreach (byte[] file in files) reader.Add(new JsonObject { ["op"] = "decode" }, file);
        reader.Run();
        for (int i = 0; i < files.Count; i++) AssertSame(reader.Result(i), files[i], 0, cases[i].ToJsonString());
    }

    [Theory]
    [InlineData(0, 0, DecodeOutcome.Corrupt)]
    [InlineData(0, 480, DecodeOutcome.Corrupt)]
    [InlineData(65500, 65500, DecodeOutcome.TooLarge)]
    [InlineData(10000, 7000, DecodeOutcome.TooLarge)]
    public void A_header_of_an_impossible_size_is_refused_before_memory_is_taken(int width, int height, DecodeOutcome expected)
    {
        byte[] data = MinimalJpeg(width, height);
        long before = Environment.WorkingSet;
        (DecodeOutcome outcome, DecodedPicture? picture, string line) = Decode(data);
        Assert.Equal(expected, outcome);
        Assert.Null(picture);
        Assert.DoesNotContain('\n', line);
        Assert.StartsWith("test.jpg: ", line, StringComparison.Ordinal);
        Assert.True(Environment.WorkingSet - before < 256 << 20);
    }

    [Fact]
    public void Every_cut_of_a_JPEG_is_an_outcome_and_never_a_picture()
    {
        byte[] whole = TinyPictures.GradientJpeg;
        Assert.Equal(DecodeOutcome.Ok, Decode(whole).Outcome);
        for (int length = 0; length < whole.Length; length++)
        {
            DecodeOutcome outcome = Decode(whole.AsSpan(0, length)).Outcome;
            Assert.NotEqual(DecodeOutcome.Ok, outcome);
        }
    }

    // Places and values for which libjpeg-turbo says "extraneous bytes before marker 0xd0" to 0xd6 first, and the picture is off by 180 grey levels and more.
    [Theory]
    [InlineData(631, 138)]
    [InlineData(650, 245)]
    [InlineData(669, 244)]
    [InlineData(692, 240)]
    [InlineData(716, 239)]
    [InlineData(737, 63)]
    [InlineData(756, 41)]
    public void A_damaged_restart_interval_is_never_a_picture(int at, byte value)
    {
        Assert.Equal(DecodeOutcome.Ok, Decode(TinyPictures.RestartJpeg).Outcome);
        byte[] broken = (byte[])TinyPictures.RestartJpeg.Clone();
        broken[at] = value;
        (DecodeOutcome outcome, _, string line) = Decode(broken);
        Assert.Equal(DecodeOutcome.Corrupt, outcome);
        Assert.Contains("extraneous bytes before marker 0xd", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Stray_bytes_before_another_marker_are_harmless()
    {
        byte[] data = TinyPictures.GradientJpeg;
        Assert.Equal(DecodeOutcome.Ok, Decode([.. data.AsSpan(0, data.Length - 2), 0, 0, 0, 0, 0xFF, 0xD9]).Outcome);
    }

    [Fact]
    public void A_JPEG_with_any_byte_changed_never_throws()
    {
        byte[] whole = TinyPictures.GradientJpeg;
        Random random = new(5);
        for (int i = 0; i < 1500; i++)
        {
            byte[] broken = (byte[])whole.Clone();
            for (int k = random.Next(1, 4); k > 0; k--) broken[random.Next(broken.Length)] = (byte)random.Next(256);
            (DecodeOutcome outcome, _, string line) = Decode(broken);
            Assert.True(Enum.IsDefined(outcome));
            Assert.DoesNotContain('\n', line);
        }
    }

    [Fact]
    public void Other_picture_files_with_any_byte_changed_or_cut_never_throw()
    {
        DecodedPicture picture = new(24, 16, TinyPictures.GradientRgb);
        Random random = new(6);
        foreach (byte[] whole in OtherFiles(picture))
        {
            Assert.Equal(DecodeOutcome.Ok, Decode(whole).Outcome);
            for (int i = 0; i < 400; i++)
            {
                byte[] broken = (byte[])whole.Clone();
                for (int k = random.Next(1, 4); k > 0; k--) broken[random.Next(broken.Length)] = (byte)random.Next(256);
                ReadOnlySpan<byte> data = i % 4 == 0 ? broken.AsSpan(0, random.Next(broken.Length)) : broken;
                (DecodeOutcome outcome, _, string line) = Decode(data);
                Assert.True(Enum.IsDefined(outcome));
                Assert.DoesNotContain('\n', line);
            }
        }
    }

    [Fact]
    public void Foreign_bytes_before_a_JPEG_are_skipped()
    {
        byte[] data = [.. "camera header"u8, .. TinyPictures.GradientJpeg];
        using PicturePath path = PictureFrames.Path(PictureFrames.Input(8, 8));
        Assert.Equal(DecodeOutcome.Ok, path.Picture(PictureFrames.Lease(data, PixelFormat.Jpeg), out DecodedPicture? picture));
        Assert.Equal(TinyPictures.GradientRgb, picture!.Rgb);
    }

    [Fact]
    public void A_camera_frame_that_is_no_JPEG_is_refused_without_asking_other_decoders()
    {
        using PicturePath path = PictureFrames.Path(PictureFrames.Input(8, 8));
        Assert.Equal(DecodeOutcome.NotAPicture, path.Picture(PictureFrames.Lease(new byte[5000], PixelFormat.Jpeg), out _));
    }

    [Fact]
    public void Without_libjpeg_turbo_ImageSharp_decodes_and_says_so()
    {
        PictureInput input = PictureFrames.Input(24, 16);
        using PicturePath path = new(input, new FrameDecoder(
            [input], PictureTurn.None, PreprocessorLimits.Default, TimeProvider.System, NullLogger.Instance, null));
        Assert.Equal("ImageSharp", path.Decoder.JpegDecoderName);
        Assert.Equal(DecodeOutcome.Ok, path.Picture(PictureFrames.Lease(TinyPictures.GradientJpeg, PixelFormat.Jpeg), out DecodedPicture? picture));

        // Another decoder rounds its cosines and interpolates chroma in its own way.
        Assert.InRange(TinyPictures.GradientRgb.Zip(picture!.Rgb).Average(pair => Math.Abs(pair.First - pair.Second)), 0, 6);
        Assert.Equal(DecodeOutcome.Truncated, path.Picture(PictureFrames.Lease(TinyPictures.GradientJpeg.AsSpan(0, 300), PixelFormat.Jpeg), out _));
    }

    [Fact]
    public void A_complaint_names_the_picture_it_is_about_and_no_earlier_one()
    {
        using PicturePath path = PictureFrames.Path(PictureFrames.Input(8, 8));

        // A scan that lacks its last bytes but has its end marker: only the decoder can tell.
        byte[] broken = [.. TinyPictures.GradientJpeg.AsSpan(0, TinyPictures.GradientJpeg.Length - 20), 0xFF, 0xD9];
        DecodeOutcome first = path.Picture(PictureFrames.Lease(broken, PixelFormat.Jpeg), out _);
        Assert.Equal(DecodeOutcome.Truncated, first);
        string about = path.Describe(first, "a.jpg").ToString();
        DecodeOutcome second = path.Picture(PictureFrames.Lease(TinyPictures.GradientJpeg.AsSpan(0, 100), PixelFormat.Jpeg), out _);
        Assert.Equal("b.jpg: the picture ends too early; copy or fetch it again, it was cut off", path.Describe(second, "b.jpg").ToString());
        Assert.StartsWith("a.jpg: ", about, StringComparison.Ordinal);
        Assert.Contains(" (", about, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_of_no_picture_are_named_so()
    {
        Assert.Equal(DecodeOutcome.Empty, Decode([]).Outcome);
        (DecodeOutcome outcome, _, string line) = Decode("<html><body>no camera here</body></html>"u8);
        Assert.Equal(DecodeOutcome.NotAPicture, outcome);
        Assert.Equal("test.jpg: not a JPEG, PNG, BMP, WebP or GIF; give a picture of one of these kinds", line);
    }

    private static (DecodeOutcome Outcome, DecodedPicture? Picture, string Line) Decode(ReadOnlySpan<byte> data)
    {
        using PicturePath path = PictureFrames.Path(PictureFrames.Input(8, 8));
        using FrameLease frame = PictureFrames.Lease(data, PixelFormat.PictureFile);
        DecodeOutcome outcome = path.Picture(frame, out DecodedPicture? picture);
        return (outcome, picture, path.Describe(outcome, "test.jpg").ToString());
    }

    private static void AssertSame(byte[] expected, byte[] file, int tolerance, string name)
    {
        (DecodeOutcome outcome, DecodedPicture? picture, string line) = Decode(file);
        Assert.True(outcome == DecodeOutcome.Ok, $"{name}: {line}");
        Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(expected), picture!.Width);
        Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(expected.AsSpan(4)), picture.Height);
        int difference = PictureFrames.Difference(expected.AsSpan(8), picture.Rgb);
        Assert.True(difference <= tolerance, $"{name}: {difference} grey levels");
    }

    private static IEnumerable<byte[]> OtherFiles(DecodedPicture picture)
    {
        using Image<Rgb24> image =
            Image.LoadPixelData<Rgb24>(picture.Rgb, picture.Width, picture.Height);
        IImageEncoder[] encoders =
        [
            new PngEncoder(), new BmpEncoder(),
            new GifEncoder(), new WebpEncoder(),
        ];
        foreach (IImageEncoder encoder in encoders)
        {
            using MemoryStream stream = new();
            image.Save(stream, encoder);
            yield return stream.ToArray();
        }
    }

    private static List<byte[]> Encoded(PythonReference writer, List<JsonObject> cases)
    {
        foreach (JsonObject options in cases)
        {
            JsonObject all = (JsonObject)options.DeepClone();
            all["op"] = "encode";
            all["width"] = 83;
            all["height"] = 61;
            writer.Add(all, PictureFrames.Pixels(83, 61, 3, 1));
        }

        writer.Run();
        return [.. Enumerable.Range(0, cases.Count).Select(writer.Result)];
    }

    /// <summary>The tiny JPEG with another size in its header.</summary>
    private static byte[] MinimalJpeg(int width, int height)
    {
        byte[] data = (byte[])TinyPictures.GradientJpeg.Clone();
        int frame = data.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(frame + 5), (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(frame + 7), (ushort)width);
        return data;
    }
}
