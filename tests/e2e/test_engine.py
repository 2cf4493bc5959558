"""The engine writes state and audit events in its own transactions."""
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import threading
import time

import pytest

from lib.daemon import DEADLINE, await_until, finish

TOP = pathlib.Path(__file__).parents[2]
TRIGGERS = TOP / "sql/state_change_trigger.sql"
FULL = "execution_id TEXT PRIMARY KEY, state TEXT, reason_code TEXT, message TEXT"
BARE = "execution_id TEXT PRIMARY KEY, state TEXT"
SOAK = bool(os.environ.get("EXECLOG_SOAK"))


class Engine:
    """As docs/engine.md wants it."""
    def __init__(self, daemon, columns=FULL, install=True):
        self.db = sqlite3.connect(daemon.db, timeout=5, isolation_level=None,
                                  check_same_thread=False)
        self.db.executescript("PRAGMA wal_autocheckpoint=20000; "
                              f"CREATE TABLE executions({columns});")
        if install:
            self.install()

    def install(self):
        self.db.executescript(TRIGGERS.read_text())

    def set(self, execution, state, **more):
        """Insert it, or change it."""
        self.db.execute("BEGIN IMMEDIATE")
        self.change(execution, state, **more)
        self.db.execute("COMMIT")

    def change(self, execution, state, **more):
        columns = dict(more, state=state)
        done = self.db.execute(
            "UPDATE executions SET " + ", ".join(f"{c} = ?" for c in columns)
            + " WHERE execution_id = ?", (*columns.values(), execution))
        if done.rowcount == 0:
            columns["execution_id"] = execution
            self.db.execute(
                f"INSERT INTO executions({', '.join(columns)}) "
                f"VALUES({', '.join('?' * len(columns))})",
                tuple(columns.values()))


def trail(daemon, execution="e1"):
    """STATE_CHANGE as (from, to), others by their type, in order."""
    out = []
    for kind, text in daemon.sql(
            "SELECT event_type, metadata FROM execution_audit_events "
            "WHERE execution_id = ? ORDER BY id", execution):
        more = json.loads(text)
        out.append((more.get("from"), more["to"])
                   if kind == "STATE_CHANGE" else kind)
    return out


LIFE = [((None, "PENDING"),), (("PENDING", "RUNNING"), "STARTED"),
        (("RUNNING", "WAITING"),), (("WAITING", "RUNNING"),),
        (("RUNNING", "FAILED"), "FAILED"), (("FAILED", "PENDING"),),
        (("PENDING", "RUNNING"), "STARTED"),
        (("RUNNING", "SUCCESS"), "COMPLETED")]


@pytest.mark.parametrize("columns", [FULL, BARE, BARE + ", odd BLOB",
                                     "execution_id TEXT, state TEXT"])
def test_a_life(daemon, columns):
    engine = Engine(daemon, columns)
    for step in LIFE:
        engine.set("e1", step[0][1])
        engine.set("e1", step[0][1])    # no change, no event
    assert trail(daemon) == [event for step in LIFE for event in step]
    now = time.time() * 1000
    assert all(now - 60000 < at <= now + 1000 for (at,) in daemon.sql(
        "SELECT timestamp FROM execution_audit_events"))
    assert daemon.status()["state"] == "ok"
    out = daemon.ok("audit", "e1")
    assert "PENDING → RUNNING" in out and "COMPLETED" in out


def test_a_second_run_is_written_down_but_an_execution_ends_once(daemon):
    engine = Engine(daemon)
    for state in ("RUNNING", "FAILED", "RUNNING", "SUCCESS"):
        engine.set("e1", state)
    assert trail(daemon)[1::2] == ["STARTED", "FAILED", "STARTED", "COMPLETED"]
    assert daemon.cli("wait", "e1")[0] == 1
    (row,) = json.loads(daemon.ok("list", "--json"))
    assert row["state"] == "SUCCESS"
    engine.db.execute("DROP TABLE executions")
    (row,) = json.loads(daemon.ok("list", "--json"))
    assert row["state"] == "FAILED"


