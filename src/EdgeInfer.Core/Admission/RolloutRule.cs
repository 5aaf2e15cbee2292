using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace EdgeInfer.Admission;

/// <summary>A share of all devices that stays the same as it grows: who is among the first 10 % is among the first 50 %.</summary>
/// <param name="Hundredths">Hundredths of a percent, 0 to 10000.</param>
/// <param name="Salt">Shuffles the devices anew; the same for all steps of one rollout.</param>
internal sealed record RolloutShare(int Hundredths, string Salt)
{
    /// <summary>All devices.</summary>
    public const int All = 10_000;

    /// <summary>Whether a device belongs to it: the first four bytes of SHA-256 over <c>salt/device</c> say where it stands.</summary>
    public bool Holds(string device)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{Salt}/{device}"), hash);
        return BinaryPrimitives.ReadUInt32BigEndian(hash) % All < Hundredths;
    }
}

/// <summary>One rule of a rollout. A device must meet all its conditions; a rule without conditions is for every device.</summary>
internal sealed record RolloutRule
{
    /// <summary>Ids of devices, one of them; null where any.</summary>
    public IReadOnlyList<string>? Devices { get; init; }

    /// <summary>Labels that the device must have, all of them; null where any.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>A share of the devices; null for all.</summary>
    public RolloutShare? Share { get; init; }

    /// <summary>The release; null where nothing shall change (<c>hold</c>).</summary>
    public ReleasePath? Target { get; init; }

    /// <summary>Whether a device may not go back by itself to what it had before, where that is older than it has served for good.</summary>
    public bool IsHard { get; init; }

    /// <summary>Whether it is for this device.</summary>
    public bool Matches(string device, IReadOnlyDictionary<string, string> labels)
        => (Devices is null || Devices.Contains(device, StringComparer.Ordinal))
            && (Labels is null || Labels.All(l => labels.TryGetValue(l.Key, out string? value) && value == l.Value))
            && (Share is null || Share.Holds(device));
}

/// <summary>What a rollout means for one device.</summary>
/// <param name="Rule">Which rule decided, from 0 on; −1 where none matched.</param>
/// <param name="Target">The release to have; null where nothing shall change.</param>
/// <param name="IsHard">See <see cref="RolloutRule.IsHard"/>.</param>
internal readonly record struct RolloutDecision(int Rule, ReleasePath? Target, bool IsHard)
{
    /// <summary>Whether a rule says that nothing shall change.</summary>
    public bool IsHold => Rule >= 0 && Target is null;

    /// <summary>Whether no rule is for this device.</summary>
    public bool IsNothing => Rule < 0;
}
