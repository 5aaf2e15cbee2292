"""Writes the detector as ONNX, float or int8 (QDQ), from one description of the graph, with python3-onnx alone."""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from network import HEIGHT, LABELS, STRIDES, WIDTH, anchors

# Seven bits a weight: 2 x 255 x 63 fits 16 bits, so that x86 without VNNI adds up exactly what VNNI and arm64 do.
WEIGHT_LIMIT = 63


class Graph:
    """Collects nodes. `ranges` maps the name of an activation to its (lowest, highest) value, or is None for a float graph."""

    def __init__(self, ranges=None):
        self.ranges = ranges
        self.nodes, self.constants = [], []

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(numpy.array(array, order="C"), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def activation(self, name):
        """Puts quantise and dequantise behind an activation; a float graph stays as it is."""
        if self.ranges is None:
            return name
        scale, zero = parameters(*self.ranges[name])
        pair = [self.constant(name + ".scale", numpy.float32(scale)), self.constant(name + ".zero", numpy.uint8(zero))]
        self.node("QuantizeLinear", [name, *pair], name + ".q")
        return self.node("DequantizeLinear", [name + ".q", *pair], name + ".dq")

    def scale_of(self, name):
        return parameters(*self.ranges[name.removesuffix(".dq")])[0]

    def conv(self, name, value, weight, bias, stride, relu, whole=True, stored=True):
        """A convolution, in whole numbers or in float; with `stored` its result is quantised either way."""
        pads = [weight.shape[2] // 2] * 4
        if self.ranges is None or not whole:
            inputs = [value, self.constant(name + ".weight", weight), self.constant(name + ".bias", bias)]
            self.node("Conv", inputs, name + (".sum" if relu else ""), pads=pads, strides=[stride, stride])
            if relu:
                self.node("Relu", [name + ".sum"], name)
            return self.activation(name) if stored else name
        scale = numpy.maximum(abs(weight).reshape(len(weight), -1).max(1), 1e-6).astype(numpy.float32) / numpy.float32(WEIGHT_LIMIT)
        steps = numpy.rint(weight / scale[:, None, None, None]).astype(numpy.int8)
        bias_scale = (scale * numpy.float32(self.scale_of(value))).astype(numpy.float32)
        bias_steps = numpy.rint(bias / bias_scale).astype(numpy.int32)
        weights = self.dequantised(name + ".weight", steps, scale)
        biases = self.dequantised(name + ".bias", bias_steps, bias_scale)
        # No Relu: the output is stored unsigned with zero point 0, which cuts off what is negative.
        assert not relu or self.ranges[name][0] == 0
        self.node("Conv", [value, weights, biases], name, pads=pads, strides=[stride, stride])
        return self.activation(name)

    def dequantised(self, name, steps, scale):
        inputs = [self.constant(name, steps), self.constant(name + ".scale", scale)]
        inputs.append(self.constant(name + ".zero", numpy.zeros(len(scale), steps.dtype)))
        return self.node("DequantizeLinear", inputs, name + ".dq", axis=0)


def parameters(low, high):
    """Scale and zero point of an unsigned byte that covers low to high; 0 is always exact."""
    low, high = min(low, 0.0), max(high, 1e-6)
    scale = numpy.float32((high - low) / 255)
    return float(scale), int(round(-low / scale))


def fold(state, conv, norm):
    """Weight and bias of a convolution with its batch normalisation folded in."""
    factor = state[norm + ".weight"] / numpy.sqrt(state[norm + ".running_var"] + 1e-5)
    weight = state[conv + ".weight"] * factor[:, None, None, None]
    return weight.astype(numpy.float32), (state[norm + ".bias"] - state[norm + ".running_mean"] * factor).astype(numpy.float32)


# Name, where it is in the network's state, stride.
CHAIN = [(f"stem{i}", f"stem.{i}", s) for i, s in ((0, 2), (1, 2), (2, 1))]
CHAIN += [(f"eighth{i}", f"eighth.{i}", s) for i, s in ((0, 2), (1, 1), (2, 1))]
CHAIN += [(f"sixteenth{i}", f"sixteenth.{i}", s) for i, s in ((0, 2), (1, 1), (2, 1), (3, 1))]


def layers(state):
    """Every convolution, folded: name -> (weight, bias, stride)."""
    found = {name: (*fold(state, at + ".0", at + ".1"), stride) for name, at, stride in CHAIN}
    found["lateral"] = (*fold(state, "lateral.0", "lateral.1"), 1)
    for name in ("join", "head_eighth", "head_sixteenth"):
        found[name] = (*fold(state, name + ".0", name + ".1"), 1)
    for name in ("out_eighth", "out_sixteenth"):
        found[name] = (state[name + ".weight"], state[name + ".bias"], 1)
    return found


def build(folded, ranges, version, description):
    """The whole model. `ranges` as Graph takes it."""
    graph = Graph(ranges)
    value, kept = "images", {}
    for name, _, _ in CHAIN:
        # On three channels int8 gathers bytes one by one and took a third of the whole run: the first layer stays float.
        value = kept[name] = graph.conv(name, value, *folded[name], True, whole=name != "stem0")
    deep, eighth = kept["sixteenth3"], kept["eighth2"]
    lateral = graph.conv("lateral", deep, *folded["lateral"], False)
    scales = graph.constant("up.scales", numpy.array([1, 1, 2, 2], numpy.float32))
    empty = graph.constant("up.roi", numpy.zeros(0, numpy.float32))
    graph.node("Resize", [lateral, empty, scales], "up", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    if ranges is not None:
        # The same numbers as before the copy, so that it stays a copy of bytes.
        graph.ranges["up"] = ranges["lateral"]
    up = graph.activation("up")
    if ranges is None:
        graph.node("Add", [eighth, up], "add.sum")
        graph.node("Relu", ["add.sum"], "add")
    else:
        graph.node("Add", [eighth, up], "add")
    joined = graph.conv("join", graph.activation("add"), *folded["join"], True)
    maps = []
    for size, source in (("eighth", joined), ("sixteenth", deep)):
        head = graph.conv("head_" + size, source, *folded["head_" + size], True)
        # Eight channels cost next to nothing in float, and boxes stay as fine as they are.
        out = graph.conv("out_" + size, head, *folded["out_" + size], False, whole=False, stored=False)
        shape = graph.constant(out + ".shape", numpy.array([1, 4 + len(LABELS), -1], numpy.int64))
        maps.append(graph.node("Reshape", [out, shape], out + ".flat"))
    decode(graph, maps)
    return model(graph, version, description)


def decode(graph, maps):
    """Log distances to centre boxes, logits to scores."""
    centres, strides = (value.numpy() for value in anchors())
    graph.node("Concat", maps, "values", axis=2)
    split = graph.constant("values.split", numpy.array([2, 2, len(LABELS)], numpy.int64))
    graph.nodes.append(helper.make_node("Split", ["values", split], ["first.log", "last.log", "logits"], name="split", axis=1))
    low, high = graph.constant("log.low", numpy.float32(-4)), graph.constant("log.high", numpy.float32(3.5))
    stride = graph.constant("strides", strides[None])
    for side in ("first", "last"):
        graph.node("Clip", [side + ".log", low, high], side + ".clipped")
        graph.node("Exp", [side + ".clipped"], side + ".exp")
        graph.node("Mul", [side + ".exp", stride], side)
    graph.node("Sub", ["last", "first"], "shift")
    graph.node("Mul", ["shift", graph.constant("half", numpy.float32(0.5))], "shift.half")
    graph.node("Add", ["shift.half", graph.constant("centres", centres[None].astype(numpy.float32))], "centre")
    graph.node("Add", ["first", "last"], "size")
    graph.node("Sigmoid", ["logits"], "scores")
    graph.node("Concat", ["centre", "size", "scores"], "output0", axis=1)


def model(graph, version, description):
    cells = sum((HEIGHT // s) * (WIDTH // s) for s in STRIDES)
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])]
    outputs = [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 4 + len(LABELS), cells])]
    whole = helper.make_graph(graph.nodes, "parts-detector", inputs, outputs, graph.constants)
    made = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 13)], producer_name="edgeinfer parts-detector", ir_version=8)
    helper.set_model_props(made, {
        "names": repr(dict(enumerate(LABELS))), "task": "detect", "imgsz": repr([HEIGHT, WIDTH]), "stride": str(max(STRIDES)),
        "version": version, "license": "Apache-2.0", "author": "EdgeInfer contributors", "description": description})
    onnx.checker.check_model(made, full_check=True)
    return made
