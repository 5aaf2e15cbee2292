using EdgeInfer.Diagnostics;
using EdgeInfer.Preprocessing;
using EdgeInfer.Preprocessing.Annotation;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Commands;

/// <summary>The one frame that <c>bench</c> takes through the stages again and again, read once: storage is no stage of the agent's.</summary>
internal sealed class BenchFrame : IDisposable
{
    private const int SyntheticWidth = 1280;
    private const int SyntheticHeight = 720;

    // A moment with parts all over the belt.
    private const int SyntheticMoment = 40;

    private readonly FramePool _pool = new(1, 256 << 20);
    private FrameInfo _info;
    private int _length;

    private BenchFrame(string name) => Name = name;

    /// <summary>How the report names it.</summary>
    public string Name { get; private set; }

    /// <summary>A picture file.</summary>
    /// <exception cref="FaultException">It cannot be read.</exception>
    public static BenchFrame Read(string path)
    {
        BenchFrame frame = new(path);
        try
        {
            frame.Fill(path);
            return frame;
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    /// <summary>The conveyor belt as a camera would send it, in JPEG; raw where no temporary file can be written.</summary>
    public static BenchFrame Synthetic()
    {
        BeltRenderer renderer = new(new BeltScene((SyntheticWidth, SyntheticHeight), 15, 1));
        byte[] pixels = new byte[renderer.FrameBytes];
        renderer.Render(SyntheticMoment, pixels);
        BenchFrame frame = new("synthetic belt, JPEG");
        try
        {
            DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeinfer-bench-");
            try
            {
                string path = Path.Combine(folder.FullName, "belt.jpg");
                PictureAnnotator.Save(new DecodedPicture(SyntheticWidth, SyntheticHeight, pixels), path);
                frame.Fill(path);
            }
            finally
            {
                folder.Delete(true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            frame.Name = "synthetic belt, raw pixels: no JPEG is decoded";
            frame.Fill(pixels, new() { Format = PixelFormat.Rgb24, WidthPixels = SyntheticWidth, HeightPixels = SyntheticHeight });
        }

        return frame;
    }

    /// <summary>The frame as if just captured; the last lease must have been returned.</summary>
    public FrameLease Next()
    {
        // The pool has one frame, so its bytes are still there each time it is rented.
        Frame frame = Rent();
        _info.CapturedTimestamp = TimeProvider.System.GetTimestamp();
        _info.CapturedAt = TimeProvider.System.GetUtcNow();
        frame.Info = _info;
        return _pool.Publish(frame, _length);
    }

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    private void Fill(string path)
    {
        using PictureFiles files = new(TimeProvider.System);
        if (files.Open(path, out FrameLease read) is { } fault) throw new FaultException(fault);
        using (read) Fill(read.Data, read.Info);
    }

    private void Fill(ReadOnlySpan<byte> bytes, in FrameInfo info)
    {
        Frame frame = Rent();
        bytes.CopyTo(_pool.Memory(frame, bytes.Length));
        _pool.Abandon(frame);
        _info = info;
        _length = bytes.Length;
    }

    private Frame Rent() => _pool.Rent() ?? throw new InvalidOperationException("the last frame was not returned");
}
