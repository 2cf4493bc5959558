"""What users are told: hints, reasons, notices, help."""
import socket
import subprocess

import pytest


def test_a_wait_is_no_success_because_nobody_reads(daemon):
    daemon.ok("write", "e1", "one")
    process = daemon.spawn("wait", "e1", "--timeout", "700ms")
    process.stdout.close()
    assert process.wait(20) == 124
    process.stderr.close()


@pytest.mark.parametrize("more, code", [((), 0), (("--exit-status",), 6)])
def test_a_socket_as_stdout_that_nobody_reads(daemon, more, code):
    """As node gives to its children."""
    daemon.ok("write", "e1", "one")
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        daemon.command("follow", "e1", "-o", "cat", *more), stdout=theirs,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=daemon.env())
    theirs.close()
    assert ours.recv(100) == b"one\n"
    ours.close()
    assert process.wait(20) == code
    process.stderr.close()
