#!/usr/bin/env python3
"""Prints what the published program weighs on this machine, and fails where a figure is over its budget.

    tests/budgets.py [PROGRAM]      default artifacts/RID/edgeinfer of this machine; needs mosquitto and its clients

Sizes are held to exactly; memory and time have room for a busy machine. How they compare with other programs is in docs/performance.md.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

MB = 1_000_000
EXECUTABLE_BYTES = 32 * MB
INSTALLED_BYTES = 66 * MB
HTTP_BYTES = 12 * MB
PEAK_BYTES = 76 * MB
START_MS = 2000
ROUNDS = 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connects(port, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


class Agent:
    """One run of the program: a synthetic camera, the bundled model, a broker; all that it writes goes into a folder of its own."""

    def __init__(self, program, folder, broker, http=None):
        folder.mkdir()
        lines = [
            "device: { id: budget }",
            f'mqtt: {{ url: "mqtt://127.0.0.1:{broker}" }}',
            f'runtime: {{ threads: 1, state_folder: "{folder}/state", cache_folder: "{folder.parent}/cache", run_folder: "{folder}/run", control: "off" }}',
            f'models: {{ parts: {{ path: "{program.parent}/models/parts-detector" }} }}',
            "pipelines: { belt: { source: { synthetic: conveyor, fps: 15 }, model: parts, fps: 5, publish: { predictions: every } } }",
        ]
        if http:
            lines.append(f'http: {{ listen: "127.0.0.1:{http}" }}')
        (folder / "edgeinfer.yaml").write_text("\n".join(lines) + "\n")
        self.listener = subprocess.Popen(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker), "-t", "edgeinfer/budget/belt/prediction", "-C", "1"], stdout=subprocess.DEVNULL)
        # It has subscribed when the broker has answered twice; a first message that it missed would only make the figure larger.
        time.sleep(0.3)
        began = time.monotonic()
        self.process = subprocess.Popen([program, "run", "-c", folder / "edgeinfer.yaml"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self.listener.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit("tests/budgets.py: no prediction within 30 s:\n" + self.process.stderr.read())
        self.start_ms = (time.monotonic() - began) * 1000

    def memory(self, name):
        return int(re.search(name + r":\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text()).group(1)) * 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpu_percent(self, seconds):
        before = self.cpu_seconds()
        time.sleep(seconds)
        return (self.cpu_seconds() - before) / seconds * 100

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def installed(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main():
    rid = "linux-arm64" if os.uname().machine == "aarch64" else "linux-x64"
    program = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else f"artifacts/{rid}/edgeinfer").resolve()
    if not program.exists():
        sys.exit(f"tests/budgets.py: {program} is not there: ./publish.sh {rid}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeinfer-budgets-"))
    port, http = free_port(), free_port()
    broker = subprocess.Popen(["mosquitto", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not connects(port):
            sys.exit("tests/budgets.py: mosquitto does not start")
        starts, peaks, settled, used = [], [], [], []
        for i in range(ROUNDS):
            agent = Agent(program, folder / f"off-{i}", port)
            starts.append(agent.start_ms)
            used.append(agent.cpu_percent(3))
            settled.append(agent.memory("VmRSS"))
            peaks.append(agent.memory("VmHWM"))
            agent.stop()
        agent = Agent(program, folder / "on", port, http)
        if not connects(http):
            sys.exit("tests/budgets.py: nothing listens at http.listen")
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=5) as answer:
            answer.read()
        with_http_cpu = agent.cpu_percent(3)
        with_http = agent.memory("VmRSS") - statistics.median(settled)
        agent.stop()
    finally:
        broker.terminate()
        shutil.rmtree(folder, ignore_errors=True)

    rows = [
        ("executable", program.stat().st_size, EXECUTABLE_BYTES, MB, "MB"),
        ("everything installed", installed(program.parent), INSTALLED_BYTES, MB, "MB"),
        ("peak memory, bundled model at 5 fps", statistics.median(peaks), PEAK_BYTES, MB, "MB"),
        ("memory that HTTP adds, after a scrape", with_http, HTTP_BYTES, MB, "MB"),
        ("start to first message", statistics.median(starts[1:]), START_MS, 1, "ms"),
    ]
    over = False
    for name, value, budget, unit, text in rows:
        verdict = "" if value <= budget else "   OVER"
        over = over or value > budget
        print(f"{name:<40} {value / unit:8.1f} {text}   of {budget / unit:6.0f}{verdict}")
    print(f"{'processor at 5 fps, HTTP off and on':<40} {statistics.median(used):8.1f} %    {with_http_cpu:6.1f} %")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
