"""What status says of retention: settings, the next sweep, one under way, a ceiling."""
import re
import signal
import sqlite3
import time

import pytest

from lib.daemon import await_until, finish
from lib.exposition import parse
from lib.truth import settled


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
                     r"rows (of ~[\d ]+ )?and 0 events removed", shown, re.M)
    metrics = idle.ok("status", "--prometheus")
    assert "execlog_sweep_running 1\n" in metrics
    assert f"execlog_last_sweep_rows {n - left}\n" in metrics
    # Who does not want to wait for it does not stop it.
    other = idle.spawn("sweep")
    await_until(lambda: idle.status()["connections"] > 2)
    other.send_signal(signal.SIGINT)
    assert finish(other)[::2] == (130, "-- the daemon goes on with it --\n")
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


def test_who_runs_may_be_unknown(idle):
    """Too many of them to look at, one by one: that does not stay unseen."""
    assert idle.start().stop() == 0
    idle.sql("CREATE TABLE executions(execution_id TEXT, state TEXT)")
    idle.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
             "WHERE i < 100001) INSERT INTO executions SELECT 'x' || i, "
             "'FAILED' FROM n")
    idle.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
             "source, message) VALUES('e1', 1, 'INFO', 's', 'm')")
    idle.start("--retention-days", 30)
    status = await_until(lambda: (s := idle.status())["state"] != "ok" and s)
    assert "retention removes no rows" in status["reason"]
    assert "CREATE INDEX" in status["advice"]
    assert idle.messages("e1") == ["m"]
    idle.sql("CREATE INDEX executions_by_id ON executions(execution_id)")
    assert idle.ok("sweep") == "1 row removed\n"
    assert idle.status()["state"] == "ok"
