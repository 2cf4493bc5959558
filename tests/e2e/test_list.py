"""list and the shortcuts; summaries keep up with the rows."""
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import time

import pytest

from lib import engine
from lib.daemon import await_until


def listed(daemon, *args):
    return json.loads(daemon.ok("list", "--json", *args))


def ids(daemon, *args):
    return [e["execution_id"] for e in listed(daemon, *args)]


def end(daemon, execution, kind):
    daemon.ok("event", execution, "STARTED")
    if kind:
        daemon.ok("event", execution, kind)


@pytest.fixture
def four(daemon):
    for execution, kind in (("a", "COMPLETED"), ("b", "FAILED"),
                            ("c", "TIMEOUT"), ("d", None)):
        end(daemon, execution, kind)
    return daemon


def test_columns(daemon):
    daemon.ok("event", "e1", "CREATED", "--metadata",
              '{"workflow_id": "nightly"}')
    daemon.ok("write", "e1", "-l", "error", "x")
    daemon.ok("write", "e1", "-l", "warn", "x")
    daemon.ok("write", "e1", "x")
    head, row = daemon.ok("list").splitlines()
    assert head.split() == ["EXECUTION", "WORKFLOW", "STATE", "STARTED",
                            "DURATION", "LINES", "ERRORS"]
    assert row.split()[:3] == ["e1", "nightly", "PENDING"]
    assert row.split()[-2:] == ["3", "1"]
    e, = listed(daemon)
    assert (e["lines"], e["errors"], e["warnings"]) == (3, 1, 1)
    assert json.loads(daemon.ok("list", "-o", "ndjson")) == e


def test_order_states_and_limits(four):
    assert ids(four) == ["d", "c", "b", "a"]
    assert ids(four, "-n", 2) == ["d", "c"]
    assert ids(four, "--state", "FAILED") == ["c", "b"]
    assert ids(four, "--state", "success,running") == ["d", "a"]
    assert ids(four, "--state", "CANCELLED") == []
    assert ids(four, "-S", "1h") == ["d", "c", "b", "a"]
    assert ids(four, "-S", "2099-01-01") == []
    for bad in (("--state", "odd"), ("-n", 0), ("-n", 10001), ("-o", "cat")):
        assert four.cli("list", *bad)[0] == 2
    assert "\033[31mFAILED\033[0m" in four.ok("list", "--color", "always")


@pytest.mark.parametrize("tables", [False, True])
def test_until(daemon, tables):
    now = 1770458400000
    p = daemon.producer()
    for i in range(30):
        p.log(f"e{i:02}", "x", timestamp=now + 1000 * i)
        p.event(f"e{i:02}", "FAILED")
    p.sync()
    p.close()
    if tables:
        engine.tables(daemon)
        for i in range(30):
            engine.state(daemon, f"x{i:02}", "FAILED", created=1000 * i + 1)
    wanted = ["e07", "x06", "e06", "x05", "e05"] if tables else [
        "e07", "e06", "e05"]
    for more in (), ("--state", "FAILED"):
        between = ("-S", now + 5000, "-U", now + 7000, *more)
        assert ids(daemon, *between) == wanted
        assert ids(daemon, "-U", now + 7000, "-n", 2, *more) == wanted[:2]
    assert ids(daemon, "--until", "2026-01-01") == []


@pytest.mark.parametrize("n, args, hint", [
    (20, (), False), (21, (), True), (21, ("-n", "5"), False)])
def test_a_list_that_is_cut_says_so_on_a_terminal(daemon, n, args, hint):
    p = daemon.producer()
    for i in range(n):
        p.log(f"e{i}", "x")
    p.sync()
    p.close()
    ours, theirs = os.openpty()
    done = subprocess.run(daemon.command("list", *args), stdout=theirs,
                          stderr=subprocess.PIPE, env=daemon.env())
    os.close(theirs)
    assert done.stderr.decode() == (
        "-- the 20 newest; -n N shows more --\n" if hint else "")
    shown = b""
    with contextlib.suppress(OSError):      # EIO: that was all
        while True:
            shown += os.read(ours, 65536)
    os.close(ours)
    rows = shown.decode().splitlines()
    assert len(rows) == 1 + (5 if args else 20)
    code, out, err = daemon.cli("list", *args)
    assert (code, len(out.splitlines()), err) == (0, len(rows), "")
    assert len(listed(daemon, *args)) == len(rows) - 1


