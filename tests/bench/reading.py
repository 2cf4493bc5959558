"""All rows of one execution as ndjson, against sqlite3 printing the same."""
import subprocess
import time

import procs

QUERY = ("SELECT id, execution_id, task_id, timestamp, level, source, "
         "message, metadata FROM execution_logs WHERE execution_id = '{}' "
         "ORDER BY timestamp, id")


def seconds(*argv, **more):
    begun = time.monotonic()
    subprocess.run([str(a) for a in argv], check=True,
                   stdout=subprocess.DEVNULL, **more)
    return time.monotonic() - begun


def case(bench):
    pairs = []
    with procs.served(bench.build) as daemon:
        with procs.Loads(daemon, bench.rows, 1) as loads:
            loads.finish()
        (name,), = daemon.sql("SELECT execution_id FROM execution_logs "
                              "LIMIT 1")
        for _ in bench.each("logs as ndjson"):
            ours = seconds(*daemon.command("logs", name, "-o", "ndjson"),
                           env=daemon.env())
            limit = seconds("sqlite3", "-readonly", "-json", daemon.db,
                            QUERY.format(name))
            pairs.append((bench.rows / ours, bench.rows / limit))
    bench.compared("execlog logs as ndjson, rows/s; limit: sqlite3 -json",
                   pairs, "1.0")
