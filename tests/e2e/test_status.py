"""status: every figure against the truth, and every way to print it."""
import json
import os
import pathlib
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import termios
import time

import pytest

from lib.daemon import DEADLINE, await_until, finish
from lib.wire import Closed, frame
from lib.exposition import parse

DOCS = (pathlib.Path(__file__).parent.parent.parent / "docs/status.md").read_text()
SUM = {"log": "sum(16 + " + " + ".join(
    f"coalesce(length(CAST({c} AS BLOB)), 0)" for c in (
        "execution_id", "task_id", "level", "source", "message",
        "metadata")) + ")",
       "audit": "sum(16 + " + " + ".join(
           f"length(CAST({c} AS BLOB))" for c in (
               "execution_id", "event_type", "metadata")) + ")"}
LOCKWATCH = pathlib.Path(__file__).parent.parent / "lib/lockwatch.py"
TABLE = {"log": "execution_logs", "audit": "execution_audit_events"}
FOREIGN = ("INSERT INTO execution_logs(execution_id, timestamp, level, source,"
           " message) VALUES(?, 1, 'INFO', 'engine', ?)")


def truth(daemon):
    """What another program finds in the file."""
    found = {}
    for name, table in TABLE.items():
        (rows, size), = daemon.sql(
            f"SELECT count(*), coalesce({SUM[name]}, 0) FROM {table}")
        found.update({f"{name}_rows": rows, f"{name}_bytes": size})
    (pages,), = daemon.sql("PRAGMA freelist_count")
    (page,), = daemon.sql("PRAGMA page_size")
    found["reclaimable_bytes"] = pages * page
    found["db_bytes"] = os.stat(daemon.db).st_size
    found["wal_bytes"] = os.stat(f"{daemon.db}-wal").st_size
    (found["schema_version"],), = daemon.sql(
        "SELECT max(version) FROM execlog_schema")
    (found["incidents"],), = daemon.sql(
        "SELECT count(*) FROM execlog_incidents WHERE confirmed_at IS NULL")
    (found["streams"],), = daemon.sql(
        "SELECT count(*) FROM execlog_streams WHERE state = 'open'")
    return found


def differs(daemon):
    status, want = daemon.status(), truth(daemon)
    return {k: (status[k], want[k]) for k in want if status[k] != want[k]}


def settled(daemon):
    """Counted to the end: then every figure is exact."""
    await_until(lambda: not daemon.status()["counting"], "the count")
    await_until(lambda: differs(daemon) == {}, "the truth")


def test_each_figure_is_the_truth(daemon):
    begun = time.monotonic()
    settled(daemon)                                 # an empty file
    p = daemon.producer(producer="0123456789abcdef")
    for i in range(500):
        p.log(f"e{i % 7}", b"x" * i, task="t", metadata=b'{"k":1}')
    p.event("e1", "STARTED")
    assert p.sync() == []
    p.log("e1", "bad", metadata=b"[]")
    assert len(p.sync()) == 1
    settled(daemon)
    p.open(1, "e1", task="t", streams=["stdout", "stderr"])
    p.line(1, b"captured", stream=1)
    assert p.sync() == []
    # Others, between and behind ours; with and without a look in between.
    for n in range(3):
        daemon.sql(FOREIGN, "f1", "y" * 100 * n)
        p.log("e1", "ours")
        p.sync()
        daemon.sql(FOREIGN, "f2", "z")
        if n == 1:
            settled(daemon)
    settled(daemon)
    before = daemon.status()
    follower = daemon.follow("e1")
    quiet = daemon.reader()
    status = daemon.status()
    assert status["followers"] == 1 and status["producers"] == 1
    assert status["connections"] == before["connections"] + 2
    assert status["streams"] == 2
    quiet.raw(frame(0x7f))
    with pytest.raises(Closed):
        while True:
            quiet.recv()
    status = daemon.status()
    assert sum(status["faults"].values()) == 1
    assert status["refused"] == 1
    ours = truth(daemon)
    (others,), = daemon.sql("SELECT count(*) FROM execution_logs WHERE "
                            "source = 'engine'")
    assert status["committed_rows"] == \
        ours["log_rows"] + ours["audit_rows"] - others
    assert 0 < status["commits"] <= 60
    assert status["batch_rows"]["max"] <= 501
    assert status["rows_per_s"] == pytest.approx(
        status["committed_rows"] / 10, abs=0.1)
    assert status["pending_rows"] == 0 and status["retries"] == 0
    assert status["uptime_s"] <= time.monotonic() - begun + 1
    assert status["shared"] is True
    assert status["sqlite_version"] == sqlite3.sqlite_version
    p.sock.close()
    await_until(lambda: daemon.status()["lost_streams"] == 2, "lost streams")
    # Rows that go: at the ends at once.
    daemon.sql("DELETE FROM execution_logs WHERE id <= 200")
    assert daemon.status()["log_rows"] == truth(daemon)["log_rows"]
    settled(daemon)
    assert daemon.status()["reclaimable_bytes"] > 0
    daemon.sql("DELETE FROM execution_logs")
    settled(daemon)
    follower.kill()
    follower.communicate()


