"""From outside: when is the write lock of a file in WAL mode held?

python3 lockwatch.py DB: looks as often as it can until its stdin ends, then
prints the lengths of all holds and of all gaps between two that it has seen, in
ms, as JSON; not of those during which it was itself not running for a while.
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
    lengths = {False: [], True: []}     # by: was it held?
    held, since, before = False, None, time.monotonic()
    with open(f"{path}-shm", "rb+", buffering=0) as shm:
        while not select.select([sys.stdin], [], [], 0)[0]:
            answer = fcntl.fcntl(shm, fcntl.F_GETLK, ASK)
            now = time.monotonic()
            if now - before > LATE:
                since = None            # this one is not to be known
            before = now
            if (struct.unpack_from("h", answer)[0] != fcntl.F_UNLCK) == held:
                continue
            if since is not None:
                lengths[held].append((now - since) * 1000)
            held, since = not held, now
    return {"held": lengths[True], "gaps": lengths[False]}


if __name__ == "__main__":
    print("ready", flush=True)
    print(json.dumps(watch(sys.argv[1])))
