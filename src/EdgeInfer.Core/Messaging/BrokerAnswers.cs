using EdgeInfer.Diagnostics;
using MQTTnet.Protocol;

namespace EdgeInfer.Messaging;

/// <summary>What a broker says of messages, of subscriptions and of the version, in the words of an operator.</summary>
internal static class BrokerAnswers
{
    /// <summary>Version 2.9 closes the connection at such a topic, without a word.</summary>
    private const string NatsTopics = "nats-server takes no '.' and no space in topics";

    /// <summary>PUBACK with a reason of 0x80 or above.</summary>
    public static Fault OfMessage(MqttSettings settings, MqttTopic topic, byte reason)
    {
        string cure = (MqttPubAckReasonCode)reason switch
        {
            MqttPubAckReasonCode.NotAuthorized => "allow this user to publish there",
            MqttPubAckReasonCode.TopicNameInvalid => "set mqtt.prefix, device.id and publish.topic to levels that it takes",
            MqttPubAckReasonCode.QuotaExceeded => "publish less (publish.min_interval), or raise the broker's limit",
            MqttPubAckReasonCode.PayloadFormatInvalid => "let it take JSON",
            (MqttPubAckReasonCode)MqttDisconnectReasonCode.PacketTooLarge => "raise the broker's maximum packet size, or take what it minds out of the topic",
            _ => "",
        };
        return new(FaultKind.Configuration, settings.Address, $"the broker refuses messages to '{topic}' (0x{reason:X2})", cure);
    }

    /// <summary>The broker ends every connection at one message.</summary>
    public static Fault OfEnding(MqttSettings settings, MqttTopic topic, byte reason)
        => OfMessage(settings, topic, reason) with { What = $"the broker ends each connection at one message to '{topic}' (0x{reason:X2}): it is given up" };

    /// <summary>SUBACK with a reason of 0x80 or above.</summary>
    public static Fault OfSubscription(MqttSettings settings, string filter, byte reason)
    {
        string cure = (MqttSubscribeReasonCode)reason switch
        {
            MqttSubscribeReasonCode.TopicFilterInvalid => "set mqtt.prefix and device.id to levels that it takes",
            MqttSubscribeReasonCode.WildcardSubscriptionsNotSupported => "allow wildcards at the broker, or set mqtt.accept: []",
            MqttSubscribeReasonCode.QuotaExceeded => "raise the broker's limit",
            _ => "allow this user to read there",
        };
        return new(FaultKind.Configuration, settings.Address, $"the broker refuses the subscription to '{filter}' (0x{reason:X2})", cure);
    }

    /// <summary>The broker takes messages of QoS 0 only: it never says that it has one.</summary>
    public static MqttLinkException NoAcknowledgement(MqttSettings settings)
        => new(new(FaultKind.Configuration, settings.Address, "the broker takes no messages of QoS 1, so nobody could tell which results it has", "allow QoS 1 at the broker"), true);

    /// <summary>The broker keeps nothing for those who come later.</summary>
    public static Fault KeepsNothing(MqttSettings settings)
        => new(FaultKind.Configuration, settings.Address, "the broker keeps no messages: only who listens at the moment sees a change of status", "allow retained messages at the broker");

    /// <summary>The broker speaks the other version.</summary>
    public static (bool NeedsOperator, string What, string Cure) OtherVersion(MqttSettings settings) => settings.Options.IsVersion311
        ? (true, "the broker does not speak MQTT 3.1.1", "take mqtt.protocol out: MQTT 5 is the default")
        : (true, "the broker does not speak MQTT 5", """use a broker of MQTT 5 (mosquitto since 1.6, EMQX, HiveMQ, VerneMQ), or set mqtt.protocol: "3.1.1" (nats-server)""");

    /// <summary>What to try with a broker that does not say what it minds.</summary>
    public static string TryOtherVersion(MqttSettings settings)
    {
        if (!settings.Options.IsVersion311) return "if it speaks MQTT 3.1.1 only, set mqtt.protocol: \"3.1.1\"";
        string other = "if it speaks MQTT 5 only, take mqtt.protocol out";
        return settings.Will?.Topic.Name.AsSpan().ContainsAny('.', ' ') == true ? $"{other}; {NatsTopics}: change device.id or mqtt.prefix" : other;
    }
}
