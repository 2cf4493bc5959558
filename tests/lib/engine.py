"""The engine's tables, and an execution that failed, in them and in events."""
import datetime
import json
import sqlite3

T = 1770458400000       # 2026-02-07T10:00:00Z

TABLES = """
CREATE TABLE executions(execution_id TEXT PRIMARY KEY, workflow_id TEXT,
    state TEXT, reason_code TEXT, message TEXT, metadata TEXT,
    created_at TEXT, started_at TEXT, ended_at TEXT, updated_at TEXT);
CREATE TABLE task_runs(execution_id TEXT, task_id TEXT, state TEXT,
    reason_code TEXT, message TEXT, created_at TEXT, started_at TEXT,
    ended_at TEXT, inputs TEXT, outputs TEXT, error TEXT,
    duration_ms INTEGER, metadata TEXT, PRIMARY KEY(execution_id, task_id));
CREATE TABLE attempts(execution_id TEXT, task_id TEXT,
    attempt_number INTEGER, status TEXT, started_at TEXT, ended_at TEXT,
    PRIMARY KEY(execution_id, task_id, attempt_number));
CREATE TABLE workflows(id TEXT PRIMARY KEY, definition TEXT);
"""
DEFINITION = {"tasks": [
    {"id": "fetch", "type": "core/http.get"},
    {"id": "load", "type": "core/sql.run", "needs": ["fetch"]},
    {"id": "check", "type": "core/sql.run", "needs": "fetch"},
    {"id": "report", "type": "core/mail.send", "needs": ["load", "check"]}]}
RUNS = [    # task, state, message, start, end, inputs, outputs, error
    ("fetch", "SUCCESS", None, 600, 3100,
     {"url": "https://x", "API_Key": "abc123"}, {"rows": 5}, None),
    ("load", "FAILED", "connection refused", 3200, 95300,
     {"db": {"password": "hunter2", "port": 5432}}, None,
     {"code": "ECONN", "message": "connection refused"}),
    ("check", "SUCCESS", None, 3200, 60000, None, {"ok": True}, None),
    ("report", "PENDING", None, None, None, None, None, None)]
ATTEMPTS = [("fetch", 1, "SUCCESS", 600, 3100),
            ("load", 1, "FAILED", 3200, 20000),
            ("load", 2, "FAILED", 30000, 50000),
            ("load", 3, "FAILED", 60000, 95300),
            ("check", 1, "SUCCESS", 3200, 60000)]
EVENTS = [
    ("CREATED", 0, {"workflow_id": "nightly", "trigger_type": "cron"}),
    ("STARTED", 500, {}),
    ("STATE_CHANGE", 600, {"task_id": "fetch", "from": "PENDING",
                           "to": "RUNNING", "type": "core/http.get",
                           "inputs": {"url": "https://x", "API_Key": "abc"}}),
    ("STATE_CHANGE", 3100, {"task_id": "fetch", "from": "RUNNING",
                            "to": "SUCCESS", "outputs": {"rows": 5}}),
    ("STATE_CHANGE", 3200, {"task_id": "load", "from": "PENDING",
                            "to": "RUNNING", "needs": ["fetch"]}),
    ("STATE_CHANGE", 20000, {"task_id": "load", "from": "RUNNING",
                             "to": "FAILED", "reason": "connection refused"}),
    ("STATE_CHANGE", 30000, {"task_id": "load", "to": "RUNNING"}),
    ("STATE_CHANGE", 50000, {"task_id": "load", "to": "FAILED",
                             "exit_code": 7}),
    ("STATE_CHANGE", 60000, {"task_id": "load", "to": "RUNNING"}),
    ("STATE_CHANGE", 95300, {"task_id": "load", "to": "FAILED", "signal": 9}),
    ("FAILED", 95500, {"error_message": "load failed: connection refused",
                       "failed_task_id": "load"})]


def iso(ms):
    if ms is None:
        return None
    at = datetime.datetime.fromtimestamp((T + ms) // 1000,
                                         datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{(T + ms) % 1000:03d}Z"


def text(value):
    return None if value is None else json.dumps(value)


def insert(db, table, *values):
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} VALUES({marks})", values)


def open_file(daemon):
    return sqlite3.connect(daemon.db, timeout=10, isolation_level=None)


def tables(daemon):
    db = open_file(daemon)
    db.executescript(TABLES)
    db.close()


def state(daemon, execution, state, created=0):
    """An execution that only the engine knows."""
    db = open_file(daemon)
    db.execute("INSERT OR REPLACE INTO executions(execution_id, state, "
               "created_at) VALUES(?, ?, ?)", (execution, state, iso(created)))
    db.close()


def failed(daemon, execution="e1"):
    """The engine's rows."""
    db = open_file(daemon)
    db.execute("BEGIN IMMEDIATE")
    insert(db, "workflows", "nightly", json.dumps(DEFINITION))
    insert(db, "executions", execution, "nightly", "FAILED", "TASK_FAILED",
           "load failed: connection refused", None, iso(0), iso(500),
           iso(95500), iso(95500))
    for task, how, message, start, end, inputs, outputs, error in RUNS:
        insert(db, "task_runs", execution, task, how,
               "EXIT" if how == "FAILED" else None, message, iso(0),
               iso(start), iso(end), text(inputs), text(outputs),
               text(error), None if end is None else end - start, None)
    for task, number, how, start, end in ATTEMPTS:
        insert(db, "attempts", execution, task, number, how, iso(start),
               iso(end))
    db.execute("COMMIT")
    db.close()


def events(daemon, execution="e1"):
    """The audit events, and lines."""
    db = open_file(daemon)
    db.execute("BEGIN IMMEDIATE")
    for kind, at, metadata in EVENTS:
        db.execute("INSERT INTO execution_audit_events(execution_id, "
                   "event_type, timestamp, metadata) VALUES(?, ?, ?, ?)",
                   (execution, kind, T + at, json.dumps(metadata)))
    lines(db, execution, "load", "ERROR", 8, 90000)
    lines(db, execution, "check", "INFO", 3, 4000)
    db.execute("COMMIT")
    db.close()


def lines(db, execution, task, level, n, at):
    for i in range(n):
        db.execute("INSERT INTO execution_logs(execution_id, task_id, "
                   "timestamp, level, source, message) "
                   "VALUES(?, ?, ?, ?, ?, ?)",
                   (execution, task, T + at + i, level,
                    "plugin:core/sql.run", f"could not connect {i}"))
