using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>
/// A TUF client (specification 1.0): what a repository says is true of a target if the roles that this device trusts have signed it, newly enough.
/// One caller at a time.
/// </summary>
internal sealed class TrustClient
{
    // A poll that finds the same rollout and manifest costs no request.
    private const int MaxKeptTargets = 16;
    private const int MaxKeptBytes = 64 * 1024;

    private readonly TrustStore _store;
    private readonly RootPin _pin;
    private readonly UpdateClock _clock;
    private readonly Dictionary<string, byte[]> _targets = new(StringComparer.Ordinal);
    private TrustedSet? _set;
    private RefreshCycle? _complete;

    private TrustClient(TrustStore store, RootPin pin, UpdateClock clock) => (_store, _pin, _clock) = (store, pin, clock);

    /// <summary>Loads what is trusted already. The pin counts only where nothing is: afterwards it is the chain of roots that does.</summary>
    /// <param name="store">What this device has accepted.</param>
    /// <param name="pin">The root to begin with.</param>
    /// <param name="clock">The update time.</param>
    /// <param name="isDamageLater">Whether a damaged root is an error of each refresh and not of this call: models serve without trust.</param>
    /// <exception cref="UpdateException">The trusted root is damaged, or the pinned one is no root metadata or not signed by its own keys.</exception>
    public static TrustClient Open(TrustStore store, RootPin pin, UpdateClock clock, bool isDamageLater = false)
    {
        TrustClient client = new(store, pin, clock);
        TrustedSet? kept;
        try
        {
            kept = client.StartFromStore();
        }
        catch (UpdateException) when (isDamageLater)
        {
            return client;
        }

        client._set = kept ?? (pin != RootPin.Nobody && pin.Content is byte[] content ? TrustedSet.Start(content, clock.Now, "the pinned root") : null);
        if (store.Read(RoleName.Timestamp) is byte[] timestamp) client._set?.HoldTimestamp(timestamp);
        if (store.Read(RoleName.Snapshot) is byte[] snapshot) client._set?.HoldSnapshot(snapshot);
        return client;
    }

    /// <summary>When the metadata that are held expire: the top-level roles', and those of delegated roles that were searched since the last refresh.</summary>
    public IReadOnlyList<RoleExpiry> Expiries => [.. (_set?.Documents ?? []).Select(d => RoleExpiry.Of(d.Role, d.Document, _clock.Now))];

    /// <summary>Updates the top-level roles.</summary>
    /// <param name="source">The repository; targets are read from it until the next refresh.</param>
    /// <param name="stop">Ends it between two files, or as the source does.</param>
    /// <exception cref="UpdateException">Something was refused or cannot be had. What was accepted before it is kept, and nothing is found until a refresh ends well.</exception>
    public async ValueTask Refresh(IRoleSource source, CancellationToken stop)
    {
        _complete = null;
        RefreshCycle cycle = new(source, _store, _clock);
        TrustedSet? set = StartFromStore();
        if (set is null)
        {
            if (_pin == RootPin.Nobody) throw new UpdateException(UpdateCode.Signature, TrustStore.TrustsNobody);
            byte[] root = _pin.Content ?? await cycle.FindRoot(_pin.Sha256, stop);
            set = TrustedSet.Start(root, _clock.Now, "the pinned root");
            _store.Write(RoleName.Root, root);
        }

        _set = set;
        await cycle.Run(set, stop);
        _complete = cycle;
    }

    /// <summary>Looks for a target through the delegations.</summary>
    /// <returns>Null where no role that is trusted for the path has it.</returns>
    /// <exception cref="UpdateException">A role that had to be searched is refused or cannot be had; or the path could lead out of its folder.</exception>
    /// <exception cref="InvalidOperationException">No refresh has ended well.</exception>
    public async ValueTask<SignedTarget?> Find(string path, CancellationToken stop)
    {
        RefreshCycle cycle = Complete();
        _ = RoleName.TargetsFile(path, null);
        TargetWalk walk = new(path);
        TargetFile? target = walk.Visit(_set!.Targets!);
        string role = RoleName.Targets;
        while (target is null)
        {
            if (walk.Next() is not (DelegatedRole next, Delegations of)) return null;
            role = next.Name;
            target = walk.Visit(await cycle.Delegated(_set, next, of, stop));
        }

        return new(path, target.Length, target.Hashes, target.Custom, role);
    }

    /// <summary>Reads a target's bytes: as many as were signed, with the digests that were.</summary>
    /// <param name="target">From <see cref="Find"/>.</param>
    /// <param name="maxBytes">A larger one is not asked for.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="UpdateException">Size, digest or network.</exception>
    /// <exception cref="InvalidOperationException">No refresh has ended well.</exception>
    public async ValueTask<byte[]> ReadTarget(SignedTarget target, int maxBytes, CancellationToken stop)
    {
        RefreshCycle cycle = Complete();
        string hash = ContentHash.Preferred(target.Hashes, target.Path);
        if (target.Length > maxBytes) throw UpdateException.Of(UpdateCode.Size, target.Path, $"signed with {target.Length} bytes, where {maxBytes} are taken");
        if (_targets.TryGetValue(hash, out byte[]? kept) && kept.Length == target.Length)
        {
            ContentHash.Require(target.Hashes, kept, target.Path);
            return kept;
        }

        string file = RoleName.TargetsFile(target.Path, _set!.Root.IsConsistent ? hash : null);
        byte[] content = await cycle.Fetch(file, (int)target.Length, stop) ?? throw RefreshCycle.Missing(file);
        if (content.Length != target.Length) throw UpdateException.Of(UpdateCode.Size, file, $"the file has {content.Length} bytes, where {target.Length} were signed for");
        ContentHash.Require(target.Hashes, content, file);
        Keep(hash, content);
        return content;
    }

    private RefreshCycle Complete() => _complete ?? throw new InvalidOperationException("nothing is looked for before a refresh has ended well");

    private void Keep(string hash, byte[] content)
    {
        if (content.Length > MaxKeptBytes) return;
        if (_targets.Count >= MaxKeptTargets) _targets.Clear();
        _targets[hash] = content;
    }

    private TrustedSet? StartFromStore()
    {
        if (_store.ReadRoot() is not byte[] root) return null;
        try
        {
            return TrustedSet.Start(root, _clock.Now, "the trusted root");
        }
        catch (UpdateException e)
        {
            throw _store.RootDamaged(e.Fault.What, e);
        }
    }
}
