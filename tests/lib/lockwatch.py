"""From outside: when is the write lock of a file in WAL mode held?

python3 lockwatch.py DB: looks as often as it can until its stdin ends, then
prints the lengths of all holds that it has seen, in ms, as JSON; not of those
during which it was itself not running for a while.
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


LATE = 0.004            # seconds between two looks that are too many


def watch(path):
    held, since, before = [], None, time.monotonic()
    with open(f"{path}-shm", "rb+", buffering=0) as shm:
        while not select.select([sys.stdin], [], [], 0)[0]:
            answer = fcntl.fcntl(shm, fcntl.F_GETLK, ASK)
            now = time.monotonic()
            late, before = now - before > LATE, now
            if struct.unpack_from("h", answer)[0] == fcntl.F_UNLCK:
                if since and not late:
                    held.append((now - since) * 1000)
                since = None
            elif late:
                since = 0       # this one is not to be known
            elif since is None:
                since = now
    return held


if __name__ == "__main__":
    print("ready", flush=True)
    print(json.dumps(watch(sys.argv[1])))
