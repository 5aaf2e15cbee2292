namespace EdgeInfer.Models.Families;

/// <summary>What the authors of an exporter or head document about every model of it; null where they leave it open.</summary>
internal sealed record FamilyFacts
{
    /// <summary>As in <c>YOLOX</c>.</summary>
    public required string Name { get; init; }

    /// <summary>By what the model was recognised.</summary>
    public required string RecognisedBy { get; init; }

    /// <summary>What it does.</summary>
    public ModelTask? Task { get; init; }

    /// <summary>Order of the channels.</summary>
    public ChannelOrder? Color { get; init; }

    /// <summary>How the picture is fitted in.</summary>
    public ResizeMode? Resize { get; init; }

    /// <summary>How a scaled pixel is computed.</summary>
    public ResizeKernel? Kernel { get; init; }

    /// <summary>Grey level around a letterboxed picture.</summary>
    public byte? Pad { get; init; }

    /// <summary>Factor on the pixel.</summary>
    public float? Scale { get; init; }

    /// <summary>Subtracted, the same for every channel.</summary>
    public float? Mean { get; init; }

    /// <summary>Divides, the same for every channel.</summary>
    public float? Std { get; init; }

    /// <summary>The head.</summary>
    public DecoderKind? Decoder { get; init; }

    /// <summary>What turns scores into 0 to 1.</summary>
    public ScoreActivation? Activation { get; init; }

    /// <summary>Non-maximum suppression.</summary>
    public float? NmsIou { get; init; }

    /// <summary>Scores below it are not results.</summary>
    public float? Threshold { get; init; }

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>The class that stands for nothing.</summary>
    public int? Background { get; init; }

    /// <summary>For an SSD head.</summary>
    public SsdOptions? Ssd { get; init; }

    /// <summary>As <c>model inspect</c> shows it.</summary>
    public string Detail => $"{Name}: {RecognisedBy}";
}