def test_nothing_yet(daemon):
    code, out, err = daemon.cli("list")
    assert (code, out, err) == (0, "", "No executions found\n")
    assert listed(daemon) == []
    for name, says in (("@last", "There are no executions yet"),
                       ("@last-failed", "No execution has failed"),
                       ("@running", "No execution is running")):
        code, out, err = daemon.cli("logs", name)
        assert code == 4 and says in err


def test_shortcuts(four):
    four.ok("write", "c", "why")
    assert "[cli] why" in four.ok("logs", "@last-failed")
    assert "execution  d" in four.ok("inspect", "@last")
    assert "STARTED" in four.ok("audit", "@running")
    four.ok("event", "d", "COMPLETED")
    assert four.cli("wait", "@running")[0] == 4
    assert four.ok("follow", "@last") == ""
    assert four.cli("wait", "@last")[0] == 0
    assert four.cli("wait", "@last-failed")[0] == 1
    for execution in "xyz":
        end(four, execution, None)
    code, out, err = four.cli("follow", "@running")
    assert code == 2 and "z, y, x" in err


def test_the_engine_goes_before_events(four):
    engine.tables(four)
    engine.state(four, "a", "FAILED")
    engine.state(four, "new", "RUNNING", created=10 ** 12)
    assert ids(four, "--state", "FAILED") == ["c", "b", "a"]
    assert ids(four, "--state", "SUCCESS") == []
    # One that has left nothing but its row.
    assert ids(four) == ["new", "d", "c", "b", "a"]
    assert ids(four, "--state", "RUNNING") == ["new", "d"]
    engine.state(four, "d", "SUCCESS")
    four.ok("event", "new", "STARTED")
    assert four.cli("audit", "@running")[0] == 0


@pytest.mark.parametrize("table", [
    "CREATE TABLE executions({columns}) WITHOUT ROWID",
    "CREATE TABLE runs({columns}); CREATE VIEW executions AS SELECT * FROM runs "
    "UNION ALL SELECT * FROM runs WHERE 0"])
def test_a_table_of_the_engine_without_rowids(daemon, table):
    db = sqlite3.connect(daemon.db, isolation_level=None, timeout=20)
    db.executescript(table.format(
        columns="execution_id TEXT PRIMARY KEY, state TEXT, created_at TEXT"))
    name = "runs" if "VIEW" in table else "executions"
    for execution, day in (("a", 1), ("b", 2), ("c", 3)):
        db.execute(f"INSERT INTO {name} VALUES(?, 'RUNNING', ?)",
                   (execution, f"2026-01-0{day}T00:00:00Z"))
    db.execute(f"UPDATE {name} SET state = 'SUCCESS' WHERE execution_id = 'b'")
    db.close()
    assert ids(daemon) == ["c", "b", "a"]
    assert ids(daemon, "-n", 1) == ["c"]
    assert ids(daemon, "--state", "RUNNING") == ["c", "a"]
    assert ids(daemon, "--state", "RUNNING", "-n", 1) == ["c"]
    assert daemon.cli("inspect", "@running")[0] == 2


def test_narrow(four):
    four.ok("event", "a-very-long-execution-id-" + "x" * 60, "STARTED")
    for width in (80, 90, 120):
        lines = four.ok("list", env=dict(COLUMNS=width)).splitlines()
        assert max(map(len, lines)) <= width
    # Other columns go before an id is cut.
    assert "x" * 60 in lines[1] and "WORKFLOW" not in lines[0]
    for width in (40, 60):
        lines = four.ok("list", env=dict(COLUMNS=width)).splitlines()
        assert max(map(len, lines)) <= width and "STATE" in lines[0]
        assert "a-very-long" in lines[1] and "…" in lines[1]
    # Ids stay whole in a pipe.
    assert "x" * 60 in four.ok("list")


# ------------------------------------------------------------------ summaries

EXACT = """SELECT execution_id, count(*), sum(level = 'ERROR'),
    min(timestamp), max(timestamp) FROM execution_logs GROUP BY 1 ORDER BY 1"""
OURS = """SELECT execution_id, debug + info + warn + error, error, first_at,
    last_at FROM execlog_executions ORDER BY 1"""


def foreign(daemon, execution, n, at=1000, level="ERROR", task="t"):
    db = sqlite3.connect(daemon.db, isolation_level=None, timeout=20)
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO execution_logs(execution_id, task_id, "
                   "timestamp, level, source, message) "
                   "VALUES(?, ?, ?, ?, 's', 'm')",
                   ((execution, task, at + i, level) for i in range(n)))
    db.execute("COMMIT")
    db.close()


