namespace EdgeInfer.Libraries;

/// <summary>The loader's own words in what the runtime says of a library that it could not load.</summary>
internal static class LoaderWords
{
    /// <summary>The line behind the runtime's advice about strace; all of it where there is but one.</summary>
    public static string Of(Exception error)
    {
        string[] lines = error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length > 1 ? lines[1] : error.Message;
    }
}
