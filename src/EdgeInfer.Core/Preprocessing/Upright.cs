namespace EdgeInfer.Preprocessing;

/// <summary>Turns stored pixels upright by their EXIF orientation.</summary>
internal static unsafe class Upright
{
    /// <summary>Rows and columns of one tile: 32 rows of 96 bytes stay in the first-level cache on both sides of a transposition.</summary>
    private const int Tile = 32;

    /// <summary>Copies packed pixels.</summary>
    /// <param name="source">As stored.</param>
    /// <param name="sourceStride">Bytes between its rows.</param>
    /// <param name="width">Columns as stored.</param>
    /// <param name="height">Rows as stored.</param>
    /// <param name="pixelBytes">1 or 3.</param>
    /// <param name="orientation">2 to 8.</param>
    /// <param name="target">Upright, rows without gaps.</param>
    public static void Copy(byte* source, int sourceStride, int width, int height, int pixelBytes, int orientation, byte* target)
    {
        bool isTransposed = orientation >= 5;
        int uprightWidth = isTransposed ? height : width;
        int uprightHeight = isTransposed ? width : height;

        // The stored row counts from the far end for 3, 4, 7 and 8's mirror image; likewise the column.
        bool rowsReversed = orientation is 3 or 4 or 6 or 7;
        bool columnsReversed = orientation is 2 or 3 or 7 or 8;
        long rowStep = rowsReversed ? -sourceStride : sourceStride;
        long columnStep = columnsReversed ? -pixelBytes : pixelBytes;
        byte* origin = source + (rowsReversed ? (long)(height - 1) * sourceStride : 0) + (columnsReversed ? (long)(width - 1) * pixelBytes : 0);
        long stepX = isTransposed ? rowStep : columnStep;
        long stepY = isTransposed ? columnStep : rowStep;
        int targetStride = uprightWidth * pixelBytes;
        for (int top = 0; top < uprightHeight; top += Tile)
        {
            int bottom = Math.Min(top + Tile, uprightHeight);
            for (int left = 0; left < uprightWidth; left += Tile)
            {
                int count = Math.Min(Tile, uprightWidth - left);
                for (int y = top; y < bottom; y++)
                {
                    byte* from = origin + y * stepY + left * stepX;
                    CopyRun(from, stepX, target + (long)y * targetStride + (long)left * pixelBytes, count, pixelBytes);
                }
            }
        }
    }

    private static void CopyRun(byte* from, long step, byte* to, int count, int pixelBytes)
    {
        for (int i = 0; i < count; i++, from += step, to += pixelBytes)
        {
            to[0] = from[0];
            if (pixelBytes == 1) continue;
            to[1] = from[1];
            to[2] = from[2];
        }
    }
}
