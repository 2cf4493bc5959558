"""Retention: what goes, what stays, who is told, through the real daemon."""
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time

import pytest

from lib.daemon import await_until
from lib.sweeps import SOAK, ago, await_sweep, last, rows, thirty, write
from lib.wire import Refused, Wire


def test_old_rows_go_at_start(idle):
    daemon = idle.start()
    write(daemon, "old", 31, 2500)
    write(daemon, "new", 29, 10)
    assert last(daemon) is None
    assert daemon.stop() == 0
    daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    sweep = await_sweep(daemon)
    assert rows(daemon) == {"new": 10}
    assert sweep["rows"] == 2500 and sweep["steps"] >= 3
    assert "2500 rows" in daemon.stderr.read_text()


def test_nothing_goes_by_default_of_zero(daemon):
    write(daemon, "old", 3000)
    code, out, err = daemon.cli("sweep")
    assert code == 0 and "--retention-days is 0" in err
    assert rows(daemon) == {"old": 1}


@pytest.mark.parametrize("days", [0, 30])
def test_a_daemon_at_rest_costs_nothing(idle, days):
    daemon = idle.start(AUTOKESTRA_LOG_RETENTION_DAYS=days)
    daemon.ok("write", "e1", "x")
    daemon.cli("sweep")
    assert daemon.cpu() < 0.2


def test_settings_are_shown(idle):
    code, out, err = idle.cli("ping")
    out = subprocess.run(idle.argv("--check-config", "--sweep-at", "23:59",
                                   "--keep-failed-days", 90),
                         capture_output=True, text=True).stdout
    assert re.search(r"sweep-at +23:59 +flag", out)
    assert re.search(r"keep-failed-days +90 +flag", out)
    assert re.search(r"max-log-bytes +0 +default", out)
    assert not re.search(r"retention-days .*not acted upon", out)
    for bad in ("24:00", "3:30", "12:60", "noon", "12:30x"):
        code, err = idle.refused("--sweep-at", bad)
        assert code == 2 and "a time of day such as 03:30" in err


def test_sweep_by_hand(thirty):
    daemon = thirty
    write(daemon, "old", 31, 1300)
    write(daemon, "new", 1, 5)
    p = daemon.producer()
    p.event("run", "STARTED")
    p.sync()
    write(daemon, "run", 40, 3)
    write(daemon, "run", 0)
    out = daemon.ok("sweep", "--dry-run")
    assert re.search(r"1 300  old\n", out) and re.search(
        r"3  run  stay: running\n", out) and "new" not in out
    assert out.endswith("1 300 rows of 1 execution would be removed; "
                        "3 old rows of 1 execution stay\n")
    assert rows(daemon) == {"old": 1300, "new": 5, "run": 4}
    out = daemon.ok("sweep")
    assert out.startswith("1 300 rows removed; old rows of 1 execution stay")
    assert rows(daemon) == {"new": 5, "run": 4}
    assert await_sweep(daemon, "asked")["spared"] == 1
    # The execution has ended: its rows are found again by its name.
    p.event("run", "COMPLETED")
    p.sync()
    assert "3  run\n" in daemon.ok("sweep", "--dry-run")
    assert daemon.ok("sweep") == "3 rows removed\n"
    assert rows(daemon) == {"new": 5, "run": 1}
    assert daemon.ok("sweep") == "0 rows removed\n"
    assert daemon.ok("sweep", "--dry-run") == "0 rows would be removed\n"
    # The trail is for ever.
    assert daemon.sql("SELECT count(*) FROM execution_audit_events") == [(2,)]


def test_progress_on_a_terminal(thirty):
    import pty
    daemon = thirty
    write(daemon, "old", 31, 3000)
    main, side = pty.openpty()
    done = subprocess.run(daemon.command("sweep"), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=side,
                          env=daemon.env(), timeout=20)
    os.close(side)
    shown = b""
    try:
        while piece := os.read(main, 65536):
            shown += piece
    except OSError:         # EIO: all of it was read
        pass
    os.close(main)
    shown = shown.decode()
    assert done.stdout == b"3 000 rows removed\n"
    assert re.search(r"\[#+\.*\] +\d+ %  [\d ]+ of ~3 000 rows", shown)
    assert shown.endswith("\r\x1b[K")


