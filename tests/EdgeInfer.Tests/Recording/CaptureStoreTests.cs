using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Recording;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Recording;

public sealed class CaptureStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FramePool _pool = new(1, 1 << 20);
    private readonly FakeTimeProvider _time = new(new(2026, 11, 25, 18, 0, 0, TimeSpan.Zero));
    private readonly CaptureStore _store;

    public CaptureStoreTests() => _store = new(_folder.At("captures"), _time);

    [Fact]
    public void The_file_is_what_the_answer_says_and_replay_can_read_it()
    {
        using RecordingArchive archive = Archive();
        StoredCapture stored = _store.Add("belt", archive, CancellationToken.None);
        Assert.Equal(_folder.At("captures/belt-20261125T180000000Z.tar"), stored.Path);
        byte[] bytes = File.ReadAllBytes(stored.Path);
        Assert.Equal((archive.LengthBytes, 1), (bytes.Length, stored.Frames));
        Assert.Equal((stored.LengthBytes, stored.Sha256), (bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        using RecordingReader reader = RecordingReader.Open(stored.Path);
        Assert.Equal("belt", reader.Manifest.Pipeline);
    }

    [Fact]
    public void The_newest_eight_stay()
    {
        List<string> all = [];
        for (int i = 0; i < 10; i++)
        {
            using RecordingArchive archive = Archive();
            string path = _store.Add(i % 2 == 0 ? "belt" : "exit", archive, CancellationToken.None).Path;
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
            all.Add(path);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(all[2..].Order(), Directory.GetFiles(_folder.At("captures")).Order());
    }

    [Fact]
    public void What_cannot_be_written_leaves_nothing_and_says_where()
    {
        File.WriteAllText(_folder.At("captures"), "");
        using RecordingArchive archive = Archive();
        Fault fault = Assert.Throws<FaultException>(() => _store.Add("belt", archive, CancellationToken.None)).Fault;
        Assert.Equal((FaultKind.InputOutput, _folder.At("captures")), (fault.Kind, fault.Where));
    }

    [Fact]
    public void One_that_is_ended_half_way_leaves_nothing_and_what_a_power_cut_left_goes_with_the_next()
    {
        Directory.CreateDirectory(_folder.At("captures"));
        File.WriteAllText(_folder.At("captures/belt-1.tar.new"), "half");
        using (RecordingArchive archive = Archive())
            Assert.ThrowsAny<OperationCanceledException>(() => _store.Add("belt", archive, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFiles(_folder.At("captures")));
    }

    public void Dispose()
    {
        _pool.Dispose();
        _folder.Dispose();
    }

    private RecordingArchive Archive()
    {
        FrameRing ring = new(new(3, null, 1 << 20), _time);
        Frame frame = _pool.Rent()!;
        _pool.Memory(frame, 100).Clear();
        frame.Info = new() { Format = PixelFormat.Gray8, WidthPixels = 10, HeightPixels = 10, CapturedAt = _time.GetUtcNow() };
        FrameLease lease = _pool.Publish(frame, 100);
        ring.Begin(lease);
        lease.Dispose();
        ring.Result(0, 1, 0, "{\"seq\":1}"u8);
        ring.End(0);
        RecordingManifest manifest = new()
        {
            Schema = RecordingManifest.CurrentSchema,
            Device = "press-3",
            Pipeline = "belt",
            Boot = 1,
            Version = "1",
            MadeAt = _time.GetUtcNow(),
            Frames = 1,
            Options = new(),
            Models = [new("parts", "/m", "parts", "1", new string('0', 64), "cpu", 1)],
        };
        return new(manifest, ring.Freeze()!, static _ => "ok");
    }
}
