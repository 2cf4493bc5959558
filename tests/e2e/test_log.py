"""What the daemon says on its stderr, and that it never waits for it."""
import fcntl
import os
import pty
import select
import signal
import subprocess
import threading

import pytest

from lib.daemon import DEADLINE, Daemon, await_until, clean_env


def fill(fd):
    """Until it takes no more; then writing to it waits, as before."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    # A terminal has a second buffer behind the first, filled a moment later.
    while select.select([], [fd], [], 0.2)[1]:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while True:
                    os.write(fd, b"x" * size)
            except BlockingIOError:
                pass
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)


def drain(fd, said):
    """Read all there will be, in a thread."""
    def read():
        try:
            while (data := os.read(fd, 1 << 16)):
                said.append(data)
        except OSError:         # a terminal without its other side
            pass
    thread = threading.Thread(target=read)
    thread.start()
    return thread


@pytest.mark.parametrize("make", [os.pipe, pty.openpty])
def test_a_stderr_that_nobody_reads(idle, make):
    out, err = make()
    fill(err)
    idle.stderr.touch()
    process = subprocess.Popen(idle.argv(), stdin=subprocess.DEVNULL,
                               stderr=err, env=clean_env())
    os.close(err)
    said = []
    try:
        await_until(lambda: idle.cli("ping")[0] == 0, "the daemon")
        idle.ok("write", "e", "stored")
        thread = drain(out, said)
        await_until(lambda: said, "room")
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
        thread.join()
    finally:
        process.kill()
        process.wait()
    os.close(out)
    lines = b"".join(said).lstrip(b"x").decode().split("\n")
    assert [line.strip() for line in lines if line] == [
        "execlogd: 1 line of this log was dropped: nobody read it",
        "execlogd: stopping on SIGTERM"]
    assert idle.start().messages("e") == ["stored"]


def test_a_line_stays_a_line(build, folder):
    daemon = Daemon(build, folder)
    daemon.db = folder / "a\n<3>execlogd: b\x1b[31m\x7f\xa0\x9b.db"
    daemon.start()
    assert daemon.stop() == 0
    said = daemon.stderr.read_bytes()
    assert said.count(b"\n") == 2 and b"\x1b" not in said
    assert b"a^J<3>execlogd: b^[[31m^?\xc2\xa0\\x9b.db on" in said


def test_what_cannot_be_read_is_not_said_to_everybody_again(daemon):
    daemon.ok("write", "e", "x")
    daemon.sql("ALTER TABLE execution_logs RENAME TO elsewhere")
    for _ in range(50):
        r = daemon.reader()
        r.ask(kind="logs", execution_id="e")
        assert r.recv()[1]["code"] == "storage"
        r.close()
    assert daemon.stderr.read_text().count("cannot read") == 1
    daemon.sql("ALTER TABLE elsewhere RENAME TO execution_logs")
    assert daemon.ok("logs", "e", "-o", "cat") == "x\n"
