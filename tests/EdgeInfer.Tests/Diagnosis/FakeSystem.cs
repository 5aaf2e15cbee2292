using System.Text;
using EdgeInfer.Diagnosis;
using EdgeInfer.Posix;
using EdgeInfer.Tests.Sources;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>A machine of a test's own: the files by which a system describes itself, under a temporary folder.</summary>
internal sealed class FakeSystem : IDisposable
{
    private readonly TemporaryFolder _root = new();

    /// <summary>Where tests ask.</summary>
    public SystemFiles Files => new(_root.Path);

    /// <summary>Puts a file there.</summary>
    public FakeSystem With(string path, string text)
    {
        _root.Write(path.TrimStart('/'), Encoding.UTF8.GetBytes(text));
        return this;
    }

    /// <summary>Puts bytes there.</summary>
    public FakeSystem With(string path, byte[] bytes)
    {
        _root.Write(path.TrimStart('/'), bytes);
        return this;
    }

    /// <summary>Puts a link there.</summary>
    public FakeSystem WithLink(string path, string target)
    {
        string at = Files.At(path);
        Directory.CreateDirectory(Path.GetDirectoryName(at)!);
        File.CreateSymbolicLink(at, target);
        return this;
    }

    /// <summary>A thermal zone, with its trip points as <c>passive 99000</c>.</summary>
    public FakeSystem WithZone(int number, string type, string thousandths, params string[] tripPoints)
    {
        string folder = $"/sys/class/thermal/thermal_zone{number}";
        With(folder + "/type", type + "\n").With(folder + "/temp", thousandths + "\n");
        for (int i = 0; i < tripPoints.Length; i++)
            With($"{folder}/trip_point_{i}_type", tripPoints[i].Split(' ')[0] + "\n").With($"{folder}/trip_point_{i}_temp", tripPoints[i].Split(' ')[1] + "\n");
        return this;
    }

    /// <summary>A cluster of cores, in kHz.</summary>
    public FakeSystem WithPolicy(int number, int now, int allowed, int highest)
    {
        string folder = $"/sys/devices/system/cpu/cpufreq/policy{number}";
        return With(folder + "/scaling_cur_freq", $"{now}\n").With(folder + "/scaling_max_freq", $"{allowed}\n").With(folder + "/cpuinfo_max_freq", $"{highest}\n");
    }

    /// <summary>Takes a file or folder away.</summary>
    public FakeSystem Without(string path)
    {
        string at = Files.At(path);
        if (Directory.Exists(at)) Directory.Delete(at, true);
        else File.Delete(at);
        return this;
    }

    /// <summary>This process's user and groups.</summary>
    public FakeSystem As(uint user, params uint[] groups)
        => With("/proc/self/status", $"Name:\tedgeinfer\nUid:\t{user}\t{user}\t{user}\t{user}\nGid:\t{user}\t{user}\t{user}\t{user}\nGroups:\t{string.Join(' ', groups)} \n");

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();
}

/// <summary>What tests read of a section.</summary>
internal static class SectionReading
{
    /// <summary>A fact; null where it was left out.</summary>
    public static object? FactOf(this Section section, string name) => section.Facts.Where(f => f.Name == name).Select(f => f.Value).FirstOrDefault();

    /// <summary>The findings of a level, each as <c>where: what -> cure</c>.</summary>
    public static string[] Said(this Section section, FindingLevel level)
        => [.. section.Findings.Where(f => f.Level == level).Select(f => $"{(f.Where.Length > 0 ? f.Where + ": " : "")}{f.What}{(f.Cure.Length > 0 ? " -> " + f.Cure : "")}")];
}
