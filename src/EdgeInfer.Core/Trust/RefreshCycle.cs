using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>One run of the client workflow over a source and a store: what is accepted is kept before the next file is asked for.</summary>
/// <remarks>
/// Each file is written when it is verified, in the workflow's order, so that a power cut at any point leaves a state that the next refresh goes on from.
/// Where a root took keys away from timestamp or snapshot, what those had signed is deleted before that root is written: the other way round, a power
/// cut between the two would leave versions that a thief has run up and that nothing ever forgets.
/// </remarks>
internal sealed class RefreshCycle(IRoleSource source, TrustStore store, UpdateClock clock)
{
    /// <summary>Finds the first root by its digest among those of the repository.</summary>
    /// <exception cref="UpdateException">None has it (<see cref="UpdateCode.Digest"/>).</exception>
    public async ValueTask<byte[]> FindRoot(string sha256, CancellationToken stop)
    {
        for (int version = 1; version <= RoleLimits.Rotations; version++)
        {
            byte[]? content = await Fetch(RoleName.MetadataFile(RoleName.Root, version), RoleLimits.RootBytes, stop);
            if (content is null) break;
            if (Convert.ToHexStringLower(SHA256.HashData(content)) == sha256) return content;
        }

        throw UpdateException.Of(
            UpdateCode.Digest, RoleName.MetadataFile(RoleName.Root, 1), $"no root of the repository has the digest {sha256}",
            "compare the digest with the publisher's, and the repository's address");
    }

    /// <summary>Updates all four top-level roles of the set, which has its root and nothing else.</summary>
    /// <exception cref="UpdateException">Something was refused or cannot be had; what was accepted before it is kept.</exception>
    public async ValueTask Run(TrustedSet set, CancellationToken stop)
    {
        await UpdateRoot(set, stop);
        await UpdateTimestamp(set, stop);
        await UpdateSnapshot(set, stop);
        await UpdateTargets(set, stop);
        store.KeepDelegated(set.Snapshot!.Meta.Keys.Where(n => n.EndsWith(".json", StringComparison.Ordinal)).Select(n => n[..^".json".Length]).Where(RoleName.IsDelegable));
    }

    /// <summary>A delegated role's targets: taken before, kept, or fetched; in each case by the keys of this delegation.</summary>
    /// <exception cref="UpdateException">They are refused or cannot be had.</exception>
    public async ValueTask<TargetsDocument> Delegated(TrustedSet set, DelegatedRole role, Delegations of, CancellationToken stop)
    {
        if (set.Delegated(role, of) is TargetsDocument known) return known;
        MetaFile meta = set.MetaOf(role.Name);
        string file = set.FileOf(role.Name, meta.Version);
        if (store.Read(role.Name) is byte[] kept)
        {
            try
            {
                return set.AcceptDelegated(role, of, kept, file);
            }
            catch (UpdateException)
            {
                // Older, damaged, or of another delegation: what the repository has is judged by itself.
            }
        }

        byte[] content = await FetchListed(role.Name, file, meta, stop);
        TargetsDocument document = set.AcceptDelegated(role, of, content, file);
        store.Write(role.Name, content);
        return document;
    }

    /// <summary>Fetches a file, and does not take the source's word for its size.</summary>
    public async ValueTask<byte[]?> Fetch(string file, int maxBytes, CancellationToken stop)
    {
        byte[]? content = await source.Fetch(file, maxBytes, stop);
        return content is null || content.Length <= maxBytes ? content : throw UpdateException.Of(UpdateCode.Size, file, $"more than the {maxBytes} bytes that are taken");
    }

    /// <summary>A file that has to be there.</summary>
    public static UpdateException Missing(string file)
        => UpdateException.Of(UpdateCode.Network, file, "the repository does not have this file", "look whether it was published completely");

    private async ValueTask UpdateRoot(TrustedSet set, CancellationToken stop)
    {
        for (int i = 0; i < RoleLimits.Rotations; i++)
        {
            string file = RoleName.MetadataFile(RoleName.Root, set.Root.Version + 1);
            byte[]? content = await Fetch(file, RoleLimits.RootBytes, stop);
            if (content is null) break;
            Rotation rotation = set.AcceptRoot(content, file);
            if (rotation != default) store.Forget(RoleName.Timestamp, RoleName.Snapshot);
            if (rotation.Timestamp)
            {
                clock.Forget(store);
                set.RestartTime(clock.Now);
            }

            store.Write(RoleName.Root, content);
        }

        set.RequireFreshRoot();
    }

    private async ValueTask UpdateTimestamp(TrustedSet set, CancellationToken stop)
    {
        if (store.Read(RoleName.Timestamp) is byte[] kept) set.HoldTimestamp(kept);
        string file = RoleName.MetadataFile(RoleName.Timestamp, null);
        byte[] content = await Fetch(file, RoleLimits.TimestampBytes, stop) ?? throw Missing(file);
        if (set.AcceptTimestamp(content, file)) store.Write(RoleName.Timestamp, content);
        if (set.Timestamp!.SignedAt is not DateTimeOffset signedAt) return;
        clock.Raise(signedAt);
        set.RaiseTime(signedAt);
    }

    private async ValueTask UpdateSnapshot(TrustedSet set, CancellationToken stop)
    {
        if (store.Read(RoleName.Snapshot) is byte[] kept) set.HoldSnapshot(kept);
        if (set.UseHeldSnapshot()) return;
        MetaFile meta = set.Timestamp!.Snapshot;
        string file = set.FileOf(RoleName.Snapshot, meta.Version);
        byte[] content = await FetchListed(RoleName.Snapshot, file, meta, stop);
        set.AcceptSnapshot(content, file);
        store.Write(RoleName.Snapshot, content);
    }

    private async ValueTask UpdateTargets(TrustedSet set, CancellationToken stop)
    {
        MetaFile meta = set.MetaOf(RoleName.Targets);
        string file = set.FileOf(RoleName.Targets, meta.Version);
        if (store.Read(RoleName.Targets) is byte[] kept)
        {
            try
            {
                set.AcceptTargets(kept, file);
                return;
            }
            catch (UpdateException)
            {
                // Older or damaged.
            }
        }

        byte[] content = await FetchListed(RoleName.Targets, file, meta, stop);
        set.AcceptTargets(content, file);
        store.Write(RoleName.Targets, content);
    }

    private async ValueTask<byte[]> FetchListed(string role, string file, MetaFile meta, CancellationToken stop)
    {
        int most = RoleLimits.Bytes(role);
        if (meta.Length > most) throw UpdateException.Of(UpdateCode.Size, file, $"signed with {meta.Length} bytes, where {most} are taken");
        return await Fetch(file, (int)(meta.Length ?? most), stop) ?? throw Missing(file);
    }
}
