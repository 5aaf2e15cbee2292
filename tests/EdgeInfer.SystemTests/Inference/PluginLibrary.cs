using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Inference;

/// <summary>The plug-in provider of tests/pluginprovider, compiled against the headers of the package that the agent is built with.</summary>
internal static partial class PluginLibrary
{
    /// <summary>Compiles it into a folder; skips the test where there is no compiler or no package.</summary>
    /// <returns>Its path.</returns>
    public static async Task<string> Build(TestFolder folder)
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string version = Version().Match(await File.ReadAllTextAsync(Path.Combine(PublishedBinary.Root, "Directory.Packages.props"))).Groups["version"].Value;
        string headers = PublishedBinary.Require(Path.Combine(packages, "microsoft.ml.onnxruntime", version, "build", "native", "include"), "build the solution first");
        string library = folder["libpluginprovider.so"];
        (int failed, string said) = await ChildProcess.Run(
            Peer.Program("cc"), "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-I", headers, "-o", library, Path.Combine(PublishedBinary.Root, "tests", "pluginprovider", "provider.c"), "-lm");
        Assert.True(failed == 0, said);
        return library;
    }

    [GeneratedRegex("Include=\"Microsoft\\.ML\\.OnnxRuntime\" Version=\"(?<version>[^\"]+)\"")]
    private static partial Regex Version();
}
