"""Writes the float parent and the int8 model: quantize.py STATE.pt CALIBRATION_FRAMES OUT_FOLDER [--count 300]

Static quantisation: ranges of all activations over calibration frames that neither training nor judging has seen; for each
the range whose rounding and clipping errors together are least. Weights per channel, seven bits. The first convolution and the
two last ones (4 % of the work) stay float.
"""
import argparse
import os

import numpy
import onnx
import torch

import graph
from frames import Frames, tensor

VERSION = "1.0.0"
BINS = 2048


class Histogram:
    """Counts of one activation's values over all calibration frames."""

    def __init__(self, top, bottom):
        self.low, self.high = min(0.0, bottom * 1.0), max(top, 1e-3)
        self.counts = numpy.zeros(BINS)

    def add(self, values):
        self.counts += numpy.histogram(values.clip(self.low, self.high), BINS, (self.low, self.high))[0]

    def best(self):
        """(low, high) with the least mean squared error of storing the values in 255 steps."""
        edges = numpy.linspace(self.low, self.high, BINS + 1)
        middle = (edges[1:] + edges[:-1]) / 2
        # Exact zeros after a ReLU fill the first bin and cost nothing either way.
        counts = self.counts.copy()
        if self.low == 0:
            counts[0] = 0
        best, least = (self.low, self.high), numpy.inf
        for share in numpy.linspace(0.3, 1, 71):
            low, high = self.low * share, self.high * share
            step = (high - low) / 255
            zero = numpy.rint(-low / step)
            stored = (numpy.rint(middle / step) + zero).clip(0, 255)
            error = (counts * ((stored - zero) * step - middle) ** 2).sum()
            if error < least:
                best, least = (low, high), error
        return best


def forward(folded, images, observe):
    """The network on folded weights; `observe` sees every activation that will be quantised."""
    def conv(name, value, relu):
        weight, bias, stride = folded[name]
        value = torch.nn.functional.conv2d(value, torch.from_numpy(weight), torch.from_numpy(bias), stride, weight.shape[2] // 2)
        value = value.relu_() if relu else value
        observe(name, value)
        return value

    value, kept = images, {}
    for name, _, _ in graph.CHAIN:
        value = kept[name] = conv(name, value, True)
    up = torch.nn.functional.interpolate(conv("lateral", value, False), scale_factor=2, mode="nearest")
    joined = (kept["eighth2"] + up).relu_()
    observe("add", joined)
    conv("head_eighth", conv("join", joined, True), True)
    conv("head_sixteenth", value, True)


@torch.no_grad()
def calibrate(folded, frames, count):
    extremes, histograms = {}, {}

    def measure(name, value):
        top, bottom = extremes.get(name, (0.0, 0.0))
        extremes[name] = max(top, float(value.max())), min(bottom, float(value.min()))

    def count_values(name, value):
        histograms.setdefault(name, Histogram(*extremes[name])).add(value.numpy())

    for observe in (measure, count_values):
        for i in range(count):
            forward(folded, tensor([frames.picture(i)[0]]), observe)
    ranges = {name: histogram.best() for name, histogram in histograms.items()}
    return ranges


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("frames")
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    torch.set_num_threads(1)
    state = {name: value.numpy() for name, value in torch.load(options.state, map_location="cpu").items()}
    folded = graph.layers(state)
    os.makedirs(os.path.join(options.out, "reference"), exist_ok=True)
    parent = graph.build(folded, None, VERSION, "bolts, nuts, washers and gears on a conveyor belt; float parent")
    onnx.save(parent, os.path.join(options.out, "reference", "float.onnx"))
    ranges = calibrate(folded, Frames(options.frames), options.count)
    for name, (low, high) in ranges.items():
        print(f"{name:16s} {low:8.3f} to {high:8.3f}")
    small = graph.build(folded, dict(ranges), VERSION, "bolts, nuts, washers and gears on a conveyor belt; int8")
    onnx.save(small, os.path.join(options.out, "model.onnx"))


if __name__ == "__main__":
    main()
