"""inspect --watch: drawn again in place."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios


class Terminal:
    """The CLI on a terminal of its own."""
    def __init__(self, daemon, *args, rows=24, columns=80):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            daemon.command(*args), stdin=slave, stdout=slave, stderr=slave,
            env=daemon.env(TERM="xterm"))
        os.close(slave)
        self.seen = b""

    def until(self, text):
        while text.encode() not in self.seen:
            data = os.read(self.master, 1 << 16)
            assert data, self.seen
            self.seen += data
        return self

    def end(self):
        while True:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                break
            if not data:
                break
            self.seen += data
        os.close(self.master)
        return self.process.wait(20)


def test_watch(daemon):
    daemon.ok("event", "e1", "STARTED")
    t = Terminal(daemon, "inspect", "e1", "--watch").until("in progress")
    daemon.ok("event", "e1", "COMPLETED")
    assert t.end() == 0
    last = t.seen.decode().split("\033[H")[-1]
    assert "SUCCESS" in last and "in progress" not in last
    assert b"\033[K" in t.seen and b"\033[J" in t.seen


def test_watch_what_runs_now(daemon):
    code, out, err = daemon.cli("inspect", "@running", "--watch")
    assert (code, out, err) == (4, "", "No execution is running\n")
    daemon.ok("event", "e1", "STARTED")
    t = Terminal(daemon, "inspect", "@running", "--watch").until("in progress")
    daemon.ok("event", "e2", "STARTED")
    daemon.ok("event", "e1", "CANCELLED")
    assert t.end() == 0
    last = t.seen.decode().split("\033[H")[-1]
    assert "execution  e1" in last and "CANCELLED" in last
    # Nothing is cleared that was not drawn.
    t = Terminal(daemon, "inspect", "e1", "--watch")
    assert t.end() == 0 and b"\033[J" not in t.seen


def test_watch_fits_the_terminal(daemon):
    daemon.ok("event", "e1", "STARTED")
    p = daemon.producer()
    for i in range(40):
        p.event("e1", "STATE_CHANGE", task_id=f"t{i}", to="RUNNING")
    p.sync()
    t = Terminal(daemon, "inspect", "e1", "--watch", rows=20, columns=60)
    t.until("\033[J")
    frame = t.seen.decode().split("\033[H")[1]
    lines = re.sub("\033\\[[0-9]*[mKJ]", "", frame).split("\r\n")
    assert len(lines) == 20 and lines[-1] == ""
    every = daemon.ok("inspect", "e1", env=dict(COLUMNS=60)).splitlines()
    assert lines[-2] == (f"-- {len(every) - 18} more lines: without --watch, "
                         "or --task ID --")
    daemon.ok("event", "e1", "CANCELLED")
    assert t.end() == 0
    p.close()


def test_watch_across_a_restart(daemon):
    daemon.ok("event", "e1", "STARTED")
    t = Terminal(daemon, "inspect", "e1", "--watch").until("in progress")
    assert daemon.stop() == 0
    t.until("trying again")
    daemon.start()
    t.seen = b""
    t.until("in progress")
    daemon.ok("event", "e1", "FAILED")
    assert t.end() == 0
    assert b"FAILED" in t.seen and b"trying" not in t.seen
    # One that was never there is not waited for.
    assert daemon.stop() == 0
    code, out, err = daemon.cli("inspect", "e1", "--watch")
    assert code == 5 and err.count("\n") == 1 and "trying" not in err


def test_watch_ends_when_the_daemon_says_no(daemon):
    daemon.ok("event", "e1", "STARTED")
    t = Terminal(daemon, "inspect", "e1", "--watch").until("in progress")
    daemon.sql("CREATE VIEW task_runs AS SELECT 'e1' AS execution_id, "
               "'t' AS task_id, zeroblob(2000000000) AS state")
    assert t.process.wait(20) == 5 and t.end() == 5
    assert b"too big" in t.seen and b"trying" not in t.seen
