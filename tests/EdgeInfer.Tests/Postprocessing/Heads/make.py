#!/usr/bin/python3
"""Writes heads.json and nms.json: random network outputs and what the heads' published decoding makes of them, in PyTorch and NumPy.

Decoding follows each family's own description: Ultralytics (centre boxes, best class), YOLOX (grid, exp, objectness times class), FastestDet
(tanh, sigmoid, obj^0.6 * cls^0.4), BlazeFace (anchor centres, sigmoid), UltraFace (corners). Suppression is torchvision.ops.nms' definition:
by falling score, a box goes when its IoU with a kept one is above the threshold; per class by comparing equal classes only.
Needs Debian's python3-torch and python3-numpy. The same seed gives the same files.
"""
import json
import os

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 32                       # tensor, square
SOURCE = (100, 60)              # upright picture
SCALED, PAD = (32, 19), (0, 6)  # letterboxed


def nms(boxes, scores, classes, iou, per_class):
    order = np.argsort(-scores, kind="stable")
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    keep = []
    for i in order:
        good = True
        for k in keep:
            if per_class and classes[i] != classes[k]:
                continue
            w = max(np.float32(0), min(boxes[i, 2], boxes[k, 2]) - max(boxes[i, 0], boxes[k, 0]))
            h = max(np.float32(0), min(boxes[i, 3], boxes[k, 3]) - max(boxes[i, 1], boxes[k, 1]))
            if w * h / (area[i] + area[k] - w * h) > iou:
                good = False
                break
        if good:
            keep.append(int(i))
    return keep


def finish(boxes, scores, classes, threshold, iou, per_class):
    """Boxes in tensor pixels to results in source pixels."""
    boxes, scores, classes = boxes.numpy(), scores.numpy(), classes.numpy()
    passed = scores >= threshold
    boxes, scores, classes = boxes[passed], scores[passed], classes[passed]
    results = []
    for i in nms(boxes, scores, classes, iou, per_class):
        x = np.clip((boxes[i, [0, 2]] - PAD[0]) * SOURCE[0] / SCALED[0], 0, SOURCE[0])
        y = np.clip((boxes[i, [1, 3]] - PAD[1]) * SOURCE[1] / SCALED[1], 0, SOURCE[1])
        if x[1] > x[0] and y[1] > y[0]:
            results.append([int(classes[i]), float(scores[i]), float(x[0]), float(y[0]), float(x[1] - x[0]), float(y[1] - y[0])])
    return results


def corners(centre):
    x, y, w, h = centre.unbind(-1)
    return torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], -1)


def tensor(name, t):
    t = t.to(torch.float32).contiguous()
    return {"name": name, "shape": list(t.shape), "values": [float(f"{v:.7g}") for v in t.flatten().tolist()]}


def rounded(shape, low, high):
    """Values that survive seven digits of text."""
    return torch.from_numpy(np.round(np.random.default_rng(rounded.seed).uniform(low, high, shape), 4).astype(np.float32))


rounded.seed = 0


def rand(shape, low=0.0, high=1.0):
    rounded.seed += 1
    return rounded(shape, low, high)


def yolov8(classes, transposed, activation):
    # More than one block of the column scan, with a remainder.
    anchors = 530 if classes < 10 and not transposed else 40
    box = torch.cat([rand((1, 2, anchors), 0, SIZE), rand((1, 2, anchors), 2, 14)], 1)
    score = rand((1, classes, anchors)) ** 6 if activation == "none" else rand((1, classes, anchors), -9, 1.5)
    score = torch.round(score * 1e4) / 1e4
    out = torch.cat([box, score], 1)
    p = torch.sigmoid(score) if activation == "sigmoid" else score
    best, cls = p[0].max(0)
    expected = finish(corners(box[0].T), best, cls, 0.4, 0.45, True)
    agnostic = finish(corners(box[0].T), best, cls, 0.4, 0.45, False)
    return {"head": "yolov8", "activation": activation, "classes": classes, "outputs": [tensor("out", out.transpose(1, 2) if transposed else out)],
            "expected": expected, "agnostic": agnostic, "background": -1}


def yolox(classes):
    raw, grid, stride = [], [], []
    for s in (8, 16, 32):
        n = SIZE // s
        y, x = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
        grid.append(torch.stack([x, y], -1).reshape(-1, 2))
        stride.append(torch.full((n * n, 1), s))
    grid, stride = torch.cat(grid), torch.cat(stride)
    n = len(grid)
    raw = torch.cat([rand((n, 2), -1, 2), rand((n, 2), -1, 1), rand((n, 1), 0.2, 1), rand((n, classes))], 1)
    xy, wh = (raw[:, :2] + grid) * stride, torch.exp(raw[:, 2:4]) * stride
    best, cls = (raw[:, 4:5] * raw[:, 5:]).max(1)
    boxes = corners(torch.cat([xy, wh], 1))
    return {"head": "yolox", "activation": "none", "classes": classes, "outputs": [tensor("out", raw[None])],
            "expected": finish(boxes, best, cls, 0.4, 0.45, True), "agnostic": finish(boxes, best, cls, 0.4, 0.45, False), "background": -1}


