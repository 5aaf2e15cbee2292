#!/usr/bin/python3
"""Writes the small graphs that the inference tests load, and what they give by NumPy and PyTorch, into this folder.

Needs Debian's python3-onnx, python3-numpy and python3-torch. The same seed gives the same files.
"""
import json
import os

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
FLOAT, HALF, U8, I64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.INT64


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, weights=(), opset=13, ir=7):
    initializers = [numpy_helper.from_array(w, n) for n, w in weights]
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="test")
    model.ir_version = ir
    onnx.save(model, os.path.join(HERE, name + ".onnx"))
    return model


def main():
    rng = np.random.default_rng(7)

    # Convolution, activation, pooling: enough for the optimiser to fuse.
    weight = rng.normal(size=(8, 3, 3, 3)).astype(np.float32)
    bias = rng.normal(size=8).astype(np.float32)
    save("conv", [helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c"], ["r"]),
                  helper.make_node("GlobalAveragePool", ["r"], ["y"])],
         [value("x", FLOAT, [1, 3, 16, 16])], [value("y", FLOAT, [1, 8, 1, 1])], [("w", weight), ("b", bias)])
    picture = (np.arange(3 * 16 * 16, dtype=np.float32) % 31 / 31).reshape(1, 3, 16, 16)
    expected = torch.relu(torch.nn.functional.conv2d(torch.from_numpy(picture), torch.from_numpy(weight), torch.from_numpy(bias), padding=1)).mean(dim=(2, 3))
    with open(os.path.join(HERE, "conv.json"), "w") as f:
        json.dump([round(float(v), 6) for v in expected.flatten()], f)

    # The same sum with a batch and sizes that the graph leaves open.
    save("open-dims", [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=0)],
         [value("x", FLOAT, ["batch", 3, "height", "width"])], [value("y", FLOAT, ["batch", "channels"])], [("axes", np.array([2, 3], np.int64))])

    # An output whose length depends on the picture: the indices of suppressed boxes.
    boxes = np.array([[[0, 0, 1, 1], [0, 0, 1, 1.1], [5, 5, 6, 6], [9, 9, 10, 10]]], np.float32)
    save("inner-nms", [helper.make_node("Reshape", ["x", "shape"], ["s"]),
                       helper.make_node("NonMaxSuppression", ["boxes", "s", "most", "iou", "score"], ["y"])],
         [value("x", FLOAT, [1, 1, 1, 4])], [value("y", I64, ["selected", 3])],
         [("boxes", boxes), ("shape", np.array([1, 1, 4], np.int64)), ("most", np.array([10], np.int64)),
          ("iou", np.array([0.5], np.float32)), ("score", np.array([0.25], np.float32))])

    # Looks fixed as long as every value is below 100.
    save("late-surprise", [helper.make_node("Less", ["x", "hundred"], ["b"]), helper.make_node("NonZero", ["b"], ["y"])],
         [value("x", FLOAT, [1, 1, 1, 4])], [value("y", I64, [4, "found"])], [("hundred", np.array([100], np.float32))])

    # A second input that nobody feeds.
    save("two-inputs", [helper.make_node("Add", ["x", "label"], ["y"])],
         [value("x", FLOAT, [1, 1, 1, 4]), value("label", FLOAT, [1, 1, 1, "n"])], [value("y", FLOAT, [1, 1, 1, 4])])

    # Bytes in rows of pixels, and halves.
    save("bytes", [helper.make_node("Transpose", ["x"], ["y"], perm=[0, 3, 1, 2])], [value("x", U8, [1, 2, 2, 3])], [value("y", U8, [1, 3, 2, 2])])
    save("halves", [helper.make_node("Add", ["x", "x"], ["y"])], [value("x", HALF, [1, 1, 1, 4])], [value("y", HALF, [1, 1, 1, 4])])

    # A picture too small for the kernel: loads, then fails when run.
    save("fails-running", [helper.make_node("Gather", ["x", "i"], ["y"], axis=3)],
         [value("x", FLOAT, [1, 1, 1, 4])], [value("y", FLOAT, [1, 1, 1, 1])], [("i", np.array([9], np.int64))])

    # Asks for 2^46 bytes at its first run.
    save("too-large", [helper.make_node("Shape", ["x"], ["four"]), helper.make_node("Mul", ["four", "many"], ["size"]), helper.make_node("ConstantOfShape", ["size"], ["huge"]),
                       helper.make_node("ReduceMax", ["huge"], ["y"], keepdims=1)],
         [value("x", FLOAT, [1, 1, 1, "n"])], [value("y", FLOAT, [1, 1, 1, 1])], [("many", np.array([1, 1, 1, 1 << 42], np.int64))])

    # From the future, and with weights elsewhere.
    identity = [helper.make_node("Identity", ["x"], ["y"])]
    save("opset-99", identity, [value("x", FLOAT, [1, 1, 1, 4])], [value("y", FLOAT, [1, 1, 1, 4])], opset=99)
    save("ir-99", identity, [value("x", FLOAT, [1, 1, 1, 4])], [value("y", FLOAT, [1, 1, 1, 4])], ir=99)
    save("no-such-operator", [helper.make_node("Imagine", ["x"], ["y"])], [value("x", FLOAT, [1, 1, 1, 4])], [value("y", FLOAT, [1, 1, 1, 4])])
    # onnx appends to a file of weights that is there.
    weights = os.path.join(HERE, "weights.bin")
    if os.path.exists(weights):
        os.remove(weights)
    outside = save("external", [helper.make_node("Add", ["x", "w"], ["y"])],
                   [value("x", FLOAT, [1, 1, 1, 4])], [value("y", FLOAT, [1, 1, 1, 4])], [("w", np.array([[[[1, 2, 3, 4]]]], np.float32))])
    onnx.external_data_helper.convert_model_to_external_data(outside, location="weights.bin", size_threshold=0)
    onnx.save(outside, os.path.join(HERE, "external.onnx"))


if __name__ == "__main__":
    main()