def test_reasons(daemon):
    engine = Engine(daemon)
    engine.set("e1", "RUNNING")
    engine.set("e1", "FAILED", reason_code="TIMEOUT", message="too long")
    engine.set("e2", "FAILED", reason_code="CRASH", message="x" * 9000)
    engine.set("e3", "CANCELLED", reason_code=b"\xff\xfe", message=b"\xff")
    engine.set("e4", "SUCCESS", reason_code="STALE", message="stale")
    engine.set("e5", "CANCELLED", reason_code="USER", message="too costly")
    events = {e: (kind, json.loads(text)) for e, kind, text in daemon.sql(
        "SELECT execution_id, event_type, metadata FROM "
        "execution_audit_events WHERE event_type NOT IN "
        "('STATE_CHANGE', 'STARTED') AND execution_id <> 'e3'")}
    assert events == {
        "e1": ("TIMEOUT", dict(reason="TIMEOUT", error_message="too long")),
        "e2": ("FAILED", dict(reason="CRASH", error_message="x" * 4000)),
        "e4": ("COMPLETED", {}),
        "e5": ("CANCELLED", dict(reason="USER", message="too costly"))}
    assert "CANCELLED" in daemon.ok("audit", "e3")


def test_odd_rows_do_not_stop_the_engine(daemon):
    """Not theirs, and not what others have put into the trail."""
    engine = Engine(daemon, "execution_id TEXT PRIMARY KEY, state")
    for text in ("{", "[]", "", "null", '{"task_id":', '{"to":{}}', b"\xff",
                 '{"from":[1],"to":7}'):
        engine.db.execute(
            "INSERT INTO execution_audit_events(execution_id, event_type, "
            "timestamp, metadata) VALUES('e1', 'STATE_CHANGE', 'x', ?)",
            (text,))
    for state in ("PENDING", None, 7, b"\0\xff", "RUNNING", "", 1.5):
        engine.set("e1", state)
    engine.db.execute("INSERT INTO executions VALUES(NULL, 'RUNNING')")
    engine.db.execute("INSERT INTO executions VALUES('e2', NULL)")
    engine.db.execute("UPDATE executions SET state = 'RUNNING'")
    assert daemon.sql("SELECT event_type FROM execution_audit_events "
                      "WHERE execution_id = 'e2'") == [
        ("STATE_CHANGE",), ("STARTED",)]


def test_what_an_engine_may_do_besides(daemon):
    engine = Engine(daemon)
    engine.set("e1", "RUNNING")
    before = trail(daemon)
    for sql in ("INSERT OR REPLACE INTO executions(execution_id, state) "
                "VALUES('e1', 'RUNNING')",
                "UPDATE executions SET message = 'x'",
                "UPDATE executions SET state = state",
                "DELETE FROM executions"):
        engine.db.execute(sql)
        assert trail(daemon) == before
    engine.db.execute("BEGIN IMMEDIATE")
    engine.change("e1", "FAILED")
    engine.db.execute("ROLLBACK")
    assert trail(daemon) == before
    # Its own plain SQL, before the change.
    engine.set("e2", "RUNNING")
    engine.db.execute(
        "INSERT INTO execution_audit_events(execution_id, event_type, "
        "timestamp, metadata) VALUES('e2', 'STATE_CHANGE', 1, "
        "json_object('from', 'RUNNING', 'to', 'SUCCESS')), "
        "('e2', 'COMPLETED', 1, '{\"task_count\":3}')")
    engine.set("e2", "SUCCESS")
    assert trail(daemon, "e2")[2:] == [("RUNNING", "SUCCESS"), "COMPLETED"]


