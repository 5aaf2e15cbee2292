using System.Text.Json;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Results;

namespace EdgeInfer.Tests.Postprocessing;

/// <summary>Every head beside its published decoding in PyTorch (Heads/make.py).</summary>
public sealed class ReferenceHeadTests
{
    private static readonly JsonDocument s_heads = JsonDocument.Parse(File.ReadAllText(Path.Combine(Head.Folder, "heads.json")));

    public static TheoryData<int, string> Heads
    {
        get
        {
            TheoryData<int, string> data = [];
            int i = 0;
            foreach (JsonElement head in s_heads.RootElement.EnumerateArray()) data.Add(i++, $"{head.GetProperty("head")} {head.GetProperty("activation")}");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void A_head_decodes_as_its_authors_decode_it(int index, string name)
    {
        JsonElement element = s_heads.RootElement[index];
        using Head head = Head.FromFile(element);
        float[][] expected = element.GetProperty("expected").Deserialize<float[][]>()!;
        Assert.NotEmpty(expected);

        Prediction result = head.Decode(Head.Letterboxed);

        if (head.Model.Output.Decoder == DecoderKind.Classification) AssertClasses(expected, result, name);
        else AssertBoxes(expected, result, name);
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void Boxes_of_all_classes_suppress_each_other_where_the_contract_says_so(int index, string name)
    {
        JsonElement element = s_heads.RootElement[index];
        if (!element.TryGetProperty("agnostic", out JsonElement agnostic)) return;
        using Head head = Head.FromFile(element);
        head.Model = head.Model with { Output = head.Model.Output with { Nms = new(NmsMode.ClassAgnostic, 0.45f) } };

        AssertBoxes(agnostic.Deserialize<float[][]>()!, head.Decode(Head.Letterboxed), name);
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void A_second_frame_allocates_nothing(int index, string name)
    {
        using Head head = Head.FromFile(s_heads.RootElement[index]);
        OutputDecoder decoder = OutputDecoder.Create(head.Model, DecoderOptions.Default);
        Prediction result = new();
        // Long enough for the JIT to have replaced its first, quick code: compiling allocates too.
        for (int i = 0; i < 500; i++) decoder.Decode(head.Outputs, Head.Letterboxed, result);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++) decoder.Decode(head.Outputs, Head.Letterboxed, result);

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(bytes == 0, $"{name}: {bytes} bytes in 50 frames");
    }

    private static void AssertBoxes(float[][] expected, Prediction result, string name)
    {
        Assert.True(expected.Length == result.Detections.Count, $"{name}: {expected.Length} boxes expected, {result.Detections.Count} found");
        for (int i = 0; i < expected.Length; i++)
        {
            Detection found = result.Detections[i];
            Assert.Equal((int)expected[i][0], found.Class);
            Assert.Equal(expected[i][1], found.Score, 1e-5f);
            Assert.Equal(expected[i][2], found.X, 1e-3f);
            Assert.Equal(expected[i][3], found.Y, 1e-3f);
            Assert.Equal(expected[i][4], found.Width, 1e-3f);
            Assert.Equal(expected[i][5], found.Height, 1e-3f);
        }
    }

    private static void AssertClasses(float[][] expected, Prediction result, string name)
    {
        Assert.True(expected.Length == result.Classes.Count, $"{name}: {expected.Length} classes expected, {result.Classes.Count} found");
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal((int)expected[i][0], result.Classes[i].Class);
            Assert.Equal(expected[i][1], result.Classes[i].Score, 1e-5f);
        }
    }
}
