using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;

namespace EdgeInfer.Delivery;

/// <summary>What an earlier process has left in the ring's place.</summary>
/// <param name="HasOutlived">Whether a ring of this start of the kernel was there: what earlier processes had accepted is in it.</param>
/// <param name="Torn">Messages in it that were damaged.</param>
/// <param name="Boot">The last start of the agent that used it: a later one kept its messages in memory of its own.</param>
/// <param name="Notice">What an operator should know of it; null where there is nothing.</param>
internal readonly record struct RingPast(bool HasOutlived, int Torn, long Boot, Fault? Notice = null);

/// <summary>What an outbox needs to know.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Boot">Counts the agent's starts.</param>
/// <param name="Options"><c>outbox</c>.</param>
/// <param name="GapTopic">Where losses are declared.</param>
/// <param name="InFlight">The most unacknowledged messages of the session.</param>
internal sealed record OutboxSettings(string Device, long Boot, OutboxOptions Options, MqttTopic GapTopic, int InFlight)
{
    /// <summary>How long messages of a class are kept.</summary>
    public TimeSpan RetentionOf(DeliveryClass importance) => importance switch
    {
        DeliveryClass.Prediction => Options.Predictions,
        DeliveryClass.Event => TimeSpan.FromDays(7),
        _ => TimeSpan.FromDays(30),
    };
}

/// <summary>A stream that the broker refuses for now, as the status shows it.</summary>
/// <param name="Stream">Its name.</param>
/// <param name="Cause">Why, and when it is tried again.</param>
internal sealed record HeldStream(string Stream, string Cause);

/// <summary>The outbox as the status shows it.</summary>
/// <param name="HasStore">Whether messages can be put on the disk; also while the store is being opened.</param>
/// <param name="Cause">Why not, or what was found; null where there is nothing to say.</param>
/// <param name="Waiting">Messages in memory, those on their way included.</param>
/// <param name="Stored">Messages on the disk.</param>
/// <param name="StoredBytes">What they take there.</param>
/// <param name="Accepted">Messages accepted since the start.</param>
/// <param name="Delivered">Messages that the broker has, since the start.</param>
/// <param name="Lost">Messages declared lost since the start, and those that may be.</param>
/// <param name="Gaps">Losses that are not yet published.</param>
/// <param name="DeadLetters">Messages that the broker refuses for good.</param>
/// <param name="Held">Streams that the broker refuses for now.</param>
internal sealed record OutboxStatus(
    bool HasStore, string? Cause, int Waiting, long Stored, long StoredBytes, long Accepted, long Delivered, long Lost, long Gaps, long DeadLetters, IReadOnlyList<HeldStream> Held);
