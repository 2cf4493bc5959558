"""Follow: all writers, other processes, slow readers; exactly once."""
import json
import random
import signal
import sqlite3
import threading
import time

import pytest

from lib.daemon import await_until, finish
from lib.wire import (END, ERROR, EVENT, LOG_JSON, LOG_ROW, NOTICE, STATUS,
                      log_row)


def stored(daemon, execution):
    """The rows of the file as "follow --json" is to print them, by id."""
    return [dict(id=r[0], execution_id=r[1], task_id=r[2], timestamp=r[3],
                 level=r[4], source=r[5], message=r[6],
                 metadata=json.loads(r[7]) if r[7] else None)
            for r in daemon.sql(
                "SELECT id, execution_id, task_id, timestamp, level, source, "
                "message, metadata FROM execution_logs WHERE execution_id = ? "
                "ORDER BY id", execution)]


def printed(out):
    return [json.loads(line) for line in out.splitlines()]


def in_threads(*jobs):
    failed = []

    def guard(job):
        try:
            job()
        except BaseException as e:
            failed.append(e)
    threads = [threading.Thread(target=guard, args=(j,)) for j in jobs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failed == []


def foreign_row(db, execution, message):
    db.execute("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message) VALUES(?, 1, 'INFO', 'engine', ?)",
               (execution, message))


def foreign_end(db, execution, kind="COMPLETED"):
    db.execute("INSERT INTO execution_audit_events(execution_id, event_type, "
               "timestamp, metadata) VALUES(?, ?, 1, '{}')",
               (execution, kind))


def open_foreign(daemon):
    return sqlite3.connect(daemon.db, timeout=10, isolation_level=None,
                           check_same_thread=False)


def test_every_kind_of_writer_is_followed_in_its_order(daemon):
    early = daemon.spawn("follow", "e1", "--wait", "--json")
    assert early.stderr.readline() == b"-- waiting for execution e1 --\n"
    n = 400

    def cli():
        daemon.ok("write", "e1", "--source", "cli", input="".join(
            f"{i}\n" for i in range(n)).encode())

    def run():
        daemon.ok("run", "e1", "--source", "run", "--", "seq", "0", n - 1)

    def binary():
        p = daemon.producer()
        for i in range(n):
            p.log("e1", str(i), source="binary", task="t", attempt=i)
        p.sync()

    def script():
        p = daemon.producer()
        for i in range(n):
            p.number += 1
            p.send(LOG_JSON, dict(execution_id="e1", level="warn",
                                  source="script", message=str(i)))
        p.sync()

    def engine():
        db = open_foreign(daemon)
        for i in range(0, n, 4):
            db.execute("BEGIN IMMEDIATE")
            for j in range(i, i + 4):
                foreign_row(db, "e1", str(j))
            db.execute("COMMIT")
        db.close()

    late = []
    in_threads(cli, run, binary, script, engine, lambda: late.extend(
        daemon.spawn("follow", "e1", "--wait", "--json") for _ in range(3)))
    daemon.ok("event", "e1", "COMPLETED")
    done = time.monotonic()
    want = stored(daemon, "e1")
    assert len(want) == 5 * n
    code, out, err = finish(early)
    assert code == 0 and time.monotonic() - done < 1
    assert printed(out) == want     # all of it live: by id
    for source in ("cli", "run", "binary", "script", "engine"):
        assert [r["message"] for r in want if r["source"] == source] == \
            [str(i) for i in range(n)]
    for f in late + [daemon.spawn("follow", "e1", "--json")]:
        code, out, err = finish(f)
        assert code == 0
        assert sorted(printed(out), key=lambda r: r["id"]) == want


@pytest.mark.parametrize("kind", ["COMPLETED", "FAILED", "CANCELLED",
                                  "TIMEOUT"])
def test_each_of_the_four_ends_a_follow_and_no_other(daemon, kind):
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="e1", wait=True)
    for other in ("CREATED", "STARTED", "STATE_CHANGE"):
        p.event("e1", other)
    p.event("e2", kind)             # another execution's end
    p.log("e1", "last")
    p.event("e1", kind)
    p.acked()
    rows, end = r.rows()
    assert [row["message"] for row in rows] == [b"last"]
    assert end == dict(reason="complete", rows=1, found=True, event=kind)


