using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>A graph that is changed anywhere gives a value or one refusal, from little memory.</summary>
public sealed class OnnxAdmissionFuzzTests : IDisposable
{
    private const int MostBytes = 400_000;

    private readonly AdmissionBench _bench = new AdmissionBench().With("weights.bin", OnnxVectors.ExternalWeights);
    private int _admitted;
    private int _refused;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Any_byte_may_be_any_other()
    {
        Random random = new(20261126);
        foreach (byte[] model in new[] { OnnxVectors.Everything, OnnxVectors.Types, OnnxVectors.Kinds, OnnxVectors.External })
        {
            for (int i = 0; i < 1000; i++)
            {
                byte[] changed = [.. model];
                for (int j = random.Next(1, 4); j > 0; j--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
                Try(changed);
            }
        }

        Assert.InRange(_refused, 1000, 3900);
    }

    [Fact]
    public void Any_length_may_be_any_other()
    {
        foreach (byte[] model in new[] { OnnxVectors.Everything, OnnxVectors.External })
        {
            List<(int At, int Bytes, long Length)> lengths = [];
            Lengths(model, 0, model.Length, lengths);
            Assert.InRange(lengths.Count, 20, 1000);
            foreach ((int at, int bytes, long length) in lengths)
            {
                foreach (long other in new[] { 0, 1, length - 1, length + 1, length * 2, 127, model.Length, int.MaxValue, long.MaxValue })
                    if (other >= 0 && other != length) Try([.. model[..at], .. Varint(other), .. model[(at + bytes)..]]);
            }
        }

        Assert.InRange(_refused, 1000, 10_000);
    }

    [Fact]
    public void A_graph_cut_off_at_any_byte_is_refused()
    {
        byte[] model = OnnxVectors.Everything;
        for (int length = 0; length < model.Length; length++) Try(model[..length]);
        // A file that is cut behind a whole function or entry is whole, unless the graph calls that function.
        Assert.InRange(_admitted, 0, 5);
    }

    [Fact]
    public void Parts_of_a_graph_may_be_doubled_moved_or_missing()
    {
        Random random = new(4);
        for (int i = 0; i < 1000; i++)
        {
            byte[] model = OnnxVectors.Everything;
            int from = random.Next(model.Length), to = random.Next(from, model.Length), at = random.Next(model.Length);
            Try(random.Next(2) == 0 ? [.. model[..from], .. model[to..]] : [.. model[..at], .. model[from..to], .. model[at..]]);
        }

        Assert.InRange(_refused, 900, 1000);
    }

    private void Try(byte[] model)
    {
        _bench.With("model.onnx", model);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            _bench.Check();
            _admitted++;
            // Whatever comes in is read again for its contract.
            OnnxReader.Read(_bench.At("model.onnx"));
        }
        catch (FaultException e)
        {
            _refused++;
            Assert.DoesNotContain(Assert.Single(e.Faults).ToString(), char.IsControl);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
    }

    // Where lengths stand: fields of bytes, and what lies in them wherever that reads as a message.
    private static bool Lengths(byte[] model, int at, int end, List<(int At, int Bytes, long Length)> found)
    {
        List<(int At, int Bytes, long Length)> here = [];
        while (at < end)
        {
            if (!Read(model, ref at, end, out long tag) || tag >> 3 is 0 or > 100) return false;
            int lengthAt = at;
            switch (tag & 7)
            {
                case 0: if (!Read(model, ref at, end, out _)) return false; break;
                case 1: at += 8; break;
                case 5: at += 4; break;
                case 2:
                    if (!Read(model, ref at, end, out long length) || length > end - at) return false;
                    here.Add((lengthAt, at - lengthAt, length));
                    Lengths(model, at, at + (int)length, here);
                    at += (int)length;
                    break;
                default: return false;
            }
        }

        found.AddRange(here);
        return at == end;
    }

    private static bool Read(byte[] model, ref int at, int end, out long value)
    {
        value = 0;
        for (int shift = 0; shift < 63 && at < end; shift += 7)
        {
            byte next = model[at++];
            value |= (long)(next & 0x7F) << shift;
            if (next < 0x80) return true;
        }

        return false;
    }

    private static IEnumerable<byte> Varint(long value)
    {
        for (; value >= 0x80; value >>= 7) yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