def test_an_event_of_an_edge_that_is_there(daemon):
    """Acknowledged, kept, and not there twice."""
    engine = Engine(daemon)
    engine.set("e1", "PENDING")
    engine.set("e1", "RUNNING")
    engine.set("e1", "FAILED", reason_code="TIMEOUT")
    before = trail(daemon)
    wire = daemon.producer()
    wire.event("e1", "STARTED", by="hand")
    wire.event("e1", "STATE_CHANGE", **{"to": "PENDING"})
    wire.event("e1", "STATE_CHANGE", **{"from_state": "PENDING",
                                        "to_state": "RUNNING"})
    wire.event("e1", "STATE_CHANGE", **{"from": "RUNNING", "to": "FAILED",
                                        "reason": "slow"})
    wire.event("e1", "FAILED", error_message="30 s")
    assert wire.sync() == []
    assert trail(daemon) == before
    shown = json.loads(daemon.ok("audit", "e1", "--json"))
    assert [e["origin"]["metadata"] for e in shown] == [
        {"to": "PENDING"}, {"from_state": "PENDING", "to_state": "RUNNING"},
        {"by": "hand"}, {"from": "RUNNING", "to": "FAILED", "reason": "slow"},
        {"error_message": "30 s"}]
    assert all(e["origin"]["pid"] == os.getpid() for e in shown)
    out = daemon.ok("audit", "e1")
    assert '"error_message":"30 s"' in out and '{"by":"hand"}' in out
    assert "said" in daemon.ok("audit", "e1", "-o", "verbose")
    # Nothing that is acknowledged is lost: a second one is one of its own, and
    # so is what the engine's state does not say.
    wire.event("e1", "FAILED", error_message="again")
    wire.event("e1", "COMPLETED")
    wire.event("e1", "STATE_CHANGE", **{"from": "A", "to": "B"})
    wire.event("e1", "STATE_CHANGE", **{"from": "RUNNING", "to": "FAILED",
                                        "task_id": "t1"})
    wire.event("e1", "CREATED")
    wire.event("e2", "STARTED")
    wire.sync()
    assert len(trail(daemon)) == len(before) + 5
    assert trail(daemon, "e2") == ["STARTED"]
    # The other way round: the event first.
    wire.event("e3", "STATE_CHANGE", to="RUNNING")
    wire.event("e3", "STARTED")
    wire.event("e3", "STATE_CHANGE", **{"from": "RUNNING", "to": "SUCCESS"})
    wire.event("e3", "COMPLETED", task_count=1)
    wire.sync()
    before = trail(daemon, "e3")[:2]
    engine.set("e3", "SUCCESS")
    assert trail(daemon, "e3")[:2] == before
    assert trail(daemon, "e3").count("COMPLETED") == 1
    wire.close()


def test_without_the_triggers_events_are_stored(daemon):
    engine = Engine(daemon, install=False)
    engine.db.execute(
        "INSERT INTO execution_audit_events(execution_id, event_type, "
        "timestamp, metadata) VALUES('e1', 'STARTED', ?, '{}')",
        (int(time.time() * 1000),))
    daemon.ok("event", "e1", "STARTED")
    assert trail(daemon) == ["STARTED", "STARTED"]
    # ... nor is an event taken for one from before the triggers came.
    engine.install()
    daemon.ok("event", "e1", "STARTED")
    assert trail(daemon) == ["STARTED"] * 3


def test_metadata_that_sqlite_cannot_read(daemon):
    """Deeper than its parser goes: nothing of it stops a commit."""
    engine = Engine(daemon)
    engine.set("e1", "RUNNING")
    deep = '{"to":"RUNNING","x":' + "[" * 2030 + "]" * 2030 + "}"
    daemon.ok("event", "e1", "STATE_CHANGE", "--metadata", deep)
    daemon.ok("event", "e1", "STATE_CHANGE", "--metadata", deep)
    engine.set("e1", "SUCCESS")
    assert daemon.sql("SELECT event_type FROM execution_audit_events ORDER BY "
                      "id DESC LIMIT 1") == [("COMPLETED",)]


@pytest.mark.parametrize("command", ["follow", "wait"])
def test_others_see_it_within_200_ms(daemon, command):
    engine = Engine(daemon)
    engine.set("e1", "RUNNING")
    took = []
    for i in range(5):
        execution = f"x{i}"
        engine.set(execution, "RUNNING")
        process = daemon.spawn(command, execution)
        await_until(lambda: daemon.status()["followers"] == 1)
        engine.set(execution, "SUCCESS")
        begun = time.monotonic()
        code, out, err = finish(process)
        took.append(time.monotonic() - begun)
        assert code == 0, err
        await_until(lambda: daemon.status()["followers"] == 0)
    # The end of a process is in it, on a busy machine.
    assert sorted(took)[1] < 0.2, took


