using EdgeInfer.Configuration;

namespace EdgeInfer.Commands;

/// <summary>Runtime options of verbs that run a model without a configuration.</summary>
internal static class RuntimeOptionsFor
{
    /// <summary>CPU, automatic threads, and no optimised-graph cache: a one-shot run leaves nothing behind.</summary>
    public static RuntimeOptions OneShot() => new() { CacheFolder = "" };
}
