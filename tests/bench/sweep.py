"""Retention under load: a tenth of the rows goes while others come."""
import contextlib
import sqlite3
import time

import procs

STEADY = 20_000     # lines a second
EXECUTIONS = (10, 1000)
LONGEST = 300       # seconds; what is swept by then counts
DAY = 86_400_000
ENGINE = ("p50_ms", "p99_ms", "max_ms")
MAKE = """INSERT INTO execution_logs(execution_id, task_id, timestamp, level,
    source, message) SELECT printf('old-%08x-4f1c-9d3e',
        (i % ?5) * 2654435761), 'task-' || i % 7, CASE WHEN i < ?2 THEN ?3
        ELSE ?4 END + i / 100, 'INFO', 'plugin:core/http.get',
        hex(zeroblob(50))
    FROM (WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n
        LIMIT ?1) SELECT i FROM n)"""


def fill(daemon, rows, executions):
    """In a file that a daemon has made, while there is none."""
    now = int(time.time() * 1000)
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.execute("PRAGMA cache_size=-200000")
    db.execute("PRAGMA wal_autocheckpoint=20000")
    db.execute(MAKE, (rows, rows // 10, now - 40 * DAY, now - 20 * DAY,
                      executions))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def swept(daemon, wal):
    """Is it over?  The largest log on the way is in wal."""
    status = daemon.status()
    wal.append(status["wal_bytes"] / 2**20)
    return status["last_sweep"] and status["last_sweep"]["ended_at"]


def one(bench, executions):
    rows = bench.rows * 10
    with procs.served(bench.build, shared=True) as daemon:
        assert daemon.stop() == 0
        fill(daemon, rows, executions)
        with contextlib.ExitStack() as stack:
            daemon.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
            engine = stack.enter_context(procs.engine(
                bench.build, daemon.db, procs.TIMEOUT))
            loads = stack.enter_context(procs.Loads(
                daemon, STEADY * 600, executions, rate=STEADY))
            wal, begun = [], time.monotonic()
            before = procs.newest(daemon)
            while (not swept(daemon, wal) and
                   time.monotonic() - begun < LONGEST):
                time.sleep(0.2)
                assert loads.busy()
            seconds = time.monotonic() - begun
            taken = (procs.newest(daemon) - before) / seconds
            status = daemon.status()
            memory = procs.memory(daemon.process, "VmHWM")
            engine.terminate()
            result = engine.result()
        sweep = status["last_sweep"]
        assert sweep["rows"] >= rows // 10 or not sweep["ended_at"], sweep
        return dict(rate=sweep["rows"] / seconds, gone=sweep["rows"],
                    engine=result, steps=sweep["steps"],
                    ack=status["ack_wait_ms"], hold=status["lock_hold_ms"],
                    wal=max(wal), taken=taken, memory=memory)


def report(bench, executions):
    name = (f"sweep, {bench.rows} of {bench.rows * 10} rows, "
            f"{executions} executions")
    ours = [one(bench, executions) for _ in bench.each(name)]
    bench.median(f"{name}, rows removed within {LONGEST} s",
                 [o["gone"] for o in ours])
    bench.median(f"{name}, rows/s removed", [o["rate"] for o in ours])
    bench.median(f"{name}, lines/s taken meanwhile",
                 [o["taken"] for o in ours], str(STEADY))
    bench.spread(f"{name}, acknowledgement, ms", [o["ack"] for o in ours],
                 keys=("p50", "p99", "max"), target="max 250")
    bench.spread(f"{name}, lock held, ms", [o["hold"] for o in ours],
                 keys=("p50", "p99", "max"))
    bench.spread(f"{name}, engine, ms", [o["engine"] for o in ours],
                 keys=ENGINE, target="p99 20")
    bench.row(f"{name}, engine, busy / commits",
              f"{sum(o['engine']['busy'] for o in ours)} / "
              f"{sum(o['engine']['commits'] for o in ours)}", target="0")
    bench.largest(f"{name}, log, MB", [o["wal"] for o in ours], "64")
    bench.largest(f"{name}, memory, MB", [o["memory"] for o in ours])


def case(bench):
    for executions in EXECUTIONS:
        report(bench, executions)
