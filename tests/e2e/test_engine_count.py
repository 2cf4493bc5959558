"""executions.log_entry_count is kept where it can be, and harms nobody."""
import sqlite3

import pytest

from lib.daemon import await_until

COUNT = "log_entry_count INTEGER DEFAULT 0"
KEPT = {
    "a text key": f"execution_id TEXT PRIMARY KEY, {COUNT}",
    "without rowid": f"execution_id TEXT PRIMARY KEY, {COUNT}) WITHOUT ROWID"
                     "--",
    "unique": f"id INTEGER PRIMARY KEY, execution_id TEXT UNIQUE, {COUNT}",
    "a unique index": f"execution_id TEXT, {COUNT}); CREATE UNIQUE INDEX u "
                      "ON executions(execution_id",
    "in capitals": "EXECUTION_ID TEXT PRIMARY KEY, LOG_ENTRY_COUNT INTEGER",
    "nothing in it": "execution_id TEXT PRIMARY KEY, log_entry_count",
    "strict": f"execution_id TEXT PRIMARY KEY, {COUNT}) STRICT--",
    "a trigger on another column":
        f"execution_id TEXT PRIMARY KEY, state TEXT, {COUNT}); CREATE "
        "TRIGGER t AFTER UPDATE OF state ON executions BEGIN SELECT "
        "RAISE(ABORT, 'no'); END --",
    "a trigger of inserts":
        f"execution_id TEXT PRIMARY KEY, {COUNT}); CREATE TRIGGER t AFTER "
        "INSERT ON executions BEGIN SELECT 1; END --",
}
NOT_KEPT = {
    "no key": (f"execution_id TEXT, {COUNT}", "not a key"),
    "a partial index": (f"execution_id TEXT, {COUNT}); CREATE UNIQUE INDEX u "
                        "ON executions(execution_id) WHERE execution_id > 'a'"
                        " --", "not a key"),
    "half a key": (f"tenant, execution_id TEXT, {COUNT}, "
                   "PRIMARY KEY(execution_id, tenant)", "not a key"),
    "a trigger": (f"execution_id TEXT PRIMARY KEY, {COUNT}, touched); CREATE "
                  "TRIGGER t AFTER UPDATE ON executions BEGIN UPDATE "
                  "executions SET touched = 1; END --", "trigger"),
    "a trigger before": (f"execution_id TEXT PRIMARY KEY, {COUNT}); CREATE "
                         "TRIGGER t BEFORE UPDATE OF log_entry_count ON "
                         "executions BEGIN SELECT RAISE(IGNORE); END --",
                         "trigger"),
    "an error in it": (f"execution_id TEXT PRIMARY KEY, {COUNT}, j TEXT "
                       "DEFAULT 'x'); CREATE INDEX i ON executions(abs("
                       "CASE log_entry_count WHEN 0 THEN 0 ELSE "
                       "-9223372036854775807 - 1 END)) --", "failed"),
}


def make(daemon, columns):
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    db.executescript(f"CREATE TABLE executions({columns});")
    db.execute("INSERT INTO executions(execution_id) VALUES('e1')")
    db.execute("INSERT INTO executions(execution_id) VALUES('e2')")
    return db


def counts(db):
    return [n for (n,) in db.execute(
        "SELECT log_entry_count FROM executions ORDER BY execution_id")]


@pytest.mark.parametrize("how", KEPT)
@pytest.mark.parametrize("early", [False, True])
def test_where_it_is_kept(idle, how, early):
    if early:
        make(idle, KEPT[how]).close()
    daemon = idle.start()
    if not early:
        make(daemon, KEPT[how]).close()
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    wire = daemon.producer()
    for i in range(10):
        wire.log("e1" if i % 3 else "e2", b"m")
    wire.log("e9", b"not in the table")
    wire.event("e1", "STARTED")
    wire.sync()
    assert counts(db) == [6, 4]
    wire.log("e2", b"m")
    wire.log("e2", b"m")
    wire.sync()
    assert counts(db) == [6, 6]
    status = daemon.status()
    assert status["state"] == "ok" and status["note"] is None
    wire.close()
    db.close()


@pytest.mark.parametrize("how", NOT_KEPT)
def test_where_it_cannot_be(daemon, how):
    columns, says = NOT_KEPT[how]
    db = make(daemon, columns)
    daemon.ok("write", "e1", "m")
    await_until(lambda: says in (daemon.status()["note"] or ""))
    assert counts(db) == [0, 0]
    daemon.ok("write", "e1", "again")
    assert len(daemon.messages("e1")) == 2
    status = daemon.status()
    assert status["state"] == "ok" and status["retries"] == 0
    assert says in daemon.ok("status")
    # And when it can be, it is.
    db.executescript("DROP TABLE executions; CREATE TABLE executions("
                     f"{KEPT['a text key']});")
    db.execute("INSERT INTO executions VALUES('e1', 40)")
    daemon.ok("write", "e1", "m")
    assert counts(db) == [41]
    await_until(lambda: daemon.status()["note"] is None)
    # A trigger that comes later.
    db.execute("CREATE TRIGGER t AFTER UPDATE ON executions BEGIN DELETE "
               "FROM executions; END")
    daemon.ok("write", "e1", "m")
    assert counts(db) == [41]
    assert len(daemon.messages("e1")) == 4
    db.close()


@pytest.mark.parametrize("check", [
    "CHECK (log_entry_count = 0)", "CHECK (abs(log_entry_count) >= 0)",
    "CHECK (abs(CASE log_entry_count WHEN 0 THEN 0 ELSE "
    "-9223372036854775807 - 1 END) >= 0)"])
def test_constraints_are_no_reason_to_fail(daemon, check):
    db = make(daemon, f"execution_id TEXT PRIMARY KEY, {COUNT} {check}")
    wire = daemon.producer()
    for _ in range(3):
        wire.log("e1", b"m")
        assert wire.sync() == []
    wire.close()
    assert counts(db)[0] in (0, 3)
    assert len(daemon.messages("e1")) == 3
    assert daemon.status()["retries"] == 0
    db.close()


def test_where_there_is_none(daemon):
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    db.execute("CREATE TABLE executions(execution_id TEXT, state TEXT)")
    daemon.ok("write", "e1", "m")
    db.execute("DROP TABLE executions")
    db.execute("CREATE TABLE t(execution_id PRIMARY KEY, log_entry_count)")
    db.execute("CREATE VIEW executions AS SELECT * FROM t")
    daemon.ok("write", "e1", "m")
    db.execute("DROP VIEW executions")
    daemon.ok("write", "e1", "m")
    assert daemon.status()["note"] is None
    assert len(daemon.messages("e1")) == 3
    db.close()


def test_nothing_else_of_the_engine_is_written(daemon):
    db = make(daemon, f"execution_id TEXT PRIMARY KEY, {COUNT}, state TEXT "
              "DEFAULT 'RUNNING', touched INTEGER DEFAULT 7")
    daemon.ok("write", "e1", "m")
    assert db.execute("SELECT * FROM executions").fetchall() == [
        ("e1", 1, "RUNNING", 7), ("e2", 0, "RUNNING", 7)]
    db.close()
