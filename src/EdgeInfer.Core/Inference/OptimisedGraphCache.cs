using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Models;
using EdgeInfer.Posix;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>
/// Graphs as ONNX Runtime has optimised them, kept for the next start: they load about twice as fast. One is good for one model, processor and library
/// version, which its name says. Everything here may be lost or broken at any time; the original then serves.
/// </summary>
internal sealed partial class OptimisedGraphCache(string folder, string? processor, string version, ILogger logger)
{
    // Raised when the way graphs are written here changes.
    private const string Format = "1";
    private const int MostGraphs = 16;
    private const int DigestBytes = 32;
    private const string Extension = ".graph.onnx";
    private const string ChecksumExtension = ".sha256";
    private const string TemporaryExtension = ".tmp";

    // TensorProto.external_data's entry key = "location", as protobuf writes it. A label with just these bytes only costs the cache.
    private static ReadOnlySpan<byte> ExternalDataMark => "\n\blocation"u8;

    /// <summary>Opens a model for the CPU, from the cache where it is there, and fills the cache where it is not.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Options to open the original with; its output path is set here.</param>
    /// <param name="fresh">Makes further options alike.</param>
    public InferenceSession Open(Model model, SessionOptions options, Func<SessionOptions> fresh)
    {
        if (processor is null || folder.Length == 0 || HasExternalData(model.OnnxPath)) return new InferenceSession(model.OnnxPath, options);
        string path = Path.Combine(folder, Name(model.Digest));
        return OpenCached(model, path, fresh) ?? OpenAndKeep(model, path, options, fresh);
    }

    /// <summary>The file name of a model's graph for this processor and library.</summary>
    public string Name(string modelDigest)
    {
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes($"{Format}\n{modelDigest}\n{processor}\n{version}\n{ExecutionProviders.Cpu}"));
        return $"{modelDigest[..Math.Min(16, modelDigest.Length)]}-{Convert.ToHexStringLower(key.AsSpan(0, 8))}{Extension}";
    }

    /// <summary>Whether a graph keeps weights in other files, which its digest and a copy elsewhere would not cover.</summary>
    internal static bool HasExternalData(string path)
    {
        const int Overlap = 16;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        byte[] buffer = new byte[1 << 16];
        int kept = 0;
        while (true)
        {
            int read = file.Read(buffer, kept, buffer.Length - kept);
            if (read == 0) return false;
            Span<byte> seen = buffer.AsSpan(0, kept + read);
            if (seen.IndexOf(ExternalDataMark) >= 0) return true;
            kept = Math.Min(Overlap, seen.Length);
            seen[^kept..].CopyTo(buffer);
        }
    }

    private InferenceSession? OpenCached(Model model, string path, Func<SessionOptions> fresh)
    {
        if (FileKind.OtherThanFile(path) is { } kind)
        {
            LogBroken(logger, model.Name, path, $"it is {kind}");
            return null;
        }

        if (!File.Exists(path)) return null;
        try
        {
            if (!IsWhole(path))
            {
                LogBroken(logger, model.Name, path, "its checksum does not fit");
                return null;
            }

            using SessionOptions options = fresh();
            options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
            return new InferenceSession(path, options);
        }
        catch (Exception e) when (e is OnnxRuntimeException or IOException or UnauthorizedAccessException)
        {
            LogBroken(logger, model.Name, path, e is OnnxRuntimeException runtime ? SessionFaults.Words(runtime) : e.Message);
            return null;
        }
    }

    private InferenceSession OpenAndKeep(Model model, string path, SessionOptions options, Func<SessionOptions> fresh)
    {
        string? temporary = Prepare(model, path);
        if (temporary is null) return new InferenceSession(model.OnnxPath, options);
        try
        {
            using SessionOptions saving = fresh();
            saving.OptimizedModelFilePath = temporary;
            InferenceSession session = new(model.OnnxPath, saving);
            Keep(model, temporary, path);
            return session;
        }
        catch (OnnxRuntimeException)
        {
            // A full disk fails the whole load, and so does a bad model: the plain load tells which.
            InferenceSession session = new(model.OnnxPath, options);
            LogNotKept(logger, model.Name, path, "ONNX Runtime could not write the graph");
            return session;
        }
        finally
        {
            TryDelete(temporary);
        }
    }

    private string? Prepare(Model model, string path)
    {
        string temporary = $"{path}.{Environment.ProcessId}{TemporaryExtension}";
        try
        {
            Directory.CreateDirectory(folder);
            DeleteAbandoned();
            File.Create(temporary).Dispose();
            return temporary;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, model.Name, path, e.Message);
            return null;
        }
    }

    // Each start that crashes while it writes leaves one as large as the model, under another process id. One of a process that lives may be being written.
    private void DeleteAbandoned()
    {
        foreach (string file in Directory.GetFiles(folder, "*" + Extension + ".*" + TemporaryExtension))
        {
            string process = Path.GetExtension(file[..^TemporaryExtension.Length]).TrimStart('.');
            if (!Directory.Exists(Path.Combine("/proc", process))) TryDelete(file);
        }
    }

    private void Keep(Model model, string temporary, string path)
    {
        try
        {
            byte[] digest = Digest(temporary);
            File.Delete(path + ChecksumExtension);
#pragma warning disable RS0030 // Not state: what a power cut takes is made again at the next start.
            File.Move(temporary, path, overwrite: true);
            // Written last, so that a graph with a checksum was whole; a power cut in between leaves one without, which is not read.
            File.WriteAllBytes(path + ChecksumExtension, digest);
#pragma warning restore RS0030
            Trim(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, model.Name, path, e.Message);
        }
    }

    // Other versions of the same model's graph, and the oldest when there are too many.
    private void Trim(string kept)
    {
        string sameModel = Path.GetFileName(kept).Split('-')[0] + "-";
        FileInfo[] graphs = [.. new DirectoryInfo(folder).EnumerateFiles("*" + Extension).Where(file => file.FullName != kept).OrderByDescending(static file => file.LastWriteTimeUtc)];
        for (int i = 0; i < graphs.Length; i++)
        {
            if (i < MostGraphs - 1 && !graphs[i].Name.StartsWith(sameModel, StringComparison.Ordinal)) continue;
            TryDelete(graphs[i].FullName);
            TryDelete(graphs[i].FullName + ChecksumExtension);
        }
    }

    private static bool IsWhole(string path)
    {
        string checksum = path + ChecksumExtension;
        return File.Exists(checksum) && new FileInfo(checksum).Length == DigestBytes && File.ReadAllBytes(checksum).AsSpan().SequenceEqual(Digest(path));
    }

    private static byte[] Digest(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        return SHA256.HashData(file);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What stays is overwritten or trimmed the next time.
        }
    }

    [LoggerMessage(EventId = 5003, Level = LogLevel.Warning, Message = "model {Model}: the optimised graph {Path} is not used, the original is: {Why}")]
    private static partial void LogBroken(ILogger logger, string model, string path, string why);

    [LoggerMessage(EventId = 5004, Level = LogLevel.Warning, Message = "model {Model}: the optimised graph cannot be kept as {Path}, the next start takes a little longer: {Why}")]
    private static partial void LogNotKept(ILogger logger, string model, string path, string why);
}
