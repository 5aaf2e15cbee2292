using EdgeInfer.Inference;
using EdgeInfer.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Inference;

/// <summary>
/// Providers whose sessions are the CPU's under other names: a slow one waits until the test lets it go on, an absent one says why. What it
/// opens is counted.
/// </summary>
internal sealed class FakeProviders(TimeProvider time, params string[] providers) : ISessionSource
{
    private readonly Lock _lock = new();
    private readonly List<string> _opened = [];

    /// <summary>What a slow provider does while it is made ready: it may wait, and throw.</summary>
    public Action<string> OnBuild { get; init; } = static _ => { };

    /// <summary>Told of every session that was opened.</summary>
    public Action<ModelSession> OnOpened { get; init; } = static _ => { };

    /// <summary>Providers that are made ready in the background.</summary>
    public string[] Slow { get; set; } = [];

    /// <summary>Providers that refuse, with their words.</summary>
    public Dictionary<string, string> Refusing { get; } = [];

    /// <summary>Told of runs that fail.</summary>
    public DeviceWatch Devices { get; init; } = new(static _ => null);

    public string Version => "1.31.1";

    public int Threads => 1;

    public IReadOnlyList<string> Providers { get; } = providers;

    public bool IsFirstProviderRequired { get; init; }

    /// <summary>Every opening tried, in order.</summary>
    public string[] Opened
    {
        get { lock (_lock) return [.. _opened]; }
    }

    /// <summary>A model around a session that is open already.</summary>
    public static ServedModel Serve(ModelSession session) => ServedModel.Open(session.Model, new Fixed(session), TimeProvider.System, NullLogger.Instance, static () => { });

    public bool IsSlow(Model model, string provider) => Slow.Contains(provider);

    public ModelSession? TryOpen(Model model, string provider, IReadOnlyList<ProviderRefusal> refused, bool isBackground, out string? why)
    {
        lock (_lock) _opened.Add(provider);
        Assert.Equal(Slow.Contains(provider), isBackground);
        if (isBackground) OnBuild(provider);
        if (Refusing.TryGetValue(provider, out why)) return null;
        why = null;
        using Microsoft.ML.OnnxRuntime.SessionOptions options = new();
        TestGraph.Runtime();
        ModelSession session = new(model, new(model.OnnxPath, options), new(Providers, provider, refused, provider == "cpu" ? [new(provider, 3)] : [new(provider, 2), new("cpu", 1)]), new(time, Devices));
        OnOpened(session);
        return session;
    }

    private sealed class Fixed(ModelSession session) : ISessionSource
    {
        public string Version => "1.31.1";

        public int Threads => 1;

        public IReadOnlyList<string> Providers => [session.Report.Used];

        public bool IsFirstProviderRequired => false;

        public bool IsSlow(Model model, string provider) => false;

        public ModelSession? TryOpen(Model model, string provider, IReadOnlyList<ProviderRefusal> refused, bool isBackground, out string? why)
        {
            why = null;
            return session;
        }
    }
}
