using System.Text;
using EdgeInfer.Delivery;

namespace EdgeInfer.Tests.Delivery.Ring;

/// <summary>Streams, messages that say what they must be, and a folder in memory.</summary>
internal sealed class RingRig : IDisposable
{
    public static readonly Guid Kernel = new("11112222-3333-4444-5555-666677778888");

    public RingRig()
    {
        Folder = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), "ring-" + Path.GetRandomFileName())).FullName;
        Label = new(new("belt/parts", "plant/belt/prediction", "plant/belt/history", DeliveryClass.Event), isDurable: true);
    }

    public string Folder { get; }

    public StreamLabel Label { get; }

    public static AcceptedAt At(long sequence) => new(Kernel, 1000 + sequence, 1_700_000_000_000 + sequence, sequence % 2 == 0);

    public static byte[] Payload(long sequence, int bytes)
    {
        byte[] payload = new byte[bytes];
#pragma warning disable CA5394 // Repeatable content.
        new Random((int)sequence).NextBytes(payload);
#pragma warning restore CA5394
        return payload;
    }

    public static byte[] Json(long sequence) => Encoding.UTF8.GetBytes($$"""{"id":"m-{{sequence}}","seq":{{sequence}}}""");

    public int Add(IMessageRing ring, long sequence, ReadOnlySpan<byte> payload) => ring.TryAdd(new(Label, 7, sequence, At(sequence), payload));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
