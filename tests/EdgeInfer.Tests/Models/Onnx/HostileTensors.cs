using static EdgeInfer.Tests.Models.OnnxBuilder;

namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>Tensors made to harm; the release has a file weights.bin of 64 bytes.</summary>
internal static class HostileTensors
{
    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> External =>
    [
        ("weights above the folder", "'../weights.bin', which is no file of weights of this release", () => At("../weights.bin")),
        ("weights by an absolute path", "'/etc/passwd', which is no file", () => At("/etc/passwd")),
        ("weights in a file that was not signed", "'other.bin', which is no file", () => At("other.bin")),
        ("weights by a detour", "'./weights.bin', which is no file", () => At("./weights.bin")),
        ("weights in the graph's own file", "'model.onnx', which is no file", () => At("model.onnx")),
        ("weights at an address of memory", "'*/_ORT_MEM_ADDR_/*', which is no file", () => At("*/_ORT_MEM_ADDR_/*")),
        ("weights behind a zero byte", "which is no file", () => At("weights.bin\0.txt")),
        ("weights nowhere", "'', which is no file", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [4]).Varint(14, 1)).ToArray()),
        ("weights behind the end", "end at byte 80 of 'weights.bin', which has 64", () => At("weights.bin", "64", "16")),
        ("weights that end behind the end", "end at byte 68 of 'weights.bin'", () => At("weights.bin", "52", "16")),
        ("weights at the end of all numbers", "end at byte 9223372036854775823", () => At("weights.bin", "9223372036854775807", "16")),
        ("weights beyond all numbers", "the offset of weights is '99999999999999999999'", () => At("weights.bin", "99999999999999999999", "16")),
        ("weights before the beginning", "the offset of weights is '-4', which is no whole number", () => At("weights.bin", "-4", "16")),
        ("weights at a hexadecimal place", "is '0x10', which is no whole number", () => At("weights.bin", "0x10", "16")),
        ("more weights than the shape has", "takes 16 bytes, but has 32", () => At("weights.bin", "0", "32")),
        ("weights of a length below zero", "the length of weights is '-1'", () => At("weights.bin", "0", "-1")),
        ("weights with a word that nobody knows", "'basepath' is nothing", () => new OnnxBuilder().Graph(5, Entries(TensorMessage("w", Float, [4]), ("basepath", "/")).Varint(14, 1)).ToArray()),
        ("weights in two places", "the location of weights is there twice", () => new OnnxBuilder().Graph(
            5, Entries(TensorMessage("w", Float, [4]), ("location", "weights.bin"), ("location", "/etc/passwd")).Varint(14, 1)).ToArray()),
        ("weights inside and outside", "in more than one place", () => new OnnxBuilder().Graph(5, Entries(TensorMessage("w", Float, [1]).Bytes(9, new byte[4]), ("location", "weights.bin")).Varint(14, 1)).ToArray()),
        ("weights inside that name a file", "in more than one place", () => new OnnxBuilder().Graph(5, Entries(TensorMessage("w", Float, [1]).Bytes(9, new byte[4]), ("location", "weights.bin"))).ToArray()),
        ("texts outside", "texts are in a file of weights", () => new OnnxBuilder().Graph(5, Entries(TensorMessage("w", Text, [4]), ("location", "weights.bin")).Varint(14, 1)).ToArray()),
        ("weights outside in an attribute of an inner graph", "'../w.bin', which is no file", () => new OnnxBuilder().Graph(1, HostileGraphs.Node("If").Message(5, new ProtobufWriter().Text(1, "then_branch").Message(
            6, new ProtobufWriter().Message(1, HostileGraphs.Node("Constant").Message(5, new ProtobufWriter().Text(1, "value").Message(
                5, Entries(TensorMessage("w", Float, [4]), ("location", "../w.bin")).Varint(14, 1))))))).ToArray()),
        ("one file claimed by many tensors", "claim more than 4 times the 64 bytes", () => Enumerable.Range(0, 5).Aggregate(new OnnxBuilder(), static (m, i) => m.External($"w{i}", "weights.bin", 0, 64, 16)).ToArray()),
        ("a place that ONNX does not have", "at location 2, which ONNX does not have", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [0]).Varint(14, 2)).ToArray()),
    ];

    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> Values =>
    [
        ("a negative dimension", "[-1, 4] has a negative dimension", () => new OnnxBuilder().Tensor("w", Float, [-1, 4], []).ToArray()),
        ("dimensions whose product is 2 to the 64", "more than 2^40 elements", () => new OnnxBuilder().Tensor("w", Float, [1L << 32, 1L << 32], []).ToArray()),
        ("dimensions whose product is one again", "more than 2^40 elements", () => new OnnxBuilder().Tensor("w", Float, [0x4000_0000_0000_0001, 4], new byte[16]).ToArray()),
        ("a zero that hides a product", "more than 2^40 elements", () => new OnnxBuilder().Tensor("w", Float, [0, 1L << 62, 1L << 62], []).ToArray()),
        ("33 dimensions", "more than 32 dimensions", () => new OnnxBuilder().Tensor("w", Float, [.. Enumerable.Repeat(1L, 33)], new byte[4]).ToArray()),
        ("33 packed dimensions", "more than 32 dimensions", () => new OnnxBuilder().Graph(5, new ProtobufWriter().Bytes(1, [.. Enumerable.Repeat((byte)1, 33)])).ToArray()),
        ("too few bytes", "float32 tensor [2, 3] takes 24 bytes, but has 20", () => new OnnxBuilder().Tensor("w", Float, [2, 3], new byte[20]).ToArray()),
        ("too many bytes", "float32 tensor [2, 3] takes 24 bytes, but has 28", () => new OnnxBuilder().Tensor("w", Float, [2, 3], new byte[28]).ToArray()),
        ("no bytes", "takes 24 bytes, but has 0", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [2, 3])).ToArray()),
        ("a half byte too few", "uint4 tensor [3] takes 2 bytes, but has 1", () => new OnnxBuilder().Tensor("w", 21, [3], new byte[1]).ToArray()),
        ("eight bytes for a complex number of sixteen", "complex128 tensor [1] takes 16 bytes", () => new OnnxBuilder().Tensor("w", 15, [1], new byte[8]).ToArray()),
        ("too few values", "float32 tensor [3] takes 3 values, but has 2", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [3]).Float(4, 1).Float(4, 2)).ToArray()),
        ("too many packed values", "int64 tensor [2] takes 2 values, but has 3", () => new OnnxBuilder().Graph(5, TensorMessage("w", OnnxBuilder.Int64, [2]).Bytes(7, [1, 0x80, 1, 2])).ToArray()),
        ("half a value", "end amid one of them", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [2]).Bytes(4, new byte[7])).ToArray()),
        ("a packed value that is cut off", "a number is cut off", () => new OnnxBuilder().Graph(5, TensorMessage("w", OnnxBuilder.Int64, [2]).Bytes(7, [1, 0x80])).ToArray()),
        ("a packed value of eleven bytes", "more than ten bytes", () => new OnnxBuilder().Graph(5, TensorMessage("w", OnnxBuilder.Int64, [1]).Bytes(7, [.. Enumerable.Repeat((byte)0x80, 10), 1])).ToArray()),
        ("values in two forms", "are there in two forms", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [1]).Float(4, 1).Varint(5, 1)).ToArray()),
        ("values and bytes", "in more than one place", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [1]).Float(4, 1).Bytes(9, new byte[4])).ToArray()),
        ("values of another type", "float32 values are in field 7 of a tensor instead of 4", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [1]).Varint(7, 1)).ToArray()),
        ("bytes twice", "field 9 of a tensor is there twice", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [1]).Bytes(9, new byte[4]).Bytes(9, new byte[8])).ToArray()),
        ("a type that ONNX does not have", "a tensor of type 27", () => new OnnxBuilder().Tensor("w", 27, [1], new byte[4]).ToArray()),
        ("no type", "a tensor of type 0", () => new OnnxBuilder().Tensor("w", 0, [1], new byte[4]).ToArray()),
        ("a type of more than 32 bits", "a tensor of type 4294967297", () => new OnnxBuilder().Graph(5, new ProtobufWriter().Varint(2, (1L << 32) + 1).Text(8, "w")).ToArray()),
        ("texts as bytes", "texts are there as raw bytes", () => new OnnxBuilder().Tensor("w", Text, [1], new byte[4]).ToArray()),
        ("a long text", "a text of 1048577 bytes", () => new OnnxBuilder().Graph(5, TensorMessage("w", Text, [1]).Bytes(6, new byte[(1 << 20) + 1])).ToArray()),
        ("a segment of a tensor", "a tensor has no field 3", () => new OnnxBuilder().Graph(5, TensorMessage("w", Float, [1]).Bytes(9, new byte[4]).Message(3, new ProtobufWriter().Varint(1, 0))).ToArray()),
        ("two initialisers of one name", "two initialisers are called 'w'", () => new OnnxBuilder().FloatConstant("w", 1).FloatConstant("w", 2).ToArray()),
        ("two initialisers of one name, one of them sparse", "two initialisers are called 'w'", () => new OnnxBuilder().FloatConstant("w", 1).Graph(15, SparseOf([0], [4])).ToArray()),
        ("an initialiser without a name", "an initialiser without a name", () => new OnnxBuilder().FloatConstant("", 1).ToArray()),
    ];

    public static IEnumerable<(string Name, string Expected, Func<byte[]> Model)> Sparse =>
    [
        ("a sparse index before the beginning", "index -1 of a sparse tensor lies outside", () => new OnnxBuilder().Graph(15, SparseOf([-1], [4])).ToArray()),
        ("a sparse index behind the end", "index 4 of a sparse tensor lies outside", () => new OnnxBuilder().Graph(15, SparseOf([0, 4], [4])).ToArray()),
        ("a packed sparse index behind the end", "index 9 of a sparse tensor lies outside", () => new OnnxBuilder().Graph(15, new ProtobufWriter()
            .Message(1, TensorMessage("w", Float, [1]).Bytes(9, new byte[4])).Message(2, TensorMessage("", OnnxBuilder.Int64, [1]).Bytes(7, [9])).Varint(3, 4)).ToArray()),
        ("a sparse index outside a row", "index 3 of a sparse tensor lies outside", () => new OnnxBuilder().Graph(15, SparseOf([0, 3], [4, 3], rows: 1)).ToArray()),
        ("a sparse tensor that is filled to a terabyte", "would fill up to more than 2 GiB", () => new OnnxBuilder().Graph(15, SparseOf([0], [1L << 38])).ToArray()),
        ("a sparse tensor of numbers of sixteen bytes", "would fill up to more than 2 GiB", () => new OnnxBuilder().Graph(15, new ProtobufWriter()
            .Message(1, TensorMessage("w", 15, [1]).Bytes(9, new byte[16])).Message(2, TensorMessage("", OnnxBuilder.Int64, [1]).Bytes(9, new byte[8])).Varint(3, 1 << 28)).ToArray()),
        ("a sparse tensor of empty texts", "would fill up to more than 2 GiB", () => new OnnxBuilder().Graph(15, new ProtobufWriter()
            .Message(1, TensorMessage("w", Text, [1]).Bytes(6, [])).Message(2, TensorMessage("", OnnxBuilder.Int64, [1]).Bytes(9, new byte[8])).Varint(3, 1 << 28)).ToArray()),
        ("more sparse indices than values", "do not fit its values", () => new OnnxBuilder().Graph(15, SparseOf([0, 1], [4], values: 1)).ToArray()),
        ("sparse indices of a wrong type", "do not fit its values", () => new OnnxBuilder().Graph(15, new ProtobufWriter()
            .Message(1, TensorMessage("w", Float, [1]).Bytes(9, new byte[4])).Message(2, TensorMessage("", 6, [1]).Bytes(9, new byte[4])).Varint(3, 4)).ToArray()),
        ("a sparse tensor without indices", "without values, indices or shape", () => new OnnxBuilder().Graph(15, new ProtobufWriter().Message(1, TensorMessage("w", Float, [1]).Bytes(9, new byte[4])).Varint(3, 4)).ToArray()),
        ("a sparse tensor without a shape", "without values, indices or shape", () => new OnnxBuilder().Graph(15, SparseOf([0], [])).ToArray()),
        ("a sparse tensor of a negative dimension", "negative dimension", () => new OnnxBuilder().Graph(15, SparseOf([0], [-4])).ToArray()),
        ("sparse indices in another file", "are not beside its values", () => new OnnxBuilder().Graph(15, new ProtobufWriter().Message(1, TensorMessage("w", Float, [1]).Bytes(9, new byte[4]))
            .Message(2, Entries(TensorMessage("", OnnxBuilder.Int64, [1]), ("location", "weights.bin")).Varint(14, 1)).Varint(3, 4)).ToArray()),
        ("a sparse attribute with an index behind the end", "index 4 of a sparse tensor lies outside", () => new OnnxBuilder().Graph(
            1, HostileGraphs.Node("Constant").Message(5, new ProtobufWriter().Text(1, "sparse_value").Message(22, SparseOf([4], [4])))).ToArray()),
    ];

    private static byte[] At(string location, string offset = "0", string length = "16")
        => new OnnxBuilder().Graph(5, Entries(TensorMessage("w", Float, [4]), ("location", location), ("offset", offset), ("length", length)).Varint(14, 1)).ToArray();

    private static ProtobufWriter Entries(ProtobufWriter tensor, params (string Key, string Value)[] entries)
    {
        foreach ((string key, string value) in entries) tensor.Message(13, new ProtobufWriter().Text(1, key).Text(2, value));
        return tensor;
    }

    private static ProtobufWriter SparseOf(long[] indices, long[] shape, int? rows = null, int? values = null)
    {
        int count = values ?? rows ?? indices.Length;
        ProtobufWriter sparse = new ProtobufWriter().Message(1, TensorMessage("w", Float, [count]).Bytes(9, new byte[4 * count]))
            .Message(2, TensorMessage("", OnnxBuilder.Int64, rows is { } n ? [n, shape.Length] : [indices.Length]).Bytes(9, [.. indices.SelectMany(BitConverter.GetBytes)]));
        foreach (long dimension in shape) sparse.Varint(3, dimension);
        return sparse;
    }
}
