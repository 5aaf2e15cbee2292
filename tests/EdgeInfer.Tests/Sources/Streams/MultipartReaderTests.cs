using System.Text;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Tests.Sources.Streams;

public class MultipartReaderTests
{
    /// <summary>What cameras send: the type's boundary and the bytes around two parts, %1 and %2 being the pictures.</summary>
    public static TheoryData<string, string?, string> Framings => new()
    {
        { "as RFC 2046 says", "frame", "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %L1\r\n\r\n%1\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %L2\r\n\r\n%2\r\n--frame--\r\n" },
        { "without lengths", "frame", "--frame\r\nContent-Type: image/jpeg\r\n\r\n%1\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n%2\r\n--frame\r\n" },
        { "without part headers", "frame", "--frame\r\n\r\n%1\r\n--frame\r\n\r\n%2\r\n--frame--" },
        { "boundary named with its dashes", "--frame", "--frame\r\nContent-Length: %L1\r\n\r\n%1\r\n--frame\r\nContent-Length: %L2\r\n\r\n%2\r\n" },
        { "boundary named with dashes, without lengths", "--frame", "--frame\r\n\r\n%1\r\n--frame\r\n\r\n%2\r\n--frame\r\n" },
        { "boundary named with dashes and sent with two more", "--frame", "----frame\r\n\r\n%1\r\n----frame\r\n\r\n%2\r\n----frame\r\n" },
        { "boundary in quotes", "\"frame\"", "--frame\r\nContent-Length: %L1\r\n\r\n%1\r\n--frame\r\nContent-Length: %L2\r\n\r\n%2\r\n" },
        { "boundary sent without dashes", "frame", "frame\r\nContent-Length: %L1\r\n\r\n%1\r\nframe\r\nContent-Length: %L2\r\n\r\n%2\r\n" },
        { "boundary sent without dashes and without lengths", "frame", "frame\r\n\r\n%1\r\nframe\r\n\r\n%2\r\nframe\r\n" },
        { "boundary not named", null, "\r\n--frame\r\nContent-Length: %L1\r\n\r\n%1\r\n--frame\r\nContent-Length: %L2\r\n\r\n%2\r\n" },
        { "no line break before the boundary", "frame", "--frame\r\nContent-Length: %L1\r\n\r\n%1--frame\r\nContent-Length: %L2\r\n\r\n%2--frame\r\n" },
        { "neither line break nor length", "frame", "--frame\r\n\r\n%1--frame\r\n\r\n%2--frame\r\n" },
        { "line feeds alone", "frame", "--frame\nContent-Length: %L1\n\n%1\n--frame\nContent-Length: %L2\n\n%2\n" },
        { "line feeds alone, without lengths", "frame", "--frame\n\n%1\n--frame\n\n%2\n--frame\n" },
        { "a preamble and empty lines", "frame", "This is a multipart message.\r\n\r\n--frame\r\nContent-Length: %L1\r\n\r\n%1\r\n\r\n\r\n--frame\r\nContent-Length: %L2\r\n\r\n%2" },
        { "a length that is no number", "frame", "--frame\r\nContent-Length: many\r\n\r\n%1\r\n--frame\r\nContent-Length: -7\r\n\r\n%2\r\n--frame\r\n" },
        { "header names in other cases, padded boundary lines", "frame", "--frame \t\r\nCONTENT-LENGTH : %L1 \r\n\r\n%1\r\n--frame \r\ncontent-length:%L2\r\n\r\n%2\r\n" },
        { "a text part between the pictures", "frame", "--frame\r\nContent-Length: %L1\r\n\r\n%1\r\n--frame\r\nContent-Type: text/plain\r\n\r\nmoved\r\n--frame\r\nContent-Length: %L2\r\n\r\n%2\r\n" },
        { "a boundary of dashes only", "----", "------\r\nContent-Length: %L1\r\n\r\n%1\r\n------\r\nContent-Length: %L2\r\n\r\n%2\r\n" },
    };

