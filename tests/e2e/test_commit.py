"""Acknowledged means stored; the stop; other users of the file."""
import os
import signal
import sqlite3
import threading
import time

import pytest

from lib.daemon import await_until
from lib.wire import FLUSH, ERROR, Closed


def test_an_acknowledged_record_is_in_the_file(daemon):
    p = daemon.producer()
    for i in range(50):
        p.log("e1", str(i))
        p.sync()
        assert len(daemon.messages("e1")) == i + 1


def test_sigkill_after_the_ack_loses_nothing(daemon):
    for round in range(5):
        p = daemon.producer()
        p.log("e1", f"{round}")
        p.sync()
        daemon.kill()
        assert daemon.messages("e1") == [str(i) for i in range(round + 1)]
        daemon.start()


def test_sigkill_in_a_stream_keeps_what_was_acknowledged(daemon):
    for seed in range(3):
        p = daemon.producer()
        acked = []

        def read():
            try:
                while True:
                    kind, body = p.recv()
                    acked.append(int.from_bytes(body, "big"))
            except (Closed, OSError):
                pass

        reader = threading.Thread(target=read)
        reader.start()

        def write():
            try:
                while True:
                    p.log(f"k{seed}", str(p.number))
            except OSError:
                pass

        writer = threading.Thread(target=write)
        writer.start()
        await_until(lambda: acked and acked[-1] > 1000 * (seed + 1))
        daemon.kill()
        writer.join()
        reader.join()
        rows = daemon.messages(f"k{seed}")
        assert len(rows) >= acked[-1]
        assert rows == [str(i) for i in range(len(rows))]
        assert daemon.sql("PRAGMA integrity_check") == [("ok",)]
        daemon.start()


