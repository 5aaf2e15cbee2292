using System.Globalization;
using EdgeInfer.Configuration;

namespace EdgeInfer.Inference;

/// <summary>What a provider is given: its own keys and values, from the options of the configuration.</summary>
internal static class ProviderSettings
{
    /// <summary>Keys and values of a built-in provider.</summary>
    /// <param name="provider">As the configuration names it.</param>
    /// <param name="options">What it says of it.</param>
    /// <param name="threads">Threads of one inference, for providers with a pool of their own.</param>
    public static Dictionary<string, string> Of(string provider, ProviderOptions options, int threads)
    {
        Dictionary<string, string> settings = [];
        Set(ProviderKeys.Device, options.Device is { } device ? Text(device) : null);
        Set(ProviderKeys.Memory, options.MemoryBytes is { } bytes ? Text(bytes) : null);
        Set(ProviderKeys.Fp16, Text(options.IsHalf));
        Set(ProviderKeys.Int8, Text(options.IsInt8));
        if (provider == "xnnpack") settings["intra_op_num_threads"] = Text(threads);
        foreach ((string key, string value) in options.Own) settings[key] = value;
        return settings;

        void Set(string key, string? value)
        {
            if (value is not null && ProviderKeys.OwnName(provider, key) is { } own) settings[own] = value;
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Text(bool? isOn) => isOn switch { null => null, true => "1", false => "0" };
}
