"""The detector: a small anchor-free network whose output reads like YOLOv8's.

Input  [n, 3, 256, 320], RGB, 0 to 1.  Output [n, 8, 1600]: centre x, centre y, width, height in input pixels, then four scores.
"""
import torch
from torch import nn

LABELS = ["bolt", "nut", "washer", "gear"]
WIDTH, HEIGHT = 320, 256
STRIDES = (8, 16)


def block(inputs, outputs, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs, momentum=0.03), nn.ReLU(inplace=True))


class Detector(nn.Module):
    """Plain 3x3 convolutions with ReLU: they quantise well and run fast on every processor."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(block(3, 16, 2), block(16, 24, 2), block(24, 32))
        self.eighth = nn.Sequential(block(32, 48, 2), block(48, 48), block(48, 48))
        self.sixteenth = nn.Sequential(block(48, 64, 2), block(64, 64), block(64, 64), block(64, 64))
        self.lateral = nn.Sequential(nn.Conv2d(64, 48, 1, bias=False), nn.BatchNorm2d(48, momentum=0.03))
        self.join = block(48, 48)
        self.head_eighth = block(48, 48)
        self.head_sixteenth = block(64, 64)
        self.out_eighth = nn.Conv2d(48, 4 + len(LABELS), 1)
        self.out_sixteenth = nn.Conv2d(64, 4 + len(LABELS), 1)
        for out in (self.out_eighth, self.out_sixteenth):
            nn.init.constant_(out.bias, 0.5)
            nn.init.constant_(out.bias[4:], -4.6)

    def raw(self, images):
        """The two maps of log distances and logits, at strides 8 and 16."""
        eighth = self.eighth(self.stem(images))
        sixteenth = self.sixteenth(eighth)
        up = nn.functional.interpolate(self.lateral(sixteenth), scale_factor=2, mode="nearest")
        joined = self.join(torch.relu(eighth + up))
        return self.out_eighth(self.head_eighth(joined)), self.out_sixteenth(self.head_sixteenth(sixteenth))

    def forward(self, images):
        maps = self.raw(images)
        values = torch.cat([m.flatten(2) for m in maps], 2)
        return decode(values, *anchors(values.device))


def anchors(device="cpu"):
    """Centres [2, n] and strides [1, n] of all cells, in input pixels."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = HEIGHT // stride, WIDTH // stride
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        centres.append((torch.stack([x, y]).flatten(1) + 0.5) * stride)
        strides.append(torch.full((1, rows * columns), float(stride)))
    return torch.cat(centres, 1).to(device), torch.cat(strides, 1).to(device)


def corners(values, centres, strides):
    """Left, top, right, bottom [n, 4, cells] from log distances in strides."""
    distance = torch.exp(values[:, :4].clamp(-4, 3.5)) * strides
    return torch.cat([centres - distance[:, :2], centres + distance[:, 2:]], 1)


def decode(values, centres, strides):
    box = corners(values, centres, strides)
    middle = (box[:, :2] + box[:, 2:]) * 0.5
    return torch.cat([middle, box[:, 2:] - box[:, :2], torch.sigmoid(values[:, 4:])], 1)
