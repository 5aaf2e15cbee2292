using System.Text.RegularExpressions;
using System.Xml.Linq;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>What <c>./publish.sh --packages</c> made: artifacts/packages.</summary>
internal static partial class PackageFolder
{
    // xz takes 15 s alone, and several times that on a loaded machine.
    private static readonly TimeSpan s_packing = TimeSpan.FromMinutes(5);

    /// <summary>The version that the build files say.</summary>
    public static string Version { get; } = XDocument.Load(System.IO.Path.Combine(PublishedBinary.Root, "Directory.Build.props")).Descendants("Version").First().Value;

    /// <summary>The folder; skips the test where it is not made, fails it in CI.</summary>
    public static string Path => PublishedBinary.Require(System.IO.Path.Combine(PublishedBinary.Root, "artifacts", "packages"), "run ./publish.sh --packages first");

    /// <summary>The Debian architecture of this machine.</summary>
    public static string Architecture => PublishedBinary.Rid == "linux-arm64" ? "arm64" : "amd64";

    /// <summary>A file in it.</summary>
    public static string File(string name) => PublishedBinary.Require(System.IO.Path.Combine(Path, name), "run ./publish.sh --packages again");

    /// <summary>The Debian package of an architecture.</summary>
    public static string Deb(string architecture) => File($"edgeinfer_{Version}_{architecture}.deb");

    /// <summary>Names and versions in the lock files of the shipped projects, read without the program under test.</summary>
    public static IEnumerable<(string Name, string Version)> Locked()
    {
        foreach (string project in Directory.GetDirectories(System.IO.Path.Combine(PublishedBinary.Root, "src")))
        {
            string file = System.IO.Path.Combine(project, "packages.lock.json");
            if (!System.IO.File.Exists(file)) continue;
            foreach (Match match in LockedPackage().Matches(System.IO.File.ReadAllText(file))) yield return (match.Groups[1].Value, match.Groups[2].Value);
        }
    }

    /// <summary>Makes packages of the one under test that have another version, or know another version of the state; not compressed.</summary>
    /// <param name="folder">Takes them.</param>
    /// <param name="packages">File, version, and the version of the state that its preinst knows.</param>
    public static async Task Repack(TestFolder folder, params (string Name, string Version, int? State)[] packages)
    {
        string tree = folder["tree"], control = System.IO.Path.Combine(tree, "DEBIAN", "control"), preinst = System.IO.Path.Combine(tree, "DEBIAN", "preinst");
        await Run("dpkg-deb", "--raw-extract", Deb(Architecture), tree);
        string ownControl = await System.IO.File.ReadAllTextAsync(control), ownPreinst = await System.IO.File.ReadAllTextAsync(preinst);
        foreach ((string name, string version, int? state) in packages)
        {
            await System.IO.File.WriteAllTextAsync(control, Replaced(ownControl, $"Version: {Version}", $"Version: {version}"));
            await System.IO.File.WriteAllTextAsync(preinst, state is { } number ? Replaced(ownPreinst, $"knows={EdgeInfer.Durability.StateVersion.Current}", $"knows={number}") : ownPreinst);
            await Run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, folder[name]);
        }

        Directory.Delete(tree, true);
    }

    /// <summary>Links of a folder's Markdown pages that lead to no file.</summary>
    /// <param name="pages">The folder.</param>
    /// <param name="root">What a link that begins with / is below.</param>
    public static string[] DeadLinks(string pages, string root)
    {
        List<string> dead = [];
        foreach (string page in Directory.GetFiles(pages, "*.md"))
        {
            foreach (Match match in Link().Matches(System.IO.File.ReadAllText(page)))
            {
                string target = match.Groups[1].Value;
                if (target.StartsWith("https://", StringComparison.Ordinal)) continue;
                string file = target[0] == '/' ? root + target : System.IO.Path.Combine(pages, target);
                if (!System.IO.Path.Exists(file)) dead.Add($"{System.IO.Path.GetFileName(page)}: {target}");
            }
        }

        return [.. dead];
    }

    /// <summary>Runs a program to its end, and fails the test with what it printed where it fails.</summary>
    public static async Task<string> Run(string program, params string[] arguments)
    {
        await using ChildProcess child = ChildProcess.Start(Peer.Program(program), arguments);
        int code = await child.Exit(s_packing);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}:\n{child.Output}");
        return child.Output;
    }

    private static string Replaced(string text, string from, string to)
    {
        Assert.Contains(from, text, StringComparison.Ordinal);
        return text.Replace(from, to, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\]\(([^)\s#]+)[^)\s]*\)")]
    private static partial Regex Link();

    [GeneratedRegex("\"([A-Za-z0-9_.-]+)\": \\{\\s*\"type\": \"[A-Za-z]+\",(?:\\s*\"requested\": \"[^\"]*\",)?\\s*\"resolved\": \"([^\"]+)\"")]
    private static partial Regex LockedPackage();
}
