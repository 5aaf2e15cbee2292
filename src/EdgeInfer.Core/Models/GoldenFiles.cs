namespace EdgeInfer.Models;

/// <summary>One entry of <c>golden</c>: files of the model's folder, by names relative to it.</summary>
/// <param name="Input">What the model is given.</param>
/// <param name="Expect">What its reference model made of it: an envelope of <c>predict --json</c>; null for none.</param>
/// <param name="Truth">What is really there, in the same form; null where nobody has said it.</param>
public sealed record GoldenFiles(string Input, string? Expect, string? Truth = null)
{
    /// <summary>The most entries that a model may have.</summary>
    public const int Most = 500;
}
