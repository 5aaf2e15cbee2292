using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Files;

namespace EdgeInfer.Tests.Sources.Files;

public sealed class FilesSourceTests : IDisposable
{
    private static readonly byte[] s_jpeg = [0xFF, 0xD8, 0xFF, 7];

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _log = new();
    private readonly FrameMailbox _mailbox = new(isLossless: true);
    private FilesSource? _source;

    public void Dispose()
    {
        _source?.Dispose();
        _mailbox.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_kind_of_picture_comes_once_in_order_and_then_the_source_ends()
    {
        _folder.Write("5.gif", "GIF89a1234"u8.ToArray());
        _folder.Write("1.jpg", s_jpeg);
        _folder.Write("3.bmp", [.. "BM"u8, .. new byte[20]]);
        _folder.Write("2.png", [0x89, .. "PNG\r\n\x1A\n"u8]);
        _folder.Write("4.webp", "RIFF1234WEBPVP8 "u8.ToArray());
        _folder.Write("6 junk before the picture.jpg", [.. "a camera's header"u8, .. s_jpeg]);
        FilesSource source = Start("");
        AssertNext("1.jpg", PixelFormat.Jpeg, 1, s_jpeg);
        AssertNext("2.png", PixelFormat.PictureFile, 2);
        AssertNext("3.bmp", PixelFormat.PictureFile, 3);
        AssertNext("4.webp", PixelFormat.PictureFile, 4);
        AssertNext("5.gif", PixelFormat.PictureFile, 5);
        AssertNext("6 junk before the picture.jpg", PixelFormat.Jpeg, 6);
        Assert.False(_mailbox.TryTake(TimeSpan.FromSeconds(20), out _));
        Assert.True(_mailbox.IsEnded);
        Assert.Equal(SourceState.Ended, source.State);
        Assert.Equal(new SourceCounts(6, 0, 0, 0, 1, 0), source.Counts);
        Assert.Equal("6 files", source.Description);
    }

    [Fact]
    public void What_is_no_picture_is_counted_and_named_once_and_the_rest_goes_on()
    {
        _folder.Write("1.jpg", "<html>"u8.ToArray());
        _folder.Write("2.jpg", []);
        _folder.Write("3.jpg", s_jpeg);
        using (FileStream large = File.Create(_folder.At("4.jpg"))) large.SetLength(PictureFile.LimitBytes + 1);
        File.CreateSymbolicLink(_folder.At("5.jpg"), _folder.At("gone"));
        FilesSource source = Start("*", isLooped: true);
        AssertNext("3.jpg", PixelFormat.Jpeg, 3);
        AssertNext("3.jpg", PixelFormat.Jpeg, 8);
        AssertNext("3.jpg", PixelFormat.Jpeg, 13);
        string log = _log.Text;
        foreach (string said in (string[])["1.jpg is no JPEG, PNG, BMP, WebP or GIF", "2.jpg is empty", "4.jpg has 67108865 bytes", "5.jpg cannot be read"])
        {
            Assert.Equal(2, log.Split(said).Length);
        }

        Assert.InRange(source.Counts.Corrupt, 10, 20);
    }

    [Fact]
    public void A_file_that_changes_while_looping_is_read_anew()
    {
        string file = _folder.Write("a.jpg", s_jpeg);
        Start("a.jpg", isLooped: true);
        AssertNext("a.jpg", PixelFormat.Jpeg, 1, s_jpeg);
        byte[] changed = [.. s_jpeg, 8, 9, 10];
        File.WriteAllBytes(_folder.At("new"), changed);
        File.Move(_folder.At("new"), file, overwrite: true);
        // At most two were read before the change: the one waiting and the one behind it.
        Take().Dispose();
        Take().Dispose();
        using FrameLease frame = Take();
        Assert.Equal(changed, frame.Data.ToArray());
    }

    [Theory]
    [InlineData("missing.jpg", "nothing matches")]
    [InlineData("*.tiff", "nothing matches")]
    [InlineData("no/such/**/folder", "nothing matches")]
    [InlineData("empty", "holds no files")]
    public void What_matches_nothing_fails_with_the_pattern_named(string pattern, string said)
    {
        Directory.CreateDirectory(_folder.At("empty"));
        FilesSource source = Start(pattern);
        Assert.Contains(_folder.At(pattern), _log.WaitFor(said), StringComparison.Ordinal);
        Assert.Equal(SourceState.Failed, source.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Files_of_which_none_is_a_picture_fail_and_are_not_read_without_end(bool isLooped)
    {
        _folder.Write("1.txt", "hello"u8.ToArray());
        FilesSource source = Start("*", isLooped);
        _log.WaitFor("none of the 1 files that match is a picture");
        Assert.Equal(SourceState.Failed, source.State);
    }

    [Fact]
    public void A_pattern_that_matches_later_is_found_then()
    {
        Start("a.jpg");
        _log.WaitFor("nothing matches");
        _folder.Write("b", s_jpeg);
        File.Move(_folder.At("b"), _folder.At("a.jpg"));
        AssertNext("a.jpg", PixelFormat.Jpeg, 1);
    }

    private FilesSource Start(string pattern, bool isLooped = false)
    {
        _source = new FilesSource(new FilesOptions(_folder.At(pattern), isLooped), _mailbox, TimeProvider.System, new Random(1), _log);
        _source.Start();
        return _source;
    }

    private void AssertNext(string id, PixelFormat format, long sequence, byte[]? bytes = null)
    {
        using FrameLease frame = Take();
        Assert.Equal(id, frame.Info.Id.ToString());
        Assert.Equal(format, frame.Info.Format);
        Assert.Equal(sequence, frame.Info.Sequence);
        if (bytes is not null) Assert.Equal(bytes, frame.Data.ToArray());
    }

    private FrameLease Take()
    {
        bool isTaken = _mailbox.TryTake(TimeSpan.FromSeconds(20), out FrameLease frame);
        Assert.True(isTaken, "no frame came:\n" + _log.Text);
        return frame;
    }
}
