"""Another process keeps the log from being copied back."""
import fcntl
import os
import sqlite3
import struct
import time

import pytest

from lib.daemon import await_until

CHECKPOINT_LOCK = 121       # SQLite's byte for it in the -shm file
SOAK = bool(os.environ.get("EXECLOG_SOAK"))


def grow_until_blocked(daemon, p):
    while not daemon.status()["checkpoint"]["blocked"]:
        for _ in range(100):
            p.log("e1", "x" * 60000)
        p.sync()


def test_a_reader_that_keeps_the_log_is_told_of(daemon):
    """Commits go on, its log grows; a sweep says why it does not begin."""
    daemon.stop()
    daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    await_until(lambda: daemon.status()["last_sweep"])
    p = daemon.producer()
    p.log("old", "x", timestamp=1)
    p.sync()
    reader = daemon.old_reader()
    grow_until_blocked(daemon, p)
    status = daemon.status()
    assert status["state"] == "degraded" and "fuser" in status["advice"]
    assert "its log cannot be copied back" in status["reason"]
    assert status["wal_bytes"] > 40 << 20
    for words in ["sweep"], ["sweep", "--dry-run"]:
        code, _, said = daemon.cli(*words)
        assert code == 1 and "another process reads an old state" in said
    assert daemon.cpu() < 0.2
    reader.close()
    await_until(lambda: daemon.status()["state"] == "ok")
    await_until(lambda: "old" not in [e for e, in daemon.sql(
        "SELECT DISTINCT execution_id FROM execution_logs")])


def test_a_checkpoint_that_does_not_end_is_told_of(daemon):
    p = daemon.producer()
    p.log("e1", "x")
    p.sync()
    with open(f"{daemon.db}-shm", "rb+", buffering=0) as shm:
        fcntl.fcntl(shm, fcntl.F_SETLK, struct.pack(
            "hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, CHECKPOINT_LOCK, 1, 0))
        grow_until_blocked(daemon, p)
        status = daemon.status()
        assert status["state"] == "degraded" and "fuser" in status["advice"]
        assert "does not end a checkpoint" in status["reason"]
        assert "does not end a checkpoint" in daemon.stderr.read_text()
        tries = status["checkpoint"]["failures"]
        begun = time.monotonic()
        assert daemon.cpu(1) < 0.2
        tries = daemon.status()["checkpoint"]["failures"] - tries
        assert tries <= (time.monotonic() - begun) / 0.5 + 1
    # Closed: it has gone.
    await_until(lambda: daemon.status()["state"] == "ok")


def test_a_log_that_others_have_copied_is_seen(daemon):
    """Without a commit of ours, which may not come for hours."""
    p = daemon.producer()
    p.log("e1", "x")
    p.sync()
    reader = daemon.old_reader()
    grow_until_blocked(daemon, p)
    p.close()
    reader.close()
    other = sqlite3.connect(daemon.db, isolation_level=None)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.execute("CREATE TABLE theirs(x)")
    await_until(lambda: daemon.status()["state"] == "ok")
    assert daemon.status()["checkpoint"]["frames"] < 100
    other.close()


@pytest.mark.skipif(not SOAK, reason="make soak")
def test_a_long_log_is_copied_beside_the_commits(daemon):
    """1 GB of it: the writer does not wait for all of that."""
    p = daemon.producer(timeout=120)
    p.log("e1", "x")
    p.sync()
    reader = daemon.old_reader()
    daemon.grow_log(p, 1 << 30)
    before = daemon.status()["ack_wait_ms"]["max"]
    reader.close()
    commits = daemon.status()["commits"]
    while daemon.status()["checkpoint"]["blocked"]:
        p.log("e1", "x" * 1000)
        p.sync()
    # Commits went on all the while.
    assert daemon.status()["commits"] - commits > 100
    assert daemon.status()["ack_wait_ms"]["max"] < before + 2500


@pytest.mark.skipif(not SOAK, reason="make soak")
def test_a_copy_slower_than_the_commits_comes_to_an_end(idle):
    idle.prefix = ["strace", "-D", "-f", "-o", "/dev/null", "-P", str(idle.db),
                   "-e", "trace=pwrite64", "-e",
                   "inject=pwrite64:delay_exit=400"]
    idle.db.touch()
    idle.start(ASAN_OPTIONS="detect_leaks=0")
    p = idle.producer(timeout=120)
    p.log("e1", "x")
    p.sync()
    reader = idle.old_reader()
    idle.grow_log(p, 150 << 20)
    begun = idle.status()["wal_bytes"]
    reader.close()
    until = time.monotonic() + 200
    acked = 0
    while idle.status()["checkpoint"]["blocked"]:
        for _ in range(20):
            p.log("e1", "x" * 60000)
        p.sync()
        acked += 1
        assert idle.status()["wal_bytes"] < 2.5 * begun
        assert time.monotonic() < until
    assert acked > 5        # between the passes, too
