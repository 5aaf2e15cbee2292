using EdgeInfer.Configuration;

namespace EdgeInfer.Models;

/// <summary>What <c>model.yaml</c> says; null where it is silent. The readers are kept so that a later fault can name its place.</summary>
internal sealed record ModelYaml
{
    /// <summary>The whole document.</summary>
    public required MappingReader Root { get; init; }

    /// <summary><c>input</c>, or the one entry of <c>inputs</c>.</summary>
    public MappingReader? Input { get; init; }

    /// <summary><c>output</c>.</summary>
    public MappingReader? Output { get; init; }

    /// <summary><c>name</c>.</summary>
    public string? Name { get; init; }

    /// <summary><c>version</c>.</summary>
    public string? Version { get; init; }

    /// <summary><c>task</c>.</summary>
    public ModelTask? Task { get; init; }

    /// <summary><c>threshold</c>.</summary>
    public double? Threshold { get; init; }

    /// <summary>The keys under <c>input</c>.</summary>
    public InputKeys Inputs { get; init; } = new();

    /// <summary>The keys under <c>output</c>.</summary>
    public OutputKeys Outputs { get; init; } = new();

    /// <summary>Labels written in the file or in a file that it names.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Where the labels were found, as in <c>labels.txt</c>.</summary>
    public string LabelsDetail { get; init; } = "";

    /// <summary><c>labels.background</c>.</summary>
    public int? Background { get; init; }

    /// <summary><c>golden</c>.</summary>
    public IReadOnlyList<GoldenFiles> Golden { get; init; } = [];
}

/// <summary>The keys under <c>input</c>.</summary>
internal sealed record InputKeys
{
    /// <summary>The graph's name of the input.</summary>
    public string? Name { get; init; }

    /// <summary><c>color</c>.</summary>
    public ChannelOrder? Color { get; init; }

    /// <summary><c>resize</c>.</summary>
    public ResizeMode? Resize { get; init; }

    /// <summary><c>kernel</c>.</summary>
    public ResizeKernel? Kernel { get; init; }

    /// <summary><c>layout</c>.</summary>
    public TensorLayout? Layout { get; init; }

    /// <summary><c>pad</c>.</summary>
    public int? Pad { get; init; }

    /// <summary><c>scale</c>.</summary>
    public float? Scale { get; init; }

    /// <summary><c>mean</c>, one or three numbers.</summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary><c>std</c>, one or three numbers, none of them 0.</summary>
    public IReadOnlyList<float>? Std { get; init; }

    /// <summary><c>width</c>.</summary>
    public int? Width { get; init; }

    /// <summary><c>height</c>.</summary>
    public int? Height { get; init; }

    /// <summary><c>quantisation</c>.</summary>
    public Quantisation? Quantisation { get; init; }
}

/// <summary>The keys under <c>output</c> and <c>outputs</c>.</summary>
internal sealed record OutputKeys
{
    /// <summary><c>decoder</c>.</summary>
    public DecoderKind? Decoder { get; init; }

    /// <summary><c>nms.mode</c>.</summary>
    public NmsMode? NmsMode { get; init; }

    /// <summary><c>nms.iou</c>.</summary>
    public float? NmsIou { get; init; }

    /// <summary><c>max</c>.</summary>
    public int? Max { get; init; }

    /// <summary><c>activation</c>.</summary>
    public ScoreActivation? Activation { get; init; }

    /// <summary><c>ssd</c>.</summary>
    public SsdOptions? Ssd { get; init; }

    /// <summary><c>quantisation</c> of the only output.</summary>
    public Quantisation? Quantisation { get; init; }

    /// <summary>The entries of <c>outputs</c> by name.</summary>
    public IReadOnlyDictionary<string, Quantisation?> Named { get; init; } = new Dictionary<string, Quantisation?>();

    /// <summary>The reader of <c>outputs</c>, for the place of a fault.</summary>
    public MappingReader? NamedReader { get; init; }
}
