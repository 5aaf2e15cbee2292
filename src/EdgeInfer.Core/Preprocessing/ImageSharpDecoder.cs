using System.Runtime.InteropServices;
using EdgeInfer.Signals;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Advanced;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;

namespace EdgeInfer.Preprocessing;

/// <summary>PNG, BMP, WebP and the first frame of a GIF; JPEG too where libjpeg-turbo is not there. It allocates managed memory.</summary>
internal sealed unsafe class ImageSharpDecoder
{
    private readonly SixLabors.ImageSharp.Configuration _configuration;

    /// <summary>Prepares the decoders.</summary>
    public ImageSharpDecoder()
    {
        _configuration = new SixLabors.ImageSharp.Configuration(
            new PngConfigurationModule(), new BmpConfigurationModule(), new WebpConfigurationModule(), new GifConfigurationModule(),
            new JpegConfigurationModule())
        {
            // One pipeline thread decodes: others belong to other cameras and to inference.
            MaxDegreeOfParallelism = 1,
        };
        _configuration.ImageFormatsManager.SetDecoder(GifFormat.Instance, new GifDecoder { DecodingMode = FrameDecodingMode.First });
    }

    /// <summary>What was wrong with the last picture.</summary>
    public string LastMessage { get; private set; } = "";

    /// <summary>Reads size and orientation from the header.</summary>
    public DecodeOutcome ReadHead(ReadOnlySpan<byte> data, out PictureHead head)
    {
        head = new PictureHead { Format = PixelFormat.PictureFile, Orientation = 1, Components = 3 };
        LastMessage = "";
        try
        {
            fixed (byte* bytes = data)
            {
                using UnmanagedMemoryStream stream = new(bytes, data.Length);
                IImageInfo? info = Image.Identify(_configuration, stream);
                if (info is null) return DecodeOutcome.NotAPicture;
                head.Width = info.Width;
                head.Height = info.Height;
                head.Orientation = Orientation(info.Metadata);
                if (head.Width <= 0 || head.Height <= 0) return DecodeOutcome.Corrupt;
                return PictureEnd.IsThere(data) ? DecodeOutcome.Ok : DecodeOutcome.Truncated;
            }
        }
        catch (Exception e) when (IsOfThePicture(e))
        {
            return Failure(e);
        }
    }

    /// <summary>Decodes to RGB, three bytes a pixel, rows without gaps; transparency is left out.</summary>
    /// <param name="data">The file.</param>
    /// <param name="head">Its head; the picture must have this size.</param>
    /// <param name="pixels">Room for the whole picture.</param>
    public DecodeOutcome Decode(ReadOnlySpan<byte> data, in PictureHead head, byte* pixels)
    {
        LastMessage = "";
        try
        {
            using Image<Rgb24> image = Image.Load<Rgb24>(_configuration, data);
            if (image.Width != head.Width || image.Height != head.Height) return DecodeOutcome.Corrupt;
            int rowBytes = head.Width * 3;
            for (int y = 0; y < head.Height; y++)
            {
                Span<Rgb24> row = image.DangerousGetPixelRowMemory(y).Span;
                MemoryMarshal.AsBytes(row).CopyTo(new Span<byte>(pixels + (long)y * rowBytes, rowBytes));
            }

            return DecodeOutcome.Ok;
        }
        catch (Exception e) when (IsOfThePicture(e))
        {
            return Failure(e);
        }
    }

    private static int Orientation(ImageMetadata metadata)
    {
        IExifValue<ushort>? value = metadata.ExifProfile?.GetValue(ExifTag.Orientation);
        return value is { Value: >= 1 and <= 8 } ? value.Value : 1;
    }

    /// <summary>
    /// The library's own exceptions, and those that its decoders are known to let through on broken data. It reads bytes that
    /// anybody may have sent, so a defect in it must not end the pipeline.
    /// </summary>
    private static bool IsOfThePicture(Exception e) => e
        is ImageFormatException or ImageProcessingException or InvalidDataException or EndOfStreamException
        or IndexOutOfRangeException or ArgumentException or OverflowException or NullReferenceException
        or InvalidOperationException or NotSupportedException;

    private DecodeOutcome Failure(Exception e)
    {
        LastMessage = e.Message.ReplaceLineEndings(" ");
        return e switch
        {
            UnknownImageFormatException => DecodeOutcome.NotAPicture,
            NotSupportedException => DecodeOutcome.Unsupported,
            EndOfStreamException => DecodeOutcome.Truncated,
            _ => DecodeOutcome.Corrupt,
        };
    }
}
