using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Configuration;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Recording;

/// <summary><c>manifest.json</c> of a recording: what is needed to make its results again. Free of secrets and addresses.</summary>
internal sealed record RecordingManifest
{
    /// <summary>The name of this form.</summary>
    public const string CurrentSchema = "edgeinfer/recording/1";

    /// <summary>The schema's name.</summary>
    public required string Schema { get; init; }

    /// <summary>The device's id.</summary>
    public required string Device { get; init; }

    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>Counts the agent's starts.</summary>
    public required long Boot { get; init; }

    /// <summary>The agent's version.</summary>
    public required string Version { get; init; }

    /// <summary>When the recording was taken, UTC.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public required DateTimeOffset MadeAt { get; init; }

    /// <summary>Frames in it.</summary>
    public required int Frames { get; init; }

    /// <summary>Frames that were too large to be kept.</summary>
    public long TooLarge { get; init; }

    /// <summary>Options of the pipeline that the results depend on.</summary>
    public required RecordedOptions Options { get; init; }

    /// <summary>The models, in the pipeline's order.</summary>
    public required IReadOnlyList<RecordedModel> Models { get; init; }
}

/// <summary>Options of a pipeline that its results depend on, written as in the configuration.</summary>
internal sealed record RecordedOptions
{
    /// <summary>Labels to report; absent for all.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Score threshold; absent for the model's.</summary>
    public double? Threshold { get; init; }

    /// <summary>Thresholds of single labels.</summary>
    public IReadOnlyDictionary<string, double>? LabelThresholds { get; init; }

    /// <summary>Smallest box as a fraction of the frame.</summary>
    public double MinArea { get; init; }

    /// <summary>Clockwise turn in degrees.</summary>
    public int Rotate { get; init; }

    /// <summary>Whether left and right change sides.</summary>
    public bool FlipHorizontal { get; init; }

    /// <summary>Whether top and bottom change sides.</summary>
    public bool FlipVertical { get; init; }

    /// <summary>x, y, width, height in fractions of the turned picture; absent for all of it.</summary>
    public IReadOnlyList<double>? Crop { get; init; }

    /// <summary>Those of a pipeline.</summary>
    public static RecordedOptions Of(PipelineOptions pipeline)
    {
        PictureTurn turn = pipeline.Source.Turn;
        return new()
        {
            Labels = pipeline.Labels,
            Threshold = pipeline.Threshold,
            LabelThresholds = pipeline.LabelThresholds.Count == 0 ? null : pipeline.LabelThresholds,
            MinArea = pipeline.MinArea,
            Rotate = turn.RotateDegrees,
            FlipHorizontal = turn.IsMirrored,
            FlipVertical = turn.IsUpsideDown,
            Crop = turn.Crop is { } crop ? [crop.X, crop.Y, crop.Width, crop.Height] : null,
        };
    }

    /// <summary>How pictures become upright.</summary>
    [JsonIgnore]
    public PictureTurn Turn => new(Rotate, FlipHorizontal, FlipVertical, Crop is [var x, var y, var width, var height] ? new(x, y, width, height) : null);
}

/// <summary>A model of a recording.</summary>
/// <param name="Key">Its name in the configuration.</param>
/// <param name="Path">Where it lay on the device.</param>
/// <param name="Name">Its own name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Digest">All 64 digits.</param>
/// <param name="Provider">The execution provider that ran it.</param>
/// <param name="Threads">Threads of one inference.</param>
internal sealed record RecordedModel(string Key, string Path, string Name, string Version, string Digest, string Provider, int Threads);

/// <summary><c>frames/000001.json</c>: what is known of a frame besides its bytes.</summary>
internal sealed record RecordedFrame
{
    /// <summary>How to read the bytes: the ending of the file that holds them.</summary>
    public required string Format { get; init; }

    /// <summary>Width in pixels as stored; 0 where the picture itself says it.</summary>
    public int Width { get; init; }

    /// <summary>Height in pixels as stored.</summary>
    public int Height { get; init; }

    /// <summary>Bytes from row to row of the first plane; 0 where rows follow without a gap.</summary>
    public int Stride { get; init; }

    /// <summary>How luma and chroma become colours, for the formats that have them.</summary>
    [JsonConverter(typeof(ColourConverter))]
    public YuvColour Colour { get; init; }

    /// <summary>The source's count of frames, those lost included.</summary>
    public long Sequence { get; init; }

    /// <summary>When it was captured, UTC.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public required DateTimeOffset CapturedAt { get; init; }

    /// <summary>The source's own name of it.</summary>
    public string? Id { get; init; }

    /// <summary>How many bytes it has.</summary>
    public required long Bytes { get; init; }

    /// <summary><c>ok</c>, or why it could not be decoded.</summary>
    public required string Outcome { get; init; }

    /// <summary>Its results: one for each model, none where it could not be decoded.</summary>
    public required IReadOnlyList<RecordedResult> Results { get; init; }
}

/// <summary>A result of a frame; its message is the line of <c>results.jsonl</c> with this <c>seq</c>.</summary>
/// <param name="Model">Which of the manifest's models gave it, from 0.</param>
/// <param name="Seq">Its count within the pipeline.</param>
/// <param name="Bits">16 hexadecimal digits over its numbers as the model gave them, before they were rounded for the message.</param>
internal sealed record RecordedResult(int Model, long Seq, string Bits);

/// <summary>Writes <c>bt601-limited</c>.</summary>
internal sealed class ColourConverter() : JsonStringEnumConverter<YuvColour>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RecordingManifest))]
[JsonSerializable(typeof(RecordedFrame))]
internal sealed partial class RecordingJson : JsonSerializerContext;
