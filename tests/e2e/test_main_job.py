"""A line goes in at the socket, lands in SQLite, and comes out at follow."""
import sqlite3
import threading
import time

import pytest

from lib.daemon import await_until, finish
from lib.wire import END, LOG_ROW, NOTICE, log_row


def test_follow_before_the_execution_exists_to_its_exact_end(daemon):
    follower = daemon.spawn("follow", "e1", "--wait", "-o", "cat")
    assert follower.stderr.readline() == b"-- waiting for execution e1 --\n"
    lines = [f"line {i}" for i in range(500)]
    daemon.ok("event", "e1", "STARTED")
    daemon.ok("write", "e1", input="\n".join(lines).encode() + b"\n")
    daemon.ok("event", "e1", "COMPLETED")
    done = time.monotonic()
    code, out, err = finish(follower)
    assert time.monotonic() - done < 1
    assert (code, out.splitlines()) == (0, lines)
    assert err == "-- COMPLETED; complete, 500 lines --\n"
    assert daemon.messages("e1") == lines


def test_follow_with_many_writers_has_no_gap_and_no_duplicate(daemon):
    followers = [daemon.follow("e1", "--wait", "--json") for _ in range(3)]

    def write(name):
        p = daemon.producer()
        for i in range(2000):
            p.log("e1", f"{name} {i}", source=name)
            if i % 7 == 0:
                p.log("other", "noise")
        p.sync()

    threads = [threading.Thread(target=write, args=(f"w{i}",))
               for i in range(4)]
    for t in threads:
        t.start()
    await_until(lambda: daemon.sql(
        "SELECT count(*) FROM execution_logs")[0][0] > 1000)
    late = daemon.follow("e1", "--json")
    for t in threads:
        t.join()
    daemon.ok("event", "e1", "COMPLETED")
    after = daemon.spawn("follow", "e1", "--json")
    import json
    ids = [i for (i,) in daemon.sql(
        "SELECT id FROM execution_logs WHERE execution_id='e1' ORDER BY id")]
    assert len(ids) == 8000
    for f in followers + [late, after]:
        code, out, _ = finish(f)
        rows = [json.loads(line) for line in out.splitlines()]
        assert code == 0
        assert sorted(r["id"] for r in rows) == ids
        for w in range(4):
            mine = [r["message"] for r in rows if r["source"] == f"w{w}"]
            assert mine == [f"w{w} {i}" for i in range(2000)]
    assert daemon.status()["followers"] == 0


@pytest.mark.parametrize("flags,want", [
    (["-t", "t1"], lambda i: i % 2),
    (["-t", "t1", "-t", "t0"], lambda i: True),
    (["-l", "error,warn"], lambda i: i % 4 in (2, 3)),
    (["--source", "s2"], lambda i: i % 3 == 2),
    (["-l", "INFO", "-t", "t1"], lambda i: i % 4 == 1),
])
def test_filters_of_a_follow_history_and_live(daemon, flags, want):
    p = daemon.producer()

    def write(i):
        p.log("e1", str(i), level=i % 4, task=f"t{i % 2}", source=f"s{i % 3}")

    for i in range(60):
        write(i)
    p.sync()
    follower = daemon.follow("e1", "-o", "cat", *flags)
    for i in range(60, 120):
        write(i)
    p.event("e1", "COMPLETED")
    code, out, _ = finish(follower)
    assert code == 0
    assert out.split() == [str(i) for i in range(120) if want(i)]


def test_follow_n_begins_with_the_last_matching(daemon):
    p = daemon.producer()
    for i in range(100):
        p.log("e1", str(i), level=i % 4)
    p.sync()
    follower = daemon.follow("e1", "-o", "cat", "-n", "3", "-l", "ERROR")
    first = [follower.stdout.readline() for _ in range(3)]
    p.log("e1", "103", level=3)
    p.event("e1", "FAILED", error_message="x")
    assert first == [b"91\n", b"95\n", b"99\n"]
    assert finish(follower)[:2] == (0, "103\n")


