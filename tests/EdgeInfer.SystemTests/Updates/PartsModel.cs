using System.Runtime.InteropServices;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>
/// Versions of the bundled detector, sound and otherwise. Those that fail live do so where a frame's top band is flat: as if the network began by
/// normalising with that band's contrast. The golden pictures are 4:3 and 16:9 and show belt there; the device's frames, of 2:1, have the letterbox's padding.
/// </summary>
internal static class PartsModel
{
    // Rows of the input, 256 by 320, that belong to a picture of 16:9 (38 rows of padding above it), and to the padding of one of 2:1 (48 rows).
    private const long BandFrom = 40, BandTo = 47;

    /// <summary>The bundled model's folder.</summary>
    public static string Bundled { get; } = Path.Combine(PublishedBinary.Root, "models", "parts-detector");

    /// <summary>The float model that it was made from.</summary>
    public static string FloatParent { get; } = Path.Combine(Bundled, "reference", "float.onnx");

    /// <summary>The pictures that the bundled model is held against.</summary>
    public static string[] Pictures => Directory.GetFiles(Path.Combine(Bundled, "golden"), "*.jpg");

    /// <summary>Writes a version with the bundled expectations, which its float parent has made.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="version">What it calls itself.</param>
    /// <param name="change">What happened to the graph; null for nothing.</param>
    /// <returns>Its folder.</returns>
    public static string Write(TestFolder folder, string version, Func<byte[], byte[]>? change = null)
    {
        string target = WithoutGolden(folder, version, change);
        foreach (string file in Directory.GetFiles(Path.Combine(Bundled, "golden"))) folder.Copy(file, Path.Combine(version, "golden", Path.GetFileName(file)));
        folder.Write(Path.Combine(version, "model.yaml"), Contract(version));
        return target;
    }

    /// <summary>Writes a version that nothing is expected of yet.</summary>
    public static string WithoutGolden(TestFolder folder, string version, Func<byte[], byte[]>? change = null)
    {
        string contract = Contract(version);
        folder.Write(Path.Combine(version, "model.yaml"), contract[..contract.IndexOf("golden:", StringComparison.Ordinal)]);
        folder.Copy(Path.Combine(Bundled, "labels.txt"), Path.Combine(version, "labels.txt"));
        byte[] graph = File.ReadAllBytes(Path.Combine(Bundled, "model.onnx"));
        folder.Write(Path.Combine(version, "model.onnx"), change is null ? graph : change(graph));
        return folder[version];
    }

    /// <summary>A conversion whose calibration saw nothing but dark pictures: what one layer gives is cut off at an eighth of its range.</summary>
    public static byte[] BadlyCalibrated(byte[] graph) => OnnxEdit.Of(graph).Scale("eighth0.scale", 1 / 8f).ToArray();

    /// <summary>Gives values that are no numbers: it divides by the band's contrast.</summary>
    public static byte[] NotANumberLive(byte[] graph) => Band(graph)
        .Add(Node("Sub", ["band.most", "band.least"], "contrast")).Add(Node("Div", ["contrast", "contrast"], "share"))
        .Add(Node("Mul", ["sound", "share"], "output0")).ToArray();

    /// <summary>Fails: it looks up what it does with a flat band in a table that has no such entry. Not with a black one, which it is warmed up with.</summary>
    public static byte[] FailsLive(byte[] graph) => Band(graph).Float("table", 1, 1).Float("black", 0.1f)
        .Add(Node("Equal", ["band.most", "band.least"], "even")).Add(Node("Greater", ["band.most", "black"], "grey")).Add(Node("And", ["even", "grey"], "flat")).Add(Node("Cast", ["flat"], "entry", ("to", OnnxBuilder.Int64))).Add(Node("Gather", ["table", "entry"], "share"))
        .Add(Node("Mul", ["sound", "share"], "output0")).ToArray();

    /// <summary>Is slow: it works hard on a flat band, three products of 600 by 600.</summary>
    public static byte[] SlowLive(byte[] graph)
    {
        ProtobufWriter hard = Branch("work", "hard", Node("Expand", ["band.most", "square"], "wide"), Node("MatMul", ["wide", "wide"], "once"), Node("MatMul", ["once", "wide"], "twice"),
            Node("MatMul", ["twice", "wide"], "thrice"), Whole("ReduceMax", "thrice", "most"), Node("Mul", ["most", "nought"], "nothing"), Node("Add", ["nothing", "one"], "hard"));
        ProtobufWriter choice = new ProtobufWriter().Text(1, "flat").Text(2, "share").Text(4, "If")
            .Message(5, new ProtobufWriter().Text(1, "then_branch").Message(6, hard).Varint(20, 5))
            .Message(5, new ProtobufWriter().Text(1, "else_branch").Message(6, Branch("ease", "easy", Node("Identity", ["one"], "easy"))).Varint(20, 5));
        return Band(graph).Longs("square", 600, 600).Float("one", 1).Float("nought", 0)
            .Add(Node("Equal", ["band.most", "band.least"], "flat")).Add(choice).Add(Node("Mul", ["sound", "share"], "output0")).ToArray();
    }

    /// <summary>As good as before, and larger by a tensor of random numbers that the result is multiplied and divided by.</summary>
    public static byte[] Grown(byte[] graph, int bytes, Random random)
    {
        float[] numbers = new float[bytes / sizeof(float)];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = 1 + random.NextSingle();
        return OnnxEdit.Of(graph).Rename("output0", "sound").Tensor("ballast", OnnxBuilder.Float, [numbers.Length], MemoryMarshal.AsBytes<float>(numbers).ToArray())
            .Add(Whole("ReduceMax", "ballast", "factor")).Add(Node("Mul", ["sound", "factor"], "more")).Add(Node("Div", ["more", "factor"], "output0")).ToArray();
    }

    private static string Contract(string version) => File.ReadAllText(Path.Combine(Bundled, "model.yaml")).Replace("version: 1.0.0", $"version: {version}", StringComparison.Ordinal);

    private static OnnxEdit Band(byte[] graph) => OnnxEdit.Of(graph).Rename("output0", "sound").Longs("band.from", BandFrom).Longs("band.to", BandTo).Longs("band.axis", 2)
        .Add(Node("Slice", ["images", "band.from", "band.to", "band.axis"], "band")).Add(Whole("ReduceMax", "band", "band.most")).Add(Whole("ReduceMin", "band", "band.least"));

    // A number of a whole tensor.
    private static ProtobufWriter Whole(string operation, string input, string output) => Node(operation, [input], output, ("keepdims", 0));

    private static ProtobufWriter Node(string operation, string[] inputs, string output, params (string Name, long Value)[] attributes)
    {
        ProtobufWriter node = OnnxBuilder.NodeMessage(operation, inputs, [output]);
        foreach ((string name, long value) in attributes) node.Message(5, new ProtobufWriter().Text(1, name).Varint(3, value).Varint(20, 2));
        return node;
    }

    private static ProtobufWriter Branch(string name, string output, params ProtobufWriter[] nodes)
    {
        ProtobufWriter graph = new();
        foreach (ProtobufWriter node in nodes) graph.Message(1, node);
        return graph.Text(2, name).Message(12, OnnxBuilder.ValueInfo(output, OnnxBuilder.Float));
    }
}
