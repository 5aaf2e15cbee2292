namespace EdgeInfer.Tests.Architecture;

/// <summary>Finds the repository's root from where the tests run.</summary>
internal static class RepositoryFolder
{
    /// <summary>The folder that holds EdgeInfer.sln.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EdgeInfer.sln"))) return folder.FullName;
        throw new InvalidOperationException("the tests run outside the repository");
    }
}
