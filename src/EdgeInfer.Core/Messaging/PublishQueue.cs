using System.Numerics;

namespace EdgeInfer.Messaging;

/// <summary>A message in the queue or on its way; its memory belongs to the queue.</summary>
internal sealed class QueuedMessage(int capacityBytes)
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(capacityBytes);
    private int _length;
    private int _correlationLength;

    /// <summary>Where to.</summary>
    public MqttTopic Topic { get; private set; } = null!;

    /// <summary>0 or 1.</summary>
    public int Qos { get; private set; }

    /// <summary>The sender's own key.</summary>
    public long Key { get; private set; }

    /// <summary>The message.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(0, _length);

    /// <summary>What an answer carries of its request; empty for all others.</summary>
    public ReadOnlySpan<byte> CorrelationData => _buffer.AsSpan(_length, _correlationLength);

    /// <summary>Memory held.</summary>
    public int CapacityBytes => _buffer.Length;

    internal void Fill(MqttTopic topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlationData, int qos, long key)
    {
        Topic = topic;
        Qos = qos;
        Key = key;
        _length = payload.Length;
        payload.CopyTo(_buffer);
        _correlationLength = correlationData.Length;
        correlationData.CopyTo(_buffer.AsSpan(_length));
    }
}

/// <summary>
/// Messages that wait for the broker, oldest first, in pooled buffers of powers of two. Bounded by count and by memory, those on their
/// way included: when it is full the oldest that waits goes, counted and told to the observer. Not thread-safe.
/// </summary>
/// <param name="maxCount">The most messages.</param>
/// <param name="maxBytes">The most memory they hold.</param>
/// <param name="observer">Told of each loss.</param>
internal sealed class PublishQueue(int maxCount, int maxBytes, IDeliveryObserver? observer)
{
    private const int SmallestClass = 9;
    private const int ClassCount = 20;

    /// <summary>What is kept for use again when nothing waits: enough for a steady stream, little beside a device's memory.</summary>
    private const int KeptBytes = 512 * 1024;

    private readonly Stack<QueuedMessage>[] _free = [.. Enumerable.Range(0, ClassCount).Select(_ => new Stack<QueuedMessage>())];
    private QueuedMessage[] _ring = new QueuedMessage[64];
    private int _head;
    private int _freeBytes;

    /// <summary>Messages waiting.</summary>
    public int Waiting { get; private set; }

    /// <summary>Messages waiting or taken and not released.</summary>
    public int Count { get; private set; }

    /// <summary>Memory of those.</summary>
    public int Bytes { get; private set; }

    /// <summary>Messages given up so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Copies a message to the end of the queue, displacing the oldest as needed.</summary>
    /// <returns>False when it cannot be taken: larger than the queue, or all room is taken by messages on their way.</returns>
    public bool TryEnqueue(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key, ReadOnlySpan<byte> correlationData = default)
    {
        int sizeClass = Math.Max(SmallestClass, BitOperations.Log2((uint)Math.Max(1, payload.Length + correlationData.Length - 1)) + 1);
        int capacity = sizeClass >= 31 ? int.MaxValue : 1 << sizeClass;
        while (Waiting > 0 && capacity <= maxBytes && (Count >= maxCount || Bytes + (long)capacity > maxBytes)) DropOldest();
        if (Count >= maxCount || Bytes + (long)capacity > maxBytes)
        {
            Dropped++;
            return false;
        }

        QueuedMessage message = Rent(sizeClass);
        message.Fill(topic, payload, correlationData, qos, key);
        Count++;
        Bytes += capacity;
        if (Waiting == _ring.Length) Grow();
        _ring[(_head + Waiting++) & (_ring.Length - 1)] = message;
        return true;
    }

    /// <summary>The oldest that waits, left where it is; null when none does.</summary>
    public QueuedMessage? Peek() => Waiting == 0 ? null : _ring[_head];

    /// <summary>Takes the oldest that waits; it counts until it is released.</summary>
    public QueuedMessage Take()
    {
        QueuedMessage message = _ring[_head];
        _ring[_head] = null!;
        _head = (_head + 1) & (_ring.Length - 1);
        Waiting--;
        return message;
    }

    /// <summary>Puts a taken message before all others again.</summary>
    public void PutBack(QueuedMessage message)
    {
        if (Waiting == _ring.Length) Grow();
        _head = (_head - 1) & (_ring.Length - 1);
        _ring[_head] = message;
        Waiting++;
    }

    /// <summary>
    /// Takes the messages that wait in another queue, before its own: they are older. Where there is no room for all, the oldest go.
    /// </summary>
    /// <param name="other">Left without waiting messages.</param>
    public void TakeOver(PublishQueue other)
    {
        while (other.Waiting > 0)
        {
            QueuedMessage message = other.TakeNewest();
            if (Count >= maxCount || Bytes + (long)message.CapacityBytes > maxBytes)
            {
                Dropped++;
                observer?.Lost(message.Key);
                continue;
            }

            Count++;
            Bytes += message.CapacityBytes;
            PutBack(message);
        }
    }

    /// <summary>A taken message is done with.</summary>
    public void Release(QueuedMessage message)
    {
        Count--;
        Bytes -= message.CapacityBytes;
        if (_freeBytes + message.CapacityBytes > KeptBytes) return;
        _freeBytes += message.CapacityBytes;
        _free[BitOperations.Log2((uint)message.CapacityBytes) - SmallestClass].Push(message);
    }

    /// <summary>A taken message is given up.</summary>
    public void Drop(QueuedMessage message)
    {
        Dropped++;
        observer?.Lost(message.Key);
        Release(message);
    }

    private QueuedMessage TakeNewest()
    {
        int at = (_head + --Waiting) & (_ring.Length - 1);
        QueuedMessage message = _ring[at];
        _ring[at] = null!;
        Count--;
        Bytes -= message.CapacityBytes;
        return message;
    }

    private void DropOldest() => Drop(Take());

    private QueuedMessage Rent(int sizeClass)
    {
        if (!_free[sizeClass - SmallestClass].TryPop(out QueuedMessage? message)) return new(1 << sizeClass);
        _freeBytes -= message.CapacityBytes;
        return message;
    }

    private void Grow()
    {
        QueuedMessage[] larger = new QueuedMessage[_ring.Length * 2];
        for (int i = 0; i < Waiting; i++) larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        _ring = larger;
        _head = 0;
    }
}
