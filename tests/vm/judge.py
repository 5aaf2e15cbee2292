#!/usr/bin/python3
"""Holds what the guest of tests/vm.sh printed to what is promised.

judge.py MINUTES BEFORE AFTER    the lines of the guest before and after the power cut; prints figures, ends with 1 where something was not held
judge.py --self-test             whether it finds growth and losses at all
"""
import random
import statistics
import sys

MEBIBYTE = 1 << 20
# What a series may grow by from the end of its warm-up to the end of the run, by the median of the slopes between all its points: one
# collection of garbage more or less is no growth, 120 bytes a result over an hour are.
SERIES = (("rss", 1, 3 * MEBIBYTE), ("anonymous", 2, 2 * MEBIBYTE), ("group's anonymous", 4, 2 * MEBIBYTE), ("descriptors", 5, 1), ("threads", 6, 1))
WARM_UP = 0.2


def growth(times, values):
    """Theil and Sen's slope, over the whole time."""
    slopes = [(values[j] - values[i]) / (times[j] - times[i]) for i in range(len(times)) for j in range(i + 1, len(times)) if times[j] > times[i]]
    return statistics.median(slopes) * (times[-1] - times[0])


def steady(samples):
    """Faults of the samples, and their figures."""
    faults, figures = [], []
    used = samples[int(len(samples) * WARM_UP):]
    if len(used) < 10:
        return ["only %d samples" % len(samples)], figures
    # Some hundred points are as good as thousands, and quicker.
    used = used[:: max(1, len(used) // 300)]
    times = [s[0] for s in used]
    for name, column, most in SERIES:
        values = [s[column] for s in used]
        grown = growth(times, values)
        figures.append("%s: median %s, %s to %s, grew by %s in %d s" % (name, *(show(v, most) for v in (statistics.median(values), min(values), max(values), grown)), times[-1] - times[0]))
        if grown > most:
            faults.append("%s grew by %s in %d s" % (name, show(grown, most), times[-1] - times[0]))
    figures.append("group's memory with what is only cached: at most %s" % show(max(s[3] for s in samples), MEBIBYTE))
    figures.append("held up by the quota: %d periods" % (samples[-1][8] - samples[0][8]))
    if samples[-1][7] != 0:
        faults.append("the kernel killed for memory during the samples")
    return faults, figures


def show(value, most):
    return "%.1f MiB" % (value / MEBIBYTE) if most >= MEBIBYTE else "%g" % value


def kept(lines, boot, last):
    """Faults of the results of one start, of which `last` were accepted; and how many came, and were declared lost."""
    delivered = {int(w[2]) for w in lines if w[0] == "DELIVERED" and int(w[1]) == boot}
    named = {n for w in lines if w[0] == "GAP" and len(w) == 4 and int(w[1]) == boot for n in range(int(w[2]), int(w[3]) + 1)}
    bound = sum(int(w[2]) for w in lines if w[0] == "GAP" and len(w) == 3 and int(w[1]) == boot)
    if not delivered:
        return ["nothing of start %d was delivered" % boot], 0, 0
    wanted = set(range(min(delivered), max(last, max(delivered)) + 1))
    lost = wanted - delivered - named
    faults = [] if len(lost) <= bound else ["of start %d, %d results are neither delivered nor declared (%d are): %s" % (boot, len(lost), bound, sorted(lost)[:20])]
    return faults, len(wanted & delivered), len(lost | (named & wanted))


def judge(minutes, before, after):
    facts = {w[1]: w[2] for w in before + after if w[0] == "FACT"}
    samples = [[float(v) for v in w[1:]] for w in before if w[0] == "SAMPLE" and len(w) == 10]
    faults, figures = steady(samples)
    (_, boot, last), = [w for w in before if w[0] == "ACCEPTED"]
    boot, last = int(boot), int(last)
    seconds, results = int(facts["seconds"]), int(facts["results"])
    figures.append("%d results in %d s: %.2f a second" % (results, seconds, results / seconds))
    for name, wanted in (("memory.max", str(256 * MEBIBYTE)), ("cpu.max", "50000/100000"), ("restarts", "0"), ("gone", "1"), ("replugged", "0"), ("stopped", "success")):
        if facts.get(name) != wanted:
            faults.append("%s is %s and not %s" % (name, facts.get(name), wanted))
    if seconds < minutes * 60:
        faults.append("samples of %d s only" % seconds)
    if results < 4.5 * seconds:
        faults.append("fewer than 4.5 results a second")
    if int(facts["killed"]) < 1:
        faults.append("it was not killed for its memory")
    if int(facts["boot"]) <= boot:
        faults.append("start %s after the power cut, %d before it" % (facts["boot"], boot))
    found, delivered, lost = kept(before + after, boot, last)
    late = sum(1 for w in after if w[0] == "DELIVERED" and int(w[1]) == boot)
    figures.append("power cut at %d of start %d: %d delivered while listened to, %d of them after it, %d declared lost" % (last, boot, delivered, late, lost))
    if late < 30:
        faults.append("only %d results that waited came after the power cut" % late)
    return faults + found, figures


def self_test():
    noise = random.Random(21)
    level = [[10.0 * i, 60 * MEBIBYTE + noise.randrange(MEBIBYTE), 40 * MEBIBYTE + noise.randrange(MEBIBYTE), 0, 40 * MEBIBYTE, 40, 20, 0, i] for i in range(60)]
    assert steady(level)[0] == [], steady(level)
    for column, most in ((1, 3 * MEBIBYTE), (2, 2 * MEBIBYTE), (4, 2 * MEBIBYTE), (5, 1), (6, 1)):
        grown = [[v + (most * 2.0 * i / 60 if c == column else 0) for c, v in enumerate(row)] for i, row in enumerate(level)]
        assert len(steady(grown)[0]) == 1, (column, steady(grown))
    step = [[v + (8 * MEBIBYTE if c == 2 and i == 40 else 0) for c, v in enumerate(row)] for i, row in enumerate(level)]
    assert steady(step)[0] == [], "one outlier is no growth"
    assert steady([row[:7] + [1] + row[8:] for row in level])[0], "a kill for memory"
    lines = [["DELIVERED", "3", str(n)] for n in range(5, 90) if n != 50]
    assert len(kept(lines, 3, 89)[0]) == 1
    assert kept(lines + [["GAP", "3", "50", "50"]], 3, 89)[0] == []
    assert kept(lines + [["GAP", "3", "1"]], 3, 89)[0] == []
    assert len(kept(lines + [["GAP", "3", "1"]], 3, 90)[0]) == 1, "the newest may not vanish either"
    assert len(kept(lines + [["GAP", "2", "1"]], 3, 89)[0]) == 1, "another start's"


if sys.argv[1:] == ["--self-test"]:
    self_test()
    sys.exit(0)
said = [[line.split() for line in open(path, errors="replace") if line[:1].isupper() and line.strip()] for path in sys.argv[2:4]]
wrong, seen = judge(int(sys.argv[1]), *said)
print("\n".join(seen))
for fault in wrong:
    print("FAILED:", fault)
sys.exit(1 if wrong else 0)
