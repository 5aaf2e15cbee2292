namespace EdgeInfer.Signals;

/// <summary>
/// Where the upright source picture lies in the tensor: it is scaled to <see cref="ScaledWidth"/>×<see cref="ScaledHeight"/> and
/// its top left corner is put at (<see cref="PadLeft"/>, <see cref="PadTop"/>), which is negative where a crop cuts it.
/// All whole pixels, so that boxes return by exactly what was done.
/// </summary>
public readonly record struct PictureGeometry(
    int SourceWidth, int SourceHeight, int TensorWidth, int TensorHeight, int ScaledWidth, int ScaledHeight, int PadLeft, int PadTop)
{
    /// <summary>Tensor pixels to source pixels, horizontally.</summary>
    public float ToSourceX(float x) => (x - PadLeft) * SourceWidth / ScaledWidth;

    /// <summary>Tensor pixels to source pixels, vertically.</summary>
    public float ToSourceY(float y) => (y - PadTop) * SourceHeight / ScaledHeight;
}
