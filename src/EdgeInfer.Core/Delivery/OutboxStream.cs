using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;

namespace EdgeInfer.Delivery;

/// <summary>
/// One stream while the agent runs: its count, its topics, and whether the broker takes its messages. The outbox guards it with its lock.
/// </summary>
internal sealed class OutboxStream
{
    private readonly Backoff _refused;
    private MqttTopic _topic = null!;
    private MqttTopic _history = null!;

    /// <summary>Makes a stream.</summary>
    /// <param name="facts">What it is.</param>
    /// <param name="isDurable">Whether its messages are on the disk before they are sent.</param>
    /// <param name="numbers">Its count.</param>
    /// <param name="random">Jitter.</param>
    public OutboxStream(StreamFacts facts, bool isDurable, StreamNumbers numbers, Random random)
    {
        Numbers = numbers;
        _refused = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), random);
        Change(facts, isDurable);
    }

    /// <summary>Its count.</summary>
    public StreamNumbers Numbers { get; }

    /// <summary>What it is.</summary>
    public StreamFacts Facts => Label.Facts;

    /// <summary>As the ring keeps it beside each message.</summary>
    public StreamLabel Label { get; private set; } = null!;

    /// <summary>The number of the last message accepted in this start of the agent.</summary>
    public long LastSequence => Numbers.Last;

    /// <summary>The number that the next message has to carry; under <see cref="StreamNumbers.Numbering"/>.</summary>
    public long NextSequence => Numbers.Last + 1;

    /// <summary>The store's number; 0 while it has none.</summary>
    public int StoreId { get; set; }

    /// <summary>Whether the store knows it as it is now, open in this start.</summary>
    public bool IsRegistered { get; set; }

    /// <summary>The last message read back from the store.</summary>
    public long LoadedTo { get; set; }

    /// <summary>Whether the store may hold more behind <see cref="LoadedTo"/>.</summary>
    public bool HasBacklog { get; set; }

    /// <summary>Messages on their way.</summary>
    public int OnTheirWay { get; set; }

    /// <summary>Until when nothing of it is sent, since the broker refuses it: milliseconds of the monotonic clock; 0 while it does not.</summary>
    public long HeldUntil { get; private set; }

    /// <summary>Why it is held; null where it is not.</summary>
    public string? HeldCause { get; private set; }

    /// <summary>Whether a message is to be tried alone, since the last was refused.</summary>
    public bool IsOnTrial { get; private set; }

    /// <summary>The topic of its messages, late ones apart.</summary>
    public MqttTopic TopicOf(bool isHistorical) => isHistorical ? _history : _topic;

    /// <summary>Another configuration of the same stream.</summary>
    public void Change(StreamFacts facts, bool isDurable)
    {
        if (Label is not null && Label.Facts == facts && Label.IsDurable == isDurable) return;
        Label = new(facts, isDurable);
        _topic = new(facts.Topic);
        _history = new(facts.HistoryTopic);
        IsRegistered = false;
    }

    /// <summary>Whether a message of it may be sent now.</summary>
    public bool MaySend(long now) => now >= HeldUntil && (!IsOnTrial || OnTheirWay == 0);

    /// <summary>The broker refuses it for now.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    /// <param name="reason">PUBACK's reason code.</param>
    /// <returns>Whether that is news.</returns>
    public bool Hold(long now, byte reason)
    {
        bool isNews = !IsOnTrial;
        IsOnTrial = true;
        bool isAuthorisation = reason == PubAckReason.NotAuthorised;
        // What was on its way beside the first is refused with it: that is one refusal, and no reason to wait longer.
        if (isAuthorisation) HeldUntil = now + (long)PubAckReason.PauseNotAuthorised.TotalMilliseconds;
        else if (now >= HeldUntil) HeldUntil = now + (long)_refused.Next().TotalMilliseconds;
        HeldCause = isAuthorisation
            ? $"the broker does not let this client publish to '{_topic.Name}' (0x87)"
            : $"the broker refuses messages to '{_topic.Name}' ({PubAckReason.Name(reason)})";
        return isNews;
    }

    /// <summary>It is tried again now.</summary>
    public void Retry() => HeldUntil = 0;

    /// <summary>The broker takes its messages.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Taken()
    {
        if (!IsOnTrial) return false;
        IsOnTrial = false;
        HeldUntil = 0;
        HeldCause = null;
        _refused.Reset();
        return true;
    }
}

/// <summary>The count of a stream in this start of the agent, which goes on when its pipeline is started anew, with another QoS too: a number names one message.</summary>
internal sealed class StreamNumbers
{
    /// <summary>Held by whoever numbers and hands over a message, so that numbers are in order even while one sink takes over from another.</summary>
    public Lock Numbering { get; } = new();

    /// <summary>The last number used.</summary>
    public long Last { get; set; }
}

/// <summary>PUBACK's reason codes as the outbox tells them apart (MQTT 5, table 3-4).</summary>
internal static class PubAckReason
{
    /// <summary>0x87.</summary>
    public const byte NotAuthorised = 0x87;

    /// <summary>An access list is mended by a person: tried seldom, so that the broker's log stays readable.</summary>
    public static readonly TimeSpan PauseNotAuthorised = TimeSpan.FromMinutes(5);

    /// <summary>Whether the broker has the message: success, or nobody subscribed.</summary>
    public static bool IsTaken(byte reason) => reason < 0x80;

    /// <summary>Whether sending it again cannot help: topic name invalid, payload format invalid.</summary>
    public static bool IsFinal(byte reason) => reason is 0x90 or 0x99;

    /// <summary>The code and its name.</summary>
    public static string Name(byte reason) => reason switch
    {
        0x80 => "0x80, unspecified error",
        0x83 => "0x83, implementation specific error",
        0x87 => "0x87, not authorised",
        0x90 => "0x90, topic name invalid",
        0x91 => "0x91, packet identifier in use",
        0x97 => "0x97, quota exceeded",
        0x99 => "0x99, payload format invalid",
        _ => $"0x{reason:X2}",
    };
}
