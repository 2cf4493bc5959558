"""inspect: every form of it, from the engine's tables and without them."""
import json
import os
import pathlib
import re
import sqlite3

import pytest

from lib import engine
from lib.daemon import await_until

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"
TRIGGERS = GOLDEN.parent.parent / "sql/state_change_trigger.sql"
ALL = ("--timeline", "--inputs", "--outputs", "--errors", "--audit")


def golden(name, text):
    """EXECLOG_GOLDEN=1 writes what is then to be looked at."""
    path = GOLDEN / name
    if os.environ.get("EXECLOG_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def with_engine(daemon):
    engine.tables(daemon)
    engine.failed(daemon)
    engine.events(daemon)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("source", ["engine", "events"])
def test_text(daemon, source, width):
    (with_engine if source == "engine" else engine.events)(daemon)
    golden(f"inspect-{source}-{width}.txt",
           daemon.ok("inspect", "e1", *ALL, env=dict(COLUMNS=width)))


def test_colors(daemon):
    with_engine(daemon)
    out = daemon.ok("inspect", "e1", "--timeline", "--color", "always",
                    env=dict(COLUMNS=80))
    golden("inspect-color.txt", out)
    assert re.sub("\033\\[[0-9]*m", "", out) == daemon.ok(
        "inspect", "e1", "--timeline", env=dict(COLUMNS=80))


# ------------------------------------------------------------------------ JSON

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def is_time(v):
    return v is None or re.fullmatch(TIME, v)


def is_text(v):
    return v is None or isinstance(v, str)


def is_ms(v):
    return v is None or (type(v) is int and v >= 0)


def anything(v):
    return True


def list_of(schema):
    return lambda v: isinstance(v, list) and all(
        matches(x, schema) for x in v)


def matches(value, schema):
    if callable(schema):
        assert schema(value), value
        return True
    assert set(schema) <= set(value), set(schema) - set(value)
    return all(matches(value[k], schema[k]) for k in schema)


STATE = {None, "PENDING", "RUNNING", "WAITING", "SUCCESS", "FAILED",
         "CANCELLED"}.__contains__
ATTEMPT = dict(attempt=is_ms, state=STATE, started_at=is_time,
               ended_at=is_time, duration_ms=is_ms, reason=is_text)
SCHEMA = dict(
    execution=dict(execution_id=is_text, workflow_id=is_text, state=STATE,
                   created_at=is_time, started_at=is_time, ended_at=is_time,
                   duration_ms=is_ms,
                   complete=lambda v: v in (True, False, None)),
    tasks=list_of(dict(task_id=is_text, type=is_text, state=STATE,
                       reason_code=is_text, message=is_text,
                       created_at=is_time, attempts=list_of(ATTEMPT), duration_ms=is_ms,
                       started_at=is_time, ended_at=is_time,
                       needs=list_of(is_text), inputs=anything,
                       outputs=anything, error=anything)),
    audit_events=list_of(dict(id=is_ms, execution_id=is_text,
                              event_type=is_text, timestamp=is_ms,
                              occurred_at=is_time,
                              metadata=lambda v: isinstance(v, dict))))


def times(value):
    """All that is named *_at, at any depth."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield from [v] if k.endswith("_at") else times(v)
    elif isinstance(value, list):
        for v in value:
            yield from times(v)


def inspected(daemon, *args):
    found = json.loads(daemon.ok("inspect", *args, "--json"))
    assert matches(found, SCHEMA)
    assert all(is_time(at) for at in times(found)), list(times(found))
    return found


def task(found, name):
    return {t["task_id"]: t for t in found["tasks"]}[name]


def test_json_from_the_engine(daemon):
    with_engine(daemon)
    found = inspected(daemon, "e1")
    e = found["execution"]
    assert (e["state"], e["duration_ms"], e["complete"], e["source"]) == (
        "FAILED", 95000, None, "engine")
    assert e["created_at"] == "2026-02-07T10:00:00.000Z"
    load = task(found, "load")
    assert [a["reason"] for a in load["attempts"]] == [
        "connection refused", "exit code 7", "signal 9"]
    assert load["inputs"] == {"db": {"password": "***SECRET***",
                                     "port": 5432}}
    assert load["error"]["code"] == "ECONN"
    assert (load["reason_code"], load["message"], load["created_at"]) == (
        "EXIT", "connection refused", "2026-02-07T10:00:00.000Z")
    assert task(found, "fetch")["inputs"] == {"url": "https://x",
                                              "API_Key": "***SECRET***"}
    assert task(found, "report")["needs"] == ["load", "check"]
    assert task(found, "check")["needs"] == ["fetch"]
    assert len(found["audit_events"]) == len(engine.EVENTS)
    assert "hunter2" not in json.dumps(found)


def test_times_are_iso_8601(daemon):
    daemon.ok("event", "e1", "STARTED")
    for at in engine.T, 10 ** 17:
        daemon.sql("INSERT INTO execution_audit_events(execution_id, "
                   "event_type, timestamp, metadata) "
                   "VALUES('e2', 'STARTED', ?, '{}')", at)
    event, = inspected(daemon, "e1")["audit_events"]
    sent, = json.loads(daemon.ok("audit", "e1", "--json"))
    assert event["occurred_at"] <= event["origin"]["received_at"]
    assert event["timestamp"] == sent["timestamp"]
    assert type(sent["origin"]["received_at"]) is int
    assert "occurred_at" not in sent
    assert [e["occurred_at"] for e in inspected(daemon, "e2")[
        "audit_events"]] == ["2026-02-07T10:00:00.000Z", None]


def test_ndjson_is_one_line(daemon):
    with_engine(daemon)
    daemon.sql("UPDATE task_runs SET outputs = '{\n\"a\":\r\n1}'")
    line, = daemon.ok("inspect", "e1", "-o", "ndjson").splitlines()
    assert json.loads(line) == inspected(daemon, "e1")


def test_the_same_from_events(daemon):
    engine.events(daemon)
    found = inspected(daemon, "e1")
    e = found["execution"]
    assert (e["state"], e["duration_ms"], e["workflow_id"], e["source"]) == (
        "FAILED", 95000, "nightly", "events")
    load = task(found, "load")
    assert [(a["attempt"], a["state"], a["duration_ms"], a["reason"])
            for a in load["attempts"]] == [
        (1, "FAILED", 16800, "connection refused"),
        (2, "FAILED", 20000, "exit code 7"), (3, "FAILED", 35300, "signal 9")]
    # Its lines are all that is known of this one.
    check = task(found, "check")
    assert (check["state"], check["duration_ms"]) == (None, 2)
    assert found["audit_events"][2]["metadata"]["inputs"]["API_Key"] == \
        "***SECRET***"


def test_columns_may_be_missing(daemon):
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.executescript("""
        CREATE TABLE executions(execution_id TEXT, state TEXT);
        CREATE TABLE task_runs(execution_id TEXT, task_id TEXT);
        CREATE TABLE attempts(execution_id TEXT, task_id TEXT);
        CREATE TABLE workflows(id TEXT, definition TEXT);
        INSERT INTO executions VALUES('e1', 'RUNNING'), ('e2', 'odd');
        INSERT INTO task_runs VALUES('e1', 't1');
        INSERT INTO attempts VALUES('e1', 't1');
        INSERT INTO workflows VALUES('w', 'no json');""")
    db.close()
    out = daemon.ok("inspect", "e1")
    assert "in progress" in out and "t1" in out
    assert "state      odd" in daemon.ok("inspect", "e2")
    assert "e1" in daemon.ok("list") and "odd" in daemon.ok("list")
    # Or a table is quite another one.
    daemon.sql("DROP TABLE task_runs")
    daemon.sql("CREATE TABLE task_runs(a)")
    daemon.ok("inspect", "e1")


# -------------------------------------------------------------- completeness

def test_completeness(daemon):
    daemon.ok("event", "e1", "STARTED")
    daemon.ok("run", "e1", "-t", "build", "--", "sh", "-c",
              "echo a; echo b; echo c >&2")
    assert "output     complete, 3 lines" in daemon.ok("inspect", "e1")
    found = inspected(daemon, "e1")
    assert found["execution"]["complete"] is True
    assert [a["attempt"] for a in task(found, "build")["attempts"]] == [1]
    lost = daemon.producer(producer="p1")
    lost.open(1, "e1", "deploy", streams=["stderr"], attempt=2)
    lost.line(1, b"half", stream=2)
    lost.sync()
    assert "output     still open, 4 lines; open: deploy attempt 2 stderr" in \
        daemon.ok("inspect", "e1")
    assert task(inspected(daemon, "e1"), "deploy")["state"] == "RUNNING"
    lost.close()
    await_until(lambda: daemon.status()["lost_streams"] == 1, "the loss")
    assert "output     incomplete, 4 lines; lost: deploy attempt 2 stderr" in \
        daemon.ok("inspect", "e1")
    assert inspected(daemon, "e1")["execution"]["complete"] is False


# ------------------------------------------------------------------- secrets

def test_registered_values_are_masked(daemon):
    engine.tables(daemon)
    p = daemon.producer()
    p.send(10, dict(execution_id="e1", values=["tr0ub4dor"], tag=1))
    assert p.recv()[0] == 0x86
    daemon.sql("INSERT INTO executions(execution_id, state, message) "
               "VALUES('e1', 'FAILED', 'no tr0ub4dor here')")
    daemon.sql("INSERT INTO task_runs(execution_id, task_id, state, inputs, "
               "error) VALUES('e1', 't', 'FAILED', ?, 'bad tr0ub4dor')",
               json.dumps({"a": "xtr0ub4dorx"}))
    daemon.sql("INSERT INTO execution_audit_events(execution_id, event_type, "
               "timestamp, metadata) VALUES('e1', 'FAILED', 5, ?)",
               json.dumps({"error_message": "tr0ub4dor"}))
    for args in (("--json",), ("--inputs", "--errors", "--audit")):
        out = daemon.ok("inspect", "e1", *args)
        assert "tr0ub4dor" not in out
        assert out.count("***SECRET***") >= 3
    p.close()


def test_values_that_are_no_json(daemon):
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, state) "
               "VALUES('e1', 'SUCCESS')")
    long = "x" * 100000
    daemon.sql("INSERT INTO task_runs(execution_id, task_id, inputs, outputs, "
               "error) VALUES('e1', 't', ?, ?, ?)",
               '{"password": "cut off', json.dumps({"long": long}),
               "\x01" * 30000)
    t = task(inspected(daemon, "e1"), "t")
    assert t["inputs"] == '{"password": "***SECRET***"'
    assert t["outputs"] == {"long": long}
    assert t["error"] == "\x01" * 30000
    out = daemon.ok("inspect", "e1", "--outputs")
    assert max(map(len, out.splitlines())) < 250 and "…" in out
    assert long in daemon.ok("inspect", "e1", "--outputs", "--no-truncate")


# -------------------------------------------------------------- what is shown

def test_many_tasks_are_summarised(daemon):
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, state, started_at) "
               "VALUES('e1', 'FAILED', ?)", engine.iso(0))
    daemon.sql("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM "
               "n WHERE i < 499) INSERT INTO task_runs(execution_id, task_id, "
               "state, duration_ms) SELECT 'e1', 't' || i, CASE i WHEN 7 THEN "
               "'FAILED' ELSE 'SUCCESS' END, i FROM n")
    out = daemon.ok("inspect", "e1")
    assert "tasks      500: 499 SUCCESS, 1 FAILED" in out
    shown = re.findall(r"^t(\d+) ", out, re.M)
    assert sorted(map(int, shown)) == [7, *range(490, 500)]
    assert "(489 of 500 tasks not shown: --task ID, --no-truncate;" in out
    assert re.findall(r"^t(\d+) ", daemon.ok("inspect", "e1", "-t", "t33"),
                      re.M) == ["33"]
    assert len(re.findall(r"^t\d+ ", daemon.ok(
        "inspect", "e1", "--no-truncate"), re.M)) == 500
    code, out, err = daemon.cli("inspect", "e1", "-t", "no")
    assert code == 4 and "There is no task no in execution e1" in err


def test_many_tasks_in_a_timeline(daemon):
    """To the scale of all, also of those that are not shown."""
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, state, started_at) "
               "VALUES('e1', 'RUNNING', ?)", engine.iso(0))
    db = engine.open_file(daemon)
    db.execute("BEGIN IMMEDIATE")
    for i in range(100):
        state = {10: "FAILED", 20: "RUNNING"}.get(i, "SUCCESS")
        start, took = 1000 * i, 50000 if i == 30 else 100
        if i == 99:
            took = 0
        db.execute("INSERT INTO task_runs(execution_id, task_id, state, "
                   "started_at, ended_at) VALUES('e1', ?, ?, ?, ?)",
                   (f"t{i}", state, engine.iso(start),
                    None if state == "RUNNING" else engine.iso(start + took)))
    db.execute("COMMIT")
    db.close()
    daemon.sql("UPDATE executions SET state = 'SUCCESS', ended_at = ?",
               engine.iso(100000))
    head, *rows = daemon.ok("inspect", "e1", "--timeline", env=dict(
        COLUMNS=80)).split("TIMELINE")[1].splitlines()
    assert rows[-2].startswith("(88 of 100 tasks not shown")
    bars = {row.split()[0]: row for row in rows[:-2]}
    assert len(bars) == 12 and {"t10", "t20", "t30", "t0"} <= set(bars)
    # From 30 s to 80 s of 100 s, in 63 columns behind five.
    assert bars["t30"].index("█") - 5 == 63 * 30 // 100 + 1
    assert bars["t30"].count("█") == 31
    assert len(bars["t20"]) < 80 and bars["t20"].endswith("▶ 1m 20s...")


def test_running_is_open_ended(daemon):
    daemon.ok("event", "e1", "STARTED")
    daemon.ok("event", "e1", "STATE_CHANGE", "-t", "t1", "--to", "RUNNING")
    out = daemon.ok("inspect", "@running", "--timeline")
    assert "in progress" in out and "▶" in out
    found = inspected(daemon, "e1")
    assert found["execution"]["ended_at"] is None
    assert task(found, "t1")["state"] == "RUNNING"


def test_ids_of_others_do_not_reach_the_terminal(daemon):
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, state, message) "
               "VALUES('e1', 'FAILED', ?)", "\033[2J\nfake line")
    daemon.sql("INSERT INTO task_runs(execution_id, task_id, state) "
               "VALUES('e1', ?, ?)", "\033[31mt\n1", "\033]0;x")
    for args in ((), ("--timeline",), ("--inputs",), ("--errors",)):
        out = daemon.ok("inspect", "e1", *args)
        assert "\033" not in out and "\nfake line" not in out
    daemon.sql("UPDATE executions SET state = ?", "\033[2J")
    assert "\033" not in daemon.ok("list")


def test_a_cell_does_not_push_the_others_away(daemon):
    engine.tables(daemon)
    state = "Z" * 82
    daemon.sql("INSERT INTO executions(execution_id, workflow_id, state) "
               "VALUES('e1', ?, ?)", "w" * 90, state)
    daemon.sql("INSERT INTO task_runs(execution_id, task_id, state) "
               "VALUES('e1', 'a\tb', ?), ('e1', '字字', 'SUCCESS')", state)
    for out in daemon.ok("list"), daemon.ok("inspect", "e1").split("\n\n")[1]:
        assert "Z" * 19 + "…" in out and "Z" * 20 not in out
    head, first, second = out.splitlines()
    assert first.startswith("a^Ib  ") and second.startswith("字字  ")
    assert head.index("STATE") == first.index("Z") == \
        second.index("SUCCESS") + 2
    assert "w" * 59 + "…" in daemon.ok("list")
    assert state in daemon.ok("inspect", "e1", "--no-truncate")


def test_not_found_and_prefixes(daemon):
    code, out, err = daemon.cli("inspect", "nope")
    assert code == 4 and "Execution not found: nope" in err
    daemon.ok("write", "exec-1", "a")
    daemon.ok("write", "exec-2", "a")
    assert daemon.cli("inspect", "exec-")[0] == 2
    assert "execution  exec-1" in daemon.ok("inspect", "exec-1")
    assert "execution  exec-2" in daemon.ok("inspect", "exec-2")
    daemon.ok("write", "other", "a")
    assert "execution  other" in daemon.ok("inspect", "oth")


def test_db(daemon):
    with_engine(daemon)
    text = daemon.ok("inspect", "e1", "--timeline")
    code, out, err = daemon.cli("inspect", "e1", "--db", daemon.db)
    assert code == 5
    daemon.stop()
    assert daemon.ok("inspect", "e1", "--timeline", "--db",
                     daemon.db) == text
    assert "e1" in daemon.ok("list", "--db", daemon.db)
    assert daemon.cli("inspect", "e1", "--db", daemon.db, "--watch")[0] == 2


def test_a_file_from_before_summaries(daemon):
    with_engine(daemon)
    engine.events(daemon, "e2")
    daemon.stop()
    for table in ("executions", "tasks", "known", "unread"):
        daemon.sql(f"DROP TABLE execlog_{table}")
    code, out, err = daemon.cli("list", "--db", daemon.db)
    assert code == 5 and "execlog migrate up" in err
    assert daemon.cli("logs", "@last", "--db", daemon.db)[0] == 5
    for execution in ("e1", "e2"):
        found = inspected(daemon, execution, "--db", daemon.db)
        assert found["execution"]["state"] == "FAILED"
        assert found["execution"]["duration_ms"] == 95000
        assert len(task(found, "load")["attempts"]) == 3


def test_who_sent_an_event_and_what_it_said(daemon):
    engine.tables(daemon)
    db = sqlite3.connect(daemon.db)
    db.executescript(TRIGGERS.read_text())
    db.close()
    daemon.sql("INSERT INTO executions (execution_id, state) "
               "VALUES ('e9', 'RUNNING')")
    daemon.ok("event", "e9", "STARTED", "--metadata",
              '{"api_token":"abc123456","n":1}')
    audit = json.loads(daemon.ok("audit", "e9", "--json"))
    shown = json.loads(daemon.ok("inspect", "e9", "--json"))["audit_events"]
    assert shown[1]["origin"]["metadata"] == {
        "api_token": "***SECRET***", "n": 1}
    for event in shown:
        del event["occurred_at"]
    del audit[1]["origin"]["received_at"], shown[1]["origin"]["received_at"]
    assert audit == shown and shown[1]["origin"]["uid"] == os.getuid()


def test_a_first_attempt_without_a_number(daemon):
    """As run --lifecycle says it, before one that has a number."""
    fails = ("sh", "-c", "echo no; exit 5")
    assert daemon.cli("run", "e1", "-t", "build", "--lifecycle", "--",
                      *fails)[0] == 5
    daemon.ok("run", "e1", "-t", "build", "--attempt", 2, "--lifecycle",
              "--", "echo", "yes")
    task, = json.loads(daemon.ok("inspect", "e1", "--json"))["tasks"]
    first, second = task["attempts"]
    assert (first["state"], second["state"]) == ("FAILED", "SUCCESS")
    assert first["ended_at"] <= second["started_at"]
    assert "5" in first["reason"] and second["reason"] is None
