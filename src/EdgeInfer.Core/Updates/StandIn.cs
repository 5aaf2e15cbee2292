using EdgeInfer.Slots;

namespace EdgeInfer.Updates;

/// <summary>Another model serves than the one that should: its files are damaged on this disk, or nobody could write down that it begins.</summary>
/// <param name="For">What should serve.</param>
/// <param name="Why">Why it does not, in one line.</param>
/// <param name="Serves">What does, in words; null where nothing does.</param>
internal sealed record StandIn(Generation For, string Why, string? Serves);
