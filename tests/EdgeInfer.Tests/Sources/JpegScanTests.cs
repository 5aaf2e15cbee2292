using EdgeInfer.Sources;

namespace EdgeInfer.Tests.Sources;

/// <summary>Pictures put together by hand from the markers of ITU-T T.81, annex B.</summary>
public sealed class JpegScanTests
{
    private static readonly byte[] s_thumbnail = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 1, 0xFF, 0xD9];

    // SOI, APP1 with a whole thumbnail in it, SOF, two scans with stuffed bytes, restart and fill bytes, EOI.
    private static readonly byte[] s_picture =
    [
        0xFF, 0xD8, 0xFF, 0xE1, 0, 11, .. s_thumbnail, 0xFF, 0xC0, 0, 4, 0xFF, 0xD9,
        0xFF, 0xDA, 0, 3, 7, 1, 2, 0xFF, 0, 0xFF, 0xD0, 3, 0xFF, 0xFF, 0xC4, 0, 2, 0xFF, 0xDA, 0, 2, 9, 9, 0xFF, 0xD9,
    ];

    [Fact]
    public void A_picture_ends_at_its_own_end_marker()
    {
        JpegScan scan = default;
        Assert.Equal(JpegProgress.Whole, scan.Advance([.. "junk"u8, .. s_picture, 1, 2, 3]));
        Assert.Equal((4, 4 + s_picture.Length), (scan.Start, scan.End));
    }

    [Fact]
    public void It_is_found_however_it_is_torn()
    {
        byte[] all = [1, 0xFF, 2, .. s_picture];
        for (int first = 0; first <= all.Length; first++)
        {
            for (int second = first; second < all.Length; second++)
            {
                JpegScan scan = default;
                Assert.Equal(first == all.Length ? JpegProgress.Whole : JpegProgress.More, scan.Advance(all.AsSpan(0, first)));
                Assert.Equal(JpegProgress.More, scan.Advance(all.AsSpan(0, second)));
                Assert.Equal(JpegProgress.Whole, scan.Advance(all));
                Assert.Equal((3, all.Length), (scan.Start, scan.End));
            }
        }
    }

    [Fact]
    public void One_that_is_cut_short_by_the_next_is_broken_and_the_search_goes_on_there()
    {
        byte[] half = s_picture[..^4];
        JpegScan scan = default;
        Assert.Equal(JpegProgress.Broken, scan.Advance([.. half, .. s_picture]));
        Assert.Equal(half.Length, scan.End);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xD8, 0xFF, 0xD9 })]
    [InlineData(new byte[] { 0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0 })]
    [InlineData(new byte[] { 0xFF, 0xD8, 0xFF, 0xE0, 0, 2, 0, 0 })]
    [InlineData(new byte[] { 0xFF, 0xD8, 0xFF, 0x00 })]
    public void What_only_begins_as_one_is_broken(byte[] bytes)
    {
        JpegScan scan = default;
        Assert.Equal(JpegProgress.Broken, scan.Advance(bytes));
        Assert.InRange(scan.End, 2, bytes.Length);
    }

    [Fact]
    public void Bytes_without_a_picture_are_passed_over_but_for_two_that_may_begin_one()
    {
        JpegScan scan = default;
        Assert.Equal(JpegProgress.More, scan.Advance(new byte[100]));
        Assert.False(scan.IsStarted);
        Assert.Equal(98, scan.Start);
    }

    [Fact]
    public void Random_bytes_never_break_the_search()
    {
        Random random = new(1);
        byte[] bytes = new byte[3000];
        for (int round = 0; round < 300; round++)
        {
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(0xC0, 0x100));
            ReadOnlySpan<byte> rest = bytes;
            JpegScan scan = default;
            while (scan.Advance(rest) != JpegProgress.More)
            {
                int next = Math.Max(scan.End, scan.Start + 2);
                Assert.InRange(next, 2, rest.Length);
                rest = rest[next..];
                scan = default;
            }
        }
    }
}
