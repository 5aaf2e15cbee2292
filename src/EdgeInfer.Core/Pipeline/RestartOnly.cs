using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Pipeline;

/// <summary>
/// What a running agent cannot change: a loaded runtime library stays in the process, the device's id is in every topic and in the
/// client id, state and sockets are opened once.
/// </summary>
internal static class RestartOnly
{
    /// <summary>A fault for each key that differs and needs a restart.</summary>
    public static IReadOnlyList<Fault> Faults(AgentConfiguration now, AgentConfiguration next)
    {
        List<Fault> faults = [];
        Compare("device.id", now.Device.Id, next.Device.Id);
        Compare("runtime.onnxruntime", now.Runtime.OnnxRuntime, next.Runtime.OnnxRuntime);
        Compare("runtime.plugins", Libraries(now), Libraries(next));
        Compare("runtime.state_folder", now.Runtime.StateFolder, next.Runtime.StateFolder);
        Compare("runtime.run_folder", now.Runtime.RunFolder, next.Runtime.RunFolder);
        Compare("runtime.control", now.Runtime.Control, next.Runtime.Control);
        if (now.Updates != next.Updates) faults.Add(Fault(next, "updates has changed"));
        Compare("the managed models", Managed(now), Managed(next));
        Compare("http.listen", now.Http.Listen?.ToString(), next.Http.Listen?.ToString());
        if (!EmbeddedBroker(now.Mqtt).Equals(EmbeddedBroker(next.Mqtt)))
        {
            faults.Add(Fault(next, now.Mqtt.Url == next.Mqtt.Url
                ? "the user or the password of the embedded broker has changed"
                : $"mqtt.url has changed from {Shown(now.Mqtt.Url)} to {Shown(next.Mqtt.Url)}, where one of them is the embedded broker"));
        }

        return faults;

        void Compare(string key, string? before, string? after)
        {
            if (before != after) faults.Add(Fault(next, $"{key} has changed from {before ?? "none"} to {after ?? "none"}"));
        }
    }

    private static Fault Fault(AgentConfiguration next, string what)
        => new(FaultKind.Configuration, next.File, $"{what}, which needs a restart", "restart the agent, or take the change back");

    private static string? Libraries(AgentConfiguration configuration) => configuration.Runtime.Plugins.Count == 0 ? null
        : string.Join(", ", configuration.Runtime.Plugins.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(static p => $"{p.Key} ({p.Value})"));

    private static string? Managed(AgentConfiguration configuration)
    {
        IReadOnlyList<string> managed = configuration.ManagedModels;
        return managed.Count == 0 ? null : string.Join(", ", managed.Order(StringComparer.Ordinal).Select(name => name + Gate(configuration, name)));
    }

    private static string Gate(AgentConfiguration configuration, string managed)
    {
        GateOptions[] gates = [.. configuration.Models.Values.Where(m => m.Managed == managed && m.Gate != new GateOptions()).Select(static m => m.Gate)];
        return gates.Length == 0 ? "" : $" ({string.Join(", ", gates.Select(Words))})";
    }

    private static string Words(GateOptions gate) => string.Create(
        CultureInfo.InvariantCulture, $"gate {gate.P95?.TotalMilliseconds.ToString("0.##", CultureInfo.InvariantCulture) ?? "-"} ms, {gate.MemoryBytes?.ToString(CultureInfo.InvariantCulture) ?? "-"} bytes, map50 {gate.Map50?.ToString(CultureInfo.InvariantCulture) ?? "-"}");

    // Address and credentials, where the broker is in this process.
    private static (Uri Url, string? User, Secret? Password)? EmbeddedBroker(MqttOptions mqtt)
        => mqtt.Url.Scheme == "embedded" ? (mqtt.Url, mqtt.Username, mqtt.Password) : null;

    private static string Shown(Uri url) => $"{url.Scheme}://{url.Authority}";
}
