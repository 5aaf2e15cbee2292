using System.CommandLine;
using EdgeInfer.Configuration;

namespace EdgeInfer.Commands;

/// <summary>Runtime options of verbs that run a model without a configuration.</summary>
internal static class RuntimeOptionsFor
{
    /// <summary>CPU, automatic threads, and no optimised-graph cache: a one-shot run leaves nothing behind.</summary>
    /// <param name="library">What <see cref="Library"/> names.</param>
    public static RuntimeOptions OneShot(string? library = null) => new() { CacheFolder = "", OnnxRuntime = library is null ? null : Path.GetFullPath(library) };

    /// <summary><c>runtime.onnxruntime</c> of a configuration, on the command line.</summary>
    public static Option<string?> Library() => new("--onnxruntime") { Description = "Another libonnxruntime.so than the one that comes with EdgeInfer", HelpName = "FILE" };
}