def test_the_lock_is_held_as_long_as_others_see_it(daemon):
    p = daemon.producer()
    p.log("e1", "x")
    p.sync()
    watch = subprocess.Popen(
        [sys.executable, LOCKWATCH, daemon.db], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    assert watch.stdout.readline() == "ready\n"
    for i in range(20000):
        p.log(f"e{i % 1999}", "x" * 100)
    p.sync()
    paused = time.monotonic() + 0.2     # one gap that is known
    while time.monotonic() < paused:
        daemon.status()
    p.log("e1", "x")
    p.sync()
    status = daemon.status()
    seen = json.loads(watch.communicate()[0])
    if not seen["held"] or not seen["gaps"]:
        pytest.skip("a machine too busy to look")
    assert len(seen["held"]) <= status["commits"] + 20
    assert max(seen["held"]) < status["lock_hold_ms"]["max"] * 1.2 + 5
    assert max(seen["gaps"]) < status["lock_gap_ms"]["max"] * 1.2 + 5
    # Once in it a step of the summaries may have its turn.
    assert status["lock_gap_ms"]["max"] > 90


def test_acknowledgements_are_those_of_records(daemon):
    """What forgets a producer waits for a second, and nobody for it."""
    daemon.ok("event", "e1", "STARTED")
    before = daemon.status()["commits"]
    producers = "SELECT count(*) FROM execlog_producers"
    await_until(lambda: daemon.sql(producers) == [(0,)], "the BYE")
    status = await_until(lambda: (s := daemon.status())["commits"] > before
                         and s)
    assert 0 < status["ack_wait_ms"]["max"] < 900


def test_what_was_there_is_counted_after_a_start(idle):
    idle.start()
    assert idle.stop() == 0
    idle.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
             "WHERE i < 60000) INSERT INTO execution_logs(id, execution_id, "
             "timestamp, level, source, message) SELECT i * 3, 'e' || i % 5, "
             "i, 'INFO', 's', 'message ' || i FROM n")
    idle.start()
    first = idle.status()
    assert first["log_rows"] in range(60000, 180001)    # estimated by ids
    idle.ok("write", "e1", "more")
    settled(idle)
    assert idle.status()["log_rows"] == 60001


