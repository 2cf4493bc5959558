"""From outside: when is the write lock of a file in WAL mode held?

python3 lockwatch.py DB: looks as often as it can until its stdin ends, then
prints the lengths of all holds that it has seen, in ms, as JSON.
"""
import fcntl
import json
import os
import select
import struct
import sys
import time

WRITE_LOCK = 120        # SQLite's byte for it in the -shm file
ASK = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, WRITE_LOCK, 1, 0)


def watch(path):
    held, since = [], None
    with open(f"{path}-shm", "rb+", buffering=0) as shm:
        while not select.select([sys.stdin], [], [], 0)[0]:
            answer = fcntl.fcntl(shm, fcntl.F_GETLK, ASK)
            now = time.monotonic()
            if struct.unpack_from("h", answer)[0] != fcntl.F_UNLCK:
                since = since or now
            elif since:
                held.append((now - since) * 1000)
                since = None
    return held


if __name__ == "__main__":
    print("ready", flush=True)
    print(json.dumps(watch(sys.argv[1])))