    [Theory]
    [MemberData(nameof(Framings))]
    public void Every_framing_gives_both_pictures_wherever_the_network_tears_it(string framing, string? boundary, string template)
    {
        Assert.NotEmpty(framing);
        byte[] first = Picture(61, seed: 1);
        byte[] second = Picture(38, seed: 2);
        byte[] stream = Fill(template, first, second);
        for (int split = 0; split <= stream.Length; split++)
        {
            using FramePool pool = new(3, 1 << 20);
            using MultipartReader reader = Reader(pool, new TornStream(stream, split), boundary);
            AssertNext(reader, first);
            AssertNext(reader, second);
        }
    }

    [Theory]
    [MemberData(nameof(Framings))]
    public void Every_framing_gives_both_pictures_one_byte_at_a_time(string framing, string? boundary, string template)
    {
        Assert.NotEmpty(framing);
        byte[] first = Picture(61, seed: 3);
        byte[] second = Picture(38, seed: 4);
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, new TornStream(Fill(template, first, second), [.. Enumerable.Range(1, 4096)]), boundary);
        AssertNext(reader, first);
        AssertNext(reader, second);
    }

    [Fact]
    public void The_frame_id_of_a_part_goes_with_its_picture()
    {
        byte[] stream = Encoding.ASCII.GetBytes("--f\r\nX-Frame-Id:  run-7/000042 \r\nContent-Length: 2\r\n\r\nAB\r\n--f\r\nContent-Length: 2\r\n\r\nCD\r\n--f");
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, new MemoryStream(stream), "f");
        Assert.Equal(PartOutcome.Picture, reader.Read(out FrameLease first));
        Assert.Equal("run-7/000042", first.Info.Id.ToString());
        Assert.Equal(1, first.Info.Sequence);
        Assert.Equal(PartOutcome.Picture, reader.Read(out FrameLease second));
        Assert.True(second.Info.Id.IsEmpty);
        Assert.Equal(2, second.Info.Sequence);
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public void A_picture_that_holds_the_boundarys_name_is_not_cut_there()
    {
        byte[] picture = [0xFF, 0xD8, .. "\r\n--framework frame\r\nxframe\r\n--fram"u8, 0xFF, 0xD9];
        byte[] stream = [.. "--frame\r\n\r\n"u8, .. picture, .. "\r\n--frame\r\n\r\n"u8, .. picture, .. "\r\n--frame--"u8];
        for (int split = 0; split < stream.Length; split++)
        {
            using FramePool pool = new(3, 1 << 20);
            using MultipartReader reader = Reader(pool, new TornStream(stream, split), "frame");
            AssertNext(reader, picture);
            AssertNext(reader, picture);
            Assert.Equal(PartOutcome.Closed, reader.Read(out _));
        }
    }

    [Fact]
    public void A_whole_jpeg_without_a_length_does_not_wait_for_the_next_boundary()
    {
        byte[] jpeg = Jpeg(hasThumbnail: true);
        byte[] stream = [.. "--frame\r\nContent-Type: image/jpeg\r\n\r\n"u8, .. jpeg];
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, new TornStream(stream) { AtEnd = () => throw new IOException("it waited") }, "frame");
        AssertNext(reader, jpeg);
    }

    [Fact]
    public void The_end_of_a_thumbnail_is_not_taken_for_the_end_of_the_picture()
    {
        byte[] jpeg = Jpeg(hasThumbnail: true);
        byte[] head = [.. "--frame\r\nContent-Type: image/jpeg\r\n\r\n"u8];
        byte[] stream = [.. head, .. jpeg, .. "\r\n--frame\r\n"u8];
        int thumbnailEnd = head.Length + jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) + 2;
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, new TornStream(stream, thumbnailEnd), "frame");
        AssertNext(reader, jpeg);
    }

    [Fact]
    public void A_length_that_is_too_small_gives_a_stray_rest_and_the_stream_goes_on()
    {
        byte[] picture = Picture(40, seed: 5);
        byte[] stream = [.. "--frame\r\nContent-Length: 30\r\n\r\n"u8, .. picture, .. "\r\n--frame\r\nContent-Length: 40\r\n\r\n"u8, .. picture, .. "\r\n"u8];
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, new MemoryStream(stream), "frame");
        AssertNext(reader, picture[..30]);
        Assert.Equal(PartOutcome.Stray, reader.Read(out _));
        AssertNext(reader, picture);
    }

    [Theory]
    [InlineData("--f\r\nContent-Length: 9999999\r\n\r\nx", PartOutcome.TooLarge)]
    [InlineData("--f\r\nContent-Length: 9223372036854775807\r\n\r\nx", PartOutcome.TooLarge)]
    [InlineData("--f\r\nContent-Length: 10\r\n\r\nabc", PartOutcome.ClosedWithin)]
    [InlineData("--f\r\n\r\nabc", PartOutcome.ClosedWithin)]
    [InlineData("--f\r\nContent-Le", PartOutcome.ClosedWithin)]
    [InlineData("--f\r\nContent-Length: 0\r\n\r\n\r\n--f", PartOutcome.Corrupt)]
    [InlineData("--f\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\nhello\r\n--f", PartOutcome.Corrupt)]
    [InlineData("--f\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello\r\n--f", PartOutcome.NoPicture)]
    [InlineData("", PartOutcome.Closed)]
    [InlineData("--f--\r\n", PartOutcome.Closed)]
    public void What_is_no_picture_is_said_to_be_none(string stream, object expected)
    {
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, new MemoryStream(Encoding.ASCII.GetBytes(stream)), "f");
        Assert.Equal(expected, reader.Read(out _));
        Assert.Equal(2, pool.FreeCount);
    }

    [Theory]
    [InlineData("--f\r\nContent-Type: image/png\r\n\r\n", PixelFormat.PictureFile)]
    [InlineData("--f\r\nContent-Type: application/octet-stream\r\n\r\n", PixelFormat.PictureFile)]
    public void A_part_of_another_picture_type_is_a_picture_file(string head, PixelFormat expected)
    {
        byte[] stream = [.. Encoding.ASCII.GetBytes(head), 0x89, .. "PNG\r\n\x1A\n1234"u8, .. "\r\n--f\r\n"u8];
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, new MemoryStream(stream), "f");
        Assert.Equal(PartOutcome.Picture, reader.Read(out FrameLease picture));
        Assert.Equal(expected, picture.Info.Format);
        picture.Dispose();
    }

    [Theory]
    [InlineData("--f\r\n", "X-Flood: 0123456789\r\n", PartOutcome.HeaderTooLong)]
    [InlineData("--f\r\nX-One-Line: ", "0123456789", PartOutcome.HeaderTooLong)]
    [InlineData("", "no boundary here\r\n", PartOutcome.NoBoundary)]
    [InlineData("--f\r\n\r\n", "a picture that never ends", PartOutcome.TooLarge)]
    [InlineData("--f\r\nContent-Length: 1\r\n\r\nx\r\n", "bytes of no part", PartOutcome.NoBoundary)]
    public void Bytes_without_end_are_refused_at_the_bound(string head, string flood, object expected)
    {
        const int Limit = 1 << 20;
        int given = 0;
        byte[] again = Encoding.ASCII.GetBytes(flood);
        TornStream stream = new(Encoding.ASCII.GetBytes(head))
        {
            AtEnd = () =>
            {
                given += again.Length;
                Assert.True(given < 2 * Limit, "it reads on without end");
                return again;
            },
        };
        using FramePool pool = new(3, Limit);
        using MultipartReader reader = Reader(pool, stream, "f");
        PartOutcome outcome;
        do outcome = Next(reader);
        while (outcome == PartOutcome.Picture);
        Assert.Equal(expected, outcome);
    }

    [Fact]
    public void Without_a_free_frame_the_picture_is_lost_and_the_next_one_comes()
    {
        byte[] stream = Encoding.ASCII.GetBytes("--f\r\nContent-Length: 2\r\n\r\nAB\r\n--f\r\nContent-Length: 2\r\n\r\nCD\r\n--f\r\nContent-Length: 2\r\n\r\nEF\r\n");
        using FramePool pool = new(2, 1 << 20);
        using MultipartReader reader = Reader(pool, new MemoryStream(stream), "f");
        Assert.Equal(PartOutcome.Picture, reader.Read(out FrameLease first));
        Assert.Equal(PartOutcome.NoBuffer, reader.Read(out _));
        first.Dispose();
        AssertNext(reader, "EF"u8.ToArray());
    }

    [Fact]
    public void A_part_costs_no_managed_memory()
    {
        byte[] picture = Picture(60_000, seed: 6);
        byte[] part = [.. "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 60000\r\nX-Frame-Id: 123456\r\n\r\n"u8, .. picture, .. "\r\n"u8];
        TornStream stream = new([]) { AtEnd = () => part };
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, stream, "frame");
        ReadAll(reader, 10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll(reader, 200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void What_is_read_beyond_a_part_of_known_length_is_less_than_a_kilobyte()
    {
        byte[] picture = Picture(60_000, seed: 7);
        byte[] part = [.. "--frame\r\nContent-Length: 60000\r\n\r\n"u8, .. picture, .. "\r\n"u8];
        TornStream stream = new([.. Enumerable.Repeat(part, 20).SelectMany(p => p)]);
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = Reader(pool, stream, "frame");
        for (int i = 1; i < 20; i++)
        {
            AssertNext(reader, picture);
            if (i > 1) Assert.InRange(stream.Position - (long)part.Length * i, -2, 1024);
        }
    }

    private static PartOutcome Next(MultipartReader reader)
    {
        PartOutcome outcome = reader.Read(out FrameLease picture);
        picture.Dispose();
        return outcome;
    }

    private static void ReadAll(MultipartReader reader, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (reader.Read(out FrameLease picture) != PartOutcome.Picture) throw new InvalidOperationException("no picture");
            picture.Dispose();
        }
    }

    private static MultipartReader Reader(FramePool pool, Stream stream, string? boundary)
        => new(stream, pool, boundary is null ? null : Boundary.OfContentType("multipart/x-mixed-replace; boundary=" + boundary), TimeSpan.FromMinutes(1), TimeProvider.System);

    private static void AssertNext(MultipartReader reader, byte[] expected)
    {
        PartOutcome outcome;
        FrameLease picture;
        do outcome = reader.Read(out picture);
        while (outcome == PartOutcome.NoPicture);
        Assert.Equal(PartOutcome.Picture, outcome);
        Assert.True(picture.Data.SequenceEqual(expected), "the picture's bytes differ");
        picture.Dispose();
    }

    private static byte[] Fill(string template, byte[] first, byte[] second)
    {
        string filled = template.Replace("%L1", first.Length.ToString(), StringComparison.Ordinal).Replace("%L2", second.Length.ToString(), StringComparison.Ordinal)
            .Replace("%1", Encoding.Latin1.GetString(first), StringComparison.Ordinal).Replace("%2", Encoding.Latin1.GetString(second), StringComparison.Ordinal);
        return Encoding.Latin1.GetBytes(filled);
    }

    /// <summary>Bytes of every value but the percent sign and the dash, which end nothing in a real stream either, between a JPEG's marks.</summary>
    private static byte[] Picture(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        for (int i = 0; i < length; i++) if (bytes[i] is (byte)'%' or (byte)'-') bytes[i] = 0;
        bytes[0] = 0xFF;
        bytes[1] = 0xD8;
        bytes[^2] = 0xFF;
        bytes[^1] = 0xD9;
        return bytes;
    }

    /// <summary>A JPEG's skeleton by ITU T.81 annex B: segments with lengths, a scan with stuffed and restart bytes, tables between scans.</summary>
    private static byte[] Jpeg(bool hasThumbnail) =>
    [
        0xFF, 0xD8,
        .. hasThumbnail ? (byte[])[0xFF, 0xE1, 0, 10, 0xFF, 0xD8, 1, 2, 3, 4, 0xFF, 0xD9] : [],
        0xFF, 0xC4, 0, 4, 0xFF, 0xD9,
        0xFF, 0xDA, 0, 3, 1, 0x11, 0xFF, 0x00, 0x22, 0xFF, 0xD0, 0x33,
        0xFF, 0xC4, 0, 4, 0xFF, 0xD9,
        0xFF, 0xDA, 0, 3, 1, 0x44, 0xFF, 0x00,
        0xFF, 0xD9,
    ];
}
