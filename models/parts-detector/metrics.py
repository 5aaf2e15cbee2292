"""Mean average precision at an overlap of 0.5, and precision and recall at a threshold. Difficult boxes count neither way."""
import numpy


def overlap(a, b):
    """Intersection over union of boxes [n, 4] and [m, 4] given as corners."""
    left = numpy.maximum(a[:, None, :2], b[None, :, :2])
    right = numpy.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = (right - left).clip(0).prod(2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1)
    return inner / (area_a[:, None] + area_b[None] - inner + 1e-9)


def suppress(output, threshold, iou=0.45):
    """Detections [n, 6] (class, x1, y1, x2, y2, score) of one output [8, cells]; suppression per class."""
    scores = output[4:]
    kept = []
    for label in range(len(scores)):
        chosen = numpy.nonzero(scores[label] > threshold)[0]
        chosen = chosen[numpy.argsort(-scores[label, chosen], kind="stable")]
        middle, size = output[:2, chosen].T, output[2:4, chosen].T
        boxes = numpy.concatenate([middle - size / 2, middle + size / 2], 1)
        alive = numpy.ones(len(chosen), bool)
        for i in range(len(chosen)):
            if not alive[i]:
                continue
            kept.append([label, *boxes[i], scores[label, chosen[i]]])
            alive[i + 1:] &= overlap(boxes[i:i + 1], boxes[i + 1:])[0] <= iou
    return numpy.array(kept, numpy.float32).reshape(-1, 6)


def judge(detections, truths, classes, threshold):
    """(mAP@0.5, AP per class, precision, recall): lists of [n, 6] arrays as `suppress` and `Frames` give them."""
    averages, hits_at, misses_at, total_at = [], 0, 0, 0
    for label in range(classes):
        rows, total = [], 0
        for found, truth in zip(detections, truths):
            found, truth = found[found[:, 0] == label], truth[truth[:, 0] == label]
            total += int((truth[:, 5] == 0).sum())
            taken = numpy.zeros(len(truth), bool)
            ious = overlap(found[:, 1:5], truth[:, 1:5])
            for i in numpy.argsort(-found[:, 5], kind="stable"):
                # As PASCAL VOC does: the box overlapped most decides, whether it is taken or not.
                best = int(ious[i].argmax()) if len(truth) else -1
                hit = best >= 0 and ious[i, best] >= 0.5
                if hit and truth[best, 5]:
                    continue
                hit = hit and not taken[best]
                if hit:
                    taken[best] = True
                rows.append((found[i, 5], hit))
        rows.sort(key=lambda row: -row[0])
        hits = numpy.cumsum([hit for _, hit in rows]) if rows else numpy.zeros(0)
        precision = hits / numpy.arange(1, len(rows) + 1)
        recall = hits / max(1, total)
        envelope = numpy.maximum.accumulate(precision[::-1])[::-1] if rows else precision
        steps = numpy.diff(numpy.concatenate([[0], recall]))
        averages.append(float((steps * envelope).sum()))
        above = [hit for score, hit in rows if score >= threshold]
        hits_at += sum(above)
        misses_at += len(above) - sum(above)
        total_at += total
    return float(numpy.mean(averages)), averages, hits_at / max(1, hits_at + misses_at), hits_at / max(1, total_at)
