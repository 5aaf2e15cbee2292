using System.Collections.Concurrent;
using EdgeInfer.Slots;
using EdgeInfer.Trust;
using EdgeInfer.Updates;

namespace EdgeInfer.Tests.Updates;

/// <summary>A repository that keeps when it was asked for what is new, and gives each file in fifty shares.</summary>
internal sealed class WatchedReleases(IReleaseSource source, TimeProvider time) : IReleaseSource, IRoleSource
{
    private const int Shares = 50;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly BlockingCollection<DateTimeOffset> _looks = [];

    /// <summary>Done before each share of a file.</summary>
    public Action OnShare { get; init; } = static () => { };

    public string Display => source.Display;

    public IRoleSource Roles => this;

    /// <summary>When it was asked next; waits until it is.</summary>
    public DateTimeOffset NextLook() => _looks.TryTake(out DateTimeOffset look, s_patience) ? look : throw new TimeoutException("nobody looks");

    public ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
    {
        if (name.EndsWith("timestamp.json", StringComparison.Ordinal)) _looks.Add(time.GetUtcNow(), stop);
        return source.Roles.Fetch(name, maxBytes, stop);
    }

    public async Task Fetch(StoredFile file, ManagedStore store, Action<long> received, CancellationToken stop)
    {
        for (int share = 1; share <= Shares; share++)
        {
            OnShare();
            received(file.Bytes * share / Shares - file.Bytes * (share - 1) / Shares);
        }

        await source.Fetch(file, store, static _ => { }, stop);
    }
}
