"""SIGKILL at random instants, of the daemon and of producers."""
import os
import subprocess
import threading
import time

from lib.daemon import await_until, clean_env

ROUNDS = 100 if os.environ.get("EXECLOG_SOAK") else 8
PRODUCERS = 4
LINES = 20000           # of a replayable file


def lines(numbers):
    return [f"{n} {'x' * (n % 97)}" for n in numbers]


class Feeder(threading.Thread):
    """execlog write, with lines that do not end until they are told to."""

    def __init__(self, daemon, name):
        super().__init__()
        self.name = name
        self.process = subprocess.Popen(
            daemon.command("write", name), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=daemon.env())
        self.fed = 0
        self.enough = threading.Event()

    def run(self):
        try:
            while not self.enough.wait(0.002):      # about 10 000 in a second
                some = lines(range(self.fed, self.fed + 20))
                self.process.stdin.write("\n".join(some).encode() + b"\n")
                self.process.stdin.flush()
                self.fed += 20
        except BrokenPipeError:
            pass        # its exit code says it

    def finish(self):
        """The exit code and what was said."""
        self.enough.set()
        self.join()
        said = self.process.communicate(timeout=60)[1].decode()
        return self.process.returncode, said


def count(daemon):
    return daemon.sql("SELECT count(*) FROM execution_logs")[0][0]


def kill_at_start(daemon, dice):
    """A daemon that is killed while it is still opening the file."""
    process = subprocess.Popen(daemon.argv(), stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=clean_env())
    time.sleep(dice.uniform(0, 0.03))
    process.kill()
    process.wait()


def kill_and_start(daemon, dice):
    before = count(daemon)
    if dice.random() < 0.6:         # otherwise perhaps while they come back
        await_until(lambda: count(daemon) > before, "new rows")
    time.sleep(dice.uniform(0, 0.15))
    daemon.kill()
    if dice.random() < 0.3:
        kill_at_start(daemon, dice)
    daemon.start()


def test_the_daemon_is_killed_under_producers(daemon, dice):
    feeders = [Feeder(daemon, f"e{i}") for i in range(PRODUCERS)]
    for f in feeders:
        f.start()
    try:
        for _ in range(ROUNDS):
            kill_and_start(daemon, dice)
    finally:
        ends = [f.finish() for f in feeders]
    assert ends == [(0, "")] * PRODUCERS, dice.told
    for f in feeders:
        assert daemon.messages(f.name) == lines(range(f.fed)), dice.told
    assert count(daemon) == sum(f.fed for f in feeders), dice.told
    assert daemon.sql("SELECT * FROM execlog_incidents") == [], dice.told
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)], dice.told


def write_file(daemon, path, name):
    with open(path, "rb") as file:
        return subprocess.Popen(
            daemon.command("write", "--producer", name, name), stdin=file,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=daemon.env())


def kill_and_run_again(daemon, path, name, dice):
    """How much was stored at each kill, before it was run to its end."""
    stored = []
    for goal in sorted(dice.randrange(1, LINES) for _ in range(2)):
        process = write_file(daemon, path, name)
        await_until(lambda: process.poll() is not None
                    or len(daemon.messages(name)) >= goal)
        process.kill()
        process.communicate()
        stored.append(len(daemon.messages(name)))
    process = write_file(daemon, path, name)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, (said, dice.told)
    return stored


def test_producers_are_killed_and_run_again(daemon, dice):
    path = daemon.folder / "input"
    path.write_text("\n".join(lines(range(LINES))) + "\n")
    inside = 0
    for i in range(ROUNDS):
        stored = kill_and_run_again(daemon, path, f"e{i}", dice)
        inside += sum(0 < n < LINES for n in stored)
        assert daemon.messages(f"e{i}") == lines(range(LINES)), dice.told
    assert inside > 0, dice.told                # it was what it says
    assert daemon.status()["incidents"] == 0
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)], dice.told
