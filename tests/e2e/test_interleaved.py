"""Random interleavings: what a follower saw is the table, each row once."""
import json
import os
import random
import sqlite3
import subprocess
import time

import pytest

from lib.daemon import await_until, clean_env

ROUNDS = 40 if os.environ.get("EXECLOG_SOAK") else 3
STEPS = 40
UNREAD = 60 if os.environ.get("EXECLOG_SOAK") else 0     # s
LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"]


@pytest.fixture(params=range(ROUNDS))
def dice(request):
    seed = int(os.environ.get("EXECLOG_SEED") or time.time_ns())
    dice = random.Random(seed + request.param)
    dice.told = f"EXECLOG_SEED={seed + request.param}"
    return dice


class Reader:
    """execlog follow with a filter, its rows in a file; it may be killed and
    goes on where its cursor is."""

    def __init__(self, daemon, dice, name, among):
        self.daemon = daemon
        self.among = among      # how many there are with this one
        self.cursor = daemon.folder / f"{name}.cursor"
        self.out = daemon.folder / f"{name}.out"
        self.levels = dice.sample(LEVELS, dice.randrange(1, 5))
        self.task = dice.choice([None, "a"])
        self.start()

    def args(self):
        args = ["-l", ",".join(self.levels)]
        return args + (["-t", self.task] if self.task else [])

    def wants(self, row):
        return (row["level"] in self.levels
                and self.task in (None, row["task_id"]))

    def start(self):
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                self.daemon.command("follow", "e1", "--wait", "-o", "ndjson",
                                    "--cursor-file", self.cursor,
                                    *self.args()),
                stdout=out, stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL, env=self.daemon.env())
        # Others may be on their way back after a kill.
        await_until(lambda: self.daemon.status()["followers"] == self.among)

    def interrupt(self):
        self.process.terminate()
        assert self.process.wait(20) == 143
        await_until(lambda: self.daemon.status()["followers"] ==
                    self.among - 1)
        self.start()

    def finish(self, told):
        assert self.process.wait(20) == 0, told
        return [json.loads(line) for line in
                self.out.read_text().splitlines()]


class World:
    def __init__(self, daemon, dice):
        self.daemon = daemon
        self.dice = dice
        self.db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
        self.writers = []
        self.readers = []
        self.n = 0

    def write(self):
        """Ours: a few lines of one task and level, for e1 or another."""
        lines = "".join(f"{self.n + i}\n" for i in range(self.dice.randrange(
            1, 60)))
        self.n += 60
        self.daemon.ok(
            "write", self.dice.choice(["e1", "e1", "e2"]), "-t",
            self.dice.choice("ab"), "-l", self.dice.choice(LEVELS),
            input=lines.encode())

    def foreign(self):
        """Theirs: one transaction, times out of order."""
        self.db.execute("BEGIN IMMEDIATE")
        for _ in range(self.dice.randrange(1, 30)):
            self.db.execute(
                "INSERT INTO execution_logs(execution_id, task_id, timestamp, "
                "level, source, message) VALUES(?, ?, ?, ?, 'other', '')",
                (self.dice.choice(["e1", "e2"]), self.dice.choice(
                    ["a", "b", None]), self.dice.randrange(1 << 41),
                 self.dice.choice(LEVELS)))
        self.db.execute(self.dice.choice(["COMMIT", "COMMIT", "ROLLBACK"]))

    def kill(self):
        self.daemon.kill()
        self.daemon.start()

    def read(self):
        if len(self.readers) < 4:
            self.readers.append(Reader(self.daemon, self.dice,
                                       f"r{len(self.readers)}",
                                       len(self.readers) + 1))
            for reader in self.readers:
                reader.among = len(self.readers)
        else:
            self.dice.choice(self.readers).interrupt()

    def step(self):
        self.dice.choice([self.write, self.write, self.foreign, self.foreign,
                          self.read, self.kill])()


