using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Admission;

/// <summary>What a release may demand of this device.</summary>
/// <param name="Architecture"><c>x64</c> or <c>arm64</c>.</param>
/// <param name="Providers">Execution providers that can serve here, by the configuration's names.</param>
/// <param name="MemoryBytes">Memory of the device, or of the limit that the agent runs under.</param>
/// <param name="Agent">This program's version.</param>
internal sealed record DeviceFacts(string Architecture, IReadOnlyCollection<string> Providers, long MemoryBytes, SemanticVersion Agent);

/// <summary>Whether a release is for this device; asked before anything of it is fetched.</summary>
internal static class Suitability
{
    /// <summary>Compares what is demanded with what is there.</summary>
    /// <returns>Null where the device is suited; otherwise why not (<see cref="UpdateCode.AgentTooOld"/> or <see cref="UpdateCode.Unsuited"/>).</returns>
    public static UpdateException? Check(ReleaseCustom custom, DeviceFacts device, ReleasePath path)
    {
        string where = path.ToString();
        ReleaseRequirements requires = custom.Requires;
        if (requires.Agent is { } agent && device.Agent.CompareTo(agent) < 0)
            return UpdateException.Of(UpdateCode.AgentTooOld, where, $"it needs EdgeInfer {agent}, here is {device.Agent}", "update EdgeInfer on this device");
        if (requires.Architectures is { } architectures && !architectures.Contains(device.Architecture))
            return Unsuited($"it is for {string.Join(", ", architectures.Select(OneLine.Of))}, this device is {device.Architecture}", "release a variant for this device");
        if (requires.Provider is { } provider && !device.Providers.Contains(provider))
        {
            return Unsuited(
                $"it needs the execution provider {StrictMembers.Quoted(provider)}, here are {string.Join(", ", device.Providers)}", "set that provider up on this device");
        }

        if (requires.MemoryBytes is { } memory && device.MemoryBytes < memory)
            return Unsuited($"it needs {Mebibytes(memory)} MiB of memory, here are {Mebibytes(device.MemoryBytes)}", "release a smaller model for this device");
        return null;

        UpdateException Unsuited(string what, string cure)
            => UpdateException.Of(UpdateCode.Unsuited, where, what, $"{cure}, or leave it out of the rollout");
    }

    private static string Mebibytes(long bytes) => (bytes / (double)(1 << 20)).ToString("0.#", CultureInfo.InvariantCulture);
}
