"""What inspect says first: what failed, who cancelled it, and why."""
import json
import os
import pathlib
import re
import sqlite3
import time

from lib import engine

TRIGGERS = (pathlib.Path(__file__).parent.parent.parent /
            "sql/state_change_trigger.sql")


def last_lines(daemon, *args):
    """The heading and the messages under the headline of a failure."""
    above = daemon.ok("inspect", "e1", *args).split("\n\n")[0]
    head, *lines = [s.strip() for s in above.split("    Last ")[1].split("\n")]
    return head, [s.split("] ")[1] for s in lines]


def test_what_a_failed_task_said_last(daemon):
    p = daemon.producer()
    for i in range(9):
        p.log("e1", f"out {i}", task="t", stream=1)
    p.log("e1", "of another", task="other", level=3)
    p.event("e1", "STATE_CHANGE", task_id="t", to="FAILED")
    p.event("e1", "FAILED", failed_task_id="t")
    p.sync()
    assert last_lines(daemon) == (
        "lines:", [f"out {i}" for i in range(4, 9)])
    for i in range(3):
        p.log("e1", f"err {i}", task="t", stream=2)
    p.log("e1", "out 9", task="t", stream=1)
    p.sync()
    assert last_lines(daemon) == (
        "lines on stderr:", ["err 0", "err 1", "err 2"])
    p.log("e1", "it was that", task="t", level=3)
    p.sync()
    p.close()
    assert last_lines(daemon) == ("ERROR lines:", ["it was that"])
    assert last_lines(daemon, "-t", "t") == ("ERROR lines:", ["it was that"])


