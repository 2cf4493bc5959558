"""A power cut: the filesystem under the daemon takes no more, and is mounted
again.  What was acknowledged is there."""
import fcntl
import os
import random
import shutil
import struct
import subprocess
import threading
import time

import pytest

from lib.daemon import await_until
from lib.wire import ACK, Closed

ROUNDS = 20 if os.environ.get("EXECLOG_SOAK") else 2
PRODUCERS = 4
WINDOW = 20             # records before each wait for their ACK
EXT4_IOC_SHUTDOWN = 0x8004587d      # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2        # the journal, too, stays as it is


class Disk:
    """An ext4 of its own in a file."""

    def __init__(self, folder):
        self.image = folder / "image"
        self.path = folder / "mnt"
        self.mounted = False

    def make(self):
        """Why it cannot be, or None."""
        if os.geteuid() != 0:
            return "needs root"
        if shutil.which("mkfs.ext4") is None:
            return "mkfs.ext4 (e2fsprogs) is not installed"
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(64 << 20)
        done = subprocess.run(["mkfs.ext4", "-q", self.image],
                              capture_output=True, text=True)
        return f"no ext4: {done.stderr}" if done.returncode else self.mount()

    def mount(self):
        done = subprocess.run(["mount", "-o", "loop", self.image, self.path],
                              capture_output=True, text=True)
        self.mounted = done.returncode == 0
        return None if self.mounted else f"no loop mount: {done.stderr}"

    def umount(self):
        subprocess.run(["umount", self.path], check=True)
        self.mounted = False

    def cut(self):
        """From now on it takes nothing, whatever waits in memory."""
        root = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(root, EXT4_IOC_SHUTDOWN,
                        struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(root)

    def remove(self):
        if self.mounted and subprocess.run(["umount", self.path]).returncode:
            subprocess.run(["umount", "-l", self.path], check=True)


@pytest.fixture
def disk(folder):
    disk = Disk(folder)
    try:
        why = disk.make()
        if why:
            pytest.skip(why)
        yield disk
    finally:
        disk.remove()


@pytest.fixture
def on_disk(disk, idle):
    """A daemon whose file is there; it has ended before the disk goes."""
    idle.db = disk.path / "a.db"
    return idle


class Producer(threading.Thread):
    """Sends and collects ACKs until its connection is lost."""

    def __init__(self, daemon, name):
        super().__init__()
        self.name = name
        self.wire = daemon.producer(producer=name)
        self.acked = self.promised = self.wire.number
        self.begun = threading.Event()
        self.strange = []

    def run(self):
        try:
            while True:
                self.window()
                self.begun.set()
        except (Closed, OSError):
            pass

    def window(self):
        for _ in range(WINDOW):
            self.wire.log(self.name, str(self.wire.number))
        self.wire.flush()
        while self.acked < self.wire.number:
            kind, body = self.wire.recv()
            if kind != ACK:
                self.strange.append((kind, body))
                return
            self.acked = int.from_bytes(body, "big")

    def resume(self, daemon):
        """After the cut: how much is there."""
        wire = daemon.producer(producer=self.name, epoch=self.wire.epoch,
                               acked=self.promised)
        wire.close()
        return wire.number


def left(daemon):
    """Its exit code.  Where the first call that failed was not a commit, or
    where pages that the cut took look malformed, it stays up and says so; then
    its time is over here."""
    def over():
        try:
            return (daemon.process.poll() is not None
                    or daemon.status()["state"] != "ok")
        except (Closed, OSError):
            return False
    await_until(over)
    try:
        code = daemon.process.wait(1)
    except subprocess.TimeoutExpired:
        daemon.kill()
        return None
    daemon.process = None
    return code


def cut_under_load(daemon, disk, delay):
    """The producers, and the daemon's exit code."""
    producers = [Producer(daemon, f"p{i}") for i in range(PRODUCERS)]
    for p in producers:
        p.start()
    for p in producers:
        assert p.begun.wait(20)
    time.sleep(delay)
    # Only what came before the cut counts: an fdatasync that is under way
    # in it can return 0 although its journal was given up, and goes on to an
    # ACK.  Where the power fails, nobody is there to send one.
    for p in producers:
        p.promised = p.acked
    disk.cut()
    code = left(daemon)
    for p in producers:
        p.join()
    return producers, code


def test_what_was_acknowledged_survives_a_power_cut(disk, on_disk):
    seed = int(os.environ.get("EXECLOG_SEED") or time.time_ns())
    told, dice, daemon = f"EXECLOG_SEED={seed}", random.Random(seed), on_disk
    for _ in range(ROUNDS):
        daemon.start()
        producers, code = cut_under_load(daemon, disk, dice.uniform(0, 0.3))
        assert code in (74, None), told
        assert [p.strange for p in producers] == [[]] * PRODUCERS
        disk.umount()
        assert disk.mount() is None
        daemon.start()
        assert daemon.sql("PRAGMA integrity_check") == [("ok",)], told
        for p in producers:
            there = p.resume(daemon)
            assert p.promised <= there <= p.wire.number, told
            assert daemon.messages(p.name) == [
                str(i) for i in range(there)], told
        assert daemon.status()["incidents"] == 0, told
        assert daemon.stop() == 0
