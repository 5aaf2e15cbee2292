using System.Text;

namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>Graphs made to harm, by name, with a part of the words that they are to be refused with.</summary>
internal static class HostileGraphs
{
    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> Versions =>
    [
        ("IR of tomorrow", "IR version 14; the runtime serves 1 to 13", () => new OnnxBuilder { IrVersion = 14 }.ToArray()),
        ("IR below zero", "IR version -1;", () => new OnnxBuilder { IrVersion = -1 }.ToArray()),
        ("no IR", "does not say its IR version", () => new OnnxBuilder { IrVersion = null }.ToArray()),
        ("opset of tomorrow", "opset 27 of ai.onnx; the runtime serves 1 to 26", () => new OnnxBuilder { Opset = 27 }.ToArray()),
        ("opset 0", "opset 0 of ai.onnx", () => new OnnxBuilder { Opset = 0 }.ToArray()),
        ("opset of more than 32 bits", "opset 4294967313 of ai.onnx", () => new OnnxBuilder { Opset = (1L << 32) + 17 }.ToArray()),
        ("ml opset of tomorrow", "opset 6 of 'ai.onnx.ml'", () => new OnnxBuilder().Domain("ai.onnx.ml", 6).ToArray()),
        ("two versions of one set under two names", "operator set ai.onnx in versions 17 and 18", () => new OnnxBuilder().Domain("ai.onnx", 18).ToArray()),
        ("no operator sets", "does not say its operator sets", () => new ProtobufWriter().Varint(1, 8).Message(7, new()).ToArray()),
        ("an opset of tomorrow in a function", "opset 27 of ai.onnx", () => WithFunctions(Function("f", "F").Message(9, new ProtobufWriter().Varint(2, 27)))),
        ("no graph", "has no graph", () => new ProtobufWriter().Varint(1, 8).Message(8, new ProtobufWriter().Varint(2, 17)).ToArray()),
        ("what it is trained with", "training_info", () => OnnxVectors.Training),
    ];

    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> Operators =>
    [
        ("an operator of its own", "'evil.corp.Run' is none of the runtime's", () => new OnnxBuilder().Graph(1, Node("Run", "evil.corp")).ToArray()),
        ("a domain that looks like another", "'ai.onnx .Relu' is none", () => new OnnxBuilder().Graph(1, Node("Relu", "ai.onnx ")).ToArray()),
        ("an operator for training", "'ai.onnx.preview.training.Adam' is none", () => new OnnxBuilder().Graph(1, Node("Adam", "ai.onnx.preview.training")).ToArray()),
        ("an operator of its own in an inner graph", "'evil.corp.Run' is none", () => new OnnxBuilder().Graph(1, Within(Node("Run", "evil.corp"), 3)).ToArray()),
        ("an operator of its own in a list of graphs", "'evil.corp.Run' is none", () => new OnnxBuilder().Graph(
            1, Node("Scan").Message(5, new ProtobufWriter().Text(1, "bodies").Message(11, new()).Message(11, new ProtobufWriter().Message(1, Node("Run", "evil.corp"))))).ToArray()),
        ("an operator of its own in a function", "'evil.corp.Run' is none", () => WithFunctions(Function("f", "F", Node("Run", "evil.corp")))),
        ("an operator of its own in a graph in a function", "'evil.corp.Run' is none", () => WithFunctions(Function("f", "F", Within(Node("Run", "evil.corp"), 2)))),
        ("an operator of its own as a function's default", "'evil.corp.Run' is none", () => WithFunctions(Function("f", "F").Message(
            11, new ProtobufWriter().Text(1, "body").Message(6, new ProtobufWriter().Message(1, Node("Run", "evil.corp")))))),
        ("an engine that was compiled elsewhere", "cannot be inspected", () => new OnnxBuilder().Graph(1, Node("EPContext", "com.microsoft")).ToArray()),
        ("a call of a function in another overload", "'f.F' is none", () => [.. new OnnxBuilder().Graph(1, Node("F", "f").Text(8, "b")).ToArray(), .. FunctionFields(Function("f", "F").Text(13, "a"))]),
        ("a domain that is no text", "a name is not UTF-8", () => new OnnxBuilder().Graph(1, OnnxBuilder.NodeMessage("Relu", ["x"], ["y"]).Bytes(7, [0xFF, 0xFE])).ToArray()),
        ("a node without an operator", "without an operator", () => new OnnxBuilder().Graph(1, new ProtobufWriter().Text(1, "x")).ToArray()),
    ];

    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> Functions =>
    [
        ("a function in place of an operator", "stands in for 'ai.onnx.Relu'", () => WithFunctions(Function("ai.onnx", "Relu"))),
        ("a function without a domain", "stands in for 'ai.onnx.Relu'", () => WithFunctions(Function("", "Relu"))),
        ("a function in place of a fused operator", "stands in for 'com.microsoft.Gelu'", () => WithFunctions(Function("com.microsoft", "Gelu"))),
        ("a function that calls itself", "'f.F' calls itself", () => WithFunctions(Function("f", "F", Node("F", "f")))),
        ("a function that calls itself from an inner graph", "'f.F' calls itself", () => WithFunctions(Function("f", "F", Within(Node("F", "f"), 2)))),
        ("functions that call each other in a ring", "calls itself", () => WithFunctions(Function("f", "A", Node("B", "f")), Function("f", "B", Node("C", "f")), Function("f", "C", Node("A", "f")))),
        ("a billion laughs", "stand for more than 200000 nodes", () => WithFunctions(
            [Function("f", "F0", Node("Relu")), .. Enumerable.Range(1, 9).Select(i => Function("f", $"F{i}", [.. Enumerable.Repeat(0, 10).Select(_ => Node($"F{i - 1}", "f"))]))])),
        ("a tower of functions", "more than 64 functions call each other", () => WithFunctions(
            [Function("f", "F0", Node("Relu")), .. Enumerable.Range(1, 70).Select(i => Function("f", $"F{i}", Node($"F{i - 1}", "f")))])),
        ("a tower of functions upside down", "more than 64 functions call each other", () => WithFunctions(
            [.. Enumerable.Range(1, 70).Reverse().Select(i => Function("f", $"F{i}", Node($"F{i - 1}", "f"))), Function("f", "F0", Node("Relu"))])),
        ("two functions of one name", "two functions are called 'f.F'", () => WithFunctions(Function("f", "F"), Function("f", "F"))),
        ("a function without a name", "a function without a name", () => WithFunctions(new ProtobufWriter().Text(10, "f"))),
        ("many functions", "more than 4096 functions", () => WithFunctions([.. Enumerable.Range(0, 4097).Select(i => Function("f", $"F{i}"))])),
    ];

    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> Sizes =>
    [
        ("graphs within graphs", "more than 8 graphs within each other", () => new OnnxBuilder().Graph(1, Within(Node("Relu"), 9)).ToArray()),
        ("a thousand graphs within graphs", "more than 8 graphs within each other", () => new OnnxBuilder().Graph(1, Within(Node("Relu"), 1000)).ToArray()),
        ("types within types", "more than 8 types within each other", () => new OnnxBuilder().Graph(11, new ProtobufWriter().Text(1, "x").Message(2, Sequences(9))).ToArray()),
        ("an input of a terabyte", "cannot fit in memory", () => new OnnxBuilder().Input("x", OnnxBuilder.Float, 1 << 20, 1 << 20).ToArray()),
        ("an input of more bytes than there are numbers", "cannot fit in memory", () => new OnnxBuilder().Input("x", OnnxBuilder.Float, long.MaxValue, long.MaxValue, long.MaxValue).ToArray()),
        ("an output of a terabyte that is open elsewhere", "cannot fit in memory", () => new OnnxBuilder().Output("x", OnnxBuilder.Float, "batch", 1 << 20, 1 << 20).ToArray()),
        ("a value of a terabyte within a sequence", "cannot fit in memory", () => new OnnxBuilder().Graph(13, new ProtobufWriter().Text(1, "x").Message(
            2, new ProtobufWriter().Message(4, new ProtobufWriter().Message(1, TypeOf(1L << 40))))).ToArray()),
        ("an input of a negative dimension", "negative dimension -2", () => new OnnxBuilder().Input("x", OnnxBuilder.Float, -2).ToArray()),
        ("an input of 33 dimensions", "more than 32 dimensions", () => new OnnxBuilder().Input("x", OnnxBuilder.Float, [.. Enumerable.Repeat<object>(1, 33)]).ToArray()),
        ("an input of an unknown type", "a value of type 27", () => new OnnxBuilder().Input("x", 27, 1).ToArray()),
        ("a value of two types", "a value of two types", () => new OnnxBuilder().Graph(11, new ProtobufWriter().Text(1, "x").Message(
            2, new ProtobufWriter().Message(1, new()).Message(4, new()))).ToArray()),
        ("a shape that is filled to a terabyte", "it makes a tensor of 1099511627776 elements", () => new OnnxBuilder().LongConstant("s", 1 << 20, 1 << 20).Node("ConstantOfShape", ["s"], ["y"]).ToArray()),
        ("a constant that is spread to a terabyte", "it makes a tensor of 1099511627776 elements", () => new OnnxBuilder().Graph(1, OnnxBuilder.NodeMessage("Constant", [], ["s"]).Message(
            5, new ProtobufWriter().Text(1, "value").Message(5, OnnxBuilder.TensorMessage("", OnnxBuilder.Int64, [1]).Bytes(7, [0x80, 0x80, 0x80, 0x80, 0x80, 0x20])))).Node("Expand", ["x", "s"], ["y"]).ToArray()),
        ("a node of many inputs", "more than 4096 inputs or outputs", () => new OnnxBuilder().Node("Concat", [.. Enumerable.Repeat("x", 4097)], ["y"]).ToArray()),
        ("a node of many attributes", "more than 256 attributes", () => new OnnxBuilder().Node("Relu", ["x"], ["y"], [.. Enumerable.Range(0, 257).Select(i => ($"a{i}", new long[] { 1 }))]).ToArray()),
        ("a long name", "a name of 5000 bytes", () => new OnnxBuilder().Node("Relu", [new string('x', 5000)], ["y"]).ToArray()),
        ("a long operator", "a text of 300 bytes", () => new OnnxBuilder().Node(new string('x', 300), ["x"], ["y"]).ToArray()),
        ("a long text in an attribute", "a text of 1048577 bytes", () => new OnnxBuilder().Graph(1, Node("Relu").Message(5, new ProtobufWriter().Text(1, "s").Text(4, new string('x', (1 << 20) + 1)))).ToArray()),
        ("a long text of metadata", "a text of 1048577 bytes", () => new OnnxBuilder().Metadata("k", new string('x', (1 << 20) + 1)).ToArray()),
        ("many operators", "more than 20000 different operators", () => Many(20_001, i => OnnxBuilder.NodeMessage($"O{i}", [], []))),
        ("many nodes", "more than 200000 nodes", () => Many(200_001, _ => OnnxBuilder.NodeMessage("Relu", [], []))),
    ];

    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> Encodings =>
    [
        ("a second graph", "field 7 of a model is there twice", () => [.. new OnnxBuilder().ToArray(), .. new ProtobufWriter().Message(7, new()).ToArray()]),
        ("a second IR", "field 1 of a model is there twice", () => [.. new OnnxBuilder().ToArray(), .. new ProtobufWriter().Varint(1, 99).ToArray()]),
        ("a second operator in one node", "field 4 of a node is there twice", () => new OnnxBuilder().Graph(1, Node("Relu").Text(4, "Run")).ToArray()),
        ("a second graph in one attribute", "field 6 of an attribute is there twice", () => new OnnxBuilder().Graph(1, Node("If").Message(5, new ProtobufWriter().Message(6, new()).Message(6, new()))).ToArray()),
        ("an attribute of two kinds", "values of two kinds", () => new OnnxBuilder().Graph(1, Node("If").Message(5, new ProtobufWriter().Varint(3, 1).Message(6, new()))).ToArray()),
        ("a field that nodes do not have", "a node has no field 11", () => new OnnxBuilder().Graph(1, Node("Relu").Varint(11, 1)).ToArray()),
        ("a field that models do not have", "a model has no field 99", () => [.. new OnnxBuilder().ToArray(), .. new ProtobufWriter().Varint(99, 1).ToArray()]),
        ("a graph that is a number", "field 7 of a model cannot be Varint", () => new ProtobufWriter().Varint(1, 8).Varint(7, 1).ToArray()),
        ("a group", "is no field of a protobuf message", () => [.. new OnnxBuilder().ToArray(), 0x3B, 0x3C]),
        ("field 0", "is no field of a protobuf message", () => [.. new OnnxBuilder().ToArray(), 0x02, 0x00]),
        ("a number of eleven bytes", "more than ten bytes", () => [0x08, .. Enumerable.Repeat((byte)0x80, 11), 0x01]),
        ("a length of more than there is", "truncated", () => [0x08, 0x08, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]),
        ("a length of many terabytes", "truncated", () => [0x08, 0x08, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x0A]),
        ("a node that leaves its graph", "damaged at byte", () => new ProtobufWriter().Varint(1, 8).Bytes(7, [0x0A, 0x7F, 0x0A, 0x01, (byte)'x']).Message(8, new ProtobufWriter().Varint(2, 17)).ToArray()),
        ("an archive", "a ZIP archive", () => Encoding.Latin1.GetBytes("PK\x03\x04rest")),
        ("a web page", "a web page (HTML)", () => Encoding.ASCII.GetBytes("<!DOCTYPE html><html>")),
        ("nothing", "a graph of 0 bytes", () => []),
    ];