def test_the_first_end_counts(daemon):
    p = daemon.producer()
    p.event("e1", "FAILED")
    p.event("e1", "COMPLETED")
    p.acked()
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1")
    assert r.rows()[1]["event"] == "FAILED"


def test_a_follow_of_nothing_known(daemon):
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1")
    assert r.recv() == (END, dict(reason="not-found", rows=0, found=False))
    daemon.ok("event", "e1", "STARTED")     # an event alone is enough
    r.ask(kind="follow", execution_id="e1")
    assert r.live() == []


def test_since_filters_stored_and_live_lines(daemon):
    p = daemon.producer()
    for t in (1000, 2000, 3000):
        p.log("e1", f"stored {t}", timestamp=t)
    p.sync()
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1", since=2000)
    for t in (1999, 2000, 5000):
        p.log("e1", f"live {t}", timestamp=t)
    p.event("e1", "COMPLETED")
    rows, end = r.rows()
    assert [row["message"].decode() for row in rows] == [
        "stored 2000", "stored 3000", "live 2000", "live 5000"]
    assert end["rows"] == 4


def test_lines_counts_stored_rows_only(daemon):
    p = daemon.producer()
    for i in range(5):
        p.log("e1", f"stored {i}")
    p.sync()
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1", lines=2)
    assert [row["message"] for row in r.live()] == [
        b"stored 3", b"stored 4"]
    for i in range(5):
        p.log("e1", f"live {i}")
    p.event("e1", "COMPLETED")
    assert len(r.rows()[0]) == 5


