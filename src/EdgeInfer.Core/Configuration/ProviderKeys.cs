namespace EdgeInfer.Configuration;

/// <summary>
/// The options of execution providers that have a name of EdgeInfer's, and what each provider calls them. Everything else is passed on under
/// the provider's own name.
/// </summary>
internal static class ProviderKeys
{
    /// <summary>Which of several devices.</summary>
    public const string Device = "device";

    /// <summary>The most device memory.</summary>
    public const string Memory = "memory";

    /// <summary>Half precision.</summary>
    public const string Fp16 = "fp16";

    /// <summary>8-bit integers.</summary>
    public const string Int8 = "int8";

    /// <summary>Made ready while the next provider serves; every provider has it.</summary>
    public const string Background = "background";

    // onnxruntime.ai/docs/execution-providers: the pages of CUDA, TensorRT and MIGraphX.
    private static readonly (string Provider, string Key, string Own)[] s_names =
    [
        ("cuda", Device, "device_id"),
        ("cuda", Memory, "gpu_mem_limit"),
        ("tensorrt", Device, "device_id"),
        ("tensorrt", Memory, "trt_max_workspace_size"),
        ("tensorrt", Fp16, "trt_fp16_enable"),
        ("tensorrt", Int8, "trt_int8_enable"),
        ("migraphx", Device, "device_id"),
        ("migraphx", Fp16, "migraphx_fp16_enable"),
        ("migraphx", Int8, "migraphx_int8_enable"),
    ];

    /// <summary>The keys that are EdgeInfer's own, but for <see cref="Background"/>.</summary>
    public static IReadOnlyList<string> Typed { get; } = [Device, Memory, Fp16, Int8];

    /// <summary>What a provider calls an option; null where it has none of the kind.</summary>
    public static string? OwnName(string provider, string key)
    {
        foreach ((string owner, string ours, string own) in s_names)
            if (owner == provider && ours == key) return own;
        return null;
    }

    /// <summary>The providers that have an option, in words.</summary>
    public static string Owners(string key) => string.Join(", ", s_names.Where(n => n.Key == key).Select(static n => n.Provider));
}
