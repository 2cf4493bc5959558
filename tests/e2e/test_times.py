"""Lines have the time at which they were read, whenever they could be sent."""
import fcntl
import os
import struct
import subprocess
import termios
import time

import pytest

from lib.daemon import await_until, finish


def now_ms():
    return time.time_ns() // 1000000


def timestamps(daemon):
    return dict(daemon.sql("SELECT message, timestamp FROM execution_logs"))


def unread(pipe):
    size = bytearray(4)
    fcntl.ioctl(pipe, termios.FIONREAD, size)
    return struct.unpack("i", size)[0]


def test_what_run_reads_while_the_daemon_is_away(daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn(
        "run", "e1", "-t", "t", "--lifecycle", "--tee", "--", "sh", "-c",
        f"read x < {folder}/go; echo away; printf unfinished; exit 3")
    await_until(lambda: daemon.sql("SELECT * FROM execution_audit_events"))
    children = open(f"/proc/{process.pid}/task/{process.pid}/children")
    daemon.kill()
    begun = now_ms()
    (folder / "go").write_text("x\n")
    assert process.stdout.read(15) == b"away\nunfinished"
    gone = now_ms()
    await_until(lambda: children.seek(0) == 0 and children.read() == "",
                "its end")
    daemon.start()
    back = now_ms()
    assert finish(process)[0] == 3
    found = timestamps(daemon)
    assert begun <= found["away"] <= found["unfinished"] <= gone
    start, end = daemon.sql("SELECT timestamp FROM execution_audit_events "
                            "ORDER BY id")
    assert start[0] <= begun <= end[0] <= back


@pytest.mark.parametrize("flags", [[], ["--producer", "p"]])
def test_what_write_reads_while_the_daemon_is_away(daemon, flags):
    process = subprocess.Popen(
        daemon.command("write", "e1", *flags), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=daemon.env())
    process.stdin.write(b"there\n")
    process.stdin.flush()
    await_until(lambda: daemon.messages("e1"))
    daemon.kill()
    process.stdin.write(b"away\n")
    process.stdin.flush()
    await_until(lambda: unread(process.stdin) == 0)
    daemon.start()
    back = now_ms()
    assert finish(process)[0] == 0
    assert timestamps(daemon)["away"] <= back


def test_a_queue_that_is_full_does_not_make_lines_younger(daemon, folder):
    """What was read and waits for room was read before."""
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "--tee", "--", "sh", "-c",
                           f"echo first; read x < {folder}/go; "
                           f"seq -f %0999.0f 4600")
    await_until(lambda: daemon.messages("e1"))
    daemon.kill()
    (folder / "go").write_text("x\n")
    # It is copied on as it is read, and then no more is.
    seen = 0
    while seen < 4000000 or unread(process.stdout) or not is_stuck(process):
        seen += len(os.read(process.stdout.fileno(),
                            unread(process.stdout) or (seen < 4000000)))
    gone = now_ms()
    daemon.start()
    assert finish(process)[0] == 0
    read = (seen - len("first\n")) // 1000
    assert 4000 < read < 4600
    late = [int(m) for m, t in timestamps(daemon).items()
            if t > gone and m != "first" and len(m) == 999]
    assert late and min(late) > read


def is_stuck(process):
    """Its child has a full pipe in front of it."""
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    shell = open(children).read().strip()
    seq = open(f"/proc/{shell}/task/{shell}/children").read().strip()
    return bool(seq) and "pipe" in open(f"/proc/{seq}/wchan").read()


def test_a_line_that_says_its_time_has_that(daemon):
    daemon.ok("run", "e1", "--", "echo",
              '{"level":"info","message":"m","timestamp":5}')
    assert timestamps(daemon) == {"m": 5}
