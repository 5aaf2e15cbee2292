#!/usr/bin/python3
"""What waits in an outbox: one line of JSON per message of the ring and of the database.

read_outbox.py STATE_FOLDER RUN_FOLDER

Written from the section "Files" of docs/reliability.md, without the agent's code; changes nothing.
"""
import hashlib
import json
import os
import shutil
import sqlite3
import struct
import sys
import tempfile

SLOTS, DESCRIPTORS, DESCRIPTOR = 256, 4096, 80
ARENA = DESCRIPTORS + SLOTS * DESCRIPTOR
USED = int.from_bytes(b"USED", "little")


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def say(where, state, stream, boot, seq, payload=b""):
    try:
        identity = json.loads(payload).get("id", "")
    except (ValueError, AttributeError):
        identity = ""
    print(json.dumps({"stream": stream, "boot": boot, "seq": seq, "state": state, "where": where, "id": identity}))


def has_header(ring, at):
    magic, version, header, slots, descriptor, size = struct.unpack_from("<8sIIIIq", ring, at)
    checksum, = struct.unpack_from("<I", ring, at + 64)
    return ((magic, version, header, slots, descriptor, size) == (b"EIringv1", 1, 4096, SLOTS, DESCRIPTOR, len(ring))
            and checksum == crc32c(ring[at:at + 64]))


def read_ring(path):
    with open(path, "rb") as file:
        ring = file.read()
    if len(ring) < ARENA or not (has_header(ring, 0) or has_header(ring, 2048)):
        return
    found = []
    for slot in range(SLOTS):
        at = DESCRIPTORS + slot * DESCRIPTOR
        state, checksum, order, boot, seq, _, _, offset, label, length = struct.unpack_from("<IIqqqqqiii", ring, at)
        if state == 0:
            continue
        data = b""
        if min(offset, label, length) >= 0 and ARENA + offset + label + length <= len(ring):
            data = ring[ARENA + offset:ARENA + offset + label + length]
        if state != USED or not data or checksum != crc32c(ring[at + 8:at + DESCRIPTOR] + data):
            found.append((order, "torn", "", 0, 0, b""))
            continue
        name, = struct.unpack_from("<H", data, 2)
        found.append((order, "waiting", data[8:8 + name].decode(), boot, seq, data[label:]))
    for _, state, stream, boot, seq, payload in sorted(found, key=lambda one: one[0]):
        say("ring", state, stream, boot, seq, payload)


def read_store(path):
    # Opening a database recovers its log, which writes: a copy is opened.
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "outbox.db")
        for ending in ("", "-wal"):
            if os.path.exists(path + ending):
                shutil.copyfile(path + ending, copy + ending)
        database = sqlite3.connect(copy)
        try:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'message'").fetchone():
                return
            for row in database.execute("SELECT s.name, m.boot, m.seq, m.payload FROM message m JOIN stream s ON s.id = m.stream ORDER BY m.id"):
                say("store", "waiting", *row)
            for row in database.execute("SELECT stream, boot, seq, payload FROM dead_letter ORDER BY id"):
                say("store", "dead_letter", *row)
        finally:
            database.close()


def main(state_folder, run_folder):
    name = hashlib.sha256(os.path.abspath(state_folder).encode()).hexdigest()[:8]
    ring = os.path.join(run_folder, f"outbox-{name}.ring")
    if os.path.isfile(ring):
        read_ring(ring)
    store = os.path.join(state_folder, "outbox.db")
    if os.path.isfile(store):
        read_store(store)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
