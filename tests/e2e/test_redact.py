"""Values of keys that look secret: in whatever text of the engine or of an event
they are, inspect, list and audit do not show them."""
import json

import pytest

from lib import engine

SECRET = "***SECRET***"
HIDDEN = "hunter2"
PLAIN = json.dumps({"db": {"password": HIDDEN, "port": 5432}, "user": "bob"})
SHOWN = PLAIN.replace(HIDDEN, SECRET)
TEXTS = {
    "json": PLAIN,
    "string": json.dumps({"inputs": PLAIN}),
    "cut": json.dumps({"inputs": PLAIN})[:45],
    "assigned": f"no way: --password={HIDDEN} -h x",
    "field": f"user: bob\npassword: {HIDDEN}",
    "object": 'login({user:"a",password:"%s"})' % HIDDEN,
    "inspected": "refused { password: '%s', user: 'bob' }" % HIDDEN,
}


@pytest.fixture(params=TEXTS)
def told(request, daemon):
    """The text in each column that may hold any, and in each key of an event."""
    text = TEXTS[request.param]
    assert HIDDEN in text
    db = engine.open_file(daemon)
    db.executescript(engine.TABLES)
    db.execute("ALTER TABLE attempts ADD COLUMN reason")
    db.execute("BEGIN IMMEDIATE")
    engine.insert(db, "workflows", "w", json.dumps({"tasks": [
        {"id": "load", "type": text, "needs": [text]}]}))
    engine.insert(db, "executions", "e1", "w", "FAILED", text, text, text,
                  *[engine.iso(0)] * 4)
    engine.insert(db, "executions", "e2", text, text, text, text, text,
                  *[engine.iso(0)] * 4)
    for task, state in ("load", "FAILED"), ("odd", text):
        engine.insert(db, "task_runs", "e1", task, state, text, text,
                      *[engine.iso(0)] * 3, text, text, text, 5, text)
    for number in 1, 2:
        engine.insert(db, "attempts", "e1", "load", number, text,
                      engine.iso(0), engine.iso(5), text)
    for metadata in (dict(task_id="load", to="RUNNING", inputs=text),
                     dict(task_id="sole", to="RUNNING", inputs=text,
                          type=text, needs=[text]),
                     dict(task_id="sole", to="FAILED", outputs=text,
                          error=text, reason=text),
                     dict(task_id="sole", to=text)):
        db.execute("INSERT INTO execution_audit_events(execution_id, "
                   "event_type, timestamp, metadata) "
                   "VALUES('e1', 'STATE_CHANGE', 5, ?)",
                   (json.dumps(metadata),))
    for execution in "e1", "e3":
        db.execute("INSERT INTO execution_audit_events(execution_id, "
                   "event_type, timestamp, metadata) "
                   "VALUES(?, 'FAILED', 6, ?)", (execution, json.dumps(
                       dict(error_message=text, reason=text, message=text))))
    db.execute("COMMIT")
    db.close()
    return daemon


COMMANDS = (
    ("inspect", "e1"), ("inspect", "e1", "--json"),
    ("inspect", "e1", "-o", "json"), ("inspect", "e1", "-t", "load"),
    ("inspect", "e1", "--timeline", "--inputs", "--outputs", "--errors",
     "--audit", "--no-truncate"), ("inspect", "e2"),
    ("inspect", "e3"), ("inspect", "e3", "--json"),
    ("list",), ("list", "--json"), ("list", "-o", "ndjson"),
    ("audit", "e1"), ("audit", "e1", "--json"), ("audit", "@all"),
    ("audit", "e1", "-o", "verbose"), ("audit", "e1", "-o", "ndjson"))


def test_nothing_shows_it(told):
    for args in COMMANDS:
        out = told.ok(*args)
        assert HIDDEN not in out, args
        if "--json" in args:
            json.loads(out)
        assert SECRET in out or (args[0] == "list" and "e2" in out), args
    told.stop()
    for args in COMMANDS:
        assert HIDDEN not in told.ok(*args, "--db", told.db), args


def test_where_the_engine_has_said_it(daemon):
    """All else stays as it is written."""
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, workflow_id, state, "
               "message) VALUES('e1', 'w', 'FAILED', ?)", PLAIN)
    daemon.sql("INSERT INTO task_runs(execution_id, task_id, state, inputs, "
               "outputs, error, message) VALUES('e1', 't (key=a)', 'FAILED', "
               "?, ?, ?, ?)", json.dumps({"body": PLAIN}),
               '{"a": "b\\/c \\u00e9", "n": 0.10}', "KeyError: 'password'",
               PLAIN)
    # The task is the same one: its name is no secret.
    daemon.sql("INSERT INTO execution_audit_events(execution_id, event_type, "
               "timestamp, metadata) VALUES('e1', 'STATE_CHANGE', 5, ?)",
               json.dumps(dict(task_id="t (key=a)", to="FAILED",
                               reason="Unexpected token: <")))
    out = daemon.ok("inspect", "e1", "--json")
    found = json.loads(out)
    task, = found["tasks"]
    assert found["execution"]["message"] == SHOWN
    assert task["task_id"] == "t (key=a)"
    assert task["inputs"] == {"body": SHOWN}
    assert '"outputs":{"a": "b\\/c \\u00e9", "n": 0.10}' in out
    assert task["error"] == "KeyError: 'password'"
    assert task["attempts"][0]["reason"] == "Unexpected token: <"


def test_a_text_is_cut_behind_that(daemon):
    """What is left of a value is no value any more."""
    engine.tables(daemon)
    text = json.dumps({"a": "x" * 6118, "password": HIDDEN})
    assert text[:6144].endswith('"hun')
    daemon.sql("INSERT INTO executions(execution_id, state, message) "
               "VALUES('e1', 'FAILED', ?)", text)
    found = json.loads(daemon.ok("inspect", "e1", "--json"))
    message = found["execution"]["message"]
    assert len(message) == 6144 and message.endswith('"***')


def test_texts_that_grow_when_they_are_escaped_are_cut(daemon):
    """Whatever they are, each task and execution is told of."""
    text = "\x01" * 20000
    db = engine.open_file(daemon)
    db.executescript(engine.TABLES)
    db.execute("ALTER TABLE attempts ADD COLUMN reason")
    engine.insert(db, "executions", "e1", text, text, text, text, text,
                  *[engine.iso(0)] * 4)
    engine.insert(db, "task_runs", "e1", text, text, text, text,
                  *[engine.iso(0)] * 3, text, text, text, 5, text)
    engine.insert(db, "attempts", "e1", "load", 1, text, engine.iso(0),
                  engine.iso(5), text)
    db.close()
    told = json.loads(daemon.ok("inspect", "e1", "--json"))
    assert told["execution"]["message"][:1000] == text[:1000]
    assert {t["task_id"][:4] for t in told["tasks"]} == {text[:4], "load"}
    assert [e["execution_id"] for e in json.loads(
        daemon.ok("list", "--json"))] == ["e1"]
