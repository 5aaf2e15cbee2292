using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Recording;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Recording;

/// <summary>The archive against .NET's own tar reader and SHA-256, and the reader against archives that something has happened to.</summary>
public sealed class RecordingArchiveTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-recording-");
    private readonly FramePool _pool = new(1, 1 << 20);

    [Fact]
    public async Task Another_tar_reader_finds_every_file_and_the_digests_are_right()
    {
        byte[] archive = await Archive(3);
        Dictionary<string, byte[]> files = [];
        using TarReader reader = new(new MemoryStream(archive));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            MemoryStream content = new();
            entry.DataStream?.CopyTo(content);
            files.Add(entry.Name, content.ToArray());
        }

        Assert.Equal(
            ["manifest.json", "frames/000001.json", "frames/000001.yuyv", "frames/000002.json", "frames/000002.yuyv", "frames/000003.json", "frames/000003.yuyv", "results.jsonl", "SHA256SUMS"],
            files.Keys);
        string sums = string.Concat(files.Where(f => f.Key != "SHA256SUMS").Select(f => $"{Convert.ToHexStringLower(SHA256.HashData(f.Value))}  {f.Key}\n"));
        Assert.Equal(sums, Encoding.ASCII.GetString(files["SHA256SUMS"]));
        Assert.Equal(Enumerable.Repeat((byte)2, 1002), files["frames/000002.yuyv"]);
        Assert.Equal("{\"seq\":1}\n{\"seq\":2}\n{\"seq\":3}\n", Encoding.UTF8.GetString(files["results.jsonl"]));
    }

    [Fact]
    public async Task What_was_recorded_is_read_again()
    {
        using RecordingReader recording = RecordingReader.Open(Write(await Archive(3)));
        Assert.Equal(("press-3", "belt", 3), (recording.Manifest.Device, recording.Manifest.Pipeline, recording.Manifest.Frames));
        Assert.Equal(new(270, true, false, new(0.1, 0.2, 0.3, 0.4)), recording.Manifest.Options.Turn);
        RecordedFrame frame = recording.Frames[2];
        Assert.Equal(("yuyv", 640, 480, 1300, YuvColour.Bt709Full, "3"), (frame.Format, frame.Width, frame.Height, frame.Stride, frame.Colour, frame.Id));
        Assert.Equal(new RecordedResult(0, 3, "00000000000000ff"), Assert.Single(frame.Results));
        byte[] bytes = new byte[frame.Bytes];
        recording.ReadFrame(2, bytes);
        Assert.Equal(Enumerable.Repeat((byte)3, 1003), bytes);
        Assert.Equal("{\"seq\":3}", Encoding.UTF8.GetString(recording.Result(3).Span));
    }

    [Fact]
    public async Task A_file_that_is_cut_off_anywhere_is_refused_with_one_fault()
    {
        byte[] archive = await Archive(2);

        // The two empty blocks at the end can go: nothing is lost with the second.
        for (int length = 0; length < archive.Length - 512; length += 171)
        {
            FaultException e = Assert.Throws<FaultException>(() => RecordingReader.Open(Write(archive[..length])));
            Assert.Equal(FaultKind.Data, Assert.Single(e.Faults).Kind);
        }
    }

    [Fact]
    public async Task A_byte_that_was_changed_in_any_file_is_noticed()
    {
        byte[] archive = await Archive(2);
        int padding = 0;
        for (int at = 0; at < archive.Length - 1024; at += 37)
        {
            byte[] changed = [.. archive];
            changed[at] ^= 1;
            try
            {
                using RecordingReader reader = RecordingReader.Open(Write(changed));

                // What lies between the files says nothing.
                Assert.Equal(0, archive[at]);
                padding++;
            }
            catch (FaultException e)
            {
                Assert.Equal(FaultKind.Data, e.Fault.Kind);
            }
        }

        Assert.InRange(padding, 1, archive.Length / 37 / 2);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("not a tar archive at all", "cut off")]
    public void What_is_no_recording_is_called_so(string content, string what)
        => Assert.Contains(what, Assert.Throws<FaultException>(() => RecordingReader.Open(Write(Encoding.UTF8.GetBytes(content)))).Fault.What, StringComparison.Ordinal);

    [Fact]
    public void A_tar_archive_of_something_else_is_called_so()
    {
        MemoryStream bytes = new();
        using (TarWriter writer = new(bytes, TarEntryFormat.Ustar, leaveOpen: true))
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "hello.txt") { DataStream = new MemoryStream("hello"u8.ToArray()) });
        Assert.Contains("it has no SHA256SUMS", Assert.Throws<FaultException>(() => RecordingReader.Open(Write(bytes.ToArray()))).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frames_made_of_random_bytes_are_never_more_than_a_fault()
    {
        byte[] archive = await Archive(2);
        Random random = new(7);
        for (int i = 0; i < 300; i++)
        {
            byte[] changed = [.. archive];
            for (int n = random.Next(1, 40); n > 0; n--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                RecordingReader.Open(Write(changed)).Dispose();
            }
            catch (FaultException)
            {
            }
        }
    }

    private async Task<byte[]> Archive(int frames)
    {
        using FrameRing ring = new(new(100, null, 1 << 20), TimeProvider.System);
        for (int i = 1; i <= frames; i++)
        {
            Frame frame = _pool.Rent()!;
            _pool.Memory(frame, 1000 + i)[..(1000 + i)].Fill((byte)i);
            frame.Info = new()
            {
                Format = PixelFormat.Yuyv,
                WidthPixels = 640,
                HeightPixels = 480,
                StrideBytes = 1300,
                Colour = YuvColour.Bt709Full,
                Sequence = i,
                CapturedTimestamp = TimeProvider.System.GetTimestamp(),
                CapturedAt = DateTimeOffset.UnixEpoch.AddSeconds(i),
                Id = FrameId.FromUtf8(Encoding.UTF8.GetBytes($"{i}")),
            };
            FrameLease lease = _pool.Publish(frame, 1000 + i);
            ring.Begin(lease);
            ring.Result(0, i, 0xff, Encoding.UTF8.GetBytes($"{{\"seq\":{i}}}"));
            ring.End(0);
            lease.Dispose();
        }

        PipelineOptions pipeline = new()
        {
            Name = "belt",
            Mark = default,
            Models = ["parts"],
            Source = new FilesOptions("/x", false) { Turn = new(270, true, false, new(0.1, 0.2, 0.3, 0.4)) },
        };
        RecordingManifest manifest = new()
        {
            Schema = RecordingManifest.CurrentSchema,
            Device = "press-3",
            Pipeline = "belt",
            Boot = 12,
            Version = "0.1.0",
            MadeAt = DateTimeOffset.UnixEpoch,
            Frames = 0,
            Options = RecordedOptions.Of(pipeline),
            Models = [new("parts", "/models/parts", "parts-detector", "1.0.0", new('a', 64), "cpu", 2)],
        };
        using RecordingArchive archive = new(manifest, ring.Freeze()!, static _ => "ok");
        MemoryStream bytes = new();
        await archive.WriteAsync(bytes, TestContext.Current.CancellationToken);
        Assert.Equal(archive.LengthBytes, bytes.Length);
        return bytes.ToArray();
    }

    private string Write(byte[] bytes)
    {
        string path = Path.Combine(_folder.FullName, "r.tar");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose()
    {
        _pool.Dispose();
        _folder.Delete(true);
    }
}
