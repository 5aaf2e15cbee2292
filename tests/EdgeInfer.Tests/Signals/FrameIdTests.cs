using System.Text;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Signals;

public sealed class FrameIdTests
{
    [Fact]
    public void An_id_is_kept_as_it_is() => Assert.Equal("cam0-000123", FrameId.FromUtf8("cam0-000123"u8).ToString());

    [Fact]
    public void No_id_is_empty() => Assert.True(default(FrameId).IsEmpty);

    [Fact]
    public void A_long_id_is_cut_on_a_whole_character()
    {
        byte[] id = Encoding.UTF8.GetBytes("x" + new string('é', 60));
        FrameId kept = FrameId.FromUtf8(id);
        Assert.Equal("x" + new string('é', 47), kept.ToString());
        Assert.Equal(95, kept.Utf8.Length);
    }
}
