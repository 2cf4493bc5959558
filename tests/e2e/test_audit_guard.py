"""The audit trail is append-only, for everybody who writes the file."""
import sqlite3

import pytest

from lib.daemon import await_until

INSERT = ("INSERT {} INTO execution_audit_events"
          "(id, execution_id, event_type, timestamp, metadata) "
          "VALUES({}, 'e1', 'FORGED', 1, '{{}}')")
COLUMNS = ("id", "execution_id", "event_type", "timestamp", "metadata")
HIGHEST = 2**63 - 1

# Ids 1 and 2 were swept, 3 to 5 are there.
REFUSED = {
    **{f"update {c}": f"UPDATE execution_audit_events SET {c} = 99"
       for c in COLUMNS},
    "update one": "UPDATE execution_audit_events SET metadata = '{}' "
                  "WHERE id = 4",
    "update to the same": "UPDATE execution_audit_events SET id = id",
    "update or replace": "UPDATE OR REPLACE execution_audit_events "
                         "SET id = 3 WHERE id = 4",
    "update or ignore": "UPDATE OR IGNORE execution_audit_events "
                        "SET event_type = 'X'",
    "update rowid": "UPDATE execution_audit_events SET rowid = 77",
    "delete one": "DELETE FROM execution_audit_events WHERE id = 4",
    "delete all": "DELETE FROM execution_audit_events",
    "delete the newest": "DELETE FROM execution_audit_events WHERE id = 5",
    "replace": INSERT.format("OR REPLACE", 4),
    "replace the newest": INSERT.format("OR REPLACE", 5),
    "replace into": INSERT.format("", 4).replace("INSERT ", "REPLACE "),
    "upsert": INSERT.format("", 4) + " ON CONFLICT (id) DO UPDATE "
              "SET event_type = 'FORGED'",
    "upsert that does nothing": INSERT.format("", 4) +
    " ON CONFLICT DO NOTHING",
    "or ignore": INSERT.format("OR IGNORE", 4),
    "or rollback": INSERT.format("OR ROLLBACK", 3),
    "an id that is there": INSERT.format("", 3),
    "an id that was swept": INSERT.format("", 2),
    "a swept id, replacing": INSERT.format("OR REPLACE", 1),
    "id 0": INSERT.format("", 0),
    "id -1": INSERT.format("", -1),
    "id -7": INSERT.format("", -7),
    "the lowest id": INSERT.format("", -2**63),
    "the highest id": INSERT.format("", HIGHEST),
    "nearly the highest id": INSERT.format("", HIGHEST - 1),
    "an id far above": INSERT.format("", 10**12),
    "an old id behind a new one":
        "INSERT INTO execution_audit_events VALUES"
        "(6, 'e1', 'A', 1, '{}'), (2, 'e1', 'B', 1, '{}')",
    "the watermark, lowered":
        "UPDATE execlog_audit_watermark SET through_id = 0",
    "the watermark, deleted": "DELETE FROM execlog_audit_watermark",
    "the watermark, overshot":
        "UPDATE execlog_audit_watermark SET through_id = 6",
    "the watermark, far overshot":
        f"UPDATE execlog_audit_watermark SET through_id = {HIGHEST}",
    "the watermark, text":
        "UPDATE execlog_audit_watermark SET through_id = 'zz'",
    "the watermark, half": "UPDATE execlog_audit_watermark "
                           "SET through_id = 3.5",
    "the watermark, none": "UPDATE execlog_audit_watermark "
                           "SET through_id = NULL",
    "the watermark, moved away":
        "UPDATE execlog_audit_watermark SET one = 2",
    "the watermark, replaced":
        "INSERT OR REPLACE INTO execlog_audit_watermark VALUES(1, 5)",
    "a second watermark":
        "INSERT INTO execlog_audit_watermark VALUES(2, 5)",
    "an origin, changed": "UPDATE execlog_audit_origin SET uid = 0",
    "an origin, deleted": "DELETE FROM execlog_audit_origin",
    "an origin, replaced": "INSERT OR REPLACE INTO execlog_audit_origin "
                           "VALUES(4, 1, 0, 0, 0, NULL)",
}


def dump(db):
    return [db.execute(f"SELECT * FROM {table}").fetchall() for table in
            ("execution_audit_events", "execlog_audit_watermark",
             "execlog_audit_origin")]


def sweep(db, through):
    """As retention does it."""
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE execlog_audit_watermark SET through_id = ?",
               (through,))
    for table, column in (("execlog_audit_origin", "audit_id"),
                          ("execution_audit_events", "id")):
        db.execute(f"DELETE FROM {table} WHERE {column} <= ?", (through,))
    db.execute("COMMIT")


