using System.Text.RegularExpressions;

namespace EdgeInfer.Tests.Architecture;

/// <summary>The levels of src/ARCHITECTURE.md, held against the code as text.</summary>
public sealed partial class LevelTests
{
    private static readonly string s_core = Path.Combine(RepositoryFolder.Root, "src", "EdgeInfer.Core");

    private static readonly Dictionary<string, string> s_homes = new()
    {
        ["Microsoft.ML.OnnxRuntime"] = "Inference",
        ["MQTTnet"] = "Messaging",
        ["YamlDotNet"] = "Configuration",
        ["SixLabors.ImageSharp"] = "Preprocessing",
        ["SQLitePCL"] = "Delivery/Store",
        ["Microsoft.AspNetCore"] = "Serving",
        ["Org.BouncyCastle"] = "Trust",
    };

    [Fact]
    public void The_map_in_ARCHITECTURE_names_every_folder_and_no_other()
    {
        string[] onDisk = [.. Directory.GetDirectories(s_core).Select(f => Path.GetFileName(f)).Where(f => f is not ("bin" or "obj"))
            .Where(f => Directory.EnumerateFiles(Path.Combine(s_core, f), "*.cs", SearchOption.AllDirectories).Any()).Order(StringComparer.Ordinal)];
        string[] onMap = [.. Levels().Keys.Order(StringComparer.Ordinal)];
        Assert.Equal(onMap, onDisk);
    }

    [Fact]
    public void A_folder_uses_only_folders_of_lower_levels()
    {
        Dictionary<string, int> levels = Levels();
        List<string> wrong = [];
        foreach ((string folder, string file, string text) in Sources())
        {
            foreach (Match use in NamespaceUse().Matches(text))
            {
                string used = use.Groups[1].Value;
                if (used == folder || !levels.TryGetValue(used, out int level)) continue;
                if (level >= levels[folder]) wrong.Add($"{file}: {folder} (level {levels[folder]}) uses {used} (level {level})");
            }
        }

        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void A_third_party_is_used_in_its_home_alone()
    {
        List<string> wrong = [];
        foreach ((_, string file, string text) in Sources())
        {
            foreach ((string party, string home) in s_homes)
                if (!file.StartsWith(home + "/", StringComparison.Ordinal) && text.Contains("using " + party, StringComparison.Ordinal)) wrong.Add($"{file} uses {party}, whose home is {home}");
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Native_functions_are_declared_in_Interop_folders_alone()
    {
        IEnumerable<string> wrong = Sources().Where(s => s.Text.Contains("[LibraryImport", StringComparison.Ordinal) || s.Text.Contains("[DllImport", StringComparison.Ordinal))
            .Select(s => s.File).Where(f => !f.Contains("/Interop/", StringComparison.Ordinal));
        Assert.Empty(wrong);
    }

    private static Dictionary<string, int> Levels()
    {
        Dictionary<string, int> levels = [];
        foreach (string line in File.ReadLines(Path.Combine(RepositoryFolder.Root, "src", "ARCHITECTURE.md")))
        {
            Match row = LevelRow().Match(line);
            if (!row.Success) continue;
            foreach (Match folder in Backticked().Matches(row.Groups[2].Value)) levels.TryAdd(folder.Groups[1].Value, int.Parse(row.Groups[1].Value));
        }

        return levels;
    }

    private static IEnumerable<(string Folder, string File, string Text)> Sources()
    {
        foreach (string file in Directory.EnumerateFiles(s_core, "*.cs", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(s_core, file);
            string folder = relative.Split(Path.DirectorySeparatorChar)[0];
            if (folder is "bin" or "obj" || folder == relative) continue;
            yield return (folder, relative, File.ReadAllText(file));
        }
    }

    [GeneratedRegex(@"^\| (\d+) \| (.*) \|$")]
    private static partial Regex LevelRow();

    [GeneratedRegex(@"`([A-Z]\w+)`")]
    private static partial Regex Backticked();

    [GeneratedRegex(@"\bEdgeInfer\.([A-Z]\w+)")]
    private static partial Regex NamespaceUse();
}
