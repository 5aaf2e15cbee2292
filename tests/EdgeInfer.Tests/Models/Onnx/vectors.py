#!/usr/bin/python3
"""Writes OnnxVectors.cs: graphs as the ONNX project's own package writes them.

Run here with Debian's python3-onnx (1.12.0): /usr/bin/python3 vectors.py > OnnxVectors.cs
"""
import base64
import os
import tempfile

import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper

FLOAT = T.FLOAT


def model(nodes, inputs, outputs, initializers=(), functions=(), opsets=(("", 16),), **kwargs):
    graph = h.make_graph(nodes, "g", inputs, outputs, list(initializers), **kwargs)
    return h.make_model(graph, producer_name="vectors", functions=list(functions), opset_imports=[h.make_opsetid(d, v) for d, v in opsets], ir_version=8)


def value(name, shape=(1, 4), kind=FLOAT):
    return h.make_tensor_value_info(name, kind, shape)


def everything():
    """An If with two inner graphs, a Loop, a function that calls a function, a sparse initialiser, all kinds of attributes, metadata."""
    then = h.make_graph([h.make_node("Mul", ["x", "two"], ["t"], name="twice")], "then", [], [value("t")], [numpy_helper.from_array(np.array([2], np.float32), "two")])
    other = h.make_graph([h.make_node("Neg", ["x"], ["e"])], "else", [], [value("e")])
    body = h.make_graph(
        [h.make_node("Add", ["v", "one"], ["w"]), h.make_node("Identity", ["c"], ["d"])], "body",
        [value("i", (), T.INT64), value("c", (), T.BOOL), value("v")], [value("d", (), T.BOOL), value("w")], [numpy_helper.from_array(np.array([1], np.float32), "one")])
    inner = h.make_function("fleet.parts", "Half", ["a"], ["b"], [h.make_node("Constant", [], ["h"], value_float=0.5), h.make_node("Mul", ["a", "h"], ["b"])], [h.make_opsetid("", 16)])
    outer = h.make_function(
        "fleet.parts", "Quarter", ["a"], ["b"],
        [h.make_node("Half", ["a"], ["m"], domain="fleet.parts"), h.make_node("Half", ["m"], ["b"], domain="fleet.parts")], [h.make_opsetid("", 16), h.make_opsetid("fleet.parts", 1)])
    sparse = h.make_sparse_tensor(h.make_tensor("sp", FLOAT, [2], [1.5, -2.5]), h.make_tensor("idx", T.INT64, [2], [0, 3]), [4])
    nodes = [
        h.make_node("If", ["cond"], ["a"], name="branch", then_branch=then, else_branch=other),
        h.make_node("Loop", ["trips", "cond", "a"], ["b"], name="loop", body=body),
        h.make_node("Quarter", ["b"], ["q"], domain="fleet.parts"),
        h.make_node("Add", ["q", "sp"], ["s"]),
        h.make_node("ConstantOfShape", ["shape"], ["z"], value=h.make_tensor("z", FLOAT, [1], [0.25])),
        h.make_node("Add", ["s", "z"], ["y0"]),
        h.make_node("Pad", ["y0", "pads"], ["y1"], mode="constant"),
        h.make_node("Conv", ["image", "kernel"], ["conv"], kernel_shape=[1, 1], pads=[0, 0, 0, 0], auto_pad="NOTSET"),
        h.make_node("Dropout", ["y1"], ["y"]),
    ]
    initializers = [
        numpy_helper.from_array(np.array(True), "cond"), numpy_helper.from_array(np.array(3, np.int64), "trips"), numpy_helper.from_array(np.array([1, 4], np.int64), "shape"),
        numpy_helper.from_array(np.zeros(4, np.int64), "pads"), numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3, 1, 1), "kernel"),
    ]
    m = model(
        nodes, [value("x"), value("image", (1, 3, "height", "width"))], [value("y", ("m", "n")), value("conv", ("n", 2, "height", "width"))], initializers, [inner, outer],
        (("", 16), ("fleet.parts", 1)), sparse_initializer=[sparse], value_info=[value("q")], doc_string="everything at once")
    h.set_model_props(m, {"names": "{0: 'bolt', 1: 'nut'}", "task": "detect"})
    onnx.checker.check_model(m)
    return m