def test_pending_and_degraded_say_what_to_do(daemon):
    engine = sqlite3.connect(daemon.db, isolation_level=None, timeout=10)
    engine.execute("BEGIN IMMEDIATE")
    p = daemon.producer()
    for i in range(150):
        p.log("e1", "x")
    p.flush()
    await_until(lambda: daemon.status()["state"] == "degraded", "degraded")
    status = daemon.status()
    assert status["pending_rows"] == 150 and status["retries"] > 0
    assert 150 < status["pending_bytes"] < 150 * 500
    assert "locked" in status["reason"] and "lock" in status["advice"]
    shown = daemon.ok("status").splitlines()
    assert shown[0].startswith("state        degraded: ")
    assert shown[1].startswith("to do        ")
    assert daemon.cli("status", "--check")[0] == 1
    assert "execlog_degraded 1\n" in daemon.ok("status", "--prometheus")
    engine.execute("COMMIT")
    p.acked()
    await_until(lambda: daemon.status()["state"] == "ok", "recovery")
    status = daemon.status()
    assert status["lock_wait_ms"]["max"] >= 1000    # it is degraded by then
    assert status["ack_wait_ms"]["max"] >= 1000
    assert daemon.status()["advice"] is None
    settled(daemon)


def test_the_keys_are_documented(daemon):
    daemon.ok("write", "e1", "x")
    status = json.loads(daemon.ok("status", "--json"))
    rows = re.findall(r"^\| (`.*?) \|", DOCS[:DOCS.index("## Defects")], re.M)
    told = {k for row in rows for k in re.findall(r"`(\w+)`", row)}
    assert told == set(status)
    section = DOCS[DOCS.index("## Defects"):DOCS.index("## Metrics")]
    assert set(status["sqlite_defects"]) <= set(
        re.findall(r"^\| `([a-z-]+)`", section, re.M))
    if sqlite3.sqlite_version_info < (3, 41):
        assert "wal-reset-race" in status["sqlite_defects"]


def test_prometheus_is_valid_and_says_the_same(daemon):
    daemon.ok("write", "e1", "x")
    with pytest.raises(Closed):
        bad = daemon.reader()
        bad.raw(b"\xff" * 64)
        while True:
            bad.recv()
    text = daemon.ok("status", "--prometheus")
    status = daemon.status()
    families = parse(text)
    value = {(n, tuple(sorted(labels.items()))): v
             for f in families.values() for n, labels, v in f["samples"]}
    for key in ("log_rows", "audit_rows", "log_bytes", "db_bytes", "streams",
                "followers", "pending_rows", "incidents", "schema_version"):
        assert value["execlog_" + key, ()] == status[key], key
    assert value["execlog_committed_rows_total", ()] == status["committed_rows"]
    assert value["execlog_lock_hold_seconds", (("quantile", "0.99"),)] == \
        pytest.approx(status["lock_hold_ms"]["p99"] / 1000)
    assert value["execlog_lock_hold_seconds_max", ()] == pytest.approx(
        status["lock_hold_ms"]["max"] / 1000)
    (code, n), = status["faults"].items()
    assert value["execlog_faults_total", (("code", code),)] == n
    assert value["execlog_degraded", ()] == 0
    assert value["execlog_info", (("sqlite_version", status["sqlite_version"]),
                                  ("version", status["version"]))] == 1
    # Each metric is documented, with its type.
    assert families["execlog_lock_hold_seconds"]["type"] == "summary"
    for name, f in families.items():
        assert f["help"] and (f["type"] == "counter") == \
            name.endswith("_total"), name
    told = re.findall(r"`([a-z_]+)[`{]", DOCS[DOCS.index("## Metrics"):
                                              DOCS.index("## What")])
    assert {n.removeprefix("execlog_") for n in families
            if not n.endswith("_max")} <= set(told)
    assert daemon.cli("status", "--prometheus", "--json")[0] == 2


@pytest.mark.parametrize("text", [
    "a 1", "a 1\n\n# TYPE a counter\n", "# TYPE a gauge\na{x=1} 1\n",
    "# TYPE a gauge\na{x=\"\n\"} 1\n", "# TYPE a nonsense\na 1\n",
    "# TYPE a gauge\nb 1\n", "# TYPE a gauge\na 1\na 1\n",
    "# TYPE a gauge\na one\n", "# TYPE a gauge\na 1\n# TYPE a gauge\n",
    "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n"])
def test_the_parser_of_these_tests_is_strict(text):
    with pytest.raises(AssertionError):
        parse(text)


