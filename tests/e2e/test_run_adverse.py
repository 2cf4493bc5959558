"""execlog run when something is in its way: a reader that is stuck, a daemon
that hangs or speaks another language, signals at bad moments."""
import fcntl
import json
import os
import pty
import re
import shlex
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import pytest

from lib.daemon import await_until, clean_env, finish
from lib.wire import (ACK, CLOSE, ERROR, EVENT, HELLO, LINE, OPEN, REFUSED,
                      WELCOME, Closed, Wire, frame)


def sh(script):
    return ("--", "sh", "-c", script)


def ends(process, code, within=20):
    """It ends with this code, and not because its --timeout of 60 s passed."""
    assert process.wait(within) == code


@pytest.fixture
def terminal():
    """(master, slave, what makes it a child's controlling terminal)"""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))

    def take():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    yield master, slave, take
    os.close(master)
    os.close(slave)


# ------------------------------------------------------------- the daemon

@pytest.fixture
def stranger(folder):
    """Answers every HELLO with bad-version."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "s"))
    listener.listen(20)

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                if peer.recv(65536):
                    peer.sendall(frame(ERROR, dict(
                        code="bad-version", message="other words")))
    thread = threading.Thread(target=serve)
    thread.start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


def test_a_handle_that_fails_for_good_does_not_stop_the_command(idle, stranger):
    for i in range(10):
        code, out, err = idle.cli("run", "e1", "-t", "t", "--tee", *sh(
            f"sleep 0.0{i}; seq 3; echo x >&2; exit 5"))
        assert (code, out) == (5, "1\n2\n3\n")
        assert "x\n" in err and "4 lines were not stored" in err
        assert "other words" in err


def test_a_daemon_that_hangs_is_not_waited_for_longer_than_the_timeout(
        daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "--timeout", "500ms", *sh(
        f"echo first; read x < {folder}/go; echo x; exit 3"))
    await_until(lambda: daemon.messages("e1") == ["first"])
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        (folder / "go").write_text("x\n")
        code, _, err = finish(process)
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
    # The first one may have been stored, and its ACK not sent.
    assert code == 3 and re.search("1 line was not stored|2 lines were not "
                                   "stored", err)
    assert "stored: execlogd is there" in err


def test_a_daemon_that_hangs_does_not_hold_the_command(daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "--timeout", "500ms", *sh(
        f"echo first; read x < {folder}/go; seq -f %0100.0f 100000; exit 9"))
    await_until(lambda: daemon.status()["committed_rows"] >= 1, "the line")
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        (folder / "go").write_text("x\n")
        code, _, err = finish(process)
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
    assert code == 9 and "lines were not stored" in err


def test_what_a_terminal_still_holds_at_the_end_is_waited_for(daemon, folder):
    """The command ends while the queue is full."""
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "--pty", "--drain", "100ms", *sh(
        f"echo first; read x < {folder}/go; seq -f %0999.0f 4025"))
    await_until(lambda: daemon.status()["committed_rows"] >= 1, "the line")
    children = open(f"/proc/{process.pid}/task/{process.pid}/children")
    daemon.kill()
    (folder / "go").write_text("x\n")
    await_until(lambda: children.seek(0) == 0 and children.read() == "",
                "the end of the command")
    time.sleep(0.3)     # longer than --drain
    daemon.start()
    assert finish(process) == (0, "", "")
    assert daemon.messages("e1") == ["first"] + [
        "%0999d" % i for i in range(1, 4026)]
    assert daemon.sql("SELECT state, cut FROM execlog_streams") == [
        ("closed", None)]


def numbered(wire, kind, body):
    """The number of this frame; None: it has none."""
    if kind in (OPEN, CLOSE):
        return json.loads(body)["number"]
    if kind == EVENT:
        return wire.number + 1
    return struct.unpack(">Q", body[:8])[0] if kind == LINE else None


def serve_refusing(listener, refuses):
    """One producer; refuses the records with these numbers."""
    while True:
        wire = Wire(None, sock=listener.accept()[0])
        try:
            kind, _ = wire.recv()
            break
        except Closed:      # it only looked whether somebody is here
            wire.sock.close()
    assert kind == HELLO
    wire.send(WELCOME, dict(version=1, server="execlogd", epoch=1, number=0))
    try:
        while True:
            number = numbered(wire, *wire.recv())
            if number is None:
                continue
            wire.number = number
            if number in refuses:
                wire.send(REFUSED, dict(number=number, code="bad-capture",
                                        message="no such capture"))
            wire.send(ACK, struct.pack(">Q", number))
    except Closed:
        wire.sock.close()


@pytest.mark.parametrize("flags,refuses,said", [
    ([], {3}, "1 line was refused by execlogd, and not stored"),
    ([], set(range(1, 99)),
     "3 lines were refused by execlogd, and not stored"),
    (["--lifecycle"], {2}, None),
    (["--lifecycle"], {3, 5},
     "2 lines were refused by execlogd, and not stored")])
def test_lines_that_are_refused_are_not_stored(idle, flags, refuses, said):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(idle.socket))
    listener.listen()
    thread = threading.Thread(target=serve_refusing,
                              args=(listener, refuses))
    thread.start()
    code, _, err = idle.cli("run", "e1", "-t", "t", *flags, *sh(
        "seq 3; exit 5"))
    thread.join(20)
    listener.close()
    lines = err.splitlines()
    assert code == 5
    if said is None:
        assert len(lines) == 1 and "record 2 was refused" in err
    else:
        assert lines[-1] == f"execlog: {said}"


# ---------------------------------------------------------------- signals

def test_a_stuck_reader_does_not_keep_signals_from_the_command(daemon):
    process = daemon.spawn("run", "e1", "--tee", "--drain", "200ms", *sh(
        "yes; exit 4"))
    inside = f"/proc/{process.pid}/task/{process.pid}/children"
    await_until(lambda: open(inside).read(), "the command")
    yes = await_until(lambda: open("/proc/%s/task/%s/children" % (
        (open(inside).read().split()[0],) * 2)).read(), "its child")
    await_until(lambda: "pipe" in open(f"/proc/{yes.strip()}/wchan").read(),
                "a full pipe")
    process.terminate()
    ends(process, 143)
    process.stdout.close()


def test_signals_end_the_waiting_for_what_is_left_behind(daemon):
    process = daemon.spawn("run", "e1", "--drain", "1h", *sh(
        "tail -f /dev/null & echo $!; exit 6"))
    await_until(lambda: daemon.messages("e1") != [])
    child = open(f"/proc/{process.pid}/task/{process.pid}/children")
    await_until(lambda: child.seek(0) == 0 and child.read() == "", "its end")
    process.terminate()
    ends(process, 6)
    os.kill(int(daemon.messages("e1")[0]), signal.SIGKILL)


@pytest.mark.parametrize("lines,code", [(3, 6), (50000, 143)])
def test_signals_end_the_waiting_for_a_daemon(idle, folder, lines, code):
    process = idle.spawn("run", "e1", *sh(
        f"echo > {folder}/ran; seq -f %0100.0f {lines}; exit 6"))
    await_until((folder / "ran").exists)
    children = open(f"/proc/{process.pid}/task/{process.pid}/children")
    if code == 143:
        # It writes into a full queue: this one is for it.
        process.terminate()
    await_until(lambda: children.seek(0) == 0 and children.read() == "",
                "its end")
    process.terminate()
    ends(process, code)
    assert b"not stored" in process.stderr.read()


def test_ctrl_c_of_somebody_else_reaches_a_command_on_a_terminal(
        daemon, terminal):
    """Not the terminal's: only we have got it."""
    master, slave, take = terminal
    process = subprocess.Popen(
        daemon.command("run", "e1", *sh(
            "trap 'echo bye; exit 5' INT; echo ready; "
            "while :; do sleep 0.05; done")),
        stdin=slave, stdout=slave, stderr=slave, env=daemon.env(),
        preexec_fn=take)
    await_until(lambda: daemon.messages("e1") == ["ready"])
    process.send_signal(signal.SIGINT)
    ends(process, 5)
    assert daemon.messages("e1") == ["ready", "bye"]


