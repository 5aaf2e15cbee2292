using EdgeInfer.Models;

namespace EdgeInfer.Gate;

/// <summary>What an envelope holds results of.</summary>
internal enum GoldenKind
{
    /// <summary><c>detections</c>.</summary>
    Detections,

    /// <summary><c>classes</c>.</summary>
    Classes,

    /// <summary><c>embedding</c>.</summary>
    Embedding,

    /// <summary><c>values</c>.</summary>
    Values,
}

/// <summary>An object.</summary>
/// <param name="Label">Its label: what consumers see, whatever number a model gives the class.</param>
/// <param name="Score">Usually 0 to 1; finite.</param>
/// <param name="X">Left edge in source pixels.</param>
/// <param name="Y">Top edge in source pixels.</param>
/// <param name="Width">In source pixels.</param>
/// <param name="Height">In source pixels.</param>
internal sealed record GoldenBox(string Label, double Score, double X, double Y, double Width, double Height)
{
    /// <summary>The area of both over the area of either; 0 where one has no area.</summary>
    public double Overlap(GoldenBox other)
    {
        double width = Math.Min(X + Width, other.X + other.Width) - Math.Max(X, other.X);
        double height = Math.Min(Y + Height, other.Y + other.Height) - Math.Max(Y, other.Y);
        if (!(width > 0 && height > 0)) return 0;
        double both = width * height;
        return both / ((Width * Height) + (other.Width * other.Height) - both);
    }
}

/// <summary>A class and its score.</summary>
/// <param name="Label">Its label.</param>
/// <param name="Score">Usually 0 to 1; finite.</param>
internal sealed record GoldenClass(string Label, double Score);

/// <summary>A named output.</summary>
/// <param name="Name">The output's name.</param>
/// <param name="Numbers">Its numbers, finite.</param>
internal sealed record GoldenOutput(string Name, IReadOnlyList<double> Numbers);

/// <summary>The results of one input, as an envelope of <c>predict --json</c> has them; the list that is not of its kind is empty.</summary>
internal sealed record GoldenResult
{
    /// <summary>Which results these are.</summary>
    public required GoldenKind Kind { get; init; }

    /// <summary>Width of the upright picture in pixels.</summary>
    public required int FrameWidth { get; init; }

    /// <summary>Height of the upright picture in pixels.</summary>
    public required int FrameHeight { get; init; }

    /// <summary><c>model.digest</c>: at least 12 lower-case hexadecimal digits of the model that gave them; null where it is not said.</summary>
    public string? Digest { get; init; }

    /// <summary><c>model.graph</c>: sha256 of that model's graph file; null where it is not said.</summary>
    public string? Graph { get; init; }

    /// <summary>Objects.</summary>
    public IReadOnlyList<GoldenBox> Boxes { get; init; } = [];

    /// <summary>Classes.</summary>
    public IReadOnlyList<GoldenClass> Classes { get; init; } = [];

    /// <summary>The vector.</summary>
    public IReadOnlyList<double> Embedding { get; init; } = [];

    /// <summary>Outputs.</summary>
    public IReadOnlyList<GoldenOutput> Values { get; init; } = [];

    /// <summary>The labels that it uses.</summary>
    public IEnumerable<string> Labels => [.. Boxes.Select(static b => b.Label), .. Classes.Select(static c => c.Label)];

    /// <summary>The kind of a task's results.</summary>
    public static GoldenKind KindOf(ModelTask task) => task switch
    {
        ModelTask.Detect => GoldenKind.Detections,
        ModelTask.Classify => GoldenKind.Classes,
        _ => GoldenKind.Values,
    };
}