def test_stored_lines_by_time_and_live_lines_by_id(daemon):
    p = daemon.producer()
    for t in (5000, 1000, 3000, 3000):
        p.log("e1", str(t), timestamp=t)
    p.sync()
    assert daemon.ok("logs", "e1", "-o", "cat").split() == [
        "1000", "3000", "3000", "5000"]
    follower = daemon.follow("e1", "-o", "cat")
    assert [follower.stdout.readline() for _ in range(4)] == [
        b"1000\n", b"3000\n", b"3000\n", b"5000\n"]
    for t in (9, 7, 8):
        p.log("e1", str(t), timestamp=t)
    p.event("e1", "COMPLETED")
    assert finish(follower)[1].split() == ["9", "7", "8"]


def foreign(daemon):
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)

    def insert(messages, end=False):
        db.execute("BEGIN IMMEDIATE")
        for m in messages:
            db.execute("INSERT INTO execution_logs(execution_id, timestamp, "
                       "level, source, message) VALUES('e1', 1, 'INFO', "
                       "'engine', ?)", (m,))
        if end:
            db.execute("INSERT INTO execution_audit_events(execution_id, "
                       "event_type, timestamp, metadata) "
                       "VALUES('e1', 'COMPLETED', 1, '{}')")
        db.execute("COMMIT")
    return insert


def test_rows_of_another_process_are_followed(daemon):
    insert = foreign(daemon)
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert [r.recv()[1]["notice"] for _ in range(3)] == [
        "waiting", "stored", "live"]
    insert(["alone"])
    written = time.monotonic()
    kind, body = r.recv()
    assert kind == LOG_ROW and log_row(body)["message"] == b"alone"
    assert time.monotonic() - written < 1
    p = daemon.producer()
    for i in range(200):
        p.log("e1", f"ours {i}")
        if i % 3 == 0:
            insert([f"theirs {i}", f"theirs {i} again"])
        if i % 10 == 0:
            p.sync()
    p.sync()
    insert(["the last"], end=True)
    rows, end = r.rows()
    assert end["reason"] == "complete" and end["rows"] == len(rows) + 1
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids))
    assert [row["message"].decode() for row in rows] == \
        daemon.messages("e1")[1:]


def test_rows_of_another_process_come_within_200_ms(daemon):
    """With any time, in the order of their ids; the median of twenty."""
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.live() == []
    took, sent, got = [], [], []
    for i in range(20):
        time_of = (i * 7919) % 20 * 1000 - 5000
        begun = time.monotonic()
        db.execute("BEGIN IMMEDIATE")
        for t in (time_of, -time_of):
            sent.append(t)
            db.execute("INSERT INTO execution_logs(execution_id, timestamp, "
                       "level, source, message) VALUES('e1', ?, 'INFO', "
                       "'engine', '')", (t,))
        db.execute("COMMIT")
        got += [log_row(r.recv()[1])["timestamp"] for _ in range(2)]
        took.append(time.monotonic() - begun)
    assert got == sent
    assert sorted(took)[10] < 0.2, took


def test_a_slow_follower_gets_everything_once(daemon):
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.recv()[0] == NOTICE
    p = daemon.producer()
    for i in range(20000):
        p.log("e1", f"{i} " + "x" * 100)
    p.sync()
    p.event("e1", "COMPLETED")
    p.acked()
    rows, end = r.rows()
    assert [int(row["message"].split()[0]) for row in rows] == \
        list(range(20000))
    assert end == dict(reason="complete", rows=20000, found=True,
                       event="COMPLETED")


def test_lines_that_wait_when_the_end_comes_are_before_the_end(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 10000)
    insert = foreign(daemon)
    p = daemon.producer()
    p.log("e1", "first")
    p.sync()
    p.log("e1", "pending")      # nobody waits for it
    await_until(lambda: daemon.status()["pending_rows"] == 1)
    insert([], end=True)
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1")
    rows, end = r.rows()
    assert [row["message"] for row in rows] == [b"first", b"pending"]
    assert end["reason"] == "complete"


def test_a_reader_asks_again_on_the_same_connection(daemon):
    p = daemon.producer()
    p.log("e1", "a")
    p.event("e1", "COMPLETED")
    p.acked()
    r = daemon.reader()
    for kind in ("logs", "follow", "logs"):
        r.ask(kind=kind, execution_id="e1")
        rows, end = r.rows()
        assert len(rows) == 1 and end["found"]
    r.ask(kind="logs", execution_id="nobody")
    assert r.recv() == (END, dict(reason="not-found", rows=0, found=False))
