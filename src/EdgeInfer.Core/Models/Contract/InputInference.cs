using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Families;
using EdgeInfer.Models.Onnx;
using EdgeInfer.Signals;

namespace EdgeInfer.Models.Contract;

/// <summary>What the graph shows of the picture input, before colour and numbers are settled.</summary>
internal sealed record InputShape(OnnxValue Value, TensorLayout? Layout, int Channels, int Width, int Height);

/// <summary>Settles the picture input: its shape from the graph, its preprocessing from model.yaml or the family.</summary>
internal sealed class InputInference(ContractSheet sheet, ModelYaml? yaml, OnnxFile file, OnnxWiring wiring)
{
    private const int SideLimit = 16_384;

    private readonly InputKeys _keys = yaml?.Inputs ?? new();

    /// <summary>Settles name, type, layout and size.</summary>
    /// <returns>Null where the graph has no input that a picture can be made for; faults say why.</returns>
    public InputShape? Shape()
    {
        if (Choose() is not { } value) return null;
        sheet.Record("input.name", value.Name, _keys.Name is null ? ContractOrigin.Graph : ContractOrigin.ModelYaml, value.ToString());
        string shown = $"input '{value.Name}' is {value}";
        if (value.Kind is not null || value.Type is not (ElementType.Float32 or ElementType.Float16 or ElementType.UInt8 or ElementType.Int8))
        {
            sheet.GraphFault($"{shown}; a picture is made as float32, float16, uint8 or int8", "export it with one of these");
            return null;
        }

        if (value.Dimensions is not { Count: 4 } dimensions)
        {
            sheet.GraphFault(
                $"{shown}; a picture has four dimensions, [1, channels, rows, columns] or [1, rows, columns, channels]",
                "export it with such an input");
            return null;
        }

        if (!dimensions[0].IsDynamic && dimensions[0].Value != 1)
        {
            sheet.GraphFault($"{shown}: it takes {dimensions[0].Value} pictures at once", "export it for a batch of 1 or of any size");
            return null;
        }

        sheet.Record("input.type", ModelWords.Of(value.Type), ContractOrigin.Graph, value.ToString());
        return Dimensions(value, dimensions);
    }

    private OnnxValue? Choose()
    {
        if (file.Inputs.Count == 0)
        {
            sheet.GraphFault("the graph has no inputs", "export the model again");
            return null;
        }

        if (_keys.Name is { } name)
        {
            OnnxValue? named = file.Inputs.FirstOrDefault(i => i.Name == name);
            if (named is null)
            {
                string inputs = string.Join(", ", file.Inputs.Select(i => i.Name));
                (yaml!.Input ?? yaml.Root).Fault("name", $"the graph has no input '{name}'", $"its inputs: {inputs}");
                return null;
            }
        }

        if (file.Inputs.Count == 1) return file.Inputs[0];
        OnnxValue? picture = _keys.Name is null
            ? file.Inputs.FirstOrDefault(i => i.Dimensions is { Count: 4 })
            : file.Inputs.First(i => i.Name == _keys.Name);
        OnnxValue other = file.Inputs.First(i => i != picture);
        sheet.GraphFault(
            $"beside a picture the graph wants '{other.Name}' ({other}), which no pipeline makes yet",
            "export it with the picture as its only input");
        return null;
    }

    private InputShape? Dimensions(OnnxValue value, IReadOnlyList<OnnxDimension> dimensions)
    {
        if (Layout(value, dimensions) is not { } layout) return null;
        int channelAt = layout == TensorLayout.Nchw ? 1 : 3;
        int heightAt = layout == TensorLayout.Nchw ? 2 : 1;
        long open = _keys.Color == ChannelOrder.Gray ? 1 : 3;
        int channels = (int)Math.Min(dimensions[channelAt].IsDynamic ? open : dimensions[channelAt].Value, int.MaxValue);
        if (channels is not (1 or 3))
        {
            string word = ModelWords.Of(ModelWords.Layouts, layout);
            sheet.GraphFault(
                $"input '{value.Name}' is {value}: read as {word} it has {channels} channels, and a picture has 1 or 3",
                "export it for RGB, BGR or gray pictures");
            return null;
        }

        (int width, int height) = (Side("width", dimensions[heightAt + 1], 1), Side("height", dimensions[heightAt], 0));
        return new(value, layout, channels, width, height);
    }

    private TensorLayout? Layout(OnnxValue value, IReadOnlyList<OnnxDimension> dimensions)
    {
        bool first = dimensions[1].Value is 1 or 3, last = dimensions[3].Value is 1 or 3;
        TensorLayout? graph = (first, last) switch
        {
            (true, false) => TensorLayout.Nchw,
            (false, true) => TensorLayout.Nhwc,
            _ => wiring.IsChannelLast(value.Name) switch { true => TensorLayout.Nhwc, false => TensorLayout.Nchw, null => null },
        };
        if (!first && !last && !dimensions[1].IsDynamic && !dimensions[3].IsDynamic)
        {
            long channels = graph == TensorLayout.Nhwc ? dimensions[3].Value : dimensions[1].Value;
            sheet.GraphFault(
                $"input '{value.Name}' is {value}: it has {channels} channels, and a picture has 1 or 3",
                "export it for RGB, BGR or gray pictures");
            return null;
        }

        return sheet.PickOrAsk(
            "input.layout", ModelWords.Layouts, $"the shape of input '{value.Name}' ({value}) does not show where the channels are",
            Candidate.Yaml(_keys.Layout), Candidate.From(graph, ContractOrigin.Graph, value.ToString()))?.Value;
    }

