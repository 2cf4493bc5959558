"""Retention by clocks that jump, and over simulated days."""
import json
import re

import pytest

from lib.daemon import await_until
from lib.sweeps import SOAK, await_sweep, clock, faked, last, rows, thirty, write


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


def another_boot(daemon, days):
    """Since the clocks were believed, and so many days later."""
    daemon.sql("UPDATE execlog_clock SET boot = 'another', boot_ms = 5, "
               f"wall_ms = wall_ms - {days} * 86400000")


def test_missed_days_and_shorter_retention_need_nobody(thirty):
    """The host was off: another boot, half a year later."""
    daemon = thirty
    await_sweep(daemon)
    write(daemon, "e", 1, 5)
    assert daemon.stop() == 0
    another_boot(daemon, 180)
    daemon.start("--retention-days", 1)
    await_until(lambda: rows(daemon) == {}, "the sweep")
    assert daemon.status()["state"] == "ok"


def test_a_year_off_asks(thirty):
    daemon = thirty
    await_sweep(daemon)
    write(daemon, "e", 31, 5)
    assert daemon.stop() == 0
    another_boot(daemon, 370)
    daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    await_until(lambda: daemon.status()["state"] == "degraded")
    assert rows(daemon) == {"e": 5}


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
