"""Who reads is told of what retention has removed."""
import json
import re
import sqlite3

from lib.daemon import finish
from lib.sweeps import ago, await_sweep, rows, thirty, write


def test_readers_are_told(thirty):
    daemon = thirty
    write(daemon, "e", 31, 1204)
    code, out, err = daemon.cli("logs", "e", "--head", 600, "--show-cursor",
                                "-o", "cat")
    cursor = re.search(r"cursor: (\S+) --", err)[1]
    write(daemon, "e", 1, 3)
    code, out, err = daemon.cli("logs", "e", "-n", 2, "--show-cursor")
    late = re.search(r"cursor: (\S+) --", err)[1]
    daemon.ok("sweep")
    code, out, err = daemon.cli("logs", "e", "-o", "cat")
    assert (code, out) == (0, "0\n1\n2\n")
    assert err == "-- 1 204 older lines were removed by retention --\n"
    # Behind a cursor in the middle of them it is not known exactly.
    code, out, err = daemon.cli("logs", "e", "-o", "cat", "--after-cursor",
                                cursor)
    assert (code, out) == (0, "0\n1\n2\n")
    assert err == "-- up to 1 204 older lines were removed by retention --\n"
    # Whoever has seen it all, or wants the newest, is not told.
    for args in (["--after-cursor", late], ["-n", "2"], ["-n", "3"],
                 ["-n", "0"], ["-S", "3d"], ["-n", "9", "-S", "3d"],
                 ["-r", "-n", "3"], ["-r", "-S", "3d"], ["-r", "--head", "2"],
                 ["-g", "[0-9]", "-n", "3"], ["-g", "[0-9]", "-r", "-n", "2"]):
        assert daemon.cli("logs", "e", *args)[2] == "", args
    # Whoever wants more of the last lines than there are comes to them.
    for args in (["-n", "4"], ["-n", "4", "-U", "1s"], ["-n", "1", "-t", "x"],
                 ["-r"], ["-r", "-n", "4"], ["-g", "[0-9]", "-n", "4"],
                 ["-g", "[0-9]", "-r", "-n", "4"],
                 ["-f", "-n", "4", "--timeout", "1"]):
        code, out, err = daemon.cli("logs", "e", "-o", "cat", *args)
        assert err.splitlines()[0] == \
            "-- 1 204 older lines were removed by retention --", args
        assert err.count("older lines") == 1
        if "-t" not in args:
            assert sorted(out.split()) == ["0", "1", "2"]
    # An execution of which nothing is left.
    write(daemon, "gone", 31, 7)
    daemon.ok("sweep")
    code, out, err = daemon.cli("logs", "gone")
    assert (code, out) == (0, "")
    assert "-- 7 older lines were removed by retention --" in err
    assert daemon.cli("logs", "never")[0] == 4


def test_a_follow_during_a_sweep(thirty):
    """Each row that was not removed comes once, and it is said how many were."""
    daemon = thirty
    for execution in ("busy", "other"):
        write(daemon, execution, 31, 3000)
    write(daemon, "busy", 2, 1000)
    f = daemon.reader()
    f.ask(kind="follow", execution_id="busy", no_exit=True)
    kind, body = f.recv()
    assert body == {"notice": "stored", "log": 7000}
    sweep = daemon.spawn("sweep")
    p = daemon.producer()
    for i in range(500):
        p.log("busy", f"live {i}")
        if i % 50 == 49:
            p.sync()
    assert finish(sweep)[0] == 0
    got, removed = [], 0
    while not got or got[-1] != b"live 499":
        kind, body = f.recv()
        if kind == 0x90:
            from lib.wire import log_row
            got.append(log_row(body)["message"])
        elif body["notice"] == "removed":
            removed += body["rows"]
    old, rest = got[:-1500], got[-1500:]
    assert rest == [b"%d" % i for i in range(1000)] + [
        b"live %d" % i for i in range(500)]
    assert old == [b"%d" % i for i in range(len(old))] or removed > 0
    assert len(old) + removed >= 3000
    assert rows(daemon) == {"busy": 1500}


