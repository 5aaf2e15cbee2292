using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

public sealed class PublishQueueTests : IDeliveryObserver
{
    private static readonly MqttTopic s_topic = new("t");
    private readonly List<long> _lost = [];

    public void Delivered(long key) => Assert.Fail("a queue delivers nothing");

    public void Lost(long key) => _lost.Add(key);

    [Fact]
    public void Messages_leave_in_the_order_they_came()
    {
        PublishQueue queue = new(1000, 1 << 20, this);
        for (int i = 0; i < 200; i++) Assert.True(Add(queue, i, 10 + i));
        for (int i = 0; i < 200; i++)
        {
            QueuedMessage message = queue.Take();
            Assert.Equal((i, 10 + i, (byte)i), (message.Key, message.Payload.Length, message.Payload[0]));
            queue.Release(message);
        }

        Assert.Null(queue.Peek());
        Assert.Equal((0, 0, 0), (queue.Waiting, queue.Count, queue.Bytes));
    }

    [Fact]
    public void When_the_count_is_full_the_oldest_goes_is_counted_and_told()
    {
        PublishQueue queue = new(3, 1 << 20, this);
        for (int i = 0; i < 5; i++) Assert.True(Add(queue, i, 10));
        Assert.Equal([0L, 1], _lost);
        Assert.Equal((3, 2L), (queue.Waiting, queue.Dropped));
        Assert.Equal(2, queue.Take().Key);
    }

    [Fact]
    public void When_the_memory_is_full_the_oldest_go_until_the_new_one_fits()
    {
        PublishQueue queue = new(1000, 4096, this);
        for (int i = 0; i < 8; i++) Assert.True(Add(queue, i, 500));
        Assert.Equal(4096, queue.Bytes);
        Assert.True(Add(queue, 8, 2000));
        Assert.Equal([0L, 1, 2, 3], _lost);
        Assert.Equal(4096, queue.Bytes);
        Assert.False(Add(queue, 9, 5000));
        Assert.Equal((5, 5L), (queue.Waiting, queue.Dropped));
    }

    [Fact]
    public void A_message_on_its_way_counts_and_is_never_displaced()
    {
        PublishQueue queue = new(2, 1 << 20, this);
        Add(queue, 0, 10);
        QueuedMessage flying = queue.Take();
        Add(queue, 1, 10);
        Add(queue, 2, 10);
        Assert.Equal([1L], _lost);
        Assert.Equal(2, queue.Count);
        QueuedMessage second = queue.Take();
        Assert.False(Add(queue, 3, 10));
        queue.PutBack(second);
        queue.PutBack(flying);
        Assert.Equal([0L, 2], [queue.Take().Key, queue.Take().Key]);
    }

    [Fact]
    public void What_is_put_back_comes_first_also_around_the_rings_end()
    {
        PublishQueue queue = new(1000, 1 << 20, this);
        for (int i = 0; i < 64; i++) Add(queue, i, 10);
        QueuedMessage[] taken = [queue.Take(), queue.Take(), queue.Take()];
        for (int i = 64; i < 67; i++) Add(queue, i, 10);
        foreach (QueuedMessage message in taken.Reverse()) queue.PutBack(message);
        Assert.Equal(Enumerable.Range(0, 67).Select(i => (long)i), Enumerable.Range(0, 67).Select(_ => queue.Take().Key));
    }

    [Fact]
    public void What_another_queue_leaves_comes_first_and_its_oldest_go_where_there_is_no_room()
    {
        PublishQueue earlier = new(1000, 1 << 20, this);
        for (int i = 0; i < 4; i++) Add(earlier, i, 10);
        PublishQueue queue = new(5, 1 << 20, this);
        for (int i = 4; i < 6; i++) Add(queue, i, 10);
        queue.TakeOver(earlier);
        Assert.Equal([0L], _lost);
        Assert.Equal((5, 5 * 512, 1L), (queue.Count, queue.Bytes, queue.Dropped));
        Assert.Equal((0, 0, 0), (earlier.Waiting, earlier.Count, earlier.Bytes));
        Assert.Equal([1L, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(_ => queue.Take().Key));
    }

    [Theory]
    [InlineData(0, 512)]
    [InlineData(512, 512)]
    [InlineData(513, 1024)]
    [InlineData(70_000, 131_072)]
    public void Buffers_are_powers_of_two(int payload, int capacity)
    {
        PublishQueue queue = new(10, 1 << 20, this);
        Add(queue, 0, payload);
        Assert.Equal(capacity, queue.Bytes);
    }

    [Fact]
    public void A_steady_stream_allocates_nothing_and_a_full_queue_neither()
    {
        PublishQueue queue = new(256, 1 << 20, observer: null);
        byte[] payload = new byte[700];
        for (int i = 0; i < 1000; i++) queue.TryEnqueue(s_topic, payload, 1, i);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5000; i++)
        {
            queue.TryEnqueue(s_topic, payload, 1, i);
            if (i % 3 == 0) queue.Release(queue.Take());
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
    }

    private static bool Add(PublishQueue queue, int key, int bytes)
    {
        byte[] payload = new byte[bytes];
        payload.AsSpan().Fill((byte)key);
        return queue.TryEnqueue(s_topic, payload, 1, key);
    }
}