@pytest.mark.parametrize("how", ["kill", "terminal"])
def test_quit_is_the_commands(daemon, terminal, how):
    """Java prints its threads then, and goes on."""
    master, slave, take = terminal
    process = subprocess.Popen(
        daemon.command("run", "e1", *sh(
            "trap 'echo threads' QUIT; trap 'echo bye; exit 5' TERM; "
            "echo ready; while :; do sleep 0.05; done")),
        stdin=slave if how == "terminal" else subprocess.DEVNULL,
        stdout=slave, stderr=slave, env=daemon.env(), preexec_fn=take)
    await_until(lambda: daemon.messages("e1") == ["ready"])
    if how == "terminal":
        os.write(master, b"\x1c")
    else:
        process.send_signal(signal.SIGQUIT)
    # The shell tells of its sleep, too.
    await_until(lambda: "threads" in daemon.messages("e1"))
    process.terminate()
    ends(process, 5)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-",
                                    "<&- >&- 2>&-"])
def test_without_descriptors_of_its_own(daemon, closed):
    line = (f"{shlex.join(daemon.command('run', 'e1', '--tee', '--', 'sh'))} "
            f"-c 'echo out; echo err >&2; exit 7' {closed}")
    done = subprocess.run(["sh", "-c", line], env=daemon.env(), timeout=20,
                          capture_output=True)
    assert done.returncode == 7
    assert sorted(daemon.messages("e1"))[-2:] == ["err", "out"]