def test_flush_commits_at_once(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    p = daemon.producer()
    begun = time.monotonic()
    p.log("e1", "a")
    p.sync()
    p.event("e1", "STARTED")    # an event needs no flush
    p.acked()
    assert time.monotonic() - begun < 5


def test_a_flush_is_always_answered(daemon):
    p = daemon.producer()
    p.log("e1", "a")
    for _ in range(3):
        p.sync()


def test_flush_rows_and_flush_ms_trigger(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 10)
    p = daemon.producer()
    for i in range(9):
        p.log("e1", str(i))
    await_until(lambda: daemon.status()["pending_rows"] == 9)
    assert daemon.messages("e1") == []
    p.log("e1", "9")
    p.acked()
    assert daemon.stop() == 0
    daemon.start("--flush-ms", 100)
    p = daemon.producer()
    p.log("e2", "a")
    p.acked()
    assert daemon.messages("e2") == ["a"]


def test_sigterm_commits_and_acknowledges_what_was_taken_in(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    p, r = daemon.producer(), daemon.reader()
    r.ask(kind="follow", execution_id="other", wait=True)
    for i in range(100):
        p.log("e1", str(i))
    await_until(lambda: daemon.status()["pending_rows"] == 100)
    begun = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begun < 5
    p.acked()
    assert p.error() == "shutting-down"
    assert r.error() == "shutting-down"
    assert daemon.messages("e1") == [str(i) for i in range(100)]
    assert daemon.notify.recv(4096) == b"STOPPING=1"
    assert not daemon.socket.exists()


def test_a_producer_that_shuts_down_its_side_gets_its_acks(idle):
    import socket
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    p = daemon.producer()
    for i in range(1000):
        p.log("e1", str(i))
    p.sock.shutdown(socket.SHUT_WR)
    p.acked()
    assert p.error() is None and len(daemon.messages("e1")) == 1000


def test_a_locked_database_delays_and_loses_nothing(daemon):
    p = daemon.producer()
    p.log("e1", "before")
    p.sync()
    other = sqlite3.connect(daemon.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for i in range(500):
        p.log("e1", str(i))
    p.flush()
    status = await_until(lambda: daemon.status()["retries"] >= 3
                         and daemon.status())
    assert status["pending_rows"] > 0
    status = await_until(lambda: daemon.status()["state"] == "degraded"
                         and daemon.status())
    assert "locked" in status["reason"]
    assert daemon.cli("status", "--check")[0] == 1
    assert daemon.ok("logs", "e1", "-o", "cat") == "before\n"
    other.execute("COMMIT")
    p.acked()
    assert daemon.messages("e1") == ["before"] + [str(i) for i in range(500)]
    assert daemon.status()["state"] == "ok"


@pytest.mark.parametrize("body", ["SELECT RAISE(IGNORE)",
                                  "DELETE FROM engine", "SELECT 1"])
def test_a_planted_trigger_stores_nothing_and_can_be_removed(daemon, body):
    daemon.sql("CREATE TABLE engine(x)")
    daemon.sql("INSERT INTO engine VALUES(1)")
    daemon.sql(f"CREATE TRIGGER planted BEFORE INSERT ON execution_logs "
               f"BEGIN {body}; END")
    p = daemon.producer()
    p.log("e1", "a")
    p.flush()
    await_until(lambda: daemon.status()["state"] == "degraded")
    assert daemon.messages("e1") == []
    assert daemon.sql("SELECT * FROM engine") == [(1,)]
    daemon.sql("DROP TRIGGER planted")
    p.acked()
    assert daemon.messages("e1") == ["a"]


@pytest.mark.parametrize("words", [("event", "e1", "STARTED"),
                                   ("write", "e1", "one")])
def test_what_cannot_be_committed_is_waited_for_so_long(daemon, words):
    """Its connection stands and the daemon answers: that is not enough."""
    daemon.sql("CREATE TRIGGER planted BEFORE INSERT ON execution_audit_events "
               "BEGIN SELECT RAISE(IGNORE); END")
    daemon.sql("CREATE TRIGGER planted_too BEFORE INSERT ON execution_logs "
               "BEGIN SELECT RAISE(IGNORE); END")
    code, _, said = daemon.cli(*words, "--timeout", "500ms")
    assert code == 5 and "1 line was not acknowledged" in said
    assert "execlog status" in said
    assert daemon.status()["state"] == "degraded"
    daemon.sql("DROP TRIGGER planted")
    daemon.sql("DROP TRIGGER planted_too")
    await_until(lambda: daemon.status()["state"] == "ok", "recovery")
    assert daemon.sql("SELECT (SELECT count(*) FROM execution_logs) + count(*) "
                      "FROM execution_audit_events") == [(1,)]


def test_ids_that_are_spent_are_no_full_disk(daemon):
    daemon.sql("INSERT INTO execution_logs VALUES(9223372036854775807, 'f', "
               "NULL, 1, 'INFO', 's', 'm', NULL)")
    p = daemon.producer()
    p.log("e1", "x")
    p.flush()
    status = await_until(lambda: (s := daemon.status())["reason"] and s)
    assert "no ids are left" in status["reason"]
    assert "sqlite_sequence" in status["advice"]
    # It helps.
    daemon.sql("DELETE FROM execution_logs WHERE execution_id = 'f'")
    daemon.sql("UPDATE sqlite_sequence SET seq = 0 WHERE name = "
               "'execution_logs'")
    daemon.stop()
    daemon.start()
    daemon.ok("write", "e1", "y")
    assert daemon.status()["state"] == "ok"


def test_rows_that_a_constraint_swallows_are_not_acknowledged(idle):
    db = sqlite3.connect(idle.db)
    db.execute("CREATE TABLE execution_logs(id INTEGER PRIMARY KEY "
               "AUTOINCREMENT, execution_id TEXT NOT NULL, task_id TEXT, "
               "timestamp INTEGER NOT NULL, level TEXT NOT NULL, source TEXT "
               "NOT NULL, message TEXT NOT NULL UNIQUE ON CONFLICT IGNORE, "
               "metadata TEXT)")
    db.close()
    daemon = idle.start()
    p = daemon.producer()
    p.log("e1", "a")
    p.sync()
    p.log("e1", "b")
    p.log("e1", "a")
    p.flush()
    await_until(lambda: daemon.status()["state"] == "degraded")
    assert daemon.messages("e1") == ["a"]
    assert daemon.stop() == 1       # what is pending stays unacknowledged


def test_a_file_that_was_moved_is_no_longer_written(daemon):
    p = daemon.producer()
    p.log("e1", "a")
    p.sync()
    os.rename(daemon.db, daemon.folder / "b.db")
    p.log("e1", "b")
    p.flush()
    assert p.error() is None        # no ACK, no promise
    assert daemon.process.wait(20) == 75
    daemon.process = None


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("how", ["follow", "status"])
def test_a_file_that_was_moved_is_noticed_without_a_commit(daemon, suffix,
                                                           how):
    daemon.ok("write", "e1", "a")
    if how == "follow":
        follower = daemon.follow("e1")
    os.rename(f"{daemon.db}{suffix}", daemon.folder / "b")
    if how == "status":
        daemon.cli("status")
    assert daemon.process.wait(20) == 75
    daemon.process = None
    assert "moved, removed or replaced" in daemon.stderr.read_text()
    if how == "follow":
        follower.kill()
        follower.communicate()


def test_the_log_is_copied_back_and_starts_anew(daemon):
    p = daemon.producer()
    for i in range(60000):
        p.log(f"e{i % 50}", "x" * 300)
        if i % 500 == 0:
            p.sync()
    p.sync()
    # About 60 MB of log without a restart of it.
    await_until(lambda: os.stat(daemon.db).st_size > 16 << 20)
    assert os.stat(f"{daemon.db}-wal").st_size < 48 << 20
    assert daemon.stop() == 0
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)]
    assert daemon.sql("SELECT count(*) FROM execution_logs") == [(60000,)]


def test_two_stops_are_one(daemon):
    p = daemon.producer()
    p.log("e1", "a")
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(20) == 0
    daemon.process = None