def fastestdet(classes):
    rows, columns = 5, 4
    out = torch.cat([rand((1, 1, rows, columns), 0, 1), rand((1, 2, rows, columns), -2, 2), rand((1, 2, rows, columns), -2, 1), rand((1, classes, rows, columns))], 1)
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    best, cls = out[0, 5:].max(0)
    score = out[0, 0] ** 0.6 * best ** 0.4
    cx, cy = (torch.tanh(out[0, 1]) + x) / columns * SIZE, (torch.tanh(out[0, 2]) + y) / rows * SIZE
    w, h = torch.sigmoid(out[0, 3]) * SIZE, torch.sigmoid(out[0, 4]) * SIZE
    boxes = corners(torch.stack([cx, cy, w, h], -1).reshape(-1, 4))
    score, cls = score.flatten(), cls.flatten()
    return {"head": "fastestdet", "activation": "none", "classes": classes, "outputs": [tensor("out", out)],
            "expected": finish(boxes, score, cls, 0.4, 0.45, True), "agnostic": finish(boxes, score, cls, 0.4, 0.45, False), "background": -1}


def ultraface():
    n = 60
    first = rand((1, n, 2), 0, 0.7)
    boxes = torch.round(torch.cat([first, first + rand((1, n, 2), 0.05, 0.4)], -1) * 1e4) / 1e4
    face = rand((1, n, 1))
    scores = torch.cat([1 - face, face], -1)
    scores = torch.round(scores * 1e4) / 1e4
    return {"head": "ultraface", "activation": "none", "classes": 2, "outputs": [tensor("scores", scores), tensor("boxes", boxes)],
            "expected": finish(boxes[0] * SIZE, scores[0, :, 1], torch.ones(n, dtype=torch.int64), 0.4, 0.45, True), "background": 0}


def ssd_softmax():
    n, classes = 40, 4
    first = rand((1, n, 2), 0, 0.7)
    boxes = torch.round(torch.cat([first, first + rand((1, n, 2), 0.05, 0.4)], -1) * 1e4) / 1e4
    logits = rand((1, n, classes), -3, 3)
    p = torch.softmax(logits[0], -1)
    best, cls = p[:, 1:].max(-1)
    return {"head": "ssd-softmax", "activation": "softmax", "classes": classes, "outputs": [tensor("boxes", boxes), tensor("scores", logits)],
            "expected": finish(boxes[0] * SIZE, best, cls + 1, 0.4, 0.45, True), "background": 0}


def blazeface():
    outputs, boxes, scores = [], [], []
    for level, (grid, per_cell) in enumerate(((4, 2), (2, 6))):
        n = grid * grid * per_cell
        box = torch.cat([rand((1, n, 2), -6, 6), rand((1, n, 2), 4, 20), rand((1, n, 12), -9, 9)], -1)
        logit = rand((1, n, 1), -6, 2)
        cell = torch.arange(n) // per_cell
        cx = (cell % grid + 0.5) / grid + box[0, :, 0] / SIZE
        cy = (cell // grid + 0.5) / grid + box[0, :, 1] / SIZE
        boxes.append(corners(torch.stack([cx, cy, box[0, :, 2] / SIZE, box[0, :, 3] / SIZE], -1) * SIZE))
        scores.append(torch.sigmoid(logit[0, :, 0]))
        outputs += [tensor(f"boxes{level}", box), tensor(f"scores{level}", logit)]
    boxes, scores = torch.cat(boxes), torch.cat(scores)
    return {"head": "blazeface", "activation": "sigmoid", "classes": 1, "outputs": outputs,
            "expected": finish(boxes, scores, torch.zeros(len(scores), dtype=torch.int64), 0.4, 0.45, True), "background": -1}


def classification(activation, classes, background):
    values = rand((1, classes), -4, 4) if activation != "none" else rand((1, classes))
    p = {"softmax": torch.softmax(values, -1), "sigmoid": torch.sigmoid(values), "none": values}[activation][0]
    order = [int(i) for i in torch.argsort(-p) if int(i) != background and p[i] >= 0.05][:5]
    return {"head": "classification", "activation": activation, "classes": classes, "outputs": [tensor("out", values)],
            "expected": [[i, float(p[i])] for i in order], "background": background}


def main():
    heads = [yolov8(3, False, "none"), yolov8(3, True, "none"), yolov8(20, False, "sigmoid"), yolov8(20, True, "sigmoid"), yolox(4), fastestdet(6),
             ultraface(), ssd_softmax(), blazeface(), classification("softmax", 12, -1), classification("softmax", 12, 0), classification("none", 30, -1),
             classification("sigmoid", 9, 3)]
    with open(os.path.join(HERE, "heads.json"), "w") as f:
        json.dump(heads, f)

    rng = np.random.default_rng(11)
    cases = []
    for _ in range(12):
        n = 40
        first = np.round(rng.uniform(0, 60, (n, 2)), 1).astype(np.float32)
        boxes = np.concatenate([first, np.round(first + rng.uniform(5, 40, (n, 2)), 1).astype(np.float32)], 1)
        # One digit only, so that there are ties.
        scores = np.round(rng.uniform(0.1, 1, n), 1).astype(np.float32)
        classes = rng.integers(0, 3, n)
        iou = float(np.round(rng.uniform(0.2, 0.7), 2))
        cases.append({"iou": iou, "boxes": [[float(f"{v:.7g}") for v in b] for b in boxes], "scores": [float(f"{v:.7g}") for v in scores], "classes": classes.tolist(),
                      "per_class": nms(boxes, scores, classes, np.float32(iou), True), "agnostic": nms(boxes, scores, classes, np.float32(iou), False)})
    with open(os.path.join(HERE, "nms.json"), "w") as f:
        json.dump(cases, f)


if __name__ == "__main__":
    main()