def test_a_command_outlives_its_capture(daemon, folder):
    os.mkfifo(folder / "go")
    go = os.open(folder / "go", os.O_RDWR)      # also when nobody reads it
    process = daemon.spawn("run", "e1", "-t", "t", *sh(
        f"echo ready; read x < {folder}/go; echo ran > {folder}/proof; "
        f"echo more; touch {folder}/never"))
    await_until(lambda: daemon.messages("e1") == ["ready"])
    child = int(open(f"/proc/{process.pid}/task/{process.pid}/children").read())
    process.kill()
    finish(process)
    os.write(go, b"x\n")
    await_until((folder / "proof").exists)
    os.close(go)
    await_until(lambda: is_gone(child), "its end")
    assert not (folder / "never").exists()
    await_until(lambda: daemon.sql("SELECT state FROM execlog_streams") == [
        ("lost",), ("lost",)])


def is_gone(pid):
    """Or a zombie, where nobody reaps."""
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2][1] == "Z"
    except FileNotFoundError:
        return True


# --------------------------------------------------------------- terminals

def test_a_pty_is_not_its_stdin(daemon):
    daemon.ok("run", "e1", "--pty", *sh(
        "test -t 0 || echo no; test -t 1 && test -t 2 && cat"),
        input=b"typed\n")
    assert daemon.messages("e1") == ["no", "typed"]



def test_a_pty_passes_bytes_and_has_our_size(daemon, terminal):
    master, slave, take = terminal
    process = subprocess.Popen(
        daemon.command("run", "e1", "--pty", "--tee", *sh(
            "printf 'a\\nb\\r\\n'; stty size <&1; stty -a <&2 | tr -d '\\n' "
            "| grep -o -e '-opost'")),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave,
        env=daemon.env())
    assert process.communicate(timeout=20)[0] == (
        b"a\nb\r\n33 77\n-opost\n")
    assert daemon.messages("e1") == ["a", "b", "33 77", "-opost"]


def test_the_environment_is_otherwise_ours(daemon):
    daemon.ok("run", "e1", *sh("echo $PYTHONUNBUFFERED"),
              env=dict(PYTHONUNBUFFERED="mine"))
    assert daemon.messages("e1") == ["mine"]