def test_failed_executions_stay_longer(idle):
    daemon = idle.start("--retention-days", 30, "--keep-failed-days", 60)
    p = daemon.producer()
    p.event("bad", "FAILED")
    p.event("good", "COMPLETED")
    p.sync()
    for days in (31, 61):
        write(daemon, "bad", days, 2)
        write(daemon, "good", days, 2)
    p.event("run", "STARTED")
    p.sync()
    write(daemon, "run", 31, 1)
    write(daemon, "run", 1, 1)
    assert daemon.ok("sweep", "--dry-run") == (
        "           2  bad\n"
        "           4  good\n"
        "           2  bad  stay: failed, kept longer\n"
        "           1  run  stay: running\n"
        "6 rows of 2 executions would be removed; "
        "3 old rows of 2 executions stay\n")
    assert "6 rows removed" in daemon.ok("sweep")
    assert rows(daemon) == {"bad": 2, "run": 2}
    # Also when a sweep has met them before.
    stay = ("           2  bad  stay: failed, kept longer\n"
            "           1  run  stay: running\n"
            "0 rows would be removed; 3 old rows of 2 executions stay\n")
    assert daemon.ok("sweep", "--dry-run") == stay
    write(daemon, "late", 31, 1)        # the map is looked at again
    assert daemon.ok("sweep", "--dry-run") == "           1  late\n" + \
        stay.replace("0 rows", "1 row of 1 execution")


DOCS = (pathlib.Path(__file__).parent.parent.parent / "docs/status.md").read_text()


def test_the_object(idle):
    def objects(*args, code=0):
        got = idle.cli("sweep", "--json", *args)
        assert got[0] == code and got[1].count("}\n") == 1, got
        return json.loads(got[1])
    daemon = idle.start("--retention-days", 30, "--keep-failed-days", 60,
                        "--audit-retention-days", 365)
    await_sweep(daemon)
    daemon.sql("INSERT INTO execution_audit_events(execution_id, event_type, "
               "timestamp, metadata) VALUES('a', 'STARTED', 5, '{}')")
    p = daemon.producer()
    p.event("bad\u0435", "FAILED")
    p.sync()
    write(daemon, "bad\u0435", 31, 2)
    write(daemon, "old", 31, 4)
    dry = objects("--dry-run")
    assert dry == {
        "state": "done", "reason": None, "dry_run": True, "rows": 4,
        "events": 1, "spared": 1, "executions": [
            {"execution_id": "old", "rows": 4, "kept": None},
            {"execution_id": "bad\u0435", "rows": 2, "kept": "failed"}]}
    assert objects() == {**dry, "dry_run": False, "executions": None}
    assert objects("--dry-run")["rows"] == 0
    assert rows(daemon) == {"bad\u0435": 2}
    section = DOCS[DOCS.index("## What `execlog sweep --json`"):]
    told = re.findall(r"^\| (`.*?) \|", section, re.M)
    assert {k for row in told for k in re.findall(r"`(\w+)`", row)} == set(dry)
    assert daemon.stop() == 0
    daemon.start()
    for how in ([], ["--dry-run"]):
        off = objects(*how)
        assert off["state"] == "off" and off["rows"] == 0
        assert "--retention-days is 0" in daemon.cli("sweep", *how)[2]


def test_events_go_only_if_asked_for(idle):
    daemon = idle.start("--retention-days", 30)
    old = ("INSERT INTO execution_audit_events(execution_id, event_type, "
           "timestamp, metadata) VALUES('e', ?, ?, '{}')")
    daemon.sql(old, "STARTED", ago(400))
    daemon.sql(old, "COMPLETED", ago(399))
    p = daemon.producer()
    p.event("new", "STARTED")
    p.sync()
    assert daemon.ok("sweep") == "0 rows removed\n"
    assert daemon.stop() == 0
    daemon.start("--audit-retention-days", 365)
    await_sweep(daemon)
    assert daemon.sql("SELECT execution_id FROM execution_audit_events") == [
        ("new",)]
    assert daemon.status()["state"] == "ok"
    # Nobody else may: the trail is append-only still.
    with pytest.raises(sqlite3.IntegrityError):
        daemon.sql("DELETE FROM execution_audit_events")


def test_an_end_outlives_its_event(idle):
    """Where the summary is left, all agree on it; not on one that runs again."""
    daemon = idle.start("--retention-days", 30, "--audit-retention-days", 7)
    await_sweep(daemon)
    write(daemon, "bad", 10)
    write(daemon, "good", 10)
    event = ("INSERT INTO execution_audit_events(execution_id, event_type, "
             "timestamp, metadata) VALUES(?, ?, ?, '{}')")
    for execution, end in (("bad", "TIMEOUT"), ("good", "COMPLETED")):
        daemon.sql(event, execution, "STARTED", ago(10))
        daemon.sql(event, execution, end, ago(10))
    assert daemon.cli("wait", "bad")[0] == 1
    daemon.ok("list")       # what others have written is read for that
    daemon.ok("sweep")
    assert daemon.sql("SELECT * FROM execution_audit_events") == []
    assert json.loads(daemon.ok("inspect", "bad", "--json"))[
        "execution"]["state"] == "FAILED"
    assert daemon.cli("wait", "bad")[::2] == (1, "-- FAILED --\n")
    assert daemon.cli("wait", "good")[::2] == (0, "-- COMPLETED --\n")
    code, out, err = daemon.cli("follow", "bad", "--exit-status")
    assert code == 1 and "-- FAILED; complete, 1 line --" in err
    p = daemon.producer()
    p.event("bad", "STARTED")
    p.sync()
    daemon.sql("CREATE TABLE executions(execution_id TEXT PRIMARY KEY, state)")
    daemon.sql("INSERT INTO executions VALUES('good', 'RUNNING')")
    for execution in ("bad", "good"):
        assert daemon.cli("wait", execution, "--timeout", "600ms")[0] == 124
    p.event("bad", "COMPLETED")
    p.sync()
    assert daemon.cli("wait", "bad")[0] == 0


