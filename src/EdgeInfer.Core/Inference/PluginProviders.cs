using EdgeInfer.Configuration;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>A plug-in provider as ONNX Runtime knows it.</summary>
/// <param name="Devices">What it can run on, in its own order; empty where it is not there.</param>
/// <param name="Why">Why it is not there; null where it is.</param>
internal sealed record PluginProvider(IReadOnlyList<OrtEpDevice> Devices, string? Why)
{
    /// <summary>ONNX Runtime's name of it; empty where it is not there.</summary>
    public string RuntimeName { get; } = Devices.Count > 0 ? Devices[0].EpName : "";
}

/// <summary>
/// Providers in libraries of their own, registered with ONNX Runtime's environment. That is one for the whole process and forgets none of
/// them while sessions may live, which the static state here mirrors.
/// </summary>
internal static class PluginProviders
{
    private static readonly Lock s_lock = new();
    private static readonly Dictionary<string, PluginProvider> s_registered = new(StringComparer.Ordinal);

    /// <summary>Registers a library once; asking again gives what came of it.</summary>
    /// <param name="name">As the configuration names the provider.</param>
    /// <param name="path">Its library.</param>
    public static PluginProvider Register(string name, string path)
    {
        lock (s_lock)
        {
            if (s_registered.TryGetValue(name, out PluginProvider? known)) return known;
            PluginProvider provider = Load(name, path);
            s_registered.Add(name, provider);
            return provider;
        }
    }

    private static PluginProvider Load(string name, string path)
    {
        if (!File.Exists(path)) return new([], $"there is no file {path}");
        if (SharedLibraryContent.WhyNotLoadable(path) is { } wrong) return new([], $"{path} {wrong.What}; {wrong.Cure}");
        OrtEnv environment = OrtEnv.Instance();
        try
        {
            int before = environment.GetEpDevices().Count;
            environment.RegisterExecutionProviderLibrary(name, path);

            // Those of a library are added behind the others.
            OrtEpDevice[] devices = [.. environment.GetEpDevices().Skip(before)];
            return new(devices, devices.Length == 0 ? $"{path} finds no device of its kind on this machine" : null);
        }
        catch (OnnxRuntimeException e)
        {
            return new([], $"{path} cannot be used: {SessionFaults.Words(e)}");
        }
    }
}
