namespace EdgeInfer.Updates;

/// <summary>Who this device is to a rollout.</summary>
/// <param name="Id"><c>device.id</c>.</param>
/// <param name="Labels"><c>device.labels</c>.</param>
internal sealed record DeviceIdentity(string Id, IReadOnlyDictionary<string, string> Labels);
