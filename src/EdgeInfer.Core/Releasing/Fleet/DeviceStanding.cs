using EdgeInfer.Slots;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>How far a device is with a release.</summary>
internal enum DeviceState
{
    /// <summary>It serves, for good.</summary>
    Committed,

    /// <summary>It serves on trial.</summary>
    Trial,

    /// <summary>It is on its way: fetched, probed, waiting for a window or somebody, or for a repository that cannot be reached.</summary>
    Waiting,

    /// <summary>It was not taken.</summary>
    Failed,

    /// <summary>It was taken and given up again.</summary>
    RolledBack,

    /// <summary>Another one serves, and nothing is known of this one.</summary>
    Other,

    /// <summary>It had not come to an end when the device went.</summary>
    Silent,
}

/// <summary>How far a device is with a release, and why.</summary>
/// <param name="State">How far.</param>
/// <param name="Code">The code of <see cref="DeviceState.Waiting"/>, <see cref="DeviceState.Failed"/> and <see cref="DeviceState.RolledBack"/>, in one word; null where there is none.</param>
/// <param name="Reason">The same in one line; null where that is not said.</param>
internal readonly record struct DeviceStanding(DeviceState State, string? Code = null, string? Reason = null)
{
    /// <summary>The code of what an operator gave up.</summary>
    public const string ByOperator = "operator";

    /// <summary>Whether it did not take the release, or did not keep it.</summary>
    public bool IsFailure => State is DeviceState.Failed or DeviceState.RolledBack;

    /// <summary>The word of a state, as JSON has it.</summary>
    public static string WordOf(DeviceState state) => state == DeviceState.RolledBack ? "rolled_back" : state.ToString().ToLowerInvariant();

    /// <summary>What a device's own words say of a release. An end that it told of counts, whether it is still there or not.</summary>
    /// <param name="device">The device.</param>
    /// <param name="manifest">sha256 of the release's manifest; null for none.</param>
    public static DeviceStanding Of(FleetDevice device, string? manifest)
    {
        DeviceUpdate update = device.Update;
        if (manifest is null) return new(device.IsOnline ? DeviceState.Other : DeviceState.Silent);
        if (update.ActiveManifest == manifest) return new(DeviceState.Committed);
        DeviceJob? job = update.Job?.Manifest == manifest ? update.Job : null;
        if (job is { State: JobState.Failed }) return new(DeviceState.Failed, job.Code, job.Reason);
        if (job is { State: JobState.RolledBack }) return new(DeviceState.RolledBack, job.Code ?? ByOperator, job.Reason);
        if (update.RefusedManifest == manifest) return update.RefusedCode is { } code ? new(DeviceState.Failed, code) : new(DeviceState.RolledBack, ByOperator);
        if (!device.IsOnline) return new(DeviceState.Silent);
        if (job is { State: JobState.Trial }) return new(DeviceState.Trial);
        if (job is { State: not JobState.Committed }) return new(DeviceState.Waiting, job.Code);
        return update.RepositoryCode is { } trouble ? new(DeviceState.Waiting, trouble) : new(DeviceState.Other);
    }
}
