using EdgeInfer.Models;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Preprocessing;

namespace EdgeInfer.Tests.Models;

/// <summary>Published models give the contract that their authors document; skipped where <c>../shared</c> is absent.</summary>
public sealed class RealModelTests
{
    [Fact]
    public void Yolox_nano()
    {
        Model model = ModelLoader.Load(File("yolox-nano"));
        Assert.Equal((ModelTask.Detect, DecoderKind.Yolox, 416, 416, TensorLayout.Nchw), (model.Task, model.Output.Decoder, model.Input.Width, model.Input.Height, model.Input.Layout));
        Assert.Equal((ChannelOrder.Bgr, ResizeMode.LetterboxTopLeft, ResizeKernel.Bilinear, (byte)114, 1f), (model.Input.Color, model.Input.Resize, model.Input.Kernel, model.Input.Pad, model.Input.Scale));
        Assert.Equal((80, ScoreActivation.None), (model.Labels.Count, model.Output.Activation));
    }

    [Fact]
    public void Fastestdet()
    {
        Model model = ModelLoader.Load(File("fastestdet"));
        Assert.Equal((ModelTask.Detect, DecoderKind.FastestDet, 352, 352), (model.Task, model.Output.Decoder, model.Input.Width, model.Input.Height));
        Assert.Equal((ChannelOrder.Bgr, ResizeMode.Stretch, ResizeKernel.Bilinear, 1f / 255), (model.Input.Color, model.Input.Resize, model.Input.Kernel, model.Input.Scale));
        Assert.Equal(80, model.Labels.Count);
    }

    [Fact]
    public void Ultraface()
    {
        Model model = ModelLoader.Load(File("ultraface"));
        Assert.Equal((ModelTask.Detect, DecoderKind.Ssd, 320, 240), (model.Task, model.Output.Decoder, model.Input.Width, model.Input.Height));
        Assert.Equal((ChannelOrder.Rgb, ResizeMode.Stretch, 1f), (model.Input.Color, model.Input.Resize, model.Input.Scale));
        Assert.Equal([127, 127, 127], model.Input.Mean);
        Assert.Equal([128, 128, 128], model.Input.Std);
        Assert.Equal(["background", "face"], model.Labels);
        Assert.Equal(0, model.BackgroundClass);
        Assert.Equal(["boxes"], model.Output.Ssd!.Boxes);
        Assert.Empty(model.Output.Ssd.Levels);
    }

    [Fact]
    public void Mobilenet_uint8_says_all_but_how_the_picture_is_fitted()
    {
        string graph = File("mobilenet-v1-uint8");
        ModelInspection inspection = ModelLoader.Inspect(graph);
        Assert.Equal(["input.color", "input.resize", "input.kernel"], inspection.Missing.Select(m => m.Key));

        using ModelBox box = new(yaml: "input: { color: rgb, resize: stretch, kernel: bilinear-tf }\nlabels.background: 0\n");
        System.IO.File.Copy(graph, box.At("model.onnx"));
        System.IO.File.Copy(SharedCases.Files("mobilenet-v1-uint8", "imagenet_labels.txt")[0], box.At("labels.txt"));
        Model model = box.Load();
        Assert.Equal((ModelTask.Classify, ElementType.UInt8, TensorLayout.Nhwc, 128), (model.Task, model.Input.Type, model.Input.Layout, model.Input.Width));
        Assert.Equal((null, 1f, ScoreActivation.None), (model.Input.Quantisation, model.Input.Scale, model.Output.Activation));
        Assert.Equal(new Quantisation(1f / 256, 0), model.Output.Outputs[0].Quantisation);
        Assert.Equal((1001, 0), (model.Labels.Count, model.BackgroundClass));
    }

    [Fact]
    public void A_real_model_cut_off_anywhere_is_one_fault()
    {
        byte[] model = System.IO.File.ReadAllBytes(File("fastestdet"));
        using ModelBox box = new();
        Random random = new(3);
        for (int i = 0; i < 40; i++)
        {
            box.Write("model.onnx", model[..random.Next(model.Length)]);
            Assert.Single(box.Faults());
        }
    }

    private static string File(string folder) => SharedCases.Files(folder, "*.onnx")[0];
}
