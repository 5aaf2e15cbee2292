using System.Text;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>Expected bytes are written by hand from the OASIS standard, MQTT version 5.0, sections 2.1, 3.3 and 3.4.</summary>
public sealed class MqttWireTests
{
    [Fact]
    public void A_PUBLISH_of_QoS_0_is_header_topic_no_properties_and_payload()
        => Assert.Equal([0x30, 9, 0, 3, (byte)'a', (byte)'/', (byte)'b', 0, 1, 2, 3], Publish("a/b", [1, 2, 3], 0, false, 0));

    [Fact]
    public void A_PUBLISH_of_QoS_1_has_a_packet_id_and_the_retain_bit()
        => Assert.Equal([0x33, 7, 0, 1, (byte)'t', 0x12, 0x34, 0, 9], Publish("t", [9], 1, true, 0x1234));

    [Fact]
    public void Payload_and_tail_are_one_message()
        => Assert.Equal([0x30, 6, 0, 1, (byte)'t', 0, 1, 2], Write(new("t"u8, [1]) { Tail = [2] }, 0));

    /// <summary>Property 0x02, a four-byte integer: table 2-4 and section 3.3.2.3.3 of the standard.</summary>
    [Fact]
    public void A_PUBLISH_with_an_end_carries_the_message_expiry_interval()
        => Assert.Equal([0x32, 13, 0, 1, (byte)'t', 0, 5, 5, 2, 0, 1, 0x51, 0x80, 9, 8], Write(new("t"u8, [9]) { Tail = [8], Qos = 1, ExpirySeconds = 86_400 }, 5));

    /// <summary>Property 0x09, binary data behind its length: section 3.3.2.3.6 of the standard.</summary>
    [Fact]
    public void An_answer_carries_its_correlation_data()
        => Assert.Equal([0x32, 12, 0, 1, (byte)'t', 0, 5, 5, 9, 0, 2, 0xAA, 0xBB, 9], Write(new("t"u8, [9]) { Qos = 1, CorrelationData = [0xAA, 0xBB] }, 5));

    /// <summary>MQTT version 3.1.1, section 3.3.2: there are no properties, and no length of them.</summary>
    [Fact]
    public void A_PUBLISH_of_MQTT_3_1_1_has_no_properties()
        => Assert.Equal([0x33, 6, 0, 1, (byte)'t', 0, 5, 9], Write(new("t"u8, [9]) { Qos = 1, IsRetained = true, ExpirySeconds = 9, CorrelationData = [1], IsVersion311 = true }, 5));

    /// <summary>The borders of the variable byte integer, table 2-1 of the standard.</summary>
    [Theory]
    [InlineData(127, new byte[] { 0x7F })]
    [InlineData(128, new byte[] { 0x80, 0x01 })]
    [InlineData(16_383, new byte[] { 0xFF, 0x7F })]
    [InlineData(16_384, new byte[] { 0x80, 0x80, 0x01 })]
    [InlineData(2_097_151, new byte[] { 0xFF, 0xFF, 0x7F })]
    [InlineData(2_097_152, new byte[] { 0x80, 0x80, 0x80, 0x01 })]
    public void The_length_has_one_to_four_bytes(int remaining, byte[] expected)
    {
        byte[] packet = Publish("t", new byte[remaining - 4], 0, false, 0);
        Assert.Equal(expected, packet[1..(1 + expected.Length)]);
        Assert.Equal(1 + expected.Length + remaining, packet.Length);
        Assert.True(MqttWire.TryReadHeader(packet, out int header, out int body));
        Assert.Equal((1 + expected.Length, remaining), (header, body));
    }

    [Fact]
    public void A_header_that_has_not_arrived_whole_waits_for_more()
    {
        Assert.False(MqttWire.TryReadHeader([], out _, out _));
        Assert.False(MqttWire.TryReadHeader([0x30], out _, out _));
        Assert.False(MqttWire.TryReadHeader([0x30, 0x80], out _, out _));
        Assert.False(MqttWire.TryReadHeader([0x30, 0xFF, 0xFF, 0xFF], out _, out _));
        Assert.Throws<InvalidDataException>(() => MqttWire.TryReadHeader([0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1], out _, out _));
    }

    [Fact]
    public void A_PUBLISH_with_properties_is_read_past_them()
    {
        // Topic "t", packet id 7, properties: payload format indicator (01 01) and message expiry (02 00 00 00 3C).
        ReceivedMessage message = MqttWire.ReadPublish(0x33, [0, 1, (byte)'t', 0, 7, 7, 1, 1, 2, 0, 0, 0, 60, (byte)'x', (byte)'y'], isVersion311: false);
        Assert.Equal("t", Encoding.UTF8.GetString(message.Topic));
        Assert.Equal("xy", Encoding.UTF8.GetString(message.Payload));
        Assert.Equal((1, true, (ushort)7), (message.Qos, message.IsRetained, message.PacketId));
    }

    [Theory]
    [InlineData(0x30, new byte[] { })]
    [InlineData(0x30, new byte[] { 0, 5, 1 })]
    [InlineData(0x30, new byte[] { 0, 1, 65 })]
    [InlineData(0x32, new byte[] { 0, 1, 65, 0 })]
    [InlineData(0x30, new byte[] { 0, 1, 65, 9, 1 })]
    [InlineData(0x36, new byte[] { 0, 1, 65, 0, 1, 0 })]
    public void A_malformed_PUBLISH_is_refused(byte first, byte[] body) => Assert.Throws<InvalidDataException>(() => MqttWire.ReadPublish(first, body, isVersion311: false));

    [Fact]
    public void A_PUBACK_without_reason_means_success()
    {
        Assert.Equal(((ushort)0x0102, (byte)0), MqttWire.ReadPubAck([1, 2]));
        Assert.Equal(((ushort)0x0102, (byte)0x87), MqttWire.ReadPubAck([1, 2, 0x87, 0]));
        Assert.Throws<InvalidDataException>(() => MqttWire.ReadPubAck([1]));
        byte[] made = new byte[4];
        Assert.Equal(4, MqttWire.WritePubAck(made, 0xABCD));
        Assert.Equal([0x40, 2, 0xAB, 0xCD], made);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/+/b")]
    [InlineData("a/#")]
    [InlineData("a\0b")]
    public void A_topic_to_publish_to_has_no_wildcard(string name) => Assert.Throws<ArgumentException>(() => new MqttTopic(name));

    private static byte[] Publish(string topic, byte[] payload, int qos, bool isRetained, ushort packetId)
        => Write(new(Encoding.UTF8.GetBytes(topic), payload) { Qos = qos, IsRetained = isRetained }, packetId);

    private static byte[] Write(in PublishPacket message, ushort packetId)
    {
        byte[] packet = new byte[message.Bytes];
        Assert.Equal(packet.Length, MqttWire.WritePublish(packet, message, packetId));
        return packet;
    }
}
