"""Reads what `EdgeInfer.Benchmarks render --half` writes, and augments it for training."""
import json
import os

import numpy
import torch

from network import HEIGHT, WIDTH

PAD = 114


class Frames:
    """Pictures of 320x240 in a 320x256 letterbox, with boxes in its pixels: class, x1, y1, x2, y2, difficult."""

    def __init__(self, folder):
        with open(os.path.join(folder, "truth.json")) as file:
            truth = json.load(file)
        self.width, self.height = truth["width"] // 2, truth["height"] // 2
        assert truth["half"] and self.width == WIDTH and self.height <= HEIGHT
        self.top = (HEIGHT - self.height) // 2
        pixels = numpy.memmap(os.path.join(folder, "frames.rgb"), numpy.uint8, "r")
        self.pixels = pixels.reshape(-1, self.height, self.width, 3)
        self.boxes = []
        for frame in truth["frames"]:
            rows = numpy.array(frame["boxes"], numpy.float32).reshape(-1, 6)
            rows[:, 1:5] *= 0.5
            rows[:, 3:5] += rows[:, 1:3]
            rows[:, [2, 4]] += self.top
            self.boxes.append(rows)

    def __len__(self):
        return len(self.pixels)

    def picture(self, index):
        padded = numpy.full((HEIGHT, WIDTH, 3), PAD, numpy.uint8)
        padded[self.top:self.top + self.height] = self.pixels[index]
        return padded, self.boxes[index].copy()


def augment(picture, boxes, random):
    """Mirrors, now and then another scale, a little exposure: what the renderer does not vary itself."""
    if random.random() < 0.4:
        import cv2
        scale = random.uniform(0.7, 1.25)
        x = random.uniform(0, 1) * (1 - scale) * WIDTH
        y = random.uniform(0, 1) * (1 - scale) * HEIGHT
        matrix = numpy.array([[scale, 0, x], [0, scale, y]], numpy.float32)
        picture = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderValue=(PAD, PAD, PAD))
        before = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2]) * scale * scale
        boxes[:, [1, 3]] = (boxes[:, [1, 3]] * scale + x).clip(0, WIDTH)
        boxes[:, [2, 4]] = (boxes[:, [2, 4]] * scale + y).clip(0, HEIGHT)
        after = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
        boxes[after < 0.5 * before, 5] = 1
        boxes = boxes[after > 0.02 * before]
    if random.random() < 0.5:
        picture = picture[:, ::-1]
        boxes[:, [1, 3]] = WIDTH - boxes[:, [3, 1]]
    if random.random() < 0.5:
        picture = picture[::-1]
        boxes[:, [2, 4]] = HEIGHT - boxes[:, [4, 2]]
    return picture, boxes


def tensor(pictures):
    stacked = torch.from_numpy(numpy.ascontiguousarray(numpy.stack(pictures)))
    return stacked.permute(0, 3, 1, 2).float().div_(255)


def batches(frames, size, seed):
    """Endless shuffled batches: images [n, 3, h, w], boxes [n, most, 6] with class -1 where there is none."""
    random = numpy.random.RandomState(seed)
    while True:
        order = random.permutation(len(frames))
        for start in range(0, len(order) - size + 1, size):
            pairs = [augment(*frames.picture(i), random) for i in order[start:start + size]]
            most = max(1, max(len(boxes) for _, boxes in pairs))
            padded = numpy.full((size, most, 6), -1, numpy.float32)
            for i, (_, boxes) in enumerate(pairs):
                padded[i, :len(boxes)] = boxes
            yield tensor([picture for picture, _ in pairs]), torch.from_numpy(padded)
