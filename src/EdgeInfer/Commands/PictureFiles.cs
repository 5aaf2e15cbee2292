using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Files;

namespace EdgeInfer.Commands;

/// <summary>Finds and reads the pictures that a command line names, one at a time into one frame.</summary>
internal sealed class PictureFiles(TimeProvider time) : IDisposable
{
    // Kinds of input of other verbs and later versions, named rather than called damaged pictures.
    private static readonly string[] s_later = [".wav", ".csv", ".jsonl"];

    private readonly FramePool _pool = new(1, PictureFile.LimitBytes);

    /// <summary>The files that paths, folders and globs name, as given where they are files.</summary>
    /// <param name="inputs">As on the command line.</param>
    /// <param name="refuse">Called with each input that names nothing.</param>
    public static IEnumerable<string> Expand(IEnumerable<string> inputs, Action<Fault> refuse)
    {
        foreach (string input in inputs)
        {
            if (File.Exists(input))
            {
                yield return input;
                continue;
            }

            if (Find(input, out Fault? fault) is { Count: > 0 } found)
            {
                foreach (string file in found) yield return file;
                continue;
            }

            refuse(fault ?? new(FaultKind.NoInput, input, "no such picture, and no folder or glob that holds one", "check the path"));
        }
    }

    /// <summary>Reads one file as a frame whose id is its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="frame">The frame, to be returned before the next is opened.</param>
    /// <returns>Why it cannot be read, or null.</returns>
    public Fault? Open(string path, out FrameLease frame)
    {
        frame = default;
        if (Array.IndexOf(s_later, Path.GetExtension(path).ToLowerInvariant()) >= 0)
            return new(FaultKind.Data, path, "this version predicts on pictures and films only", "give a JPEG, PNG, BMP, WebP or GIF");
        Frame slot = _pool.Rent() ?? throw new InvalidOperationException("the last picture was not returned");
        PictureReading reading = Read(path, slot, out Fault? fault);
        if (fault is not null)
        {
            _pool.Abandon(slot);
            return fault;
        }

        slot.Info = new() { Format = reading.Format, CapturedAt = time.GetUtcNow(), CapturedTimestamp = time.GetTimestamp(), Id = FrameId.FromUtf8(System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(path))) };
        frame = _pool.Publish(slot, reading.LengthBytes);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    private static List<string>? Find(string input, out Fault? fault)
    {
        fault = null;
        try
        {
            return FilePattern.Find(Path.GetFullPath(input));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = new(FaultKind.InputOutput, input, e.Message, "check the permissions of the folder");
            return null;
        }
    }

    private PictureReading Read(string path, Frame slot, out Fault? fault)
    {
        try
        {
            PictureReading reading = PictureFile.Read(path, _pool, slot);
            fault = Check(path, reading);
            return reading;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = new(e is UnauthorizedAccessException ? FaultKind.NoInput : FaultKind.InputOutput, path, e.Message, "check that it is a file you may read");
            return default;
        }
    }

    private static Fault? Check(string path, PictureReading reading)
    {
        if (reading.IsTooLarge)
            return new(FaultKind.Data, path, $"{reading.FileBytes >> 20} MiB are more than the {PictureFile.LimitBytes >> 20} MiB a picture may have", "scale it down first");
        if (reading.Format != PixelFormat.None) return null;
        return new(FaultKind.Data, path, reading.LengthBytes == 0 ? "the file is empty, or no plain file" : "this is no picture that can be read", "give a JPEG, PNG, BMP, WebP or GIF");
    }
}