def test_the_ceiling(idle):
    daemon = idle.start("--max-log-bytes", "2M")
    p = daemon.producer()
    for i in range(30):
        for j in range(100):
            p.log("e", "x" * 1000, timestamp=ago(2) + i * 100 + j)
        p.sync()
    out = daemon.ok("sweep")
    assert int(re.match(r"([\d ]+) rows removed", out)[1].replace(" ", "")) \
        > 1000
    left = daemon.sql("SELECT count(*), min(id) FROM execution_logs")
    assert left[0][0] + left[0][1] == 3001      # the oldest went


def test_a_sweep_while_the_file_is_written(thirty):
    """Rows of others go too; what is new is not touched."""
    daemon = thirty
    daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message) SELECT 'x', ?, 'INFO', 's', 'm' FROM "
               "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
               "n WHERE i < 9000) SELECT i FROM n)", ago(45))
    write(daemon, "new", 0, 10)
    assert "9 000 rows removed" in daemon.ok("sweep")
    assert rows(daemon) == {"new": 10}


def test_a_sweep_begins_where_ingest_never_rests(thirty):
    daemon = thirty
    await_sweep(daemon)
    write(daemon, "old", 31, 500)
    daemon.sql("CREATE TABLE engine(x)")            # so the lock is left alone
    load = f"seq 100000000 | '{daemon.build}/execlog' write e --timeout 20s"
    loads = [subprocess.Popen(["sh", "-c", load], env=daemon.env(),
                              start_new_session=True) for _ in range(3)]
    try:
        await_until(lambda: daemon.status()["held_back"] > 20, "saturation")
        daemon.ok("sweep")
        await_sweep(daemon, "asked")
        assert "old" not in rows(daemon)
    finally:
        for load in loads:
            os.killpg(load.pid, signal.SIGKILL)
            load.wait()


def test_only_root_and_its_user_may(daemon):
    if os.geteuid() != 0:
        pytest.skip("needs another user")
    os.chmod(daemon.folder, 0o755)
    os.chmod(daemon.socket, 0o666)
    build = daemon.folder / "execlog"
    build.write_bytes((daemon.build / "execlog").read_bytes())
    build.chmod(0o755)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         str(build), "sweep"], env=daemon.env(), capture_output=True)
    assert done.returncode == 1
    assert b"only root and the daemon's own user" in done.stderr


def test_requests_of_an_admin(thirty):
    a = Wire(thirty.socket, "admin")
    a.ask(kind="status")
    assert a.error() == "bad-request"
    a = Wire(thirty.socket, "admin")
    a.send(5, b"\0" * 8)
    assert a.error() == "unexpected-type"
    with pytest.raises(Refused):
        Wire(thirty.socket, "root")


def test_a_killed_sweep_goes_on(idle, dice):
    daemon = idle.start()
    n = 200000 if SOAK else 20000
    daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message) SELECT 'e' || i % 50, CASE WHEN i % 3 THEN ? "
               "ELSE ? END, 'INFO', 's', 'm' FROM (WITH RECURSIVE n(i) AS "
               "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
               "SELECT i FROM n)", ago(45), ago(1), n)
    kept = n // 3
    before, between, done = n, 0, False
    for _ in range(1000):
        daemon.kill()
        daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
        time.sleep(dice.uniform(0, 0.05))
        left = sum(rows(daemon).values())
        assert kept <= left <= before, dice.told
        between += kept < left < before
        before = left
        if left == kept:
            break
    assert left == kept and between > 0, dice.told
    assert daemon.sql("SELECT sum(rows) FROM execlog_removed") == [(n - kept,)]
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)]


def test_what_a_longer_retention_leaves_goes_by_a_shorter_one(idle):
    """Spared while it ran; a sweep by an older cutoff came in between."""
    daemon = idle.start()
    daemon.ok("event", "e1", "STARTED")
    for days in 40, 20, 1:
        write(daemon, "e1", days, 5)
    for days, left in (10, 15), (30, 10), (10, 5):
        assert daemon.stop() == 0
        daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=days)
        daemon.ok("sweep")
        assert rows(daemon) == {"e1": left}
        if days == 10 and left == 15:
            daemon.ok("event", "e1", "COMPLETED")
