"""What else is in the file: tables, views and triggers of any kind, and rows
in tables of ours that somebody has put there."""
import sqlite3
import subprocess

import pytest

from lib.daemon import await_until, clean_env

ENDLESS = """CREATE VIEW executions AS WITH RECURSIVE c(i) AS (SELECT 1 UNION
    ALL SELECT i + 1 FROM c) SELECT i AS execution_id, 'x' AS state,
    'w' AS workflow_id, '2026' AS created_at FROM c"""


def works(daemon):
    daemon.ok("event", "e1", "STARTED")
    daemon.ok("write", "e1", "line")
    daemon.ok("event", "e1", "COMPLETED")
    assert daemon.ok("logs", "e1", "-o", "cat") == "line\n"
    assert "e1" in daemon.ok("list")
    assert "SUCCESS" in daemon.ok("inspect", "e1")
    assert daemon.status()["state"] == "ok"


@pytest.mark.parametrize("table", [
    "runs(id, meta TEXT CHECK (json_valid(meta)))",
    "runs(id, meta TEXT, a AS (json_extract(meta, '$.a')))",
    "runs(id, meta TEXT); CREATE INDEX r ON runs(json_extract(meta, '$.a'));"
    "CREATE INDEX s ON runs(id) WHERE json_valid(meta)",
    "executions(execution_id PRIMARY KEY, state, metadata "
    "CHECK (json_valid(metadata)), log_entry_count INTEGER DEFAULT 0)"])
def test_json_in_the_schema_of_others(daemon, table):
    for text in f"CREATE TABLE {table}".split(";"):
        daemon.sql(text)
    works(daemon)
    daemon.stop()
    daemon.start()
    assert daemon.ok("logs", "e1", "-o", "cat") == "line\n"


@pytest.mark.parametrize("module", [
    "fts5(execution_id, state, workflow_id)",
    "rtree(execution_id, a, b)"])
def test_a_table_that_is_code(daemon, module):
    """It is not read, and nothing of it is left at the end."""
    daemon.sql(f"CREATE VIRTUAL TABLE executions USING {module}")
    works(daemon)
    assert daemon.stop() == 0
    daemon.start()


def test_a_view_without_end(daemon):
    """Who asks is told; the others go on."""
    daemon.ok("write", "e1", "line")
    daemon.sql(ENDLESS)
    code, _, err = daemon.cli("list")
    assert code == 5 and "it takes too long" in err
    daemon.sql("DROP VIEW executions")
    assert daemon.ok("logs", "e1", "-o", "cat") == "line\n"
    assert "e1" in daemon.ok("list")


@pytest.mark.parametrize("table", ["executions", "workflows", "task_runs",
                                   "attempts"])
def test_a_table_that_cannot_be_read(daemon, table):
    """It is not as if it were not there; one that makes no sense is."""
    view = f"""CREATE VIEW {table} AS SELECT 'e1' AS execution_id,
        't1' AS task_id, state, state AS status FROM (SELECT %s AS state)"""
    if table == "workflows":
        view = "CREATE VIEW workflows AS SELECT 'w' AS id, %s AS definition"
        daemon.sql("CREATE TABLE executions(execution_id, workflow_id)")
        daemon.sql("INSERT INTO executions VALUES('e1', 'w')")
    daemon.ok("event", "e1", "COMPLETED")
    daemon.sql(view.replace("%s", "zeroblob(2000000000)"))
    tried = [("inspect", "e1", "--json")]
    if table == "executions":
        tried.append(("list",))
    for args in tried:
        code, out, err = daemon.cli(*args)
        assert (code, out) == (5, "") and err.count("\n") == 1
        assert f"{table}: string or blob too big" in err
    daemon.sql(f"DROP VIEW {table}")
    daemon.sql(view.replace("%s", "json('no json')"))
    assert "e1" in daemon.ok("inspect", "e1")


def cpu_of(daemon):
    """In ticks of 10 ms."""
    with open(f"/proc/{daemon.process.pid}/stat") as file:
        return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))


def test_a_stop_while_a_view_is_read(daemon):
    daemon.sql(ENDLESS)
    reader = daemon.reader()
    reader.ask(kind="list")
    cpu = cpu_of(daemon)
    await_until(lambda: cpu_of(daemon) > cpu + 5, "the reader at work")
    assert daemon.stop() == 0


def test_an_origin_of_no_event_is_refused(daemon):
    """It would stop the event that gets this id."""
    daemon.ok("event", "e1", "CREATED")
    with pytest.raises(sqlite3.IntegrityError, match="of events that there are"):
        daemon.sql("INSERT INTO execlog_audit_origin (audit_id, received_at) "
                   "VALUES (2, 0)")
    works(daemon)


def test_a_planted_trigger_is_named(daemon):
    daemon.ok("write", "e1", "before")
    daemon.sql("CREATE TRIGGER \"evil\x1b[2J\" AFTER INSERT ON execution_logs "
               "BEGIN SELECT 1; END")
    writer = daemon.spawn("write", "e1", "behind")
    status = await_until(lambda: (s := daemon.status())["state"] == "degraded"
                         and s)
    assert "the trigger evil?[2J on a table" in status["reason"]
    daemon.kill()
    done = subprocess.run(daemon.argv(), env=clean_env(), timeout=20,
                          capture_output=True, text=True)
    assert done.returncode == 5
    assert "the trigger evil?[2J on a table" in done.stderr
    daemon.sql("DROP TRIGGER \"evil\x1b[2J\"")
    daemon.start()
    assert writer.wait(20) == 0
    writer.communicate()
    assert daemon.messages("e1") == ["before", "behind"]