def is_folded(daemon):
    return daemon.sql("SELECT count(*) FROM execlog_unread") == [(0,)]


def test_rows_of_others_are_counted(daemon):
    daemon.ok("write", "e1", "ours")
    foreign(daemon, "e1", 100)
    foreign(daemon, "e2", 3000)
    daemon.ok("write", "e2", "ours", "-l", "error")
    foreign(daemon, "e3", 10)
    # Who asks is told at once.
    assert {e["execution_id"]: e["lines"] for e in listed(daemon)}["e3"] == 10
    await_until(lambda: is_folded(daemon), "the summaries")
    assert daemon.sql(OURS) == daemon.sql(EXACT)
    assert daemon.sql(
        "SELECT e.execution_id, t.task_id, t.first_at, t.last_at FROM "
        "execlog_tasks t JOIN execlog_executions e ON e.id = t.execution "
        "ORDER BY 1") == [("e1", "t", 1000, 1099), ("e2", "t", 1000, 3999),
                          ("e3", "t", 1000, 1009)]


def test_many_rows_of_others_are_counted_before_the_answer(daemon):
    foreign(daemon, "e1", 8000)
    assert listed(daemon)[0]["lines"] == 8000


def test_what_they_cost_the_log_is_known_to_the_checkpointer(daemon):
    """Also where nobody commits: else the log grows for ever."""
    foreign(daemon, "e1", 1000)
    assert listed(daemon)[0]["lines"] == 1000
    assert daemon.status()["checkpoint"]["frames"] > 0


def test_summaries_that_cannot_be_kept_are_told(daemon):
    daemon.sql("CREATE TRIGGER others AFTER INSERT ON execlog_tasks "
               "BEGIN SELECT 1; END")
    foreign(daemon, "e1", 10)
    daemon.ok("write", "e1", "ours")
    assert listed(daemon) == [] and listed(daemon) == []
    status = daemon.status()
    assert status["state"] == "degraded"
    assert status["reason"].startswith("list and inspect lag behind: ")
    assert "DROP TRIGGER" in status["advice"]
    daemon.sql("DROP TRIGGER others")
    assert listed(daemon)[0]["lines"] == 11
    assert daemon.status()["state"] == "ok"
    log = daemon.stderr.read_text()
    assert log.count("lag behind") == 1 and "up to date again" in log


def test_an_answer_awaits_the_lock_but_not_for_ever(daemon):
    foreign(daemon, "e1", 10)
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    process = subprocess.Popen(daemon.command("list", "--json"),
                               env=daemon.env(), stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)
    db.execute("ROLLBACK")
    assert json.loads(process.communicate()[0])[0]["lines"] == 10
    foreign(daemon, "e1", 10)
    db.execute("BEGIN IMMEDIATE")
    assert listed(daemon)[0]["lines"] == 10
    db.close()
    assert listed(daemon)[0]["lines"] == 20


def test_events_of_others_are_counted(daemon):
    daemon.ok("event", "e1", "STARTED")
    daemon.sql("INSERT INTO execution_audit_events(execution_id, event_type, "
               "timestamp, metadata) VALUES('e1', 'CANCELLED', 5, '{}')")
    daemon.ok("event", "e1", "COMPLETED")
    # The first end by id decides, in whatever order they are read.
    assert listed(daemon)[0]["state"] == "CANCELLED"
    daemon.sql("INSERT INTO execution_audit_events(execution_id, event_type, "
               "timestamp, metadata) VALUES('e2', 'STATE_CHANGE', 5, "
               "'{\"to\": \"WAITING\"}'), ('e2', 'STATE_CHANGE', 5, "
               "'{\"to\": \"FAILED\", \"task_id\": \"t\"}'), ('e2', "
               "'STATE_CHANGE', 5, 'no json')")
    assert ids(daemon, "--state", "WAITING") == ["e2"]


def test_older_files_are_read_in_steps_also_after_a_kill(idle):
    daemon = idle.start()
    foreign(daemon, "e1", 20000, task="a")
    foreign(daemon, "e2", 20000, task="b")
    daemon.kill()
    daemon.ok("migrate", "down", "5", "--yes", "--db", daemon.db)
    daemon.start()
    await_until(lambda: daemon.sql("SELECT count(*) FROM execlog_executions")
                != [(0,)], "a step")
    daemon.kill()
    daemon.start()
    daemon.ok("write", "e1", "meanwhile", "-l", "error")
    await_until(lambda: is_folded(daemon), "the summaries")
    assert daemon.sql(OURS) == daemon.sql(EXACT)


