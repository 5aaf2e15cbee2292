#!/usr/bin/python3
"""OpenCV on one thread from a frame to a letterboxed float tensor, beside FrameFormatBenchmark: thread CPU ms.

usage: opencv_formats.py [JPEG720 JPEG1080]
"""
import sys
import time

import cv2
import numpy as np

ROUNDS = 120
cv2.setNumThreads(1)


def raw(shape):
    rng = np.random.default_rng(1)
    n = int(np.prod(shape))
    return (100 + np.arange(n) // 16 % 50 + rng.integers(0, 12, n)).astype(np.uint8).reshape(shape)


def to_tensor(rgb, size):
    rows, columns = rgb.shape[:2]
    r = min(size / columns, size / rows)
    w, h = round(columns * r), round(rows * r)
    left, top = (size - w) // 2, (size - h) // 2
    scaled = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_LINEAR)
    boxed = cv2.copyMakeBorder(scaled, top, size - h - top, left, size - w - left, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    return cv2.dnn.blobFromImage(boxed, 1 / 255)


for width, height in [(1280, 720), (1920, 1080)]:
    packed, flat, rgb = raw((height, width, 2)), raw((height * 3 // 2, width)), raw((height, width, 3))
    ways = {
        "Rgb24": lambda: rgb,
        "Yuyv": lambda: cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_YUYV),
        "Nv12": lambda: cv2.cvtColor(flat, cv2.COLOR_YUV2RGB_NV12),
        "I420": lambda: cv2.cvtColor(flat, cv2.COLOR_YUV2RGB_I420),
    }
    for path in sys.argv[1:]:
        if str(height) in path:
            data = np.fromfile(path, np.uint8)
            ways["JPEG"] = lambda: cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    for size in (320, 640):
        times = {}
        for i in range(ROUNDS):
            for name, way in ways.items():
                for turned in (False, True):
                    start = time.thread_time_ns()
                    picture = way()
                    to_tensor(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE) if turned else picture, size)
                    if i >= ROUNDS // 4:
                        times.setdefault((name, turned), []).append((time.thread_time_ns() - start) / 1e6)
        for (name, turned), ms in times.items():
            ms.sort()
            print(f"{width}x{height} to {size} {name:5} OpenCV   {90 if turned else 0:2}°: p50 {ms[len(ms) // 2]:.3f} p5 {ms[len(ms) // 20]:.3f} ms")
