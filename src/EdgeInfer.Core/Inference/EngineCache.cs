using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Inference;

/// <summary>
/// TensorRT's engines, kept for the next start: building one takes minutes. Each lies in a folder of its own that is good only with a list of
/// its files' checksums, written last; whatever is not as listed is built anew. Everything here may be lost or broken at any time.
/// </summary>
/// <param name="folder">Where the folders are; empty where none are kept.</param>
/// <param name="logger">What cannot be kept.</param>
internal sealed partial class EngineCache(string folder, ILogger logger)
{
    private const int MostEngines = 8;
    private const long MostBytes = 4L << 30;
    private const string List = "complete.sha256";
    private const string Builder = "builder.pid";
    private const string TimingPrefix = "timing-";

    /// <summary>Whether anything is kept at all.</summary>
    public bool IsKept => folder.Length > 0;

    /// <summary>Whether a whole engine is there.</summary>
    public bool IsReady(EngineKey key)
    {
        if (!IsKept) return false;
        string path = Path.Combine(folder, key.Folder);
        try
        {
            return Digests(Path.Combine(path, List)) is { Count: > 0 } listed && Listed(path) is { } found && listed.OrderBy(static l => l.Key).SequenceEqual(found.OrderBy(static f => f.Key));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It cannot be read, or another process is just clearing it away: whoever needs it builds it.
            return false;
        }
    }

    /// <summary>Makes room for an engine that is about to be read or built: what is there and is not whole goes.</summary>
    /// <returns>What TensorRT is told; null where it cannot be kept.</returns>
    public Dictionary<string, string>? Prepare(EngineKey key)
    {
        if (!IsKept) return null;
        string path = Path.Combine(folder, key.Folder), timing = Path.Combine(folder, key.TimingFolder);
        try
        {
            bool isReady = IsReady(key);
            if (!isReady && Directory.Exists(path)) Directory.Delete(path, recursive: true);
            Directory.CreateDirectory(path);
            Directory.CreateDirectory(timing);
#pragma warning disable RS0030 // Not state: it says no more than that this process builds.
            if (!isReady) File.WriteAllText(Path.Combine(path, Builder), $"{Environment.ProcessId} {StartOf(Environment.ProcessId)}");
#pragma warning restore RS0030
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, path, e.Message);
            return null;
        }

        return new()
        {
            ["trt_engine_cache_enable"] = "1",
            ["trt_engine_cache_path"] = path,
            ["trt_timing_cache_enable"] = "1",
            ["trt_timing_cache_path"] = timing,
        };
    }

    /// <summary>The engine has been built and has run: it is good from now on, and older ones of the same model go.</summary>
    public void Keep(EngineKey key)
    {
        string path = Path.Combine(folder, key.Folder);
        if (!IsKept || IsReady(key)) return;
        try
        {
            File.Delete(Path.Combine(path, Builder));
            if (Listed(path) is not { Count: > 0 } files) return;
            string list = Path.Combine(path, List);
#pragma warning disable RS0030 // Not state: what a power cut takes is built again, and a list that fits no file is not believed.
            File.WriteAllLines(list + ".tmp", files.Select(static f => $"{f.Value}  {f.Key}"));
            File.Move(list + ".tmp", list, overwrite: true);
#pragma warning restore RS0030
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, path, e.Message);
            return;
        }

        try
        {
            Trim(key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process clears up too. This engine is kept, and what stays of others goes the next time.
        }
    }

    /// <summary>
    /// The engine was not taken though it is whole: the next start builds another. What was measured of kernels goes too: no list says whether it is
    /// whole, and TensorRT builds nothing on what it cannot read.
    /// </summary>
    public void Forget(EngineKey key)
    {
        if (!IsKept) return;
        Delete(Path.Combine(folder, key.Folder));

        // Its files alone: a build that goes on writes into the folder.
        try
        {
            foreach (string file in Directory.GetFiles(Path.Combine(folder, key.TimingFolder))) File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not there, or not ours to take away.
        }
    }

    // Others of the same model, what nobody builds any more, and the oldest where there are too many or they are too large.
    private void Trim(EngineKey kept)
    {
        DirectoryInfo[] others =
        [
            .. new DirectoryInfo(folder).EnumerateDirectories()
                .Where(d => d.Name != kept.Folder && !d.Name.StartsWith(TimingPrefix, StringComparison.Ordinal) && !IsBeingBuilt(d.FullName))
                .OrderByDescending(static d => d.LastWriteTimeUtc),
        ];
        long bytes = Bytes(Path.Combine(folder, kept.Folder));
        int count = 1;
        foreach (DirectoryInfo other in others)
        {
            long size = Bytes(other.FullName);
            bool isOurs = other.Name.StartsWith(kept.ModelPart, StringComparison.Ordinal);
            if (isOurs || !File.Exists(Path.Combine(other.FullName, List)) || count + 1 > MostEngines || bytes + size > MostBytes)
            {
                Delete(other.FullName);
                continue;
            }

            count++;
            bytes += size;
        }
    }

    private static bool IsBeingBuilt(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(path, Builder)).Split(' ') is [var id, var start]
                && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int process) && StartOf(process) == start;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // A number alone soon means another process, in a container always the next one (proc_pid_stat(5): field 22, counted from behind the name).
    private static string StartOf(int process)
    {
        string stat = File.ReadAllText(Path.Combine("/proc", process.ToString(CultureInfo.InvariantCulture), "stat"));
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
    }

    private static long Bytes(string path) => new DirectoryInfo(path).EnumerateFiles().Sum(static f => f.Length);

    private static Dictionary<string, string>? Listed(string path)
    {
        if (!Directory.Exists(path)) return null;
        Dictionary<string, string> files = [];
        foreach (string file in Directory.GetFiles(path))
        {
            string name = Path.GetFileName(file);
            if (name is List or Builder || name == List + ".tmp") continue;
            using FileStream content = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            files.Add(name, Convert.ToHexStringLower(SHA256.HashData(content)));
        }

        return files;
    }

    // As sha256sum writes it: "DIGEST  NAME".
    private static Dictionary<string, string>? Digests(string list)
    {
        if (!File.Exists(list)) return null;
        Dictionary<string, string> digests = [];
        foreach (string line in File.ReadAllLines(list))
        {
            string[] parts = line.Split("  ", 2);
            if (parts.Length != 2) return null;
            digests[parts[1]] = parts[0];
        }

        return digests;
    }

    private static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What stays without its list is not believed, and is tried again the next time.
        }
    }

    [LoggerMessage(EventId = 5011, Level = LogLevel.Warning, Message = "TensorRT's engine cannot be kept in {Path}, the next start builds it again: {Why}")]
    private static partial void LogNotKept(ILogger logger, string path, string why);
}