def append(db, kind="STATE_CHANGE"):
    return db.execute(
        "INSERT INTO execution_audit_events(execution_id, event_type, "
        "timestamp, metadata) VALUES('e1', ?, 1, '{}') RETURNING id",
        (kind,)).fetchall()[0][0]


@pytest.fixture(scope="module")
def swept(request, tmp_path_factory):
    """A file with a trail whose beginning is swept: what all of REFUSED is
    tried on, for nothing of it changes anything."""
    from lib.daemon import Daemon
    daemon = Daemon(request.config.getoption("--build"),
                    tmp_path_factory.mktemp("el")).start()
    wire = daemon.producer()
    for kind in ("CREATED", "STARTED", "STATE_CHANGE", "STATE_CHANGE",
                 "COMPLETED"):
        wire.event("e1", kind)
    wire.sync()
    wire.close()
    assert daemon.stop() == 0
    db = sqlite3.connect(daemon.db, isolation_level=None)
    sweep(db, 2)
    yield db
    db.close()


@pytest.mark.parametrize("recursive", [0, 1])
@pytest.mark.parametrize("how", REFUSED)
def test_what_is_refused(swept, how, recursive):
    swept.execute(f"PRAGMA recursive_triggers={recursive}")
    before = dump(swept)
    with pytest.raises(sqlite3.IntegrityError):
        swept.execute(REFUSED[how])
    if swept.in_transaction:
        swept.execute("ROLLBACK")
    assert dump(swept) == before
    # And it blocks nobody.
    swept.execute("BEGIN")
    assert append(swept) == 6 and append(swept) == 7
    swept.execute("ROLLBACK")


def test_what_a_sweep_may(swept):
    swept.execute("SAVEPOINT s")
    append(swept)
    for through in (3, 3, 6):
        swept.execute("UPDATE execlog_audit_watermark SET through_id = ?",
                      (through,))
        swept.execute("DELETE FROM execution_audit_events WHERE id <= ?",
                      (through,))
    # All are gone; no id comes again.
    assert swept.execute("SELECT count(*) FROM execution_audit_events"
                         ).fetchone() == (0,)
    with pytest.raises(sqlite3.IntegrityError):
        swept.execute(INSERT.format("", 6))
    assert append(swept) == 7
    swept.execute("ROLLBACK TO s")
    swept.execute("RELEASE s")


@pytest.mark.parametrize("sequence", [
    "DELETE FROM sqlite_sequence", "UPDATE sqlite_sequence SET seq = 0",
    "UPDATE sqlite_sequence SET seq = 'zz'",
    "UPDATE sqlite_sequence SET name = 'x'",
    f"INSERT INTO sqlite_sequence VALUES('execution_audit_events', {10**15})"])
def test_without_the_sequence(swept, sequence):
    """No trigger can keep that from being changed; all else holds."""
    swept.execute("SAVEPOINT s")
    swept.execute(sequence)
    before = dump(swept)
    for i in (1, 2, 3, 5, 0, -1, HIGHEST):
        for way in ("", "OR REPLACE"):
            with pytest.raises(sqlite3.IntegrityError):
                swept.execute(INSERT.format(way, i))
    assert dump(swept) == before
    assert append(swept) == 6
    swept.execute("ROLLBACK TO s")
    swept.execute("RELEASE s")


@pytest.mark.parametrize("sequence", [
    "DELETE FROM sqlite_sequence", "UPDATE sqlite_sequence SET seq = 0"])
def test_a_sequence_that_is_gone_is_put_right(daemon, sequence):
    for _ in range(3):
        daemon.ok("event", "e1", "STARTED")
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    sweep(db, 3)
    db.execute(sequence)
    with pytest.raises(sqlite3.IntegrityError):
        append(db)      # it would be 1
    daemon.ok("event", "e1", "COMPLETED")
    assert append(db) == 5
    db.close()
    assert daemon.status()["state"] == "ok"


def test_the_trail_outlives_the_execution(daemon):
    daemon.sql("CREATE TABLE executions(execution_id TEXT PRIMARY KEY, "
               "state TEXT)")
    daemon.sql("INSERT INTO executions VALUES('e1', 'RUNNING')")
    daemon.ok("event", "e1", "CANCELLED")
    daemon.sql("PRAGMA foreign_keys=ON")
    daemon.sql("DELETE FROM executions")
    assert "CANCELLED" in daemon.ok("audit", "e1")


