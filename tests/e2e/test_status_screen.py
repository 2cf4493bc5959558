"""status on a terminal: lines, --watch, --watch in a pipe."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest

from lib.daemon import DEADLINE, finish
from lib.truth import settled


class Terminal:
    """A program on a terminal, and what its screen shows."""
    def __init__(self, daemon, *args, size=(24, 80)):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, size)
        self.process = subprocess.Popen(
            daemon.command(*args), stdin=slave, stdout=slave, stderr=slave,
            env=daemon.env(TERM="xterm"), start_new_session=True)
        os.close(slave)
        self.data = b""

    def until(self, what):
        until = time.monotonic() + DEADLINE
        while not what(self.data):
            assert time.monotonic() < until, self.data
            if select.select([self.master], [], [], 0.1)[0]:
                self.data += os.read(self.master, 65536)


def test_watch_redraws_in_place_and_ends_quietly(daemon):
    t = Terminal(daemon, "status", "--watch")
    t.until(lambda d: d.count(b"\x1b[J") == 1)
    daemon.ok("write", "e1", "x")
    t.until(lambda d: b"1 log, 0 audit" in d and d.endswith(b"\x1b[J"))
    frames = t.data.split(b"\x1b[H")[1:]
    assert frames[0].startswith(b"\x1b[2J") and len(frames) >= 2
    rows = [row for f in frames for row in f.decode().split("\r\n")[:-1]]
    assert all(row.endswith("\x1b[K") or
               len(re.sub("\x1b\\[[0-9]*[mJ]", "", row)) == 80
               for row in rows)
    seen = len(t.data)
    t.process.send_signal(signal.SIGINT)
    assert t.process.wait(DEADLINE) == 130
    os.set_blocking(t.master, False)
    try:
        assert os.read(t.master, 4096).count(b"execlog:") == 0
    except (BlockingIOError, OSError):
        pass
    os.close(t.master)
    assert seen


@pytest.mark.parametrize("columns", [50, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(idle, columns):
    idle.start("--warn-log-bytes", 10, "--retention-days", 30,
               "--max-log-bytes", "123M", "--keep-failed-days", 90,
               "--audit-retention-days", 1234)
    p = idle.producer()
    for i in range(1234):
        p.log("e", "m")
    p.log("old", "m", timestamp=1)
    p.sync()
    idle.ok("sweep")
    settled(idle)

    def shown(columns):
        text = idle.ok("status", env={"COLUMNS": str(columns)} if columns
                       else {})
        return re.sub(r"\d+\.\d{3}|up \d+s|\d+ (frames|passes)|frames \d+|"
                      r"\d+\.\d rows/s", "#", text)
    whole, lines = shown(0), shown(columns)
    assert any(len(x) > 80 for x in whole.splitlines())
    assert max(len(x) for x in lines.splitlines()) <= columns
    # Broken between words, behind no number; and nothing is lost.
    assert re.sub("\n {13}", " ", lines) == whole
    assert not re.search(r"\d\n {13}", lines)
    t = Terminal(idle, "status", "--watch", size=(60, columns))
    t.until(lambda d: d.count(b"\x1b[J") == 1)
    t.process.send_signal(signal.SIGINT)
    assert t.process.wait(DEADLINE) == 130
    os.close(t.master)
    assert "…" not in t.data.decode() and "more lines" not in t.data.decode()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_watch_is_cut_to_the_terminal(daemon, columns):
    t = Terminal(daemon, "status", "--watch", size=(9, columns))
    t.until(lambda d: d.count(b"\x1b[J") == 2)
    t.process.send_signal(signal.SIGINT)
    assert t.process.wait(DEADLINE) == 130
    os.close(t.master)
    whole = daemon.ok("status", env={"COLUMNS": str(columns)}).splitlines()
    frame = t.data.split(b"\x1b[H")[1].decode()
    shown = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", frame).splitlines()
    # The last row is the cursor's.
    assert len(shown) == 8
    assert shown[-1] == (f"-- {len(whole) - 7} more lines: "
                         "without --watch --")
    assert max(map(len, shown)) <= columns


def test_watch_in_a_pipe_and_across_a_restart(daemon):
    watch = daemon.spawn("status", "--watch", "--json")
    first = json.loads(watch.stdout.readline())
    assert first["state"] == "ok"
    assert daemon.stop() == 0
    assert b"trying again" in watch.stderr.readline()
    daemon.start()
    assert json.loads(watch.stdout.readline())["uptime_s"] < 5
    watch.send_signal(signal.SIGINT)
    code, out, err = finish(watch)
    assert code == 130 and err == ""
    assert daemon.stop() == 0
    code, out, err = daemon.cli("status", "--watch")
    assert code == 5 and err.count("\n") == 1
    daemon.start()
    assert daemon.cli("status", "--watch", "--check")[0] == 2