def test_a_large_log_table_is_a_warning(idle):
    idle.start("--warn-log-bytes", "2000")
    idle.ok("write", "e1", "x" * 1000)
    settled(idle)
    assert idle.status()["advice"] is None
    idle.ok("write", "e1", "x" * 1000)
    # It is 0 here.
    assert "set --retention-days" in idle.status()["advice"]
    assert "shorter" not in idle.status()["advice"]
    assert idle.status()["state"] == "ok"
    assert idle.cli("status", "--check")[0] == 0
    assert idle.stop() == 0
    idle.start("--warn-log-bytes", "2000", "--retention-days", 30)
    await_until(lambda: "--warn-log-bytes" in idle.stderr.read_text(),
                "the warning")
    await_until(lambda: idle.stderr.read_text().count("warn-log") == 2,
                "one at each start")
    line = [x for x in idle.stderr.read_text().splitlines() if "warn-log" in x][1]
    assert "in 2 rows" in line and "a shorter --retention-days" in line
    assert "choose a shorter --retention-days" in idle.status()["advice"]
    assert idle.stop() == 0
    idle.start("--warn-log-bytes", "0")
    settled(idle)
    assert idle.status()["advice"] is None


DAY = 86400000
NEVER = dict(days=0, keep_failed_days=0, audit_days=0, max_log_bytes=0)


@pytest.mark.parametrize("flags,want,says", [
    ((), {}, "log for ever, of failed executions for ever; audit for ever"),
    (("--retention-days", 1), dict(days=1, keep_failed_days=1),
     "log 1 day, of failed executions 1 day; audit for ever"),
    (("--retention-days", 30, "--keep-failed-days", 90,
      "--audit-retention-days", 365, "--max-log-bytes", "2G"),
     dict(days=30, keep_failed_days=90, audit_days=365,
          max_log_bytes=2 << 30),
     "log 30 days, of failed executions 90 days; audit 365 days; at most "
     "2 GB of log"),
    (("--retention-days", 30, "--keep-failed-days", 7),
     dict(days=30, keep_failed_days=30), "of failed executions 30 days;"),
])
def test_the_retention_in_force(idle, flags, want, says):
    at = time.localtime(time.time() + 3 * 3600)
    idle.start("--sweep-at", time.strftime("%H:%M", at), *flags, TZ="UTC-5")
    if flags:
        await_until(lambda: (s := idle.status()["last_sweep"]) and
                    s["ended_at"], "the sweep of the start")
    status = idle.status()
    found = status["retention"]
    assert {k: found[k] for k in NEVER} == {**NEVER, **want}
    assert found["state"] == ("idle" if flags else "off")
    shown = idle.ok("status", env={"TZ": "UTC"})
    retention, = re.findall(r"^retention +(.*)", shown, re.M)
    following, = re.findall(r"^next sweep +(.*)", shown, re.M)
    assert says in retention
    if not flags:
        assert found["next_sweep_at"] is None
        assert following == "none: everything is kept"
        return
    # Its own time of day, up to ten minutes later, and not a day late.
    due = found["next_sweep_at"] / 1000
    zone = time.gmtime(due + 5 * 3600)
    late = (zone.tm_hour * 60 + zone.tm_min) - (at.tm_hour * 60 + at.tm_min)
    assert late % 1440 <= 10 and 0 < due - time.time() <= 86400 + 600
    assert following == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due))
    value = {name: sample[0][2] for name, sample in (
        (n, f["samples"]) for n, f in parse(
            idle.ok("status", "--prometheus")).items()) if sample}
    assert value["execlog_next_sweep_timestamp_seconds"] == due
    assert value["execlog_retention_days"] == found["days"]
    assert value["execlog_keep_failed_days"] == found["keep_failed_days"]
    assert value["execlog_audit_retention_days"] == found["audit_days"]
    assert value["execlog_max_log_bytes"] == found["max_log_bytes"]
    assert value["execlog_sweep_running"] == 0
    assert value["execlog_last_sweep_timestamp_seconds"] == \
        status["last_sweep"]["started_at"] / 1000


