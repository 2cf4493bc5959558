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

from lib.daemon import await_until, finish
from lib.wire import Refused, Wire

DAY = 86400000
SOAK = os.environ.get("EXECLOG_SOAK")


def ago(days):
    return int(time.time() * 1000) - int(days * DAY)


def rows(daemon):
    return dict(daemon.sql("SELECT execution_id, count(*) FROM execution_logs "
                           "GROUP BY 1"))


def write(daemon, execution, days, n=1, **more):
    p = daemon.producer()
    for i in range(n):
        p.log(execution, f"{i}", timestamp=ago(days) + i, **more)
    p.sync()
    p.close()


def last(daemon):
    return daemon.status()["last_sweep"]


def await_sweep(daemon, cause="start"):
    return await_until(lambda: (s := last(daemon)) and s["ended_at"]
                       and s["cause"] == cause and s, f"sweep {cause}")


@pytest.fixture
def thirty(idle):
    return idle.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)


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


# ---------------------------------------------------------------- clocks

@pytest.fixture
def clock(build):
    if "san-" in str(build):
        pytest.skip("a sanitized program loads its own library first")
    return faked


def faked(days):
    """From the next start on, by so many days; only the wall clock."""
    library = next(p for p in (
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1")
        if os.path.exists(p))
    return dict(LD_PRELOAD=library, FAKETIME=f"{days:+d}d",
                FAKETIME_DONT_FAKE_MONOTONIC="1",
                AUTOKESTRA_LOG_RETENTION_DAYS=30)


@pytest.mark.parametrize("days", [3650, -365])
def test_another_clock_removes_nothing(thirty, days, clock):
    daemon = thirty
    await_sweep(daemon)
    write(daemon, "e", 1, 5)
    write(daemon, "older", 500 if days < 0 else 1, 5)
    assert daemon.stop() == 0
    daemon.start(**faked(days))
    reason = await_until(lambda: daemon.status()["reason"], "the doubt")
    assert "the clock has moved by" in reason and "sweep --yes" in reason
    code, out, err = daemon.cli("sweep")
    assert code == 1 and "the clock has moved" in err
    code, out, err = daemon.cli("sweep", "--json")
    assert code == 1 and json.loads(out)["state"] == "waiting"
    # Of whole days; the clocks differ by less than one more.
    assert re.sub(r"\d+", "", json.loads(out)["reason"]) == re.sub(
        r"\d+", "", reason)
    assert len(rows(daemon)) == 2
    # Also not when new rows have come by that clock, and after a restart.
    p = daemon.producer()
    p.log("new", "x")
    p.sync()
    assert daemon.stop() == 0
    daemon.start(**faked(days))
    await_until(lambda: daemon.status()["state"] == "degraded")
    assert daemon.cli("sweep")[0] == 1
    assert len(rows(daemon)) == 3
    # Somebody says that it is right.
    assert "rows removed" in daemon.ok("sweep", "--yes")
    assert rows(daemon) == ({"new": 1} if days > 0 else {"e": 5, "new": 1})
    assert daemon.status()["state"] == "ok"


def test_a_clock_that_comes_back_needs_nobody(thirty, clock):
    daemon = thirty
    await_sweep(daemon)
    assert daemon.stop() == 0
    daemon.start(**faked(3650))
    await_until(lambda: daemon.status()["state"] == "degraded")
    assert daemon.stop() == 0
    daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    write(daemon, "old", 31)
    daemon.ok("sweep")          # or that of the start was before it
    assert rows(daemon) == {}


def test_missed_days_and_shorter_retention_need_nobody(thirty):
    """The host was off: another boot, half a year later."""
    daemon = thirty
    await_sweep(daemon)
    write(daemon, "e", 1, 5)
    assert daemon.stop() == 0
    daemon.sql("UPDATE execlog_clock SET boot = 'another', boot_ms = 5, "
               "wall_ms = wall_ms - 180 * 86400000")
    daemon.start("--retention-days", 1)
    await_until(lambda: rows(daemon) == {}, "the sweep")
    assert daemon.status()["state"] == "ok"


def test_a_year_off_asks(thirty):
    daemon = thirty
    await_sweep(daemon)
    write(daemon, "e", 31, 5)
    assert daemon.stop() == 0
    daemon.sql("UPDATE execlog_clock SET boot = 'another', boot_ms = 5, "
               "wall_ms = wall_ms - 370 * 86400000")
    daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    await_until(lambda: daemon.status()["state"] == "degraded")
    assert rows(daemon) == {"e": 5}


# ----------------------------------------------------------------- kills

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


# ------------------------------------------------------------- who reads

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


# ----------------------------------------------------------------- space

def test_the_file_does_not_grow_for_ever(idle, clock):
    """Simulated days at a constant rate: the size stays within a tenth."""
    days, kept, n = (30, 10, 5000) if SOAK else (8, 2, 1500)
    daemon, sizes, before = idle, [], 0
    for day in range(days):
        daemon.start(**{**faked(day),
                        "AUTOKESTRA_LOG_RETENTION_DAYS": kept})
        before = await_until(lambda: (s := last(daemon)) and s["ended_at"] and
                             s["started_at"] > before and s["started_at"],
                             "today's sweep")
        p = daemon.producer()
        for i in range(n):
            p.log(f"e{day}-{i % 20}", "x" * 100, task=f"t{i % 7}")
        p.sync()
        p.close()
        assert daemon.status()["wal_bytes"] <= 64 * 2**20
        assert daemon.stop() == 0
        sizes.append(daemon.db.stat().st_size)
        # The host was off at night.
        daemon.sql("UPDATE execlog_clock SET boot = 'night'")
    full = sizes[kept + 2:]
    assert max(full) <= 1.1 * min(full), sizes
    assert n * kept <= sum(rows(daemon).values()) <= n * (kept + 1)


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
