"""What status says of rows and bytes, and what is true."""
import os

from lib.daemon import await_until

SUM = {"log": "sum(16 + " + " + ".join(
    f"coalesce(length(CAST({c} AS BLOB)), 0)" for c in (
        "execution_id", "task_id", "level", "source", "message",
        "metadata")) + ")",
       "audit": "sum(16 + " + " + ".join(
           f"length(CAST({c} AS BLOB))" for c in (
               "execution_id", "event_type", "metadata")) + ")"}
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
