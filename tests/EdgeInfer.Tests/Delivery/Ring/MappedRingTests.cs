using System.Diagnostics;
using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Ring;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Delivery.Ring;

[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class MappedRingTests : IDisposable
{
    private readonly RingRig _rig = new();

    private string RingPath => MappedRing.PathOf(_rig.Folder, "/state");

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Messages_that_were_not_freed_are_there_again_in_the_order_of_their_acceptance()
    {
        using (MappedRing ring = Open(out RingOpening first))
        {
            Assert.False(first.HasExisted);
            int[] slots = [.. Enumerable.Range(0, 20).Select(i => _rig.Add(ring, i, RingRig.Payload(i, 500)))];
            foreach (int i in (int[])[0, 3, 7]) ring.Free(slots[i]);
            _rig.Add(ring, 20, RingRig.Payload(20, 500));
        }

        using MappedRing again = Open(out RingOpening opening, boot: 8);
        Assert.Equal((true, 7, RingRig.Kernel, 0), (opening.HasExisted, opening.PreviousBoot, opening.PreviousKernel, opening.Torn));
        Assert.Equal([1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], Sequences(again));
        RingMessage message = again.Read(again.Recovered[0]);
        Assert.Equal((_rig.Label.Facts, true), (message.Stream.Facts, message.Stream.IsDurable));
        Assert.Equal(RingRig.At(1), message.At);
    }

    [Fact]
    public void A_kill_while_the_header_is_written_costs_nothing()
    {
        using (MappedRing ring = Open(out _)) _rig.Add(ring, 1, [1]);
        byte[] whole = File.ReadAllBytes(RingPath);
        Open(out _, boot: 8).Dispose();
        byte[] next = File.ReadAllBytes(RingPath);
        for (int written = 0; written <= 68; written++)
        {
            byte[] cut = [.. whole];
            next.AsSpan(2048, written).CopyTo(cut.AsSpan(2048));
            File.WriteAllBytes(RingPath, cut);
            using MappedRing ring = Open(out RingOpening opening, boot: 9);
            Assert.True(opening.HasExisted);
            Assert.Equal([1], Sequences(ring));
        }
    }

    [Fact]
    public void A_second_agent_is_refused()
    {
        using MappedRing ring = Open(out _);
        FaultException e = Assert.Throws<FaultException>(() => Open(out _));
        Assert.Equal(FaultKind.Unavailable, e.Fault.Kind);
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("link")]
    [InlineData("pipe")]
    [InlineData("short")]
    [InlineData("long")]
    [InlineData("foreign")]
    [InlineData("named twice")]
    public void Whatever_else_is_there_is_set_aside_unfollowed(string kind)
    {
        string victim = Path.Combine(_rig.Folder, "victim");
        File.WriteAllText(victim, "untouched");
        switch (kind)
        {
            case "folder": Directory.CreateDirectory(RingPath); break;
            case "link": File.CreateSymbolicLink(RingPath, victim); break;
            case "pipe": Run("mkfifo", RingPath); break;
            case "short": File.WriteAllBytes(RingPath, new byte[5000]); break;
            case "long": File.WriteAllBytes(RingPath, new byte[(2 << 20) + 1]); break;
            case "foreign": File.WriteAllBytes(RingPath, RingRig.Payload(1, 2 << 20)); break;
            default: Run("ln", victim, RingPath); break;
        }

        using MappedRing ring = Open(out RingOpening opening);
        Assert.Contains("set aside", opening.Warning?.What, StringComparison.Ordinal);
        Assert.True(_rig.Add(ring, 1, [1]) >= 0);
        Assert.Equal("untouched", File.ReadAllText(victim));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(RingPath));
    }

    [Fact]
    public void Of_a_damaged_file_no_message_comes_back_changed()
    {
        byte[][] payloads = [.. Enumerable.Range(0, 200).Select(static i => RingRig.Payload(i, 700))];
        using (MappedRing ring = Open(out _, fileBytes: 256 * 1024))
            for (int i = 0; i < 200; i++) _rig.Add(ring, i, payloads[i]);
        byte[] sound = File.ReadAllBytes(RingPath);
        Random random = new(11);
#pragma warning disable CA5394 // A repeatable sequence.
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = [.. sound];
            if (i % 10 == 0) Array.Resize(ref bytes, random.Next(bytes.Length + 4096));
            int region = random.Next(3) switch { 0 => 4096, 1 => RingLayout.ArenaStart, _ => 256 * 1024 };
            for (int flips = random.Next(1, 20); flips > 0 && bytes.Length > 0; flips--) bytes[random.Next(Math.Min(region, bytes.Length))] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(RingPath, bytes);
            using MappedRing ring = Open(out _, fileBytes: 256 * 1024);
            long last = -1;
            foreach (int slot in ring.Recovered)
            {
                RingMessage message = ring.Read(slot);
                Assert.True(message.Sequence > last);
                last = message.Sequence;
                Assert.True(message.Payload.SequenceEqual(payloads[last]), $"message {last} is another one");
            }
        }
#pragma warning restore CA5394
    }

    [Fact]
    public void Another_program_reads_the_same_from_the_file()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "there is no /usr/bin/python3");
        using MappedRing ring = Open(out _);
        for (int i = 1; i <= 5; i++) _rig.Add(ring, i, RingRig.Json(i));
        ring.Free(1);
        string script = Path.Combine(Architecture.RepositoryFolder.Root, "tests", "reliability", "read_outbox.py");
        string[] lines = Run("/usr/bin/python3", script, "/state", _rig.Folder).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([.. ((int[])[1, 3, 4, 5]).Select(i => $$"""{"stream": "belt/parts", "boot": 7, "seq": {{i}}, "state": "waiting", "where": "ring", "id": "m-{{i}}"}""")], lines);
    }

    [Fact]
    public void Losses_outlive_the_process_that_noticed_them_until_they_are_declared()
    {
        using (MappedRing ring = Open(out _))
        {
            ring.CountLost(6, 2);
            ring.CountLost(7, 300);
            ring.CountLost(7, -100);
        }

        using (MappedRing next = Open(out _, boot: 8))
        {
            Assert.Equal([(6, 2), (7, 200)], next.RecoveredLosses);
            next.CountLost(6, -2);
        }

        using MappedRing last = Open(out _, boot: 9);
        Assert.Equal((7, 200), Assert.Single(last.RecoveredLosses));
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private static long[] Sequences(MappedRing ring)
    {
        List<long> sequences = [];
        foreach (int slot in ring.Recovered) sequences.Add(ring.Read(slot).Sequence);
        return [.. sequences];
    }

    private MappedRing Open(out RingOpening opening, long boot = 7, int fileBytes = 2 << 20)
        => MappedRing.Open(_rig.Folder, "/state", RingRig.Kernel, boot, out opening, fileBytes);
}