def test_what_is_swept_as_soon_as_it_is_written_leaves_no_summary(thirty):
    await_sweep(thirty)
    p = thirty.producer()
    for i in range(10):
        p.log("new", "x")
        for old in "a", "b", "c":
            p.log(old, "x", timestamp=ago(31) + i, task="t")
    p.sync()
    thirty.ok("sweep", "--yes")
    assert rows(thirty) == {"new": 10}
    assert [(e["execution_id"], e["lines"]) for e in json.loads(
        thirty.ok("list", "--json"))] == [("new", 10)]


def test_inspect_tells_what_is_gone(thirty):
    await_sweep(thirty)
    write(thirty, "e1", 31, 3)
    write(thirty, "e1", 0, 2)
    thirty.ok("event", "e1", "STARTED")
    thirty.ok("event", "e1", "COMPLETED")
    assert "removed" not in thirty.ok("inspect", "e1")
    assert "3 rows removed" in thirty.ok("sweep")
    assert "5 lines; 3 of them removed by retention\n" in \
        thirty.ok("inspect", "e1")
    told = json.loads(thirty.ok("inspect", "e1", "--json"))["execution"]
    assert (told["lines"], told["removed_lines"]) == (5, 3)


def test_what_was_never_counted_is_told_as_gone(idle):
    """An old file, swept at the first start."""
    assert idle.start().stop() == 0
    for n in range(3):
        idle.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
                 "source, message) VALUES('e1', ?, 'ERROR', 's', 'm')", n)
    idle.start("--retention-days", "30")
    await_sweep(idle)
    assert idle.ok("logs", "e1") == ""
    assert "lines      3 lines; 3 of them removed by retention\n" in \
        idle.ok("inspect", "e1")
    told = json.loads(idle.ok("inspect", "e1", "--json"))["execution"]
    assert (told["lines"], told["removed_lines"]) == (3, 3)


def test_how_others_have_ended_outlives_their_events(idle):
    """Also of events that go before anybody has read them."""
    assert idle.start().stop() == 0
    old = ago(60)
    event = "INSERT INTO execution_audit_events(execution_id, event_type, " \
        "timestamp, metadata) VALUES(?, ?, ?, '{}')"
    row = "INSERT INTO execution_logs(execution_id, timestamp, level, " \
        "source, message) VALUES(?, ?, 'INFO', 's', 'm')"
    db = sqlite3.connect(idle.db)
    for i in range(1000):
        db.execute(event, (f"e{i}", "STARTED", old))
        db.execute(row, (f"e{i}", old + 1))
        db.execute(event, (f"e{i}", "FAILED", old + 2))
    db.commit()
    db.close()
    idle.start("--retention-days", 30, "--audit-retention-days", 30,
               "--keep-failed-days", 90)
    await_sweep(idle)
    assert idle.sql("SELECT count(*) FROM execution_audit_events") == [(0,)]
    idle.ok("sweep")
    assert idle.sql("SELECT count(*) FROM execution_logs") == [(1000,)]
    assert idle.cli("wait", "e999")[0] == 1
    # And while it runs.
    idle.sql(event, "late", "STARTED", old)
    idle.sql(row, "late", old + 1)
    idle.sql(event, "late", "FAILED", old + 2)
    idle.ok("sweep")
    idle.ok("sweep")
    assert idle.sql("SELECT count(*) FROM execution_logs") == [(1001,)]
    assert idle.cli("wait", "late")[0] == 1


def test_one_that_is_gone_altogether_is_not_waited_for(idle):
    idle.start("--retention-days", 30, "--audit-retention-days", 30)
    await_sweep(idle)
    write(idle, "e1", 60, 1)
    for type in "STARTED", "COMPLETED":
        idle.sql("INSERT INTO execution_audit_events(execution_id, "
                 "event_type, timestamp, metadata) VALUES('e1', ?, ?, '{}')",
                 type, ago(60))
    assert "1 row and 2 audit events removed" in idle.ok("sweep")
    for command in "wait", "follow":
        code, _, said = idle.cli(command, "e1", "--timeout", "5s")
        assert (code, said) == (4, "Execution not found: e1\n")
    assert "1 older line was removed" in idle.cli("logs", "e1")[2]