    // 0 where it is asked for.
    private int Side(string key, OnnxDimension dimension, int sizeAt)
    {
        int? stated = key == "width" ? _keys.Width : _keys.Height;
        if (!dimension.IsDynamic)
        {
            if (dimension.Value > SideLimit)
                sheet.GraphFault($"the input's {key} of {dimension.Value} is more than {SideLimit}", "export it for a smaller input");
            if (stated is { } other && other != dimension.Value)
                yaml!.Input!.Fault(key, $"{other}, but the graph has {dimension.Value}", "remove the key");
            sheet.Record($"input.{key}", ContractText.Of((int)Math.Min(dimension.Value, SideLimit)), ContractOrigin.Graph, "fixed");
            return (int)Math.Min(dimension.Value, SideLimit);
        }

        Candidate<int>? side = sheet.Pick(
            $"input.{key}", ContractText.Of,
            Candidate.Yaml(stated),
            Candidate.From(MetadataReader.ImageSize(file.Metadata)?[sizeAt], ContractOrigin.Metadata, "imgsz"));
        if (side is null) sheet.Ask($"input.{key}", ["a number of pixels"], $"the graph leaves the {key} of its input open ({dimension})");
        return side?.Value ?? 0;
    }

    /// <summary>Settles everything else.</summary>
    /// <returns>Null where something must be chosen first.</returns>
    public PictureInput? Picture(InputShape shape, FamilyFacts? family)
    {
        string exporter = file.Producer.Length == 0 ? "unnamed" : file.Producer;
        string unknown = $"neither the graph nor its metadata say it, and the model is of no known family (exporter: {exporter})";
        Candidate<ChannelOrder>? color = Color(shape, family, unknown);
        Candidate<ResizeMode>? resize = sheet.PickOrAsk(
            "input.resize", ModelWords.Resizes, unknown, Candidate.Yaml(_keys.Resize), Candidate.Family(family?.Resize, family));
        Candidate<ResizeKernel>? kernel = resize?.Value == ResizeMode.None
            ? sheet.Pick<ResizeKernel>(
                "input.kernel", k => ModelWords.Of(ModelWords.Kernels, k),
                Candidate.Yaml(_keys.Kernel), new Candidate<ResizeKernel>(ResizeKernel.Nearest, ContractOrigin.Default, "nothing is scaled"))
            : sheet.PickOrAsk("input.kernel", ModelWords.Kernels, unknown, Candidate.Yaml(_keys.Kernel), Candidate.Family(family?.Kernel, family));
        byte pad = 114;
        if (resize?.Value is ResizeMode.Letterbox or ResizeMode.LetterboxTopLeft)
        {
            pad = sheet.Pick<byte>(
                "input.pad", p => ContractText.Of(p),
                Candidate.Yaml((byte?)_keys.Pad), Candidate.Family(family?.Pad, family), Candidate.Default(pad))!.Value.Value;
        }

        PixelNumbers? numbers = new NumberInference(sheet, yaml, wiring).Numbers(shape, family, unknown);
        if (color is null || resize is null || kernel is null || numbers is null) return null;
        if (shape.Layout is null || shape.Width == 0 || shape.Height == 0) return null;
        return new()
        {
            Name = shape.Value.Name,
            Type = shape.Value.Type,
            Layout = shape.Layout.Value,
            Width = shape.Width,
            Height = shape.Height,
            Color = color.Value.Value,
            Resize = resize.Value.Value,
            Kernel = kernel.Value.Value,
            Pad = pad,
            Scale = numbers.Scale,
            Mean = numbers.Mean,
            Std = numbers.Std,
            Quantisation = numbers.Quantisation,
        };
    }

    private Candidate<ChannelOrder>? Color(InputShape shape, FamilyFacts? family, string unknown)
    {
        bool isGray = shape.Channels == 1;
        if (_keys.Color is { } stated && (stated == ChannelOrder.Gray) != isGray)
        {
            string word = ModelWords.Of(ModelWords.Colors, stated);
            yaml!.Input!.Fault(
                "color", $"'{word}', but the graph's input has {shape.Channels} channel{(isGray ? "" : "s")}",
                isGray ? "write gray" : "write rgb or bgr");
        }

        if (isGray)
        {
            Candidate<ChannelOrder> gray = new(ChannelOrder.Gray, ContractOrigin.Graph, "one channel");
            return sheet.Pick<ChannelOrder>("input.color", c => ModelWords.Of(ModelWords.Colors, c), gray);
        }

        IReadOnlyList<KeyValuePair<string, ChannelOrder>> three = [.. ModelWords.Colors.Where(w => w.Value != ChannelOrder.Gray)];
        return sheet.PickOrAsk(
            "input.color", three, unknown,
            _keys.Color == ChannelOrder.Gray ? null : Candidate.Yaml(_keys.Color), Candidate.Family(family?.Color, family));
    }
}
