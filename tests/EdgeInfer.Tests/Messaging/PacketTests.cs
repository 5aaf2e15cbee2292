using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>The rare packets, by hand from the OASIS standards: MQTT version 5.0 (sections 2.2.2, 3.1, 3.2, 3.8, 3.9, 3.14) and 3.1.1.</summary>
public sealed class PacketTests
{
    private static readonly MqttSettings s_settings = new()
    {
        Options = new() { Url = new("mqtt://b"), KeepAlive = TimeSpan.FromSeconds(30) },
        ClientId = "id",
        LargestReceivedBytes = 0x40000,
    };

    [Fact]
    public void CONNECT_of_MQTT_5_asks_for_a_clean_start_and_says_what_it_takes()
    {
        byte[] expected =
        [
            0x10, 23, 0, 4, .. "MQTT"u8, 5, 0x02, 0, 30,
            8, 0x21, 0, 64, 0x27, 0, 4, 0, 0, // Receive Maximum 64, Maximum Packet Size 262144
            0, 2, .. "id"u8,
        ];
        Assert.Equal(expected, ClientPackets.Connect(s_settings));
    }

    [Fact]
    public void CONNECT_carries_the_will_retained_at_QoS_1_then_user_and_password()
    {
        MqttSettings settings = s_settings with
        {
            Options = s_settings.Options with { Username = "u", Password = new Secret("päß") },
            Will = new(new MqttTopic("w/t"), "bye"u8.ToArray()),
        };
        byte[] expected =
        [
            0x10, 45, 0, 4, .. "MQTT"u8, 5, 0xEE, 0, 30, 8, 0x21, 0, 64, 0x27, 0, 4, 0, 0, 0, 2, .. "id"u8,
            0, 0, 3, .. "w/t"u8, 0, 3, .. "bye"u8, 0, 1, .. "u"u8, 0, 5, 0x70, 0xC3, 0xA4, 0xC3, 0x9F,
        ];
        expected[1] = (byte)(expected.Length - 2);
        Assert.Equal(expected, ClientPackets.Connect(settings));
    }

    [Fact]
    public void CONNECT_of_MQTT_3_1_1_is_level_4_without_properties()
    {
        MqttSettings settings = s_settings with
        {
            Options = s_settings.Options with { IsVersion311 = true, Username = "u", Password = new Secret("p") },
            Will = new(new MqttTopic("w/t"), "bye"u8.ToArray()),
        };
        byte[] expected =
        [
            0x10, 30, 0, 4, .. "MQTT"u8, 4, 0xEE, 0, 30, 0, 2, .. "id"u8, 0, 3, .. "w/t"u8, 0, 3, .. "bye"u8, 0, 1, .. "u"u8, 0, 1, .. "p"u8,
        ];
        Assert.Equal(expected, ClientPackets.Connect(settings));
    }

    /// <summary>Subscription options: bits 5 and 4 Retain Handling, 3 Retain As Published, 2 No Local, 1 and 0 QoS.</summary>
    [Theory]
    [InlineData(false, 0x29)]
    [InlineData(true, 0x01)]
    public void SUBSCRIBE_to_obey_wants_nothing_that_is_kept(bool isVersion311, byte obeying)
    {
        byte[] body = [0xFF, 0xFE, .. isVersion311 ? (byte[])[] : [0], 0, 3, .. "a/#"u8, obeying, 0, 1, .. "b"u8, 0x01];
        Assert.Equal([0x82, (byte)body.Length, .. body], ClientPackets.Subscribe(0xFFFE, [new("a/#", SubscriptionKind.Obeying), new("b", SubscriptionKind.Watching)], isVersion311));
    }

    [Fact]
    public void CONNACK_without_properties_means_what_the_standard_says_then()
    {
        ServerAnswer answer = ServerPackets.ReadConnAck([0, 0, 0], isVersion311: false);
        Assert.Equal((0, 65535, 1, true, 268_435_460L, 0), (answer.Reason, answer.ReceiveMaximum, answer.MaximumQos, answer.KeepsMessages, answer.MaximumPacketBytes, answer.KeepAliveSeconds));
    }