def test_a_dropped_trigger_is_noticed_and_made_again(daemon):
    assert daemon.status()["state"] == "ok"
    daemon.sql("DROP TRIGGER execlog_audit_no_delete")
    status = daemon.status()
    assert status["state"] == "degraded" and "append-only" in status["reason"]
    # Events are still taken.
    daemon.ok("event", "e1", "STARTED")
    assert daemon.stop() == 0
    daemon.start()
    assert daemon.status()["state"] == "ok"
    assert "made again" in daemon.stderr.read_text()
    with pytest.raises(sqlite3.IntegrityError):
        daemon.sql("DELETE FROM execution_audit_events")


# Like ours in everything but what they do.
PLANTED = {
    "by another name": """CREATE TRIGGER evil AFTER INSERT ON
        execution_audit_events BEGIN DELETE FROM engine; END""",
    "by a name like ours": """CREATE TRIGGER execlog_evil AFTER INSERT ON
        execution_audit_events BEGIN DELETE FROM engine; END""",
    "instead of ours": """DROP TRIGGER execlog_audit_rising;
        CREATE TRIGGER execlog_audit_rising AFTER INSERT ON
        execution_audit_events BEGIN DELETE FROM execlog_producers; END""",
    "that reads only": """DROP TRIGGER execlog_audit_rising;
        CREATE TRIGGER execlog_audit_rising AFTER INSERT ON
        execution_audit_events BEGIN SELECT count(*) FROM engine; END""",
    "through a view": """DROP TABLE execlog_audit_watermark;
        CREATE VIEW execlog_audit_watermark AS
        SELECT 0 AS through_id FROM engine""",
}


@pytest.mark.parametrize("how", PLANTED)
def test_planted_triggers_do_not_run(daemon, how):
    daemon.ok("event", "e1", "CREATED")
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    db.executescript("CREATE TABLE engine(x); INSERT INTO engine VALUES(1);")
    before = dict(db.execute("SELECT name, sql FROM sqlite_schema "
                             "WHERE name GLOB 'execlog_*'"))
    kept = db.execute("SELECT * FROM execlog_audit_watermark").fetchall()
    db.executescript(PLANTED[how])
    wire = daemon.producer()
    wire.event("e1", "STARTED")
    wire.flush()
    await_until(lambda: daemon.status()["state"] == "degraded")
    await_until(lambda: daemon.status()["retries"] > 0)
    # Log rows have nothing to do with it, but wait behind it.
    assert daemon.sql("SELECT x FROM engine") == [(1,)]
    assert len(daemon.sql("SELECT 1 FROM execution_audit_events")) == 1
    for name, kind in db.execute(
            "SELECT name, type FROM sqlite_schema WHERE name IN ('evil', "
            "'execlog_evil', 'execlog_audit_rising')").fetchall():
        db.execute(f"DROP {kind} {name}")
    if how == "through a view":
        db.execute("DROP VIEW execlog_audit_watermark")
        db.execute(before["execlog_audit_watermark"])
        db.executemany("INSERT INTO execlog_audit_watermark VALUES(?, ?)",
                       kept)
    names = {n for (n,) in db.execute("SELECT name FROM sqlite_schema")}
    for name, sql in before.items():
        if name not in names and sql and sql.startswith("CREATE TRIGGER"):
            db.execute(sql)
    db.close()
    assert wire.acked() == []
    wire.close()
    assert len(daemon.sql("SELECT 1 FROM execution_audit_events")) == 2
    assert daemon.status()["state"] == "ok"


def test_where_the_engine_made_the_table_first(idle):
    """Ids that AUTOINCREMENT does not give are kept as they are."""
    db = sqlite3.connect(idle.db, isolation_level=None)
    db.executescript("""CREATE TABLE execution_audit_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, execution_id TEXT NOT NULL,
        event_type TEXT NOT NULL, timestamp INTEGER NOT NULL,
        metadata TEXT NOT NULL);
        INSERT INTO execution_audit_events VALUES
        (-9223372036854775808, 'e0', 'STARTED', 1, '{}'),
        (-1, 'e0', 'STARTED', 1, '{}'), (0, 'e0', 'STARTED', 1, '{}'),
        (7, 'e0', 'FAILED', 1, '{}');""")
    daemon = idle.start()
    daemon.ok("event", "e1", "STARTED")
    assert daemon.sql("SELECT max(id) FROM execution_audit_events") == [(8,)]
    for i in (-1, 0, 7):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("DELETE FROM execution_audit_events WHERE id = ?",
                       (i,))
    db.close()
