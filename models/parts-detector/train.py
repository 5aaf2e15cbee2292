"""Trains the float parent: train.py FRAMES VALIDATION OUT.pt [--minutes 45] [--seed 1]

One thread; the schedule follows the clock, so a slower machine trains fewer steps.
"""
import argparse
import copy
import math
import time

import numpy
import torch

import metrics
from frames import Frames, batches, tensor
from network import LABELS, Detector, anchors, corners

CANDIDATES = 9


def pair_overlap(a, b):
    """IoU and its generalised form of boxes [..., 4] given as corners."""
    left, right = torch.max(a[..., :2], b[..., :2]), torch.min(a[..., 2:], b[..., 2:])
    inner = (right - left).clamp(0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - inner
    iou = inner / (union + 1e-7)
    hull = (torch.max(a[..., 2:], b[..., 2:]) - torch.min(a[..., :2], b[..., :2])).prod(-1) + 1e-7
    return iou, iou - (hull - union) / hull


@torch.no_grad()
def assign(scores, boxes, truth, centres):
    """Which cell answers for which box: those inside it whose answer fits best already (task-aligned).

    scores [n, cells, classes], boxes [n, cells, 4], truth [n, m, 6], centres [cells, 2].
    Returns target scores [n, cells, classes], target boxes [n, cells, 4], weight of the negative part [n, cells].
    """
    n, cells, classes = scores.shape
    label, corner = truth[..., 0].long(), truth[..., 1:5]
    real = (truth[..., 0] >= 0) & (truth[..., 5] == 0)
    inside = ((centres[None, None] > corner[:, :, None, :2] + 0.01) & (centres[None, None] < corner[:, :, None, 2:] - 0.01)).all(-1)
    iou, _ = pair_overlap(corner[:, :, None], boxes[:, None])
    by_label = scores.transpose(1, 2).gather(1, label.clamp(0)[..., None].expand(-1, -1, cells))
    fit = by_label.sqrt() * iou.pow(4) * inside * real[..., None]
    top, index = fit.topk(CANDIDATES, 2)
    chosen = torch.zeros_like(fit).scatter_(2, index, (top > 1e-9).float()) > 0
    # A cell wanted by several boxes goes to the one that it overlaps most.
    owner = torch.where(chosen, iou + 1e-6, torch.zeros_like(iou)).max(1)
    positive = owner.values > 0
    chosen &= torch.zeros_like(chosen).scatter_(1, owner.indices[:, None], True)
    best_fit = (fit * chosen).amax(2, True)
    best_iou = (iou * chosen).amax(2, True)
    share = (fit * chosen / (best_fit + 1e-9) * best_iou).amax(1)
    target_boxes = corner.gather(1, owner.indices[..., None].expand(-1, -1, 4))
    owned = label.clamp(0).gather(1, owner.indices)
    target = torch.nn.functional.one_hot(owned, classes) * (share * positive)[..., None]
    difficult = (inside & ((truth[..., 0] >= 0) & (truth[..., 5] == 1))[..., None]).any(1)
    return target, target_boxes, positive, (~difficult | positive).float()


def loss_of(maps, truth, centres, strides):
    values = torch.cat([m.flatten(2) for m in maps], 2)
    boxes = corners(values, centres, strides).transpose(1, 2)
    logits = values[:, 4:].transpose(1, 2)
    target, target_boxes, positive, weight = assign(logits.sigmoid(), boxes, truth, centres.T)
    total = target.sum().clamp(1)
    score = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    score = (score * weight[..., None]).sum() / total
    share = target.sum(-1)[positive]
    _, generalised = pair_overlap(boxes[positive], target_boxes[positive])
    box = ((1 - generalised) * share).sum() / total
    return score + 2.5 * box, score, box


@torch.no_grad()
def validate(net, frames, count, threshold=0.4):
    net.eval()
    detections = []
    for start in range(0, count, 20):
        output = net(tensor([frames.picture(i)[0] for i in range(start, min(count, start + 20))])).numpy()
        detections += [metrics.suppress(one, 0.01) for one in output]
    return metrics.judge(detections, frames.boxes[:count], len(LABELS), threshold)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("frames")
    parser.add_argument("validation")
    parser.add_argument("out")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--bfloat16", action="store_true", help="twice as fast where the processor has AVX512-BF16")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    train, validation = Frames(options.frames), Frames(options.validation)
    net = Detector().to(memory_format=torch.channels_last)
    mean = copy.deepcopy(net)
    decay = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0}], lr=options.rate)
    centres, strides = anchors()
    print(f"{sum(p.numel() for p in net.parameters())} parameters, {len(train)} pictures, {options.minutes} minutes", flush=True)
    start, reported, step, sums = time.time(), 0.0, 0, numpy.zeros(3)
    since = 0
    for images, truth in batches(train, options.batch, options.seed):
        progress = (time.time() - start) / 60 / options.minutes
        if progress >= 1:
            break
        rate = options.rate * min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * progress)) + 1e-6
        for group in optimiser.param_groups:
            group["lr"] = rate
        net.train()
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
            maps = net.raw(images.contiguous(memory_format=torch.channels_last))
        loss, score, box = loss_of([m.float() for m in maps], truth, centres, strides)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10)
        optimiser.step()
        step += 1
        since += 1
        keep = min(0.995, step / (step + 20))
        with torch.no_grad():
            for old, new in zip(mean.state_dict().values(), net.state_dict().values()):
                if old.dtype.is_floating_point:
                    old.mul_(keep).add_(new, alpha=1 - keep)
                else:
                    old.copy_(new)
        sums += [loss.item(), score.item(), box.item()]
        if time.time() - start - reported > 180:
            reported = time.time() - start
            average, _, precision, recall = validate(mean, validation, 100)
            print(f"{reported / 60:5.1f} min  step {step:5d}  rate {rate:.5f}  loss {sums[0] / since:.3f} score {sums[1] / since:.3f} "
                  f"box {sums[2] / since:.3f}  mAP@0.5 {average:.4f}  precision {precision:.3f} recall {recall:.3f} at 0.4", flush=True)
            sums[:], since = 0, 0
            torch.save(mean.state_dict(), options.out)
    torch.save(mean.state_dict(), options.out)
    average, each, precision, recall = validate(mean, validation, len(validation))
    print(f"{step} steps of {options.batch}; validation of {len(validation)}: mAP@0.5 {average:.4f} "
          f"({', '.join(f'{l} {a:.3f}' for l, a in zip(LABELS, each))}), precision {precision:.3f} recall {recall:.3f} at 0.4", flush=True)


if __name__ == "__main__":
    main()
