using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;
using EdgeInfer.Trust;

namespace EdgeInfer.Updates;

/// <summary>A release that a signed rollout names for this device.</summary>
/// <param name="Signed">Its manifest, as signed.</param>
/// <param name="Custom">What was signed of it besides.</param>
/// <param name="Path">Its path.</param>
/// <param name="Manifest">The manifest's exact bytes.</param>
/// <param name="IsHard">Whether its rule forbids an automatic return below the floor.</param>
internal sealed record ReleaseOffer(SignedTarget Signed, ReleaseCustom Custom, ReleasePath Path, byte[] Manifest, bool IsHard)
{
    /// <summary>As a job keeps it.</summary>
    public JobTarget Target => new(Signed.Path, Signed.Sha256, Custom.Sequence, Custom.Version);
}

/// <summary>What a rollout means for this device: a release, that nothing shall change, or nothing.</summary>
/// <param name="Offer">The release; null for none.</param>
/// <param name="IsHold">Whether a rule says that nothing shall change.</param>
internal sealed record RolloutAnswer(ReleaseOffer? Offer, bool IsHold);

/// <summary>Reads signed rollouts for one device. After a refresh that ended well; one caller at a time, as the client.</summary>
/// <param name="trust">The client.</param>
/// <param name="device">This device.</param>
internal sealed class RolloutReader(TrustClient trust, DeviceIdentity device)
{
    /// <summary>What the model's rollout means.</summary>
    /// <param name="model">The model's name in the repository.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="UpdateException">The rollout, or the release that it names, is not signed as it has to be or cannot be had.</exception>
    public async ValueTask<RolloutAnswer> Read(string model, CancellationToken stop)
    {
        string path = $"rollout/{model}.json";
        if (await trust.Find(path, stop).ConfigureAwait(false) is not { } document) return new(null, IsHold: false);
        byte[] bytes = await trust.ReadTarget(document, RolloutDocument.MaxBytes, stop).ConfigureAwait(false);
        RolloutDecision decision = RolloutDocument.Read(bytes, model).Decide(device.Id, device.Labels);
        if (decision.Target is not { } target) return new(null, decision.IsHold);
        if (await trust.Find(target.ToString(), stop).ConfigureAwait(false) is not { } signed)
            throw UpdateException.Of(UpdateCode.Signature, path, $"it names {target}, which nobody who may has signed", "publish that release, or change the rollout");
        ReleaseCustom custom = ReleaseCustom.Read(signed.Custom, target);
        byte[] manifest = await trust.ReadTarget(signed, ReleaseLimits.ManifestBytes, stop).ConfigureAwait(false);
        return new(new(signed, custom, target, manifest, decision.IsHard), IsHold: false);
    }
}