def test_a_sweep_that_is_under_way(idle):
    n, old = 20000, int(time.time() * 1000) - 31 * DAY
    idle.start("--retention-days", 30)
    await_until(lambda: idle.status()["retention"]["state"] == "idle",
                "the sweep of the start")
    idle.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
             "WHERE i < ?) INSERT INTO execution_logs(execution_id, "
             "timestamp, level, source, message) SELECT 'e', ?, 'INFO', 's', "
             "'m' FROM n", n, old)
    engine = sqlite3.connect(idle.db, isolation_level=None, timeout=10)
    sweep = idle.spawn("sweep")
    left = n
    while left == n:
        engine.execute("BEGIN IMMEDIATE")
        (left,), = engine.execute("SELECT count(*) FROM execution_logs")
        if left == n:
            engine.execute("COMMIT")
    # Nothing is removed while somebody has the lock: then it is exact.
    assert 0 < left < n
    status = await_until(lambda: (s := idle.status()) and
                         s["last_sweep"]["rows"] == n - left and s,
                         f"{n - left} rows removed")
    assert status["retention"]["state"] == "running"
    assert status["last_sweep"]["ended_at"] is None
    shown = idle.ok("status")
    figure = f"{n - left:,}".replace(",", " ")
    assert re.search(rf"^this sweep +\S+Z \(asked\), so far {figure} "
                     r"(of ~[\d ]+ )?rows and 0 events removed", shown, re.M)
    metrics = idle.ok("status", "--prometheus")
    assert "execlog_sweep_running 1\n" in metrics
    assert f"execlog_last_sweep_rows {n - left}\n" in metrics
    engine.execute("COMMIT")
    engine.close()
    assert finish(sweep)[:2] == (0, "20 000 rows removed\n")
    assert idle.status()["retention"]["state"] == "idle"
    assert idle.status()["last_sweep"]["rows"] == n
    assert re.search(r"^last sweep .* 20 000 rows and 0 events removed",
                     idle.ok("status"), re.M)


def test_a_ceiling_that_only_running_ones_exceed(idle):
    idle.start("--max-log-bytes", "1M")
    p = idle.producer()
    p.event("run", "STARTED")
    for i in range(3000):
        p.log("run", "x" * 500)
        p.log("other", "x" * 500)
    p.sync()
    idle.ok("sweep")
    status = await_until(lambda: (s := idle.status())["state"] != "ok" and s,
                         "the ceiling")
    assert "--max-log-bytes" in status["reason"]
    assert "running" in status["reason"]
    # All the others have gone before that is said.
    assert idle.sql("SELECT execution_id, count(*) FROM execution_logs "
                    "GROUP BY 1") == [("run", 3000)]
    assert "execlog list --state RUNNING" in status["advice"]
    assert idle.ok("list", "--state", "RUNNING").splitlines()[-1].startswith(
        "run ")
    assert idle.cli("status", "--check")[0] == 1
    p.event("run", "COMPLETED")
    p.sync()
    idle.ok("sweep")
    await_until(lambda: idle.status()["state"] == "ok", "recovery")


class Terminal:
    """A program on a terminal, and what its screen shows."""
    def __init__(self, daemon, *args, size=(24, 80)):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, size)
        self.process = subprocess.Popen(
            daemon.command(*args), stdin=slave, stdout=slave, stderr=slave,
            env=daemon.env(TERM="xterm"), start_new_session=True)
        os.close(slave)
        self.data = b""

    def until(self, what):
        until = time.monotonic() + DEADLINE
        while not what(self.data):
            assert time.monotonic() < until, self.data
            if select.select([self.master], [], [], 0.1)[0]:
                self.data += os.read(self.master, 65536)


