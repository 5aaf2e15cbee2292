using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Normalisation, element types, quantisation and layout against NumPy.</summary>
public sealed class TensorFormatTests
{
    // Not a multiple of any vector.
    private const int Width = 37;
    private const int Height = 5;

    [Fact]
    public void Every_type_layout_and_colour_order_is_what_NumPy_computes()
    {
        using PythonReference reference = new();
        byte[] pixels = PictureFrames.Pixels(Width, Height, 3, 4);
        List<PictureInput> inputs = [];
        foreach (ElementType type in (ElementType[])[ElementType.Float32, ElementType.Float16, ElementType.UInt8, ElementType.Int8])
            foreach (TensorLayout layout in Enum.GetValues<TensorLayout>())
                foreach (ChannelOrder color in (ChannelOrder[])[ChannelOrder.Rgb, ChannelOrder.Bgr])
                    foreach (bool isImageNet in (bool[])[false, true]) inputs.Add(Input(type, layout, color, isImageNet));
        foreach (PictureInput input in inputs)
        {
            reference.Add(
                new JsonObject
                {
                    ["op"] = "tensor",
                    ["width"] = Width,
                    ["height"] = Height,
                    ["type"] = input.Type.ToString(),
                    ["layout"] = input.Layout.ToString(),
                    ["color"] = input.Color.ToString(),
                    ["scale"] = input.Scale,
                    ["mean"] = Numbers(input.Mean),
                    ["std"] = Numbers(input.Std),
                    ["s"] = input.Quantisation?.Scale ?? 1,
                    ["z"] = input.Quantisation?.ZeroPoint ?? 0,
                },
                pixels);
        }

        reference.Run();
        for (int i = 0; i < inputs.Count; i++)
        {
            FrameLease frame = PictureFrames.Lease(pixels, PixelFormat.Rgb24, Width, Height);
            Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(inputs[i], frame, out byte[] tensor, out _));
            byte[] expected = reference.Result(i);
            if (inputs[i].Type == ElementType.Float32) AssertClose(MemoryMarshal.Cast<byte, float>(expected), MemoryMarshal.Cast<byte, float>(tensor));
            else Assert.True(expected.AsSpan().SequenceEqual(tensor), $"{inputs[i].Type} {inputs[i].Layout} {inputs[i].Color}");
        }
    }

    [Fact]
    public void Integers_without_quantisation_take_the_pixels_as_they_are()
    {
        byte[] pixels = PictureFrames.Pixels(Width, Height, 3, 8);
        foreach (TensorLayout layout in Enum.GetValues<TensorLayout>())
        {
            PictureInput input = PictureFrames.Input(Width, Height) with { Layout = layout, Color = ChannelOrder.Bgr };
            Assert.Equal(Arranged(pixels, layout, 0), Tensor(input, pixels));
            Assert.Equal(Arranged(pixels, layout, 128), Tensor(input with { Type = ElementType.Int8 }, pixels));
        }
    }

    [Fact]
    public void A_gray_input_takes_OpenCVs_luma_of_colour_and_gray_as_it_is()
    {
        PictureInput input = PictureFrames.Input(3, 1) with { Color = ChannelOrder.Gray };

        // cv2.cvtColor(RGB2GRAY) of pure red, green, blue: 76, 150, 29.
        Assert.Equal(new byte[] { 76, 150, 29 }, Tensor(input, [255, 0, 0, 0, 255, 0, 0, 0, 255]));
        Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, PictureFrames.Lease([0, 9, 255], PixelFormat.Gray8, 3, 1), out byte[] tensor, out _));
        Assert.Equal(new byte[] { 0, 9, 255 }, tensor);
    }

    [Fact]
    public void The_pad_is_normalised_like_a_pixel_in_each_channel()
    {
        PictureInput input = Input(ElementType.Float32, TensorLayout.Nhwc, ChannelOrder.Rgb, true) with { Width = 4, Height = 4, Resize = ResizeMode.Letterbox };
        FrameLease frame = PictureFrames.Lease(new byte[4 * 2 * 3], PixelFormat.Rgb24, 4, 2);
        Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, frame, out byte[] tensor, out PictureGeometry geometry));
        Assert.Equal(1, geometry.PadTop);
        Span<float> values = MemoryMarshal.Cast<byte, float>(tensor.AsSpan());
        for (int c = 0; c < 3; c++)
        {
            Assert.Equal((114 / 255.0 - input.Mean[c]) / input.Std[c], values[c], 1e-5);
            Assert.Equal(-input.Mean[c] / input.Std[c], values[4 * 3 + c], 1e-5);
        }
    }

    [Fact]
    public void Every_element_is_written_whatever_the_tensor_held()
    {
        foreach (ResizeMode mode in (ResizeMode[])[ResizeMode.Letterbox, ResizeMode.LetterboxTopLeft, ResizeMode.Stretch, ResizeMode.Crop])
            foreach (TensorLayout layout in Enum.GetValues<TensorLayout>())
                foreach (ResizeKernel kernel in Enum.GetValues<ResizeKernel>())
                {
                    PictureInput input = PictureFrames.Input(33, 21, mode, kernel) with { Type = ElementType.Float32, Layout = layout };
                    using PicturePath path = PictureFrames.Path(input);
                    byte[] tensor = new byte[33 * 21 * 3 * 4];
                    MemoryMarshal.Cast<byte, float>(tensor.AsSpan()).Fill(float.NaN);
                    StageTimes times = default;
                    FrameLease frame = PictureFrames.Lease(PictureFrames.Pixels(50, 70, 3, 1), PixelFormat.Rgb24, 50, 70);
                    Assert.Equal(DecodeOutcome.Ok, path.Process(frame, tensor, out _, ref times));
                    foreach (float value in MemoryMarshal.Cast<byte, float>(tensor)) Assert.InRange(value, 0, 255);
                }
    }

    private static PictureInput Input(ElementType type, TensorLayout layout, ChannelOrder color, bool isImageNet) => PictureFrames.Input(Width, Height) with
    {
        Type = type,
        Layout = layout,
        Color = color,
        Scale = 1 / 255f,
        Mean = isImageNet ? [0.485f, 0.456f, 0.406f] : [0, 0, 0],
        Std = isImageNet ? [0.229f, 0.224f, 0.225f] : [1, 1, 1],
        Quantisation = type switch
        {
            ElementType.UInt8 => isImageNet ? new Quantisation(0.0186584f, 114) : new Quantisation(1 / 255f, 0),
            ElementType.Int8 => isImageNet ? new Quantisation(0.0186584f, -14) : new Quantisation(0.003f, -128),
            _ => null,
        },
    };

    private static JsonArray Numbers(IReadOnlyList<float> values) => [.. values.Select(v => (JsonNode)v)];

    private static byte[] Tensor(PictureInput input, byte[] pixels)
    {
        FrameLease frame = PictureFrames.Lease(pixels, PixelFormat.Rgb24, input.Width, input.Height);
        Assert.Equal(DecodeOutcome.Ok, PictureFrames.Run(input, frame, out byte[] tensor, out _));
        return tensor;
    }

    /// <summary>RGB pixels as a BGR tensor, element by element.</summary>
    private static byte[] Arranged(byte[] pixels, TensorLayout layout, int less)
    {
        byte[] result = new byte[pixels.Length];
        for (int i = 0; i < Width * Height; i++)
            for (int c = 0; c < 3; c++)
                result[layout == TensorLayout.Nhwc ? i * 3 + c : c * Width * Height + i] = (byte)(pixels[i * 3 + 2 - c] - less);
        return result;
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-6f * Math.Max(1, Math.Abs(expected[i])));
    }
}
