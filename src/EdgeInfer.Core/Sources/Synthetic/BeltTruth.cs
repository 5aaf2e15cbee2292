namespace EdgeInfer.Sources.Synthetic;

/// <summary>Where a part is in a picture.</summary>
/// <param name="ClassIndex">0 bolt, 1 nut, 2 washer, 3 gear.</param>
/// <param name="X">Left edge in pixels of the upright picture, clipped to it.</param>
/// <param name="Y">Top edge.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="IsDifficult">Less than half of it can be seen: finding it or missing it counts neither way.</param>
internal readonly record struct TruthBox(int ClassIndex, float X, float Y, float Width, float Height, bool IsDifficult);

/// <summary>
/// The camera's own truth: the boxes of a picture by its number, without drawing it. A box spans the part's outline as far as
/// it lies in the picture, what other parts cover included.
/// </summary>
internal sealed class BeltTruth(BeltScene scene)
{
    /// <summary>A part seen by less than this is not in the truth as something to be found.</summary>
    private const float SeenEnough = 0.5f;

    /// <summary>Below this nothing is seen at all.</summary>
    private const float SeenAtAll = 0.02f;

    // A 24 × 24 grid over the outline: an area share to about 1 %.
    private const int Grid = 24;

    private readonly BeltPart[] _parts = new BeltPart[BeltScene.MaxParts];

    /// <summary>Names of the classes, by index.</summary>
    public static IReadOnlyList<string> Labels { get; } = ["bolt", "nut", "washer", "gear"];

    /// <summary>The most boxes a picture can have.</summary>
    public const int MaxBoxes = BeltScene.MaxParts;

    /// <summary>Writes the boxes of picture <paramref name="frame"/>, the lowest part first.</summary>
    /// <returns>How many were written.</returns>
    public int At(long frame, Span<TruthBox> boxes) => Of(_parts.AsSpan(0, scene.Parts(frame, _parts)), boxes);

    /// <summary>Writes the boxes of these parts, the lowest first.</summary>
    /// <returns>How many were written.</returns>
    public int Of(ReadOnlySpan<BeltPart> parts, Span<TruthBox> boxes)
    {
        int count = 0;
        for (int i = 0; i < parts.Length && count < boxes.Length; i++)
        {
            ref readonly BeltPart part = ref parts[i];
            float left = Math.Max(0, part.CentreX + part.Left), right = Math.Min(scene.Width, part.CentreX + part.Right);
            float top = Math.Max(0, part.CentreY + part.Top), bottom = Math.Min(scene.Height, part.CentreY + part.Bottom);
            if (right - left < 1 || bottom - top < 1) continue;
            float seen = SeenShare(parts[i..]);
            if (seen < SeenAtAll) continue;
            boxes[count++] = new((int)part.Kind, left, top, right - left, bottom - top, seen < SeenEnough);
        }

        return count;
    }

    // How much of the first part can be seen under the others.
    private float SeenShare(ReadOnlySpan<BeltPart> parts)
    {
        ref readonly BeltPart part = ref parts[0];
        int inside = 0, seen = 0;
        for (int row = 0; row < Grid; row++)
        {
            float dy = part.Top + (part.Bottom - part.Top) * (row + 0.5f) / Grid;
            for (int column = 0; column < Grid; column++)
            {
                float dx = part.Left + (part.Right - part.Left) * (column + 0.5f) / Grid;
                if (PartOutline.Distance(part, dx, dy) > 0) continue;
                inside++;
                float x = part.CentreX + dx, y = part.CentreY + dy;
                if (x >= 0 && x < scene.Width && y >= 0 && y < scene.Height && !IsCovered(parts[1..], x, y)) seen++;
            }
        }

        return inside == 0 ? 0 : (float)seen / inside;
    }

    private static bool IsCovered(ReadOnlySpan<BeltPart> above, float x, float y)
    {
        foreach (ref readonly BeltPart upper in above)
        {
            float dx = x - upper.CentreX, dy = y - upper.CentreY;
            bool isNear = dx > upper.Left && dx < upper.Right && dy > upper.Top && dy < upper.Bottom;
            if (isNear && PartOutline.Distance(upper, dx, dy) < 0) return true;
        }

        return false;
    }
}
