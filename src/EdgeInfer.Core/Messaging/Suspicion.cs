using MQTTnet.Protocol;

namespace EdgeInfer.Messaging;

/// <summary>How a connection ended, as far as a message may be to blame.</summary>
/// <param name="IsByBroker">Whether the broker ended it, not the line and not this device.</param>
/// <param name="Reason">The reason of its DISCONNECT; null where it said nothing.</param>
internal readonly record struct Ending(bool IsByBroker, byte? Reason);

/// <summary>
/// Finds the message at which a broker ends the connection: sent again first on each that follows, it would end all of them, and nothing
/// behind it would ever arrive. After such an end the messages that were on their way go one at a time. The one that is alone when it
/// happens again is to blame: at once where the broker says of a message what it minds, else after <see cref="SilentTimes"/> times.
/// A line that breaks, a proxy without a broker and a broker that dies at whatever it is sent look the same at first: a silent end counts
/// only on a connection on which another message has been acknowledged, and no longer once the message itself has been.
/// Not thread-safe.
/// </summary>
internal sealed class Suspicion
{
    /// <summary>
    /// Brokers of MQTT 3.1.1 close without a word at what is too large or at a topic. A line that happens to break in one round trip out of ten
    /// does so in the first of a connection five times in a row once in a hundred thousand times.
    /// </summary>
    private const int SilentTimes = 5;

    /// <summary>Newer messages may go before the suspects: as many answers at least it takes until messages go together again.</summary>
    private const int LeastAlone = 16;

    private int _alone;
    private int _print;
    private MqttTopic? _topic;
    private int _times;

    /// <summary>Whether messages go one at a time.</summary>
    public bool IsOn => _alone > 0;

    /// <summary>A message has been answered.</summary>
    /// <returns>True when it was the last that goes alone.</returns>
    public bool Answered(in Flight flight)
    {
        if (flight.Print == _print) _times = 0;
        else if (flight.Topic == _topic) _topic = null;

        // States go before the suspects on every connection.
        return _alone > 0 && flight.State is null && --_alone == 0;
    }

    /// <summary>A connection has ended.</summary>
    /// <param name="end">How.</param>
    /// <param name="onTheirWay">The messages that were.</param>
    /// <param name="hasAnswered">Whether the broker has acknowledged another message on this connection.</param>
    /// <returns>The reason for which the one message is given up; null where none is.</returns>
    public byte? Ended(Ending end, ReadOnlySpan<Flight> onTheirWay, bool hasAnswered)
    {
        bool isTold = (MqttDisconnectReasonCode?)end.Reason is MqttDisconnectReasonCode.NotAuthorized or MqttDisconnectReasonCode.TopicNameInvalid
            or MqttDisconnectReasonCode.PacketTooLarge or MqttDisconnectReasonCode.PayloadFormatInvalid;
        if (onTheirWay.IsEmpty || !(isTold || SaysNothing(end))) return null;
        if (!IsOn || onTheirWay.Length > 1)
        {
            _alone = Math.Max(LeastAlone, 2 * onTheirWay.Length);
            return null;
        }

        if (!isTold && !hasAnswered) return null;
        Flight suspect = onTheirWay[0];

        // Where each of a stream is to blame, one that is newer may stand before it the next time: then the topic tells.
        if (suspect.Print != _print && suspect.Topic != _topic) _times = 0;
        (_print, _topic) = (suspect.Print, suspect.Topic);
        if (!isTold && ++_times < SilentTimes) return null;
        _times = 0;
        return isTold ? end.Reason : (byte)MqttDisconnectReasonCode.PacketTooLarge;
    }

    /// <summary>Whether the broker ended it without a word, or with one that does not say whether it is a message that it minds.</summary>
    private static bool SaysNothing(Ending end) => end.IsByBroker && (end.Reason is null || (MqttDisconnectReasonCode)end.Reason
        is MqttDisconnectReasonCode.UnspecifiedError or MqttDisconnectReasonCode.MalformedPacket
        or MqttDisconnectReasonCode.ProtocolError or MqttDisconnectReasonCode.ImplementationSpecificError);
}