    [Fact]
    public void CONNACK_with_every_property_is_read()
    {
        byte[] properties =
        [
            0x11, 0, 0, 0, 9, 0x21, 0, 7, 0x24, 0, 0x25, 0, 0x27, 0, 1, 0, 0, 0x12, 0, 2, .. "id"u8, 0x22, 0, 3, 0x1F, 0, 2, .. "hi"u8,
            0x26, 0, 1, .. "k"u8, 0, 1, .. "v"u8, 0x26, 0, 1, .. "k"u8, 0, 0, 0x28, 0, 0x29, 0, 0x2A, 0, 0x13, 0, 20, 0x1A, 0, 1, .. "r"u8,
            0x1C, 0, 5, .. "other"u8, 0x15, 0, 1, .. "m"u8, 0x16, 0, 2, 0, 0xFF,
        ];
        ServerAnswer answer = ServerPackets.ReadConnAck([1, 0x9D, (byte)properties.Length, .. properties], isVersion311: false);
        Assert.Equal((0x9D, "hi", "other", 7, 0, false, 65536L, 20),
            (answer.Reason, answer.Said, answer.OtherServer, answer.ReceiveMaximum, answer.MaximumQos, answer.KeepsMessages, answer.MaximumPacketBytes, answer.KeepAliveSeconds));
    }

    /// <summary>Table 3.1 of MQTT 3.1.1 beside table 3-1 of MQTT 5.</summary>
    [Theory]
    [InlineData(0, 0x00)]
    [InlineData(1, 0x84)]
    [InlineData(2, 0x85)]
    [InlineData(3, 0x88)]
    [InlineData(4, 0x86)]
    [InlineData(5, 0x87)]
    public void CONNACK_of_MQTT_3_1_1_has_the_reason_that_says_the_same(byte code, byte reason)
        => Assert.Equal(reason, ServerPackets.ReadConnAck([0, code], isVersion311: true).Reason);

