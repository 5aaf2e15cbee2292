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
/// Not thread-safe.
/// </summary>
internal sealed class Suspicion
{
    /// <summary>Brokers of MQTT 3.1.1 close without a word at what is too large or at a topic; so do brokers that die, but hardly so often at one message.</summary>
    private const int SilentTimes = 3;

    private int _suspects;
    private int _print;
    private int _times;

    /// <summary>Whether messages go one at a time.</summary>
    public bool IsOn => _suspects > 0;

    /// <summary>A message has been answered; true when it was the last that goes alone.</summary>
    public bool Answered()
    {
        _times = 0;
        return _suspects > 0 && --_suspects == 0;
    }

    /// <summary>A connection has ended.</summary>
    /// <param name="end">How.</param>
    /// <param name="onTheirWay">How many messages were.</param>
    /// <param name="print">Tells the message from others, where it was alone.</param>
    /// <returns>The reason for which the one message is given up; null where none is.</returns>
    public byte? Ended(Ending end, int onTheirWay, int print)
    {
        bool isTold = (MqttDisconnectReasonCode?)end.Reason is MqttDisconnectReasonCode.NotAuthorized or MqttDisconnectReasonCode.TopicNameInvalid
            or MqttDisconnectReasonCode.PacketTooLarge or MqttDisconnectReasonCode.PayloadFormatInvalid;
        bool isSilent = end is { IsByBroker: true, Reason: null };
        if (onTheirWay == 0 || !(isTold || isSilent)) return null;
        if (!IsOn || onTheirWay > 1)
        {
            _suspects = onTheirWay;
            return null;
        }

        if (print != _print) _times = 0;
        _print = print;
        if (!isTold && ++_times < SilentTimes) return null;
        _suspects--;
        _times = 0;
        return end.Reason ?? (byte)MqttDisconnectReasonCode.PacketTooLarge;
    }
}
