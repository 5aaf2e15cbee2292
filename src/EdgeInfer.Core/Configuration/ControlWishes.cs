namespace EdgeInfer.Configuration;

/// <summary>A camera control and the value it is to have.</summary>
/// <param name="Name">As v4l2-ctl prints it.</param>
/// <param name="Value">As written: a number, true, false, or an item of a menu.</param>
public sealed record ControlWish(string Name, string Value);

/// <summary><c>source.controls</c>, in the order written; equal where the same controls are to have the same values.</summary>
/// <param name="wishes">No name twice.</param>
public sealed class ControlWishes(IReadOnlyList<ControlWish> wishes) : IEquatable<ControlWishes>
{
    /// <summary>The camera stays as it is.</summary>
    public static ControlWishes None { get; } = new([]);

    /// <summary>In the order written.</summary>
    public IReadOnlyList<ControlWish> Wishes { get; } = wishes;

    /// <inheritdoc/>
    public bool Equals(ControlWishes? other) => other is not null && Wishes.SequenceEqual(other.Wishes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ControlWishes);

    /// <inheritdoc/>
    public override int GetHashCode() => Wishes.Aggregate(0, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Wishes.Select(static w => $"{w.Name} = {w.Value}"));
}
