using System.Runtime.CompilerServices;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Real pictures that are not in the repository; tests that use them are skipped where they are absent.</summary>
internal static class SharedCases
{
    /// <summary>Files of a folder of <c>../shared/cases</c>, sorted.</summary>
    public static string[] Files(string folder, string pattern = "*", [CallerFilePath] string here = "")
    {
        string path = Path.Combine(Path.GetDirectoryName(here)!, "../../../../shared/cases", folder);
        if (!Directory.Exists(path)) Assert.Skip($"../shared/cases/{folder} is not there");
        string[] files = Directory.GetFiles(path, pattern);
        Array.Sort(files, StringComparer.Ordinal);
        Assert.NotEmpty(files);
        return files;
    }
}
