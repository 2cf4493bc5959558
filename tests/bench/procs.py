"""The processes of a benchmark: started, measured, and gone at the end."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

from lib.daemon import Daemon, await_until

TIMEOUT = 1800      # of what must end by itself, seconds


@contextlib.contextmanager
def folder():
    where = pathlib.Path(tempfile.mkdtemp(prefix="elbench", dir="/tmp"))
    try:
        yield where
    finally:
        shutil.rmtree(where)


@contextlib.contextmanager
def served(build, db=None, shared=False):
    """A daemon on a file; "shared": the engine's table is in it before."""
    with folder() as where:
        daemon = Daemon(build, where)
        daemon.db = db or daemon.db
        try:
            if shared:
                engine_alone(build, daemon.db, 0)
            yield daemon.start()
            if daemon.process is not None:
                assert daemon.stop() == 0, daemon.stderr.read_text()
        finally:
            if daemon.process is not None:
                daemon.kill()


class Child(subprocess.Popen):
    """A process that does not outlive its "with"."""

    def __init__(self, *argv, **more):
        super().__init__([str(a) for a in argv], **more)

    def __exit__(self, *raised):
        if self.poll() is None:
            self.kill()
        super().__exit__(*raised)

    def result(self):
        """What it prints, when it has ended well."""
        out, _ = self.communicate(timeout=TIMEOUT)
        assert self.returncode == 0, (self.args, self.returncode)
        return json.loads(out)


def child_cpu():
    """CPU seconds of all children that are gone."""
    times = os.times()
    return times.children_user + times.children_system


def memory(process, key):
    """MB; key is VmRSS or VmHWM."""
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    line, = [x for x in text.splitlines() if x.startswith(key + ":")]
    return int(line.split()[1]) / 1024


def rawloop(build, rows, executions, naive=False, db=None):
    """Rows a second, and us of CPU for a row, of SQLite alone."""
    with folder() as where:
        before = child_cpu()
        with Child(build / "bench/rawloop", db or where / "a.db", rows,
                   executions, 10000, *["naive"] * naive,
                   stdout=subprocess.PIPE) as process:
            rate = process.result()
        return rate, (child_cpu() - before) / rows * 1e6


class Loads(contextlib.ExitStack):
    """Producer processes; "rate" and "rows" are of all together."""

    def __init__(self, daemon, rows, executions, producers=4, rate=0,
                 handles=1):
        super().__init__()
        self.rows = rows // producers * producers
        self.daemon = daemon
        self.before = newest(daemon)
        self.begun = time.monotonic()
        self.all = [self.enter_context(Child(
            daemon.build / "bench/load", rows // producers, executions,
            i * 7919, rate // producers, handles, env=daemon.env(),
            stdout=subprocess.PIPE)) for i in range(producers)]

    def busy(self):
        return any(process.poll() is None for process in self.all)

    def finish(self):
        """Until all is acknowledged: lines a second, ns of CPU per call."""
        costs = [process.result() for process in self.all]
        seconds = time.monotonic() - self.begun
        found = newest(self.daemon) - self.before
        assert found >= self.rows, (found, self.rows)
        return self.rows / seconds, statistics.median(costs)


def newest(daemon):
    rows = daemon.sql("SELECT max(id) FROM execution_logs")
    return rows[0][0] or 0


def engine(build, db, seconds, mode=()):
    return Child(build / "bench/engine", db, seconds, *mode,
                 stdout=subprocess.PIPE)


def engine_alone(build, db, seconds, mode=()):
    with engine(build, db, seconds, mode) as process:
        return process.result()


def engine_beside(daemon, loads, mode=()):
    """An engine for as long as the loads are busy; what both say."""
    with engine(daemon.build, daemon.db, TIMEOUT, mode) as process:
        rate, _ = loads.finish()
        process.send_signal(signal.SIGTERM)
        return rate, process.result()


def way(daemon, rate, seconds):
    """ms from write() of a line to read() behind a follower's stdout."""
    stamp = daemon.build / "bench/stamp"
    quiet = dict(env=daemon.env(), stderr=subprocess.DEVNULL)
    before = daemon.status()
    with contextlib.ExitStack() as stack:
        def start(*argv, **more):
            return stack.enter_context(Child(*argv, **more))
        follow = start(*daemon.command("follow", "stamped", "--wait", "-o",
                                       "cat"),
                       stdout=subprocess.PIPE, **quiet)
        read = start(stamp, "read", rate * seconds, stdin=follow.stdout,
                     stdout=subprocess.PIPE)
        write = start(*daemon.command("write", "stamped"),
                      stdin=subprocess.PIPE, **quiet)
        await_until(lambda: is_connected(daemon, before))
        start(stamp, "write", rate, seconds, stdout=write.stdin)
        write.stdin.close()
        return read.result()


def is_connected(daemon, before):
    now = daemon.status()
    return (now["followers"] > before["followers"]
            and now["producers"] > before["producers"])


def pipe(build, rate, seconds):
    """The same through nothing but a pipe: what measuring itself costs."""
    stamp = build / "bench/stamp"
    with Child(stamp, "write", rate, seconds,
               stdout=subprocess.PIPE) as write:
        with Child(stamp, "read", rate * seconds, stdin=write.stdout,
                   stdout=subprocess.PIPE) as read:
            return read.result()
