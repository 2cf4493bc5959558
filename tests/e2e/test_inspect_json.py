"""inspect --json is JSON, whatever the engine's tables and events say."""
import json

from lib import engine

NO_JSON = ["[}", '["x"', "[1", '"x', "[NaN]", '[1],"injected":[2]', "]"]


def defined(daemon, tasks):
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, workflow_id, state) "
               "VALUES('e1', 'w', 'RUNNING')")
    daemon.sql("INSERT INTO workflows(id, definition) VALUES('w', ?)",
               json.dumps(dict(tasks=tasks)))


def no_constant(name):
    raise ValueError(name)


def needs(daemon):
    found = json.loads(daemon.ok("inspect", "e1", "--json"),
                       parse_constant=no_constant)
    assert all("injected" not in t for t in found["tasks"])
    return {t["task_id"]: t["needs"] for t in found["tasks"]}


def test_needs_of_many(daemon):
    """As many as make the definition longer than a frame."""
    ids = [f'transform-partition-{i:04d}, "{i}"' for i in range(4000)]
    defined(daemon, [dict(id="merge", type="m", needs=ids)])
    assert needs(daemon) == {"merge": ids}
    out = daemon.ok("inspect", "e1", "--no-truncate")
    row, = [r for r in out.splitlines() if r.startswith("merge ")]
    assert row.endswith(", ".join(ids))


def test_needs_of_a_definition_are_no_json_of_ours(daemon):
    odd = '[a]"}, "injected": [1'
    defined(daemon, [dict(id="odd", needs=odd), dict(id="null", needs=None),
                     dict(id="none"), dict(id="one", needs="caf\u00e9"),
                     dict(id="number", needs=5), dict(id="empty", needs=[]),
                     dict(id="mixed", needs=[1, "a", None])])
    assert needs(daemon) == dict(
        odd=[odd], null=[], none=[], one=["caf\u00e9"], number=["5"],
        empty=[], mixed=[1, "a", None])
    rows = {r.split()[0]: r.rstrip() for r in daemon.ok(
        "inspect", "e1").splitlines() if r}
    assert rows["odd"].endswith(odd) and rows["one"].endswith("caf\u00e9")


def test_needs_of_an_event_that_is_no_json(daemon):
    for i, text in enumerate(NO_JSON):
        daemon.sql("INSERT INTO execution_audit_events(execution_id, "
                   "event_type, timestamp, metadata) "
                   "VALUES('e1', 'STATE_CHANGE', 5, ?)",
                   f'{{"to":"RUNNING","task_id":"t{i}","needs":{text}}}')
    assert set(needs(daemon)) == {f"t{i}" for i in range(len(NO_JSON))}
    daemon.ok("inspect", "e1")


def test_what_is_left_out_is_told(daemon):
    engine.tables(daemon)
    daemon.sql("INSERT INTO executions(execution_id, state) "
               "VALUES('e1', 'SUCCESS')")

    def is_told(*args):
        told = "(incomplete: more tasks" in daemon.ok("inspect", "e1", *args)
        assert told == json.loads(daemon.ok("inspect", "e1", *args,
                                            "--json"))["truncated"]
        return told

    daemon.sql("INSERT INTO task_runs(execution_id, task_id, error) "
               "VALUES('e1', 't', ?)", "x" * (256 << 10))
    assert not is_told()
    daemon.sql("UPDATE task_runs SET error = error || 'x'")
    assert is_told() and is_told("--audit")
