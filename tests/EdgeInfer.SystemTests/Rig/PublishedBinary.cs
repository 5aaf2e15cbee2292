using System.Runtime.InteropServices;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>The executable that publish.sh built: artifacts/{rid}/edgeinfer.</summary>
internal static class PublishedBinary
{
    /// <summary>The folder that holds EdgeInfer.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The runtime identifier of this machine.</summary>
    public static string Rid { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";

    /// <summary>Path of the executable; skips the test where it is not built, fails it in CI.</summary>
    public static string Path => Require(System.IO.Path.Combine(Root, "artifacts", Rid, "edgeinfer"), "run ./publish.sh first");

    /// <summary>A file the test cannot do without: skips where it is missing, fails in CI.</summary>
    public static string Require(string path, string cure)
    {
        if (File.Exists(path) || Directory.Exists(path)) return path;
        Peer.Missing($"{path} is missing; {cure}");
        return path;
    }

    /// <summary>A file of the cases folder beside the repository; skips the test where there is none.</summary>
    public static string Case(string relative)
    {
        string path = System.IO.Path.Combine(Root, "..", "shared", "cases", relative);
        if (!File.Exists(path) && !Directory.Exists(path)) Assert.Skip($"no reference case {relative} beside the repository");
        return System.IO.Path.GetFullPath(path);
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "EdgeInfer.sln"))) return folder.FullName;
        throw new InvalidOperationException("the tests run outside the repository");
    }
}

/// <summary>Programs that tests need beside the agent.</summary>
internal static class Peer
{
    /// <summary>Whether a missing peer is a failure.</summary>
    public static bool IsCi => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>Ends the test: skipped with the reason, failed in CI.</summary>
    public static void Missing(string reason)
    {
        if (IsCi) Assert.Fail(reason);
        Assert.Skip(reason);
    }

    /// <summary>The path of a program; skips where there is none, fails in CI.</summary>
    public static string Program(string name)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"]))
        {
            string path = Path.Combine(folder, name);
            if (File.Exists(path)) return path;
        }

        Missing($"the program {name} is not installed");
        return name;
    }
}
