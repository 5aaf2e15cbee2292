using EdgeInfer.Models;

namespace EdgeInfer.Inference;

/// <summary>Opens models on single providers; the order of trying them is others' concern.</summary>
internal interface ISessionSource
{
    /// <summary>Version of the native library in use.</summary>
    string Version { get; }

    /// <summary>Threads of one inference.</summary>
    int Threads { get; }

    /// <summary>Providers in the order of the configuration; at least one.</summary>
    IReadOnlyList<string> Providers { get; }

    /// <summary>Whether nothing but the first of them may serve.</summary>
    bool IsFirstProviderRequired { get; }

    /// <summary>Whether a provider is made ready for a model while another one serves.</summary>
    bool IsSlow(Model model, string provider);

    /// <summary>Loads a model on a provider and runs it once, so that it is ready.</summary>
    /// <param name="model">The model.</param>
    /// <param name="provider">One of <see cref="Providers"/>.</param>
    /// <param name="refused">Those that were tried before.</param>
    /// <param name="isBackground">On a thread of low priority, which threads of the session would inherit.</param>
    /// <param name="why">Why the provider does not take it; null where it does.</param>
    /// <returns>The session; null where the provider does not take it.</returns>
    /// <exception cref="Diagnostics.FaultException">The model cannot be used, whatever the provider.</exception>
    ModelSession? TryOpen(Model model, string provider, IReadOnlyList<ProviderRefusal> refused, bool isBackground, out string? why);
}
