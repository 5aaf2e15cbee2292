using System.Text;
using EdgeInfer.Diagnosis;
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