def test_watch_redraws_in_place_and_ends_quietly(daemon):
    t = Terminal(daemon, "status", "--watch")
    t.until(lambda d: d.count(b"\x1b[J") == 1)
    daemon.ok("write", "e1", "x")
    t.until(lambda d: b"1 log, 0 audit" in d and d.endswith(b"\x1b[J"))
    frames = t.data.split(b"\x1b[H")[1:]
    assert frames[0].startswith(b"\x1b[2J") and len(frames) >= 2
    rows = [row for f in frames for row in f.decode().split("\r\n")[:-1]]
    assert all(row.endswith("\x1b[K") or
               len(re.sub("\x1b\\[[0-9]*[mJ]", "", row)) == 80
               for row in rows)
    seen = len(t.data)
    t.process.send_signal(signal.SIGINT)
    assert t.process.wait(DEADLINE) == 130
    os.set_blocking(t.master, False)
    try:
        assert os.read(t.master, 4096).count(b"execlog:") == 0
    except (BlockingIOError, OSError):
        pass
    os.close(t.master)
    assert seen


@pytest.mark.parametrize("columns", [50, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(idle, columns):
    idle.start("--warn-log-bytes", 10, "--retention-days", 30,
               "--max-log-bytes", "123M", "--keep-failed-days", 90,
               "--audit-retention-days", 1234)
    p = idle.producer()
    for i in range(1234):
        p.log("e", "m")
    p.log("old", "m", timestamp=1)
    p.sync()
    idle.ok("sweep")
    settled(idle)

    def shown(columns):
        text = idle.ok("status", env={"COLUMNS": str(columns)} if columns
                       else {})
        return re.sub(r"\d+\.\d{3}|up \d+s|\d+ (frames|passes)|frames \d+|"
                      r"\d+\.\d rows/s", "#", text)
    whole, lines = shown(0), shown(columns)
    assert any(len(x) > 80 for x in whole.splitlines())
    assert max(len(x) for x in lines.splitlines()) <= columns
    # Broken between words, behind no number; and nothing is lost.
    assert re.sub("\n {13}", " ", lines) == whole
    assert not re.search(r"\d\n {13}", lines)
    t = Terminal(idle, "status", "--watch", size=(60, columns))
    t.until(lambda d: d.count(b"\x1b[J") == 1)
    t.process.send_signal(signal.SIGINT)
    assert t.process.wait(DEADLINE) == 130
    os.close(t.master)
    assert "…" not in t.data.decode() and "more lines" not in t.data.decode()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_watch_is_cut_to_the_terminal(daemon, columns):
    t = Terminal(daemon, "status", "--watch", size=(9, columns))
    t.until(lambda d: d.count(b"\x1b[J") == 2)
    t.process.send_signal(signal.SIGINT)
    assert t.process.wait(DEADLINE) == 130
    os.close(t.master)
    whole = daemon.ok("status", env={"COLUMNS": str(columns)}).splitlines()
    frame = t.data.split(b"\x1b[H")[1].decode()
    shown = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", frame).splitlines()
    # The last row is the cursor's.
    assert len(shown) == 8
    assert shown[-1] == (f"-- {len(whole) - 7} more lines: "
                         "without --watch --")
    assert max(map(len, shown)) <= columns


def test_watch_in_a_pipe_and_across_a_restart(daemon):
    watch = daemon.spawn("status", "--watch", "--json")
    first = json.loads(watch.stdout.readline())
    assert first["state"] == "ok"
    assert daemon.stop() == 0
    assert b"trying again" in watch.stderr.readline()
    daemon.start()
    assert json.loads(watch.stdout.readline())["uptime_s"] < 5
    watch.send_signal(signal.SIGINT)
    code, out, err = finish(watch)
    assert code == 130 and err == ""
    assert daemon.stop() == 0
    code, out, err = daemon.cli("status", "--watch")
    assert code == 5 and err.count("\n") == 1
    daemon.start()
    assert daemon.cli("status", "--watch", "--check")[0] == 2


def test_ping_is_0_or_5(daemon):
    assert daemon.cli("ping")[0] == 0
    assert daemon.stop() == 0
    assert daemon.cli("ping")[0] == 5
    daemon.start()
