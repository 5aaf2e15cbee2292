#!/usr/bin/python3
"""CPU time per frame of two builds of the agent, taken in turns on one machine.

    tests/reliability/cpu.py OLD NEW [--rounds 5] [--seconds 20]

OLD and NEW are executables, each beside its models folder; mosquitto must be installed. Three cases: as many frames as the model
takes with the broker there, 15 a second with the broker there, and 15 a second without one. In the first both are there at once and
take turns of a quarter of a second (SIGSTOP, SIGCONT), so that a machine whose speed changes changes it for both; in the others they
run one after the other, in an order that changes, since frames come by the clock. The figure is the median over the rounds of
NEW / OLD, with the least and the greatest.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

CONFIGURATION = """
device: {{ id: press-3 }}
mqtt: {{ url: "mqtt://127.0.0.1:{port}" }}
runtime: {{ state_folder: {folder}/state, cache_folder: {folder}/cache, control: {folder}/control.sock, threads: 1{run} }}
models:
  parts: {{ path: {models}/parts-detector }}
pipelines:
  belt:
    source: {{ {source} }}
    model: parts
    fps: max
    publish: {{ predictions: every }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def results(path):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)
        line.sendall(b'{"op":"status"}\n')
        answer = b""
        while not answer.endswith(b"\n"):
            answer += line.recv(65536)
    return json.loads(answer).get("status", {}).get("pipelines", {}).get("belt", {}).get("results", 0)


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Agent:
    """One build at work on a source."""

    def __init__(self, binary, source, port, has_outbox):
        self.folder = tempfile.TemporaryDirectory(prefix="edgeinfer-cpu-")
        self.memory = tempfile.TemporaryDirectory(prefix="edgeinfer-cpu-", dir="/dev/shm")
        folder = self.folder.name
        file = pathlib.Path(folder, "edgeinfer.yaml")
        file.write_text(CONFIGURATION.format(
            port=port, folder=folder, source=source, models=binary.parent / "models", run=f", run_folder: {self.memory.name}" if has_outbox else ""))
        self.process = subprocess.Popen([binary, "run", "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.path = str(pathlib.Path(folder, "control.sock"))
        for _ in range(600):
            if os.path.exists(self.path) and results(self.path) > 0:
                break
            time.sleep(0.1)
        time.sleep(2)

    def snapshot(self):
        return results(self.path), cpu_seconds(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.folder.cleanup()
        self.memory.cleanup()


def per_frame(before, after):
    """Milliseconds of CPU per frame between two snapshots."""
    return (after[1] - before[1]) * 1000 / (after[0] - before[0])


def measure(binary, source, port, seconds, has_outbox):
    agent = Agent(binary, source, port, has_outbox)
    try:
        before = agent.snapshot()
        time.sleep(seconds)
        return per_frame(before, agent.snapshot())
    finally:
        agent.stop()


def in_turns(agents, seconds):
    """Milliseconds of CPU per frame of each, which work for as long together as one would alone."""
    def awake(agent, do):
        agent.process.send_signal(signal.SIGCONT)
        done = do()
        agent.process.send_signal(signal.SIGSTOP)
        return done

    before = {agent: awake(agent, agent.snapshot) for agent in agents}
    end = time.monotonic() + 2 * seconds
    while time.monotonic() < end:
        for agent in agents + agents[::-1]:
            awake(agent, lambda: time.sleep(0.25))
    return {agent: per_frame(before[agent], awake(agent, agent.snapshot)) for agent in agents}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("old", type=pathlib.Path)
    arguments.add_argument("new", type=pathlib.Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=20)
    given = arguments.parse_args()
    builds = {"old": given.old.resolve(), "new": given.new.resolve()}
    knows = {name: b"run_folder" in path.read_bytes() or "run_folder".encode("utf-16-le") in path.read_bytes() for name, path in builds.items()}
    picture = sorted((builds["new"].parent / "models" / "parts-detector" / "golden").glob("*.jpg"))[0]
    port, nobody = free_port(), free_port()
    mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as settings:
        settings.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        settings.flush()
        broker = subprocess.Popen([mosquitto, "-c", settings.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for name, source, at in (
                    ("full speed, broker up", f"files: {picture}, loop: true", port),
                    ("15 frames a second, broker up", "synthetic: conveyor, size: 640x480, fps: 15", port),
                    ("15 frames a second, no broker", "synthetic: conveyor, size: 640x480, fps: 15", nobody)):
                figures = {"old": [], "new": []}
                for turn in range(given.rounds):
                    if "full speed" in name:
                        pair = {}
                        for build in builds:
                            pair[build] = Agent(builds[build], source, at, knows[build])
                            pair[build].process.send_signal(signal.SIGSTOP)
                        taken = in_turns(list(pair.values()), given.seconds)
                        for build, agent in pair.items():
                            figures[build].append(taken[agent])
                            agent.stop()
                        continue
                    for build in ("old", "new") if turn % 2 == 0 else ("new", "old"):
                        figures[build].append(measure(builds[build], source, at, given.seconds, knows[build]))
                ratios = [n / o for o, n in zip(figures["old"], figures["new"])]
                print(f"{name}: old {statistics.median(figures['old']):.3f} ms, new {statistics.median(figures['new']):.3f} ms a frame; "
                      f"new / old {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}) in {given.rounds} rounds", flush=True)
        finally:
            broker.terminate()
            broker.wait()


if __name__ == "__main__":
    main()
