namespace EdgeInfer.Messaging;

/// <summary>Packets on their way into one system call, and the small ones that go before all messages. Its memory stays as large as the largest was.</summary>
internal sealed class PacketBatch
{
    /// <summary>Small packets go out together up to this size: one system call, one segment on the wire.</summary>
    private const int WantedBytes = 16 * 1024;

    /// <summary>A SUBSCRIBE and thousands of acknowledgements: CONNECT allows the broker 64 that are due.</summary>
    private const int LargestControlBytes = 128 * 1024;

    private byte[] _control = new byte[64];
    private int _controlBytes;
    private byte[] _bytes = new byte[4096];

    /// <summary>The packets; valid until the next batch.</summary>
    public byte[] Bytes => _bytes;

    /// <summary>How many bytes they are.</summary>
    public int Length { get; private set; }

    /// <summary>Whether more may go along.</summary>
    public bool HasRoom => Length < WantedBytes;

    /// <summary>Forgets control packets of an earlier connection.</summary>
    public void Clear() => _controlBytes = 0;

    /// <summary>Adds whole packets that go before all messages; false where so many wait already that the broker cannot be reading.</summary>
    public bool AddControl(ReadOnlySpan<byte> packets)
    {
        if (_controlBytes + packets.Length > LargestControlBytes) return false;
        if (_controlBytes + packets.Length > _control.Length) Array.Resize(ref _control, Math.Max(_control.Length * 2, _controlBytes + packets.Length));
        packets.CopyTo(_control.AsSpan(_controlBytes));
        _controlBytes += packets.Length;
        return true;
    }

    /// <summary>Begins a batch with the control packets that wait.</summary>
    public void Begin()
    {
        Length = 0;
        Ensure(_controlBytes);
        _control.AsSpan(0, _controlBytes).CopyTo(_bytes);
        (Length, _controlBytes) = (_controlBytes, 0);
    }

    /// <summary>Appends a message.</summary>
    public void Append(in PublishPacket packet, ushort packetId)
    {
        Ensure(Length + packet.Bytes);
        Length += MqttWire.WritePublish(_bytes.AsSpan(Length), packet, packetId);
    }

    private void Ensure(int bytes)
    {
        if (bytes <= _bytes.Length) return;
        byte[] larger = new byte[Math.Max(bytes, _bytes.Length * 2)];
        _bytes.AsSpan(0, Length).CopyTo(larger);
        _bytes = larger;
    }
}