def test_what_it_said_before_others_said_a_lot(daemon):
    p = daemon.producer()
    p.log("e1", "why", task="t", level=3)
    p.event("e1", "FAILED", failed_task_id="t")
    p.sync()
    db = engine.open_file(daemon)
    db.execute("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM "
               "n WHERE i < 11000) INSERT INTO execution_logs(execution_id, "
               "task_id, timestamp, level, source, message) SELECT 'e1', 'u', "
               "? + i, 'INFO', 's', 'm' FROM n", (time.time_ns() // 10 ** 6,))
    db.close()
    p.close()
    assert last_lines(daemon) == ("ERROR lines:", ["why"])


def headline(daemon, execution):
    first, second = daemon.ok("inspect", execution).splitlines()[:2]
    assert second == ""
    return first


def test_by_whom_it_was_cancelled(daemon):
    def cancel(execution, **metadata):
        daemon.ok("event", execution, "STARTED")
        daemon.ok("event", execution, "CANCELLED", "--metadata",
                  json.dumps(metadata))
        return headline(daemon, execution)
    assert cancel("e1", cancelled_by="alice", reason="too costly") == \
        "CANCELLED  by alice: too costly"
    assert cancel("e2", cancelled_by="\033[2Jx") == "CANCELLED  by ^[[2Jx"
    assert re.fullmatch(rf"CANCELLED  by uid {os.getuid()} \(pid \d+\)",
                        cancel("e3"))
    # The engine's words; nothing at all.
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, state, reason_code, "
               "message) VALUES('e4', 'CANCELLED', 'USER', 'not today'), "
               "('e5', 'CANCELLED', 'USER', NULL)")
    assert headline(daemon, "e4") == "CANCELLED  not today"
    assert daemon.ok("inspect", "e5").startswith("execution  e5")


def test_what_was_sent_for_an_event_of_the_trigger(daemon):
    engine.tables(daemon)
    db = sqlite3.connect(daemon.db)
    db.executescript(TRIGGERS.read_text())
    db.close()
    for execution, state in ("e1", "CANCELLED"), ("e2", "FAILED"):
        daemon.sql("INSERT INTO executions(execution_id, state, reason_code) "
                   "VALUES(?, ?, 'CODE')", execution, state)
    daemon.ok("event", "e1", "CANCELLED", "--metadata",
              '{"cancelled_by": "bob", "reason": "too costly"}')
    daemon.ok("event", "e2", "FAILED", "--metadata",
              '{"failed_task_id": "load", "error_message": "no disk"}')
    daemon.ok("write", "e2", "-t", "load", "x")
    assert headline(daemon, "e1") == "CANCELLED  by bob: too costly"
    assert daemon.ok("inspect", "e2").startswith("FAILED  task load: no disk")


def test_the_headline_is_of_the_task_that_is_asked_for(daemon):
    for task, code in ("a", 3), ("b", 4):
        daemon.cli("run", "e1", "-t", task, "--attempt", 1, "--lifecycle",
                   "--", "sh", "-c", f"exit {code}")
    daemon.ok("event", "e1", "FAILED", "--metadata",
              '{"failed_task_id": "b", "error_message": "of b"}')
    assert daemon.ok("inspect", "e1").startswith(
        "FAILED  task b, attempt 1: of b")
    head = daemon.ok("inspect", "e1", "-t", "a").splitlines()[0]
    assert head.startswith("FAILED  task a, attempt 1") and "3" in head


def test_a_timeout_by_an_event(daemon):
    daemon.ok("event", "e1", "STATE_CHANGE", "-t", "load", "--to", "FAILED")
    daemon.ok("event", "e1", "TIMEOUT", "--metadata",
              '{"timeout_duration": 60000, "elapsed_time": 60012}')
    text = daemon.ok("inspect", "e1")
    assert text.startswith("FAILED  task load, attempt 1: timed out: "
                           "elapsed_time 60012, timeout_duration 60000\n")
    assert "state      FAILED (TIMEOUT)\n" in text
    told = json.loads(daemon.ok("inspect", "e1", "--json"))["execution"]
    assert told["reason_code"] == "TIMEOUT"


def test_every_task_that_has_failed_is_told_of(daemon):
    for i in range(6):
        daemon.ok("event", "e1", "STATE_CHANGE", "-t", f"t{i}", "--to",
                  "FAILED", "--metadata", json.dumps({"reason": f"why {i}"}))
    daemon.ok("event", "e1", "FAILED")
    text = daemon.ok("inspect", "e1", "--errors")
    assert text.startswith("FAILED  task t5, attempt 1: why 5\n")
    assert [x for x in text.splitlines() if "also" in x or "more" in x] == [
        *(f"    also failed: task t{i}: why {i}" for i in range(3)),
        "    ... and 2 more"]
    assert text.endswith("ERRORS\n" + "".join(f"t{i}: why {i}\n"
                                             for i in range(6)))
    assert "also" not in daemon.ok("inspect", "e1", "-t", "t1")
    assert daemon.ok("inspect", "e1", "--inputs").endswith("INPUTS\nnone\n")


def test_the_lines_are_those_of_the_attempt(daemon):
    p = daemon.producer()
    for attempt in 1, 2, 3:
        for to in "RUNNING", "FAILED":
            p.event("e1", "STATE_CHANGE", task_id="load", to=to,
                    attempt=attempt)
        p.log("e1", f"attempt {attempt}", task="load", level=3,
              attempt=attempt)
    p.event("e1", "FAILED")
    p.sync()
    text = daemon.ok("inspect", "e1")
    assert "] attempt 3\n" in text and "] attempt 2\n" not in text
    # Where the attempt has said nothing, others have.
    p.event("e1", "STATE_CHANGE", task_id="load", to="FAILED", attempt=4)
    p.sync()
    text = daemon.ok("inspect", "e1")
    assert "] attempt 3\n" in text and "] attempt 1\n" in text


def test_a_failing_task_that_never_began(daemon):
    daemon.ok("event", "e1", "FAILED", "--metadata",
              '{"failed_task_id": "ghost", "error_message": "no image"}')
    assert daemon.ok("inspect", "e1").startswith(
        "FAILED  task ghost: no image\n")