    public static ProtobufWriter Node(string operation, string domain = "") => OnnxBuilder.NodeMessage(operation, ["x"], ["y"]).Text(7, domain);

    public static ProtobufWriter Function(string domain, string name, params ProtobufWriter[] nodes)
    {
        ProtobufWriter function = new ProtobufWriter().Text(1, name);
        foreach (ProtobufWriter node in nodes) function.Message(7, node);
        return function.Text(10, domain);
    }

    private static byte[] WithFunctions(params ProtobufWriter[] functions) => [.. new OnnxBuilder().ToArray(), .. FunctionFields(functions)];

    private static byte[] FunctionFields(params ProtobufWriter[] functions)
    {
        ProtobufWriter model = new();
        foreach (ProtobufWriter function in functions) model.Message(25, function);
        return model.ToArray();
    }

    // The node in a graph in a node, and so on.
    private static ProtobufWriter Within(ProtobufWriter node, int graphs)
    {
        for (int i = 0; i < graphs; i++) node = Node("If").Message(5, new ProtobufWriter().Text(1, "then_branch").Message(6, new ProtobufWriter().Message(1, node)));
        return node;
    }

    private static ProtobufWriter Sequences(int count)
    {
        ProtobufWriter type = TypeOf(1);
        for (int i = 0; i < count; i++) type = new ProtobufWriter().Message(4, new ProtobufWriter().Message(1, type));
        return type;
    }

    private static ProtobufWriter TypeOf(long elements) => new ProtobufWriter().Message(
        1, new ProtobufWriter().Varint(1, 1).Message(2, new ProtobufWriter().Message(1, new ProtobufWriter().Varint(1, elements))));

    private static byte[] Many(int count, Func<int, ProtobufWriter> node)
    {
        ProtobufWriter graph = new();
        for (int i = 0; i < count; i++) graph.Message(1, node(i));
        return new ProtobufWriter().Varint(1, 8).Message(7, graph).Message(8, new ProtobufWriter().Varint(2, 17)).ToArray();
    }
}
