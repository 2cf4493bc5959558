"""A daemon that is there and does not answer: Ctrl-C, --timeout, words."""
import pathlib
import signal
import socket
import subprocess
import time

import pytest


ASKING = [("status",), ("ping",), ("list",), ("logs", "e1"), ("follow", "e1"),
          ("wait", "e1"), ("audit", "e1"), ("inspect", "e1"), ("sweep",)]
WRITING = [("write", "e1", "x"), ("event", "e1", "STARTED")]


@pytest.fixture
def silent(idle):
    """Where somebody listens; it gives the HELLO of the next one."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(idle.socket))
    server.listen()
    server.settimeout(20)
    kept = []

    def hello():
        kept.append(server.accept()[0])
        assert kept[-1].recv(4096)
        return kept[-1]
    yield hello
    server.close()


@pytest.mark.parametrize("words", ASKING + WRITING)
def test_ctrl_c_ends_the_wait(idle, silent, words):
    process = idle.spawn(*words)
    silent()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=5)[1] == b""
    assert process.returncode == 130


@pytest.mark.parametrize("id", ["e1", "@last"])
@pytest.mark.parametrize("words", [("logs", "-f"), ("follow",), ("wait",)])
def test_the_timeout_counts_from_the_start(idle, silent, words, id):
    begun = time.monotonic()
    code, _, said = idle.cli(*words, id, "--timeout", "100ms")
    assert (code, said) == (124, "-- timed out --\n")
    assert time.monotonic() - begun < 5


def test_nobody_is_sent_in_a_circle(idle, silent):
    """Where status does not answer, it cannot say why."""
    process = idle.spawn("status")
    silent().shutdown(socket.SHUT_RDWR)
    said = process.communicate(timeout=20)[1].decode()
    assert process.returncode == 5
    assert f"execlogd at {idle.socket}: the daemon closed" in said
    assert "journalctl -u execlogd" in said and "execlog status" not in said


def test_signals_do_not_shorten_the_patience_of_the_library(
        build, idle, silent):
    """An engine has timers and children."""
    if "san-" in str(build):
        pytest.skip("python has not loaded the sanitizer first")
    program = idle.folder / "open.py"
    program.write_text(f"""
import signal, sys
sys.path.insert(0, {str(pathlib.Path(__file__).parents[1])!r})
import ctypes as c
from lib.capi import Options
lib = c.CDLL({str(build / 'libexeclog.so')!r})
lib.execlog_open.restype = c.c_void_p
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
why = c.create_string_buffer(256)
assert not lib.execlog_open(c.byref(Options(
    socket={str(idle.socket)!r}.encode(), patience=500)), why)
print(why.value.decode())
""")
    begun = time.monotonic()
    done = subprocess.run(["/usr/bin/python3", program], timeout=20,
                          capture_output=True, text=True)
    assert done.stdout == "no answer in time\n", done.stderr
    assert time.monotonic() - begun >= 0.5


def test_help_into_a_pipe_that_is_closed(idle):
    for words in ("-h",), ("logs", "-h"), ("help", "logs"), ("-V",):
        process = idle.spawn(*words)
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(20) == 0


def test_words_before_the_command(daemon):
    env = {"EXECLOG_SOCKET": "/nowhere"}
    for words in ("--socket", daemon.socket), (f"--socket={daemon.socket}",):
        assert daemon.cli(*words, "ping", env=env)[0] == 0
    code, _, said = daemon.cli("help", "zzz")
    assert code == 2 and "there is no command zzz" in said
