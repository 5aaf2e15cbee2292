namespace EdgeInfer.Inference;

/// <summary>How far a provider is that is made ready in the background.</summary>
internal enum BuildState
{
    /// <summary>Being made ready.</summary>
    Running,

    /// <summary>Ready: it serves.</summary>
    Done,

    /// <summary>It does not take the model, and is not tried again.</summary>
    Failed,
}

/// <summary>A provider that is made ready for a model while another one serves, or was.</summary>
/// <param name="Provider">As the configuration names it.</param>
/// <param name="State">How far it is.</param>
/// <param name="Since">When it began, UTC.</param>
/// <param name="Timestamp">The same on the clock that nobody can set.</param>
/// <param name="Taken">How long it took; null while it goes on.</param>
/// <param name="Why">Why it failed; null where it did not.</param>
internal sealed record ProviderBuild(string Provider, BuildState State, DateTimeOffset Since, long Timestamp, TimeSpan? Taken, string? Why);