def types():
    """An initialiser of each type that this package knows, in raw and in typed fields."""
    initializers = []
    for name, kind in sorted(T.DataType.items()):
        if kind == T.UNDEFINED:
            continue
        values = [b"bolt", b"", b"nut"] if kind == T.STRING else [1 + 2j, 0, -1j] if kind in (T.COMPLEX64, T.COMPLEX128) else [0, 1, 2]
        initializers.append(h.make_tensor(name + "-typed", kind, [3], values))
    for dtype in (np.float32, np.uint8, np.int8, np.uint16, np.int16, np.int32, np.int64, np.bool_, np.float16, np.float64, np.uint32, np.uint64, np.complex64, np.complex128):
        initializers.append(numpy_helper.from_array(np.ones((2, 3), dtype), np.dtype(dtype).name + "-raw"))
    initializers.append(numpy_helper.from_array(np.zeros((2, 0), np.float32), "empty"))
    initializers.append(numpy_helper.from_array(np.array(7.0, np.float32), "scalar"))
    return model([h.make_node("Identity", ["x"], ["y"])], [value("x")], [value("y")], initializers)


def kinds():
    """Values that are no tensors, and operators of ai.onnx.ml."""
    nodes = [
        h.make_node("ZipMap", ["p"], ["maps"], domain="ai.onnx.ml", classlabels_strings=["bolt", "nut"]),
        h.make_node("LabelEncoder", ["l"], ["i"], domain="ai.onnx.ml", keys_strings=["bolt", "nut"], values_int64s=[0, 1]),
        h.make_node("SequenceConstruct", ["p", "p"], ["seq"]),
        h.make_node("Optional", [], ["none"], type=h.make_tensor_type_proto(FLOAT, [2])),
    ]
    one = onnx.TypeProto()
    one.map_type.key_type = T.STRING
    one.map_type.value_type.CopyFrom(h.make_tensor_type_proto(FLOAT, []))
    maps = h.make_value_info("maps", h.make_sequence_type_proto(one))
    seq = h.make_value_info("seq", h.make_sequence_type_proto(h.make_tensor_type_proto(FLOAT, ["k"])))
    none = h.make_value_info("none", h.make_optional_type_proto(h.make_tensor_type_proto(FLOAT, [2])))
    m = model(nodes, [value("p", ("n", 2)), value("l", ("n",), T.STRING)], [maps, seq, none, value("i", ("n",), T.INT64)], opsets=(("", 16), ("ai.onnx.ml", 2)))
    onnx.checker.check_model(m)
    return m


def quantised():
    nodes = [h.make_node("DequantizeLinear", ["x", "s", "z"], ["f"]), h.make_node("Relu", ["f"], ["r"]), h.make_node("QuantizeLinear", ["r", "s", "z"], ["y"])]
    m = model(
        nodes, [value("x", (1, 8), T.UINT8)], [value("y", (1, 8), T.UINT8)],
        [numpy_helper.from_array(np.array(0.5, np.float32), "s"), numpy_helper.from_array(np.array(128, np.uint8), "z")])
    m.graph.quantization_annotation.add(tensor_name="x").quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="s")
    onnx.checker.check_model(m)
    return m


def training():
    m = model([h.make_node("Identity", ["x"], ["y"])], [value("x")], [value("y")])
    info = h.make_training_info(h.make_graph([h.make_node("Identity", ["y"], ["z"])], "algorithm", [value("y")], [value("z")]), [], None, None)
    m.training_info.append(info)
    return m


def external(folder):
    weights = [numpy_helper.from_array(np.arange(4, dtype=np.float32).reshape(1, 4), "w"), numpy_helper.from_array(np.arange(4, dtype=np.int64), "k")]
    m = model([h.make_node("Mul", ["x", "w"], ["y"])], [value("x")], [value("y")], weights)
    path = os.path.join(folder, "model.onnx")
    onnx.save_model(m, path, save_as_external_data=True, all_tensors_to_one_file=True, location="weights.bin", size_threshold=0)
    return open(path, "rb").read(), open(os.path.join(folder, "weights.bin"), "rb").read()


def main():
    print("namespace EdgeInfer.Tests.Models.Onnx;")
    print()
    print("/// <summary>Graphs as onnx %s writes them; made by vectors.py beside this file.</summary>" % onnx.__version__)
    print("internal static class OnnxVectors")
    print("{")
    with tempfile.TemporaryDirectory() as folder:
        graph, weights = external(folder)
    vectors = [(f.__name__, f().SerializeToString()) for f in (everything, types, kinds, quantised, training)] + [("external", graph), ("external_weights", weights)]
    for i, (name, data) in enumerate(vectors):
        text = base64.b64encode(data).decode()
        lines = [text[at:at + 140] for at in range(0, len(text), 140)]
        constant = "".join(part.capitalize() for part in name.split("_"))
        print("    public static byte[] %s => Convert.FromBase64String(\n        \"%s\");" % (constant, '"\n        + "'.join(lines)))
        if i + 1 < len(vectors):
            print()
    print("}")


main()