    [Theory]
    [InlineData(new byte[] { 0 }, "a CONNACK that ends too soon")]
    [InlineData(new byte[] { 0, 0, 5 }, "a CONNACK whose properties end too soon")]
    [InlineData(new byte[] { 0, 0, 2, 0x21, 0 }, "a CONNACK whose properties end too soon")]
    [InlineData(new byte[] { 0, 0, 3, 0x21, 0, 0 }, "a CONNACK with 0 for the property 0x21, which is at least 1")]
    [InlineData(new byte[] { 0, 0, 5, 0x27, 0, 0, 0, 0 }, "a CONNACK with 0 for the property 0x27, which is at least 1")]
    [InlineData(new byte[] { 0, 0, 2, 0x24, 2 }, "a CONNACK with the value 2 for the property 0x24, which is 0 or 1")]
    [InlineData(new byte[] { 0, 0, 4, 0x25, 1, 0x25, 1 }, "a CONNACK with the property 0x25 twice")]
    [InlineData(new byte[] { 0, 0, 2, 0x01, 0 }, "a CONNACK with the property 0x01, which has no place in it")]
    [InlineData(new byte[] { 0, 0, 2, 0x7F, 0 }, "a CONNACK with the property 0x7F, which has no place in it")]
    [InlineData(new byte[] { 0, 0, 3, 0xC2, 0x00, 0 }, "a CONNACK with the property 0x42, which has no place in it")]
    [InlineData(new byte[] { 0, 0, 5, 0x1F, 0, 2, 0xC0, 0x80 }, "a CONNACK with a text that is not UTF-8")]
    [InlineData(new byte[] { 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 }, "a packet length of more than four bytes")]
    public void A_malformed_CONNACK_says_what_is_wrong(byte[] body, string expected)
        => Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => ServerPackets.ReadConnAck(body, isVersion311: false)).Message);

    [Fact]
    public void SUBACK_has_a_reason_for_each_filter_behind_its_properties()
    {
        Assert.Equal([1, 0x87], ServerPackets.ReadSubAck([0xFF, 0xFE, 4, 0x1F, 0, 1, (byte)'x', 1, 0x87], isVersion311: false, out ushort packetId).ToArray());
        Assert.Equal(0xFFFE, packetId);
        Assert.Equal([1, 0x80], ServerPackets.ReadSubAck([0, 9, 1, 0x80], isVersion311: true, out packetId).ToArray());
        Assert.Equal(9, packetId);
        Assert.Throws<InvalidDataException>(() => ServerPackets.ReadSubAck([0], isVersion311: true, out _));
        Assert.Throws<InvalidDataException>(() => ServerPackets.ReadSubAck([0, 9], isVersion311: false, out _));
        Assert.Throws<InvalidDataException>(() => ServerPackets.ReadSubAck([0, 9, 2, 0x24, 0, 1], isVersion311: false, out _));
    }

    [Fact]
    public void DISCONNECT_may_leave_out_reason_and_properties()
    {
        Assert.Equal(0, ServerPackets.ReadDisconnect([]).Reason);
        Assert.Equal(0x8B, ServerPackets.ReadDisconnect([0x8B]).Reason);
        ServerAnswer moved = ServerPackets.ReadDisconnect([0x9D, 9, 0x1C, 0, 1, (byte)'h', 0x11, 0, 0, 0, 1]);
        Assert.Equal((0x9D, "h"), (moved.Reason, moved.OtherServer));
        Assert.Throws<InvalidDataException>(() => ServerPackets.ReadDisconnect([0x8B, 1]));
    }

    /// <summary>Table 2-4: what may stand in PUBLISH, with the type of each.</summary>
    [Fact]
    public void A_PUBLISH_says_where_its_answer_goes_and_what_it_carries()
    {
        byte[] properties =
        [
            0x26, 0, 1, .. "k"u8, 0, 2, .. "vv"u8, 0x01, 1, 0x02, 0, 0, 0, 60, 0x03, 0, 4, .. "json"u8, 0x08, 0, 3, .. "r/t"u8, 0x09, 0, 2, 0, 0xFF,
            0x0B, 0x80, 0x01, 0x0B, 5, 0x26, 0, 0, 0, 0,
        ];
        ReceivedMessage message = MqttWire.ReadPublish(0x32, [0, 1, .. "t"u8, 0, 7, (byte)properties.Length, .. properties, .. "hello"u8], isVersion311: false);
        Assert.Equal(("t", "r/t", "hello"), (Encoding.UTF8.GetString(message.Topic), Encoding.UTF8.GetString(message.ResponseTopic), Encoding.UTF8.GetString(message.Payload)));
        Assert.Equal([0, 0xFF], message.CorrelationData.ToArray());
    }

    [Fact]
    public void A_response_topic_that_is_none_is_left_out()
        => Assert.True(MqttWire.ReadPublish(0x30, [0, 1, .. "t"u8, 6, 0x08, 0, 3, .. "r/#"u8, .. "x"u8], isVersion311: false).ResponseTopic.IsEmpty);

    [Fact]
    public void A_PUBLISH_of_MQTT_3_1_1_has_its_payload_behind_the_packet_id()
    {
        ReceivedMessage message = MqttWire.ReadPublish(0x33, [0, 1, .. "t"u8, 0, 7, 5, 1, 2], isVersion311: true);
        Assert.Equal([5, 1, 2], message.Payload.ToArray());
        Assert.Equal((1, true, 7), (message.Qos, message.IsRetained, message.PacketId));
    }

    [Theory]
    [InlineData(0x34, new byte[] { 0, 1, 116, 0, 7, 0 }, "a message of QoS 2, which nobody has subscribed to")]
    [InlineData(0x30, new byte[] { 0, 1, 116, 3, 0x23, 0, 1 }, "a PUBLISH with a topic alias, which was not offered")]
    [InlineData(0x30, new byte[] { 0, 0, 3, 0x23, 0, 1 }, "a PUBLISH with a topic alias, which was not offered")]
    [InlineData(0x30, new byte[] { 0, 0, 0, 1 }, "a PUBLISH without a topic")]
    [InlineData(0x32, new byte[] { 0, 1, 116, 0, 0, 0 }, "a PUBLISH with the packet id 0")]
    [InlineData(0x30, new byte[] { 0, 1, 0xFF, 0 }, "a PUBLISH to what is no topic")]
    [InlineData(0x30, new byte[] { 0, 1, 35, 0 }, "a PUBLISH to what is no topic")]
    [InlineData(0x30, new byte[] { 0, 1, 0, 0 }, "a PUBLISH to what is no topic")]
    [InlineData(0x30, new byte[] { 0, 1, 116, 2, 0x13, 0 }, "a PUBLISH with the property 0x13, which has no place in it")]
    [InlineData(0x30, new byte[] { 0, 1, 116, 4, 0x09, 0, 9, 1 }, "a PUBLISH whose properties end too soon")]
    [InlineData(0x30, new byte[] { 0, 1, 116, 1, 0x8B }, "a PUBLISH whose properties end too soon")]
    [InlineData(0x30, new byte[] { 0, 1, 116, 8, 0x08, 0, 1, 97, 0x08, 0, 1, 98 }, "a PUBLISH with the property 0x08 twice")]
    public void What_a_PUBLISH_may_not_be_is_named(byte first, byte[] body, string expected)
        => Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => MqttWire.ReadPublish(first, body, isVersion311: false)).Message);
}