def test_a_follower_makes_its_executions_records_prompt(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.live() == []
    r.sock.settimeout(5)
    p.log("e1", "nobody flushes this")
    kind, body = r.recv()
    assert log_row(body)["message"] == b"nobody flushes this"


def test_rows_of_another_process_do_not_wait_for_our_next_commit(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.live() == []
    p.log("other", "pending, and nobody waits for it")
    await_until(lambda: daemon.status()["pending_rows"] == 1)
    db = open_foreign(daemon)
    foreign_row(db, "e1", "alone")
    foreign_end(db, "e1")
    r.sock.settimeout(3)
    rows, end = r.rows()
    assert [row["message"] for row in rows] == [b"alone"]
    assert end["reason"] == "complete"


def test_rows_and_end_of_one_foreign_transaction(daemon):
    r = daemon.reader()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.recv()[0] == NOTICE
    db = open_foreign(daemon)
    db.execute("BEGIN IMMEDIATE")
    foreign_end(db, "e1", "CANCELLED")      # the event first: it is one commit
    for i in range(3000):
        foreign_row(db, "e1", str(i))
    db.execute("COMMIT")
    done = time.monotonic()
    rows, end = r.rows()
    assert time.monotonic() - done < 1
    assert [row["message"] for row in rows] == [b"%d" % i for i in range(3000)]
    assert end["event"] == "CANCELLED"


def test_a_foreign_transaction_that_is_rolled_back_is_not_seen(daemon):
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.recv()[0] == NOTICE
    db = open_foreign(daemon)
    for i in range(20):
        db.execute("BEGIN IMMEDIATE")
        foreign_row(db, "e1", "never")
        if i % 2:
            foreign_end(db, "e1")
        db.execute("ROLLBACK")
        p.log("e1", str(i))
        p.sync()
    p.event("e1", "COMPLETED")
    assert [row["message"] for row in r.rows()[0]] == [
        b"%d" % i for i in range(20)]


def test_a_slow_follower_with_a_filter_beside_other_writers(daemon):
    slow, fast = daemon.reader(), daemon.reader()
    for r, more in ((slow, dict(levels=["ERROR"])), (fast, {})):
        r.ask(kind="follow", execution_id="e1", wait=True, **more)
        assert r.recv()[0] == NOTICE
    p, db = daemon.producer(), open_foreign(daemon)
    for i in range(6000):
        p.log("e1", f"{i} " + "x" * 300, level=i % 4)
        if i % 500 == 0:
            p.sync()
            foreign_row(db, "e1", f"engine {i}")
    p.event("e1", "COMPLETED")
    p.acked()
    rows, end = fast.rows()
    ids = [i for (i,) in daemon.sql(
        "SELECT id FROM execution_logs WHERE execution_id='e1' ORDER BY id")]
    assert [row["id"] for row in rows] == ids and end["rows"] == len(ids)
    rows, end = slow.rows()
    assert [row["id"] for row in rows] == [i for (i,) in daemon.sql(
        "SELECT id FROM execution_logs WHERE execution_id='e1' AND "
        "level='ERROR' ORDER BY id")]
    assert end["reason"] == "complete"


def test_followers_that_come_at_any_moment(daemon):
    rng = random.Random(7)
    total, processes = 6000, []

    def write():
        p, db = daemon.producer(), open_foreign(daemon)
        for i in range(total):
            p.log("e1", f"ours {i}")
            if i % 100 == 0:
                p.flush()
            if i % 250 == 0:
                foreign_row(db, "e1", f"theirs {i}")
        p.sync()
        db.close()

    def join():
        await_until(lambda: daemon.messages("e1"))
        for _ in range(12):
            r = daemon.reader()
            r.ask(kind="follow", execution_id="e1")
            processes.append(r)
            # Some rows of it, then on to the next moment.
            for _ in range(rng.randrange(1, 300)):
                kind, body = r.recv()
                r.seen = getattr(r, "seen", [])
                if kind == LOG_ROW:
                    r.seen.append(log_row(body)["id"])

    in_threads(write, join)
    daemon.ok("event", "e1", "COMPLETED")
    ids = [i for (i,) in daemon.sql("SELECT id FROM execution_logs "
                                    "WHERE execution_id='e1' ORDER BY id")]
    for r in processes:
        rows, end = r.rows()
        got = r.seen + [row["id"] for row in rows]
        assert sorted(got) == ids and end["rows"] == len(ids)


def test_followers_that_leave_are_forgotten(daemon):
    p = daemon.producer()
    gone, half, killed = daemon.reader(), daemon.reader(), \
        daemon.follow("e1", "--wait")
    for r in (gone, half):
        r.ask(kind="follow", execution_id="e1", wait=True)
        assert r.recv()[0] == NOTICE
    await_until(lambda: daemon.status()["followers"] == 3)
    gone.close()
    half.sock.shutdown(1)       # "a reader that does so ends its request"
    assert half.error() is None
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    await_until(lambda: daemon.status()["followers"] == 0)
    p.log("e1", "to nobody")
    p.sync()
    assert daemon.messages("e1") == ["to nobody"]


def test_a_live_pipe_that_closes_is_quiet(daemon):
    p = daemon.producer()
    follower = daemon.follow("e1", "--wait", "-o", "cat")
    p.log("e1", "first")
    p.sync()
    assert follower.stdout.readline() == b"first\n"
    follower.stdout.close()
    p.log("e1", "second")
    p.sync()
    assert follower.wait(20) == 0
    assert b"rror" not in follower.stderr.read()


def test_a_reading_that_fails_ends_the_request_not_the_connection(daemon):
    p = daemon.producer()
    p.log("e1", "a")
    p.sync()
    r = daemon.reader()
    daemon.sql("ALTER TABLE execution_logs RENAME TO away")
    r.ask(kind="logs", execution_id="e1")
    kind, body = r.recv()
    assert kind == ERROR and body["code"] == "storage"
    p.log("e1", "b")
    p.flush()
    daemon.sql("ALTER TABLE away RENAME TO execution_logs")
    assert p.acked() == []
    r.ask(kind="logs", execution_id="e1")
    assert [row["message"] for row in r.rows()[0]] == [b"a", b"b"]


def test_status_answers_when_the_file_cannot_be_read(daemon):
    daemon.ok("write", "e1", "a")
    daemon.sql("ALTER TABLE execution_logs RENAME TO away")
    code, out, err = daemon.cli("status", "--json")
    check = daemon.cli("status", "--check")[0]
    ping = daemon.cli("ping")[0]
    daemon.sql("ALTER TABLE away RENAME TO execution_logs")
    assert (code, ping) == (0, 0), err
    assert json.loads(out)["version"] and check in (0, 1)


def test_the_wire_carries_audit_events_oldest_first(daemon):
    p = daemon.producer()
    p.send(EVENT, dict(execution_id="e1", event_type="completed",
                       timestamp=3000, number=1,
                       metadata={"duration": 1.50, "own": [1]}))
    p.send(EVENT, dict(execution_id="e1", event_type="created",
                       timestamp=1000))
    p.number = 2
    p.acked()
    r = daemon.reader()
    r.ask(kind="audit", execution_id="e1")
    rows, end = r.rows()
    assert [(row["type"], row["timestamp"], row["metadata"])
            for row in rows] == [
        ("CREATED", 1000, {}), ("COMPLETED", 3000,
                                {"duration": 1.5, "own": [1]})]
    assert end == dict(reason="done", rows=2, found=True)
    r.ask(kind="status")
    assert r.recv()[0] == STATUS


def test_rows_of_another_process_are_followed_while_ours_cannot_be_committed(
        daemon):
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.live() == []
    daemon.sql("CREATE TRIGGER planted BEFORE INSERT ON execution_logs "
               "WHEN new.source = 'test' BEGIN SELECT RAISE(IGNORE); END")
    p.log("other", "swallowed")
    p.flush()
    await_until(lambda: daemon.status()["retries"] > 0)
    db = open_foreign(daemon)
    foreign_row(db, "e1", "alone")
    r.sock.settimeout(3)
    try:
        kind, body = r.recv()
    finally:
        daemon.sql("DROP TRIGGER planted")
    assert log_row(body)["message"] == b"alone"
    p.acked()


def test_one_commit_larger_than_a_followers_queue(daemon):
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.live() == []
    # While nobody can commit, a batch grows to more than the queue takes.
    db = open_foreign(daemon)
    db.execute("BEGIN IMMEDIATE")
    for i in range(4000):
        p.log("e1", f"{i} " + "x" * 300)
    await_until(lambda: daemon.status()["pending_rows"] == 4000)
    db.execute("COMMIT")
    p.event("e1", "COMPLETED")
    p.acked()
    rows, end = r.rows()
    assert [int(row["message"].split()[0]) for row in rows] == \
        list(range(4000))
    assert end["rows"] == 4000


@pytest.mark.parametrize("table", ["execution_logs",
                                   "execution_audit_events"])
@pytest.mark.parametrize("notices", ["a commit", "a look"])
def test_ids_that_are_used_again_end_it(daemon, table, notices):
    for i in range(5):
        daemon.ok("write", "e1", str(i))
        daemon.ok("event", "e1", "STATE_CHANGE")
    followers = [daemon.follow("e1", "-o", "cat"),
                 daemon.follow("e2", "--wait"), daemon.spawn("wait", "e1")]
    await_until(lambda: daemon.status()["followers"] == 3)
    db = sqlite3.connect(daemon.db, timeout=10)
    # As a sweep does it: all events are gone.
    db.execute("UPDATE execlog_audit_watermark SET through_id = 5")
    db.execute(f"DELETE FROM {table}")
    db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    db.commit()
    db.close()
    if notices == "a commit":
        daemon.ok("write", "e1", "again")
        daemon.ok("event", "e1", "COMPLETED")
    for f in followers:
        code, _, err = finish(f)
        assert code == 6 and "ids have begun again" in err
    daemon.ok("write", "e1", "once more")
    if notices == "a look":
        daemon.ok("event", "e1", "COMPLETED")
    # And whoever comes now gets everything.
    code, out, err = daemon.cli("follow", "e1", "-o", "cat")
    assert code == 0 and out.splitlines() == daemon.messages("e1")
    assert "complete" in err
