using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Models.Onnx;
using EdgeInfer.Slots;

namespace EdgeInfer.Updates;

/// <summary>Probes a model; a delegate, so that tests need no child.</summary>
internal delegate Task<ProbeVerdict> Probing(ProbeJob job, CancellationToken stop);

/// <summary>What a preparation needs of the agent.</summary>
/// <param name="Store">Where releases go.</param>
/// <param name="Host">What will serve them.</param>
/// <param name="Facts">What this device has.</param>
/// <param name="Runtime">What will run them.</param>
/// <param name="Probe">Probes them.</param>
internal sealed record PreparationServices(ManagedStore Store, IModelHost Host, DeviceFacts Facts, RuntimeOptions Runtime, Probing Probe);

/// <summary>
/// Takes an admitted release through every check until it is a generation that may go on trial: fetched, verified, inspected, probed, staged.
/// Each state is written down as it is reached; whatever was fetched stays for the next attempt.
/// </summary>
/// <param name="model">The model's name in the store.</param>
/// <param name="gate">What the device demands beyond the release's own gate.</param>
/// <param name="services">What it needs of the agent.</param>
/// <param name="source">Where files come from.</param>
/// <param name="reach">Writes down a state that was reached, with the digests that it needs.</param>
/// <param name="received">Is told of bytes that came, and of how many are to come.</param>
internal sealed class ReleasePreparation(
    string model, GateLimits gate, PreparationServices services, IReleaseSource source, Action<JobState, IReadOnlyList<string>> reach, Action<long, long> received)
{
    // Twice the most that a digest can be wrong by chance: a cache that serves old bytes, a stick that was pulled.
    private const int FetchAttempts = 2;

    /// <summary>Prepares a release.</summary>
    /// <param name="offer">The release.</param>
    /// <param name="stop">What came so far is kept.</param>
    /// <returns>The placed generation; null where the probe has to wait, and why.</returns>
    /// <exception cref="UpdateException">It is not taken, or cannot be had now.</exception>
    /// <exception cref="FaultException">This device's disk refused.</exception>
    public async Task<(PreparedGeneration? Generation, string? Waits)> Run(ReleaseOffer offer, CancellationToken stop)
    {
        ReleaseManifest manifest = ReleaseManifest.Read(offer.Manifest, new(), offer.Signed.Path);
        ReleasePlan plan = ReleasePlan.Of(offer.Signed.Path, [.. manifest.Files.Select(static f => new StoredFile(f.Name, f.Sha256, f.Bytes))], services.Store.Limits);
        string[] blobs = [.. plan.Files.Select(static f => f.Sha256).Distinct(StringComparer.Ordinal)];
        reach(JobState.Fetching, blobs);
        PreparedGeneration prepared = await Fetch(offer, plan, stop).ConfigureAwait(false);
        reach(JobState.Verified, blobs);
        Model candidate = Inspect(offer, manifest, prepared);
        reach(JobState.Inspected, blobs);
        switch (await Probe(offer, candidate, stop).ConfigureAwait(false))
        {
            case ProbeFailed failed: throw UpdateException.Of(failed.Code, offer.Signed.Path, failed.What);
            case ProbeWaits waits: return (null, waits.Why);
        }

        reach(JobState.Probed, blobs);
        services.Store.Generations.Place(prepared);
        reach(JobState.Staged, blobs);
        Generation generation = prepared.Generation with { Target = offer.Signed.Path };
        return (prepared with { Generation = generation, Folder = services.Store.Generations.PathOf(model, generation), IsPlaced = true }, null);
    }

    private async Task<PreparedGeneration> Fetch(ReleaseOffer offer, ReleasePlan plan, CancellationToken stop)
    {
        for (int attempt = 1; ; attempt++)
        {
            IReadOnlyList<StoredFile> lacking = services.Store.Blobs.Lacking(plan.Files);
            long total = plan.Bytes, have = total - lacking.Sum(static f => f.Bytes);
            received(have, total);
            foreach (StoredFile file in lacking)
            {
                await source.Fetch(file, services.Store, count => received(have += count, total), stop).ConfigureAwait(false);
                stop.ThrowIfCancellationRequested();
            }

            try
            {
                return services.Store.Generations.Prepare(model, offer.Custom.Sequence, offer.Custom.Version, offer.Manifest, plan);
            }
            catch (FaultException e) when (e is not UpdateException && attempt < FetchAttempts && services.Store.Blobs.Lacking(plan.Files).Count > 0)
            {
                // A file of an earlier day was damaged on this disk, and is in quarantine now.
            }
        }
    }

    // Nothing of the release has been run until here: first the graph as bytes, then what it is.
    private Model Inspect(ReleaseOffer offer, ReleaseManifest manifest, PreparedGeneration prepared)
    {
        OnnxAdmission.Check(prepared.Folder, offer.Signed.Path, manifest.Sizes, new());
        Model candidate;
        try
        {
            candidate = ModelLoader.Load(prepared.Folder);
        }
        catch (FaultException e) when (e is not UpdateException)
        {
            Fault fault = e.Fault;
            throw UpdateException.Of(UpdateCode.Contract, offer.Signed.Path, fault.What, fault.Cure, e);
        }

        if (services.Host.Missing(model, candidate) is { } missing)
            throw UpdateException.Of(UpdateCode.Contract, offer.Signed.Path, missing, "release it with that label, or change the configuration first");
        return candidate;
    }

    private Task<ProbeVerdict> Probe(ReleaseOffer offer, Model candidate, CancellationToken stop) => services.Probe(
        new(candidate, GoldenSet.Read(candidate), services.Runtime, GateLimits.Of(offer.Custom.Gate, offer.Signed.Path).Tightened(gate))
        {
            RequiredMemoryBytes = offer.Custom.Requires.MemoryBytes,
        },
        stop);
}
