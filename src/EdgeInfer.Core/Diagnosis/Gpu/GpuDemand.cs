using EdgeInfer.Diagnostics;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>What the configuration wants of accelerators: how much a missing one matters.</summary>
/// <param name="Providers">Execution providers in the order asked for.</param>
/// <param name="IsFirstRequired">Whether nothing may run on any after the first.</param>
internal sealed record GpuDemand(IReadOnlyList<string> Providers, bool IsFirstRequired)
{
    /// <summary>Whether NVIDIA's GPU is wanted.</summary>
    public bool WantsNvidia => Wants("cuda") || Wants("tensorrt");

    /// <summary>Whether a provider is wanted.</summary>
    public bool Wants(string provider) => Providers.Contains(provider);

    /// <summary>A finding that keeps these providers from running: a problem where one of them is required, a warning where it is wanted, else good to know.</summary>
    public Finding Weigh(FindingId id, string what, string where, string cure, params ReadOnlySpan<string> providers)
    {
        bool isWanted = false;
        foreach (string provider in providers)
        {
            if (IsFirstRequired && Providers.Count > 0 && Providers[0] == provider) return Finding.Problem(id, FaultKind.Unavailable, $"{what} (and runtime.required is set)", where, cure);
            isWanted |= Wants(provider);
        }

        return isWanted ? Finding.Warning(id, what, where, cure) : Finding.Info(id, what, where, cure);
    }

    /// <summary>As <see cref="Weigh"/>, of what NVIDIA's providers need.</summary>
    public Finding Nvidia(FindingId id, string what, string where, string cure) => Weigh(id, what, where, cure, "cuda", "tensorrt");
}