def test_random_interleavings(daemon, dice):
    world = World(daemon, dice)
    for _ in range(STEPS):
        world.step()
    daemon.ok("event", "e1", "COMPLETED")
    table = [json.loads(line) for line in daemon.ok(
        "logs", "e1", "-o", "ndjson").splitlines()]
    for reader in world.readers:
        got = reader.finish(dice.told)
        ids = [row["id"] for row in got]
        want = {row["id"] for row in table if reader.wants(row)}
        assert len(ids) == len(set(ids)), dice.told
        assert set(ids) == want, dice.told
        in_order(got, dice.told)
    world.db.close()


def in_order(rows, told):
    """First some by (timestamp, id), then the others by id, behind them."""
    keys = [(row["timestamp"], row["id"]) for row in rows]
    for n in range(len(rows) + 1):
        stored, live = keys[:n], [row["id"] for row in rows[n:]]
        if (stored == sorted(stored) and live == sorted(live)
                and max([i for _, i in stored], default=0)
                < min(live, default=1 << 62)):
            return
    raise AssertionError(told)


def rss(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith("VmRSS"))


def test_a_follower_that_does_not_read_costs_no_memory(daemon):
    """300 000 lines arrive meanwhile; all of them are there afterwards."""
    if "san-" in str(daemon.build):
        pytest.skip("a sanitizer has a memory of its own")
    lines = b"".join(b"%d\n" % i for i in range(300000))
    daemon.ok("write", "e2", input=lines)       # its caches are full then
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.live() == []
    before = rss(daemon)
    until = time.monotonic() + UNREAD
    daemon.ok("write", "e1", input=lines)
    most = rss(daemon)
    p = daemon.producer()
    while time.monotonic() < until:     # others go on meanwhile
        for _ in range(100):
            p.log("e2", "m")
        p.sync()
        most = max(most, rss(daemon))
    assert most - before < 16 << 10
    # No transaction is open for it: the log could be begun anew.
    assert daemon.status()["wal_bytes"] <= 64 << 20
    daemon.ok("event", "e1", "COMPLETED")
    rows, end = r.rows()
    assert [int(row["message"]) for row in rows] == list(range(300000))
    assert end["reason"] == "complete"


def test_a_hundred_followers_of_one_execution(daemon):
    """Half of them with the CLI in the long run, a tenth in the short one."""
    soak = "EXECLOG_SOAK" in os.environ
    wires = [daemon.reader() for _ in range(50 if soak else 90)]
    for r in wires:
        r.ask(kind="follow", execution_id="e1", wait=True)
    files = [daemon.folder / f"out{i}" for i in range(100 - len(wires))]
    followers = []
    for file in files:
        with open(file, "wb") as out:
            followers.append(subprocess.Popen(
                daemon.command("follow", "e1", "--wait", "-o", "cat"),
                stdout=out, stderr=subprocess.DEVNULL, env=clean_env(
                    EXECLOG_SOCKET=daemon.socket)))
    await_until(lambda: daemon.status()["followers"] == 100)
    lines = 50000 if soak else 3000
    text = "".join(f"{i}\n" for i in range(lines))
    daemon.ok("write", "e1", input=text.encode())
    daemon.ok("event", "e1", "COMPLETED")
    for follower, file in zip(followers, files):
        assert follower.wait(60) == 0
        assert file.read_text() == text
    for r in wires:
        rows, end = r.rows()
        assert b"".join(row["message"] + b"\n" for row in rows) == \
            text.encode()
        assert end["reason"] == "complete" and end["rows"] == lines
    if "san-" not in str(daemon.build):
        assert rss(daemon) < 128 << 10


def test_rows_of_one_millisecond_are_no_slower(daemon):
    """300 000 of them: keyset pages do not begin anew each time."""
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.execute("BEGIN")
    for execution, time_of in (("same", "7"), ("each", "i")):
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            "WHERE i < 300000) INSERT INTO execution_logs(execution_id, "
            "timestamp, level, source, message) SELECT ?, " + time_of +
            ", 'INFO', 's', 'm' FROM n", (execution,))
    db.execute("COMMIT")
    took = {}
    for order in ([], ["-r"]):
        for execution in ("each", "same", "each", "same"):
            begun = time.monotonic()
            out = daemon.ok("logs", execution, "-o", "cat", *order)
            took[execution] = time.monotonic() - begun
            assert out.count("\n") == 300000
        assert took["same"] < 3 * took["each"], took
