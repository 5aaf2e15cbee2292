namespace EdgeInfer.Libraries;

/// <summary>Where an ONNX Runtime lies, and beside it the parts of its execution providers.</summary>
internal static class RuntimeFolder
{
    /// <summary>What the file name of each part begins with.</summary>
    public const string PartPrefix = "libonnxruntime_providers_";

    /// <summary>The folder of a library; the program's own for null.</summary>
    /// <param name="library">The user's own library, an absolute path.</param>
    public static string Of(string? library) => library is null ? AppContext.BaseDirectory : Path.GetDirectoryName(library)!;

    /// <summary>The part of a provider.</summary>
    /// <param name="folder">Of ONNX Runtime's library.</param>
    /// <param name="provider">Such as <c>cuda</c>.</param>
    public static string Part(string folder, string provider) => Path.Combine(folder, $"{PartPrefix}{provider}.so");
}
