namespace EdgeInfer.Sources.Synthetic;

/// <summary>Draws the pictures of a scene. Allocates nothing per picture; one thread at a time.</summary>
internal sealed class BeltRenderer(BeltScene scene)
{
    private readonly BeltPart[] _parts = new BeltPart[BeltScene.MaxParts];
    private readonly BeltSurface _surface = new(scene);
    private readonly PartPainter _painter = new(scene);
    private readonly SensorPass _sensor = new(scene);

    /// <summary>The scene drawn.</summary>
    public BeltScene Scene { get; } = scene;

    /// <summary>Bytes of one picture: red, green, blue, row after row.</summary>
    public int FrameBytes => Scene.Width * Scene.Height * 3;

    /// <summary>Draws picture <paramref name="frame"/>.</summary>
    /// <param name="frame">Its number, from 0.</param>
    /// <param name="rgb">At least <see cref="FrameBytes"/>.</param>
    public void Render(long frame, Span<byte> rgb)
    {
        int count = Scene.Parts(frame, _parts);
        Render(frame, _parts.AsSpan(0, count), rgb);
    }

    /// <summary>Draws the belt of picture <paramref name="frame"/> with the given parts on it.</summary>
    public void Render(long frame, ReadOnlySpan<BeltPart> parts, Span<byte> rgb)
    {
        rgb = rgb[..FrameBytes];
        int rowBytes = Scene.Width * 3;
        int period = _surface.Period;
        int shift = (int)((period - (long)Math.Floor(Scene.Travelled(frame)) % period) % period);
        for (int y = 0; y < Scene.Height; y++) _surface.CopyRow(y, shift, rgb.Slice(y * rowBytes, rowBytes));
        foreach (ref readonly BeltPart part in parts) _painter.Paint(part, rgb);
        _sensor.Apply(frame, rgb);
    }
}