def test_triggers_that_are_gone_are_missed(daemon):
    engine = Engine(daemon)
    assert daemon.status()["state"] == "ok"
    engine.db.execute("DROP TRIGGER execlog_state_update")
    status = daemon.status()
    assert status["state"] == "degraded"
    assert "docs/engine.md" in status["reason"]
    # A rebuilt table has none, either.
    engine.install()
    assert daemon.status()["state"] == "ok"
    engine.db.executescript(
        "CREATE TABLE new AS SELECT * FROM executions; DROP TABLE executions;"
        "ALTER TABLE new RENAME TO executions;")
    assert daemon.status()["state"] == "degraded"
    # Taken away as the file says.
    engine.install()
    lines = TRIGGERS.read_text().splitlines()
    for line in lines:
        if line.startswith(("--\tDROP", "--\tDELETE")):
            engine.db.execute(line[2:])
    assert daemon.status()["state"] == "ok"
    engine.set("e1", "RUNNING")
    assert trail(daemon) == []


def test_installed_with_the_shell(daemon):
    """And not where there is nothing to install it on."""
    def install():
        return subprocess.run(["sqlite3", "-bail", daemon.db],
                              stdin=TRIGGERS.open(), capture_output=True)
    done = install()
    assert done.returncode != 0 and b"executions" in done.stderr
    assert daemon.sql("SELECT * FROM execlog_installed") == []
    Engine(daemon, install=False).db.close()
    assert install().returncode == 0
    assert install().returncode == 0
    assert len(daemon.sql("SELECT * FROM execlog_installed")) == 2


NEXT = {None: ["PENDING"], "PENDING": ["RUNNING", "CANCELLED"],
        "RUNNING": ["WAITING", "SUCCESS", "FAILED"], "WAITING": ["RUNNING"],
        "FAILED": ["PENDING"]}
ENDS = {"SUCCESS": "COMPLETED", "FAILED": "FAILED", "CANCELLED": "CANCELLED"}


class Work(threading.Thread):
    """An engine at 200 transactions a second, some rolled back; what it has
    committed is also told to the daemon now and then."""
    def __init__(self, daemon, seconds):
        super().__init__()
        self.engine = Engine(daemon)
        self.engine.db.execute("PRAGMA busy_timeout=5000")
        self.wire = daemon.producer()
        self.random = random.Random(int(os.environ.get("EXECLOG_SEED", 1)))
        self.count = int(200 * seconds)
        self.states, self.expected, self.failed = {}, {}, None

    def step(self, i):
        execution = f"w{self.random.randrange(20)}-{i // 60}"
        state = self.states.get(execution)
        if state not in NEXT:
            return
        to = self.random.choice(NEXT[state])
        self.engine.db.execute("BEGIN IMMEDIATE")
        self.engine.change(execution, to)
        if self.random.random() < 0.2:
            self.engine.db.execute("ROLLBACK")
            return
        self.engine.db.execute("COMMIT")
        self.states[execution] = to
        events = self.expected.setdefault(execution, [])
        events.append((state, to))
        if to == "RUNNING" and state == "PENDING":
            events.append("STARTED")
        # One end since the last start.
        names = [e for e in events if isinstance(e, str)]
        if to in ENDS and names[-1:] in ([], ["STARTED"]):
            events.append(ENDS[to])
        if self.random.random() < 0.5:
            more = {"from": state} if state else {}
            self.wire.event(execution, "STATE_CHANGE", to=to, **more)
            for event in events[-1:]:
                if isinstance(event, str):
                    self.wire.event(execution, event)

    def run(self):
        try:
            begun = time.monotonic()
            for i in range(self.count):
                wait = begun + i / 200 - time.monotonic()
                if wait > 0:
                    time.sleep(wait)    # its rate is what is tested
                self.step(i)
            self.wire.sync()
        except Exception as e:
            self.failed = e


def test_trail_and_state_agree_beside_full_ingest(daemon):
    work = Work(daemon, 20 if SOAK else 1)
    wire = daemon.producer()
    work.start()
    while work.is_alive():
        for _ in range(500):
            wire.log("bulk", b"m" * 150)
        wire.sync()
    work.join(DEADLINE)
    assert work.failed is None
    assert sum(map(len, work.expected.values())) > 100
    for execution, expected in work.expected.items():
        assert trail(daemon, execution) == expected
    assert dict(daemon.sql("SELECT execution_id, state FROM executions")) \
        == work.states
    wire.close()
    work.wire.close()
