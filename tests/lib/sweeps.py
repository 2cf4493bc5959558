"""Rows of some age, and what sweeps do to them."""
import os
import time

import pytest

from lib.daemon import await_until

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
