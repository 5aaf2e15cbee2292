using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Tests.Posix;

public class ReadOnlyPagesTests
{
    // Of a running agent, as its kernel tells it.
    [Theory]
    [InlineData("561f6b000000-561f6b87c000 r--p 00000000 fe:00 5505250                    /usr/lib/edgeinfer/edgeinfer", 0x561f6b000000, 0x561f6b87c000)]
    [InlineData("561f6bb52000-561f6c990000 r-xp 00b52000 fe:00 5505250                    /usr/lib/edgeinfer/edgeinfer", 0x561f6bb52000, 0x561f6c990000)]
    [InlineData("7f65a14d4000-7f65a2a94000 r-xp 000d4000 fe:00 5505251                    /usr/lib/edgeinfer/libonnxruntime.so", 0x7f65a14d4000, 0x7f65a2a94000)]
    public void Code_and_what_stands_before_it_are_as_in_the_file(string line, long first, long end)
        => Assert.Equal((first, end), ReadOnlyPages.Pages(line, "/usr/lib/edgeinfer/"));

    [Theory]
    [InlineData("561f6b87c000-561f6bb52000 r--p 0087c000 fe:00 5505250                    /usr/lib/edgeinfer/edgeinfer")] // relocated
    [InlineData("561f6c990000-561f6c9dd000 rw-p 01a3e000 fe:00 5505250                    /usr/lib/edgeinfer/edgeinfer")]
    [InlineData("561f6c9dd000-561f6d00e000 rw-p 00000000 00:00 0 ")]
    [InlineData("7f65a4000000-7f65a4100000 r-xp 00000000 fe:00 77                         /usr/lib/aarch64-linux-gnu/libcuda.so.1")]
    [InlineData("7f65a4000000-7f65a4100000 r-xp 00000000 fe:00 78                         /usr/lib/edgeinfer/plugins/other.so")]
    [InlineData("7f74c400000-7f74c600000 rw-s 00000000 00:1a 12                           /run/edgeinfer/outbox.ring")]
    [InlineData("7fff5d1e4000-7fff5d1e6000 r-xp 00000000 00:00 0                          [vdso]")]
    public void What_was_written_and_what_is_not_ours_stays(string line) => Assert.Null(ReadOnlyPages.Pages(line, "/usr/lib/edgeinfer/"));
}
