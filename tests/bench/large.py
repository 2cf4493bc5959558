"""A file with many rows against an empty one, on the same disk."""
import contextlib
import os
import pathlib
import statistics
import sqlite3
import subprocess
import sys
import time

import procs

EXECUTIONS = 1000   # of the rows that are there
GROWN = 1.25        # so much larger: made again
QUESTIONS = 21


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    path = pathlib.Path(base) / "execlog-bench"
    path.mkdir(parents=True, exist_ok=True)
    return path


def remove(path):
    for suffix in "", "-wal", "-shm", ".lock":
        pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)


def size(path):
    """Rows, at a glance; 0 also for what is not whole."""
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT max(id) FROM execution_logs").fetchone()[0]


def made(bench):
    """The file, made when it is missing or has grown too much."""
    path = cache() / f"{bench.large}.db"
    if bench.large <= size(path) <= bench.large * GROWN:
        return path
    print(f"making {path}", file=sys.stderr, flush=True)
    part = path.with_suffix(".part")
    remove(path)
    remove(part)
    procs.rawloop(bench.build, bench.large, EXECUTIONS, db=part)
    part.rename(path)
    return path


@contextlib.contextmanager
def empty():
    path = cache() / "empty.db"
    remove(path)
    try:
        yield path
    finally:
        remove(path)


def first_line(daemon, i):
    """ms from starting "logs" to its first line."""
    execution, = daemon.sql("SELECT execution_id FROM execution_logs "
                            "WHERE id = ?", 1 + i * 7)[0]
    begun = time.monotonic()
    with procs.Child(*daemon.command("logs", "-n", 100, execution),
                     env=daemon.env(), stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        return (time.monotonic() - begun) * 1e3


def forget(path):
    """Out of the system's page cache."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def questions(bench, path):
    """First lines from the disk, and again."""
    cold, warm = [], []
    with procs.served(bench.build, path) as daemon:
        for i in range(QUESTIONS):
            forget(path)
            cold.append(first_line(daemon, i))
            warm.append(first_line(daemon, i))
    return [dict(p50=statistics.median(x), max=max(x)) for x in (cold, warm)]


def rows_of(bench, path, executions):
    with procs.served(bench.build, path) as daemon:
        with procs.Loads(daemon, bench.rows, executions) as loads:
            return loads.finish()[0]


def answers(bench):
    name = f"{bench.large / 1e6:g} M rows, first line of logs -n 100"
    cold, warm = zip(*[questions(bench, made(bench))
                       for _ in bench.each(name)])
    bench.spread(f"{name}, ms", warm, keys=("p50", "max"), target="20")
    bench.spread(f"{name}, from disk, ms", cold, keys=("p50", "max"))


def case(bench):
    answers(bench)      # first: the rest makes the file grow
    for executions in 10, EXECUTIONS:
        name = f"{bench.large / 1e6:g} M rows, {executions} executions"
        pairs = []
        for _ in bench.each(name):
            rate = rows_of(bench, made(bench), executions)
            with empty() as path:
                pairs.append((rate, rows_of(bench, path, executions)))
        bench.compared(f"{name}, rows/s; limit: an empty file", pairs, "0.8")
