namespace EdgeInfer.Preprocessing.Annotation;

/// <summary>One object to draw.</summary>
/// <param name="Label">What it is; other than ASCII letters are drawn as boxes.</param>
/// <param name="Score">0 to 1.</param>
/// <param name="X">Left edge in pixels of the upright picture.</param>
/// <param name="Y">Top edge.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="ColorIndex">Objects of one kind share a colour; a class index does.</param>
public readonly record struct AnnotatedBox(string Label, float Score, float X, float Y, float Width, float Height, int ColorIndex);
