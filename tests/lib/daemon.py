"""The real daemon on a throw-away file, and the real CLI."""
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time

from lib.wire import Wire

DEADLINE = 20


def await_until(condition, what="the condition"):
    """Poll; nothing else waits without something to wait on."""
    until = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < until, f"timed out waiting for {what}"
        time.sleep(0.005)


def clean_env(**more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("EXECLOG_", "AUTOKESTRA_", "LISTEN_"))
           and k not in ("NOTIFY_SOCKET", "NO_COLOR", "JOURNAL_STREAM")}
    env.update({k: str(v) for k, v in more.items()})
    return env


class Daemon:
    def __init__(self, build, folder):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        self.db = self.folder / "a.db"
        self.socket = self.folder / "s"
        self.stderr = self.folder / "stderr"
        self.process = None
        self.prefix = []        # a program that executes the daemon

    def argv(self, *flags):
        return [*self.prefix, str(self.build / "execlogd"), "--db",
                str(self.db), "--socket", str(self.socket), *map(str, flags)]

    def start(self, *flags, **env):
        """Start and await READY on a notify socket."""
        path = self.folder / "notify"
        if path.exists():
            path.unlink()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        self.notify.settimeout(DEADLINE)
        with open(self.stderr, "ab") as err:
            self.process = subprocess.Popen(
                self.argv(*flags), stdin=subprocess.DEVNULL, stderr=err,
                env=clean_env(NOTIFY_SOCKET=path, **{
                    # rows of tests are of any time
                    "AUTOKESTRA_LOG_RETENTION_DAYS": 0, **env}))
        assert self.notify.recv(4096) == b"READY=1"
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE)
        self.process = None
        return code

    def refused(self, *flags, **env):
        """Start where it must fail: exit code and stderr."""
        done = subprocess.run(self.argv(*flags), capture_output=True,
                              timeout=DEADLINE, env=clean_env(**env))
        return done.returncode, done.stderr.decode()

    def producer(self, **hello):
        return Wire(self.socket, "produce", **hello)

    def reader(self):
        return Wire(self.socket, "read")

    def status(self):
        reader = self.reader()
        try:
            return reader.status()
        finally:
            reader.close()

    # the CLI
    def command(self, *args):
        return [str(self.build / "execlog"), *map(str, args)]

    def env(self, **more):
        return clean_env(**{"EXECLOG_SOCKET": self.socket, **more})

    def cli(self, *args, input=None, env={}):
        """Run it: (exit code, stdout, stderr) as text."""
        done = subprocess.run(self.command(*args), input=input,
                              stdin=None if input is not None
                              else subprocess.DEVNULL,
                              capture_output=True, timeout=60,
                              env=self.env(**env))
        return (done.returncode, done.stdout.decode("utf-8", "replace"),
                done.stderr.decode("utf-8", "replace"))

    def old_reader(self):
        """A connection that goes on reading the file as it is now."""
        db = sqlite3.connect(self.db, isolation_level=None)
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM execution_logs").fetchone()
        return db

    def grow_log(self, producer, size):
        """Commit until the log has so many bytes."""
        while self.status()["wal_bytes"] < size:
            for _ in range(100):
                producer.log("e1", "x" * 60000)
            producer.sync()

    def cpu(self, seconds=1):
        """Its CPU time, in s, while somebody waits for so long."""
        def used():
            with open(f"/proc/{self.process.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        before = used()
        self.cli("follow", "nobody", "--wait", "--timeout", f"{seconds}s")
        return used() - before

    def ok(self, *args, **more):
        code, out, err = self.cli(*args, **more)
        assert code == 0, (args, code, out, err)
        return out

    def spawn(self, *args, **more):
        return subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.env(**more))

    def follow(self, *args):
        """execlog follow, registered: its first notice or row is awaited."""
        before = self.status()["followers"]
        process = self.spawn("follow", *args)
        await_until(lambda: self.status()["followers"] > before,
                    "the follower")
        return process

    # the file, by another program
    def sql(self, text, *args):
        db = sqlite3.connect(self.db, timeout=10, isolation_level=None)
        try:
            return db.execute(text, args).fetchall()
        finally:
            db.close()

    def messages(self, execution):
        return [m for (m,) in self.sql(
            "SELECT message FROM execution_logs WHERE execution_id = ? "
            "ORDER BY id", execution)]


def finish(process, timeout=DEADLINE):
    """The end of a spawned CLI: exit code, stdout, stderr."""
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out.decode("utf-8", "replace"), err.decode()
