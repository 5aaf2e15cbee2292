#!/usr/bin/python3
"""Writes fixtures.txt: small pictures and what OpenCV and Pillow make of them, for runs without Python.

A line is: operation, name, width, height, to_width, to_height, input in base64, result in base64.
Written with OpenCV 4.6.0, Pillow 9.4.0 and NumPy 1.24.2 (Debian 12).
"""
import base64
import os

import numpy as np
import reference

rng = np.random.default_rng(31)
lines = []


def line(op, name, width, height, to_width, to_height, data, result):
    def text(b):
        return base64.b64encode(b).decode()

    lines.append(f"{op} {name} {width} {height} {to_width} {to_height} {text(data)} {text(result.tobytes())}")


for kernel in ["Bilinear", "BilinearAntialias", "BilinearTf", "Area", "Nearest"]:
    for width, height, to_width, to_height in [(17, 11, 7, 5), (5, 4, 13, 9), (12, 8, 6, 4), (1, 9, 3, 4)]:
        y, x = np.mgrid[0:height, 0:width]
        data = (np.stack([x * 255 // width, y * 255 // height, (x + y) % 2 * 200], -1) + rng.integers(0, 50, (height, width, 3))).clip(0, 255)
        data = data.astype(np.uint8).tobytes()
        case = {"kernel": kernel, "width": width, "height": height, "to_width": to_width, "to_height": to_height}
        line("resize", kernel, width, height, to_width, to_height, data, reference.resize(case, data))
for name, share in [("Yuyv", 4), ("Nv12", 3), ("I420", 3)]:
    data = rng.integers(0, 256, 18 * 6 * share // 2).astype(np.uint8).tobytes()
    line("convert", name, 18, 6, 18, 6, data, reference.convert({"format": name, "width": 18, "height": 6}, data))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures.txt"), "w", encoding="ascii") as f:
    f.write("\n".join(lines) + "\n")