def test_a_kill_counts_nothing_twice(daemon):
    p = daemon.producer()
    for i in range(3000):
        p.log(f"e{i % 7}", "x", task=f"t{i % 3}", level=i % 4)
    p.sync()
    daemon.kill()
    daemon.start()
    foreign(daemon, "e1", 5)
    daemon.ok("list")
    await_until(lambda: not daemon.sql(
        "SELECT 1 FROM execlog_unread UNION SELECT 1 FROM execlog_known "
        "WHERE log < 3005"), "the summaries")
    assert daemon.sql(OURS) == daemon.sql(EXACT)
    assert daemon.sql("SELECT count(*) FROM execlog_tasks") == [(22,)]


def test_a_clean_stop_leaves_nothing_in_memory(daemon):
    p = daemon.producer()
    for i in range(100):
        p.log(f"e{i % 7}", "x", level=i % 4)
    p.sync()
    assert daemon.stop() == 0
    assert daemon.sql(OURS) == daemon.sql(EXACT)
    assert is_folded(daemon)


@pytest.mark.parametrize("shared", [False, True])
def test_more_executions_than_are_counted_in_memory(idle, shared):
    """They are written by the next transaction, also while nobody asks."""
    daemon = idle.start()
    if shared:
        daemon.sql("CREATE TABLE engines_own(x)")
    n = 1500 if shared else 9000
    p = daemon.producer()
    for i in range(n):
        p.log(f"e{i}", "x", level=i % 4, task="t")
    p.sync()
    p.log("e0", "x")
    p.sync()
    assert daemon.sql("SELECT count(*) FROM execlog_executions")[0][0] > (
        1000 if shared else 8000)
    daemon.kill()
    daemon.start()
    daemon.ok("list")
    assert daemon.sql(OURS) == daemon.sql(EXACT)
    await_until(lambda: is_folded(daemon), "the tasks")
    assert daemon.sql("SELECT count(*) FROM execlog_tasks") == [(n,)]


@pytest.mark.parametrize("seed", range(40 if os.environ.get("EXECLOG_SOAK")
                                       else 2))
def test_counts_are_exact_whatever_happens(idle, seed):
    """Ours and others' lines, kills, stops, sweeps and questions at random."""
    dice = random.Random(seed)
    daemon = idle.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    now = int(time.time() * 1000)
    for _ in range(25):
        what = dice.choice("wwwwwfffklls")
        if what == "w":
            p = daemon.producer()
            for _ in range(dice.randrange(1, 400)):
                p.log(f"e{dice.randrange(200)}", "x", task="t",
                      level=dice.randrange(4),
                      timestamp=now - dice.randrange(20) * 86400000)
            p.sync()
            p.close()
        elif what == "f":
            foreign(daemon, f"e{dice.randrange(200)}", dice.randrange(1, 300),
                    at=now - dice.randrange(1, 20) * 86400000)
        elif what == "k":
            daemon.kill()
            daemon.start()
        elif what == "l":
            listed(daemon)
        else:
            daemon.ok("sweep", "--yes")
    daemon.ok("list")
    assert daemon.sql(OURS) == daemon.sql(EXACT)
    await_until(lambda: is_folded(daemon), "the tasks")
    assert daemon.sql("SELECT count(*) FROM execlog_tasks") == daemon.sql(
        "SELECT count(DISTINCT execution_id) FROM execution_logs")


def test_a_time_in_the_future_does_not_stay_the_newest(daemon):
    p = daemon.producer()
    p.log("future", "x", timestamp=4102444800000)
    p.sync()
    p.log("now", "x")
    p.sync()
    assert ids(daemon) == ["now", "future"]
    p.close()


@pytest.mark.parametrize("name", ["@last", "@last-failed", "@running", "@all"])
def test_a_shortcut_is_no_id_to_write_to(daemon, name):
    for words in (["write", name, "x"], ["event", name, "CREATED"],
                  ["run", name, "--", "true"]):
        code, _, err = daemon.cli(*words)
        assert code == 2 and err == (
            f"execlog: {name} stands for an execution where one is read; "
            f"{words[0]} wants its id\n")
    assert daemon.sql("SELECT count(*) FROM execution_logs") == [(0,)]
