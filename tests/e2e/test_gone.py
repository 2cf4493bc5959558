"""Peers that write and go, without reading what they are told."""
import socket
import subprocess

import pytest

from lib.daemon import await_until
from lib.wire import HELLO, LOG, LOG_JSON, frame, log_body

MANY = 300


def write_and_go(daemon, data, read=0):
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(daemon.socket))
    s.sendall(data)
    if read:
        s.recv(read)
    s.close()


def all_gone(daemon):
    status = daemon.status()
    return status["producers"] == 0 and status["connections"] == 1


def hello(**more):
    return frame(HELLO, dict(dict(version=1, role="produce"), **more))


@pytest.mark.parametrize("more", [0, 40])
def test_records_of_who_does_not_stay_are_stored(daemon, more):
    record = dict(execution_id="e", level="info", source="s")
    for i in range(MANY):
        write_and_go(daemon, hello() + b"".join(
            frame(LOG_JSON, dict(record, message=f"{i} {k}"))
            for k in range(1 + more)))
    await_until(lambda: all_gone(daemon), "the connections to go")
    assert sorted(daemon.messages("e")) == sorted(
        f"{i} {k}" for i in range(MANY) for k in range(1 + more))
    assert daemon.status()["faults"] == {}


def test_who_has_not_read_its_welcome(daemon):
    """Then the kernel resets the connection instead of ending it."""
    for i in range(MANY // 10):
        write_and_go(daemon, hello(producer=f"p{i}") + b"".join(
            frame(LOG, log_body(k + 1, f"e{i}", str(k))) for k in range(50)),
            read=4)
    await_until(lambda: all_gone(daemon), "the connections to go")
    for i in range(MANY // 10):
        assert daemon.messages(f"e{i}") == [str(k) for k in range(50)]


def test_more_than_is_read_at_once(idle):
    """Its rest waits in the kernel, and for room."""
    daemon = idle.start("--max-pending", "1M")
    text = "x" * 60000
    for i in range(4):
        write_and_go(daemon, hello())       # something else to tell apart
        s = socket.socket(socket.AF_UNIX)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        s.connect(str(daemon.socket))
        s.sendall(hello() + b"".join(
            frame(LOG, log_body(k + 1, f"e{i}", f"{k} {text}"))
            for k in range(30)))
        s.close()
    await_until(lambda: all_gone(daemon), "the connections to go")
    for i in range(4):
        assert [m.split()[0] for m in daemon.messages(f"e{i}")] == [
            str(k) for k in range(30)]


def test_raw_streams_of_who_does_not_stay_are_closed(daemon):
    for i in range(MANY):
        write_and_go(daemon, frame(HELLO, dict(
            version=1, role="stream", execution_id="e", source="s",
            task_id=f"t{i}")) + b"one\ntwo\nthe rest")
    await_until(lambda: all_gone(daemon), "the connections to go")
    await_until(lambda: daemon.sql(
        "SELECT state, lines, count(*) FROM execlog_streams GROUP BY 1, 2") ==
        [("closed", 3, MANY)], "the streams to be closed")
    assert daemon.sql("SELECT message, count(*) FROM execution_logs "
                      "GROUP BY 1 ORDER BY 1") == [
        ("one", MANY), ("the rest", MANY), ("two", MANY)]


def test_a_follower_that_is_gone(daemon):
    daemon.ok("write", "e", "x")
    for _ in range(MANY // 10):
        write_and_go(daemon, frame(HELLO, dict(version=1, role="read")) +
                     frame(0x10, dict(kind="follow", execution_id="e")))
    await_until(lambda: daemon.status()["connections"] == 1,
                "the connections to go")
    assert daemon.status()["followers"] == 0


@pytest.mark.parametrize("event,flags,codes", [
    ("FAILED", ["--exit-status"], (1, 6)),
    ("CANCELLED", ["--exit-status"], (3, 6)),
    ("COMPLETED", ["--exit-status"], (0, 6)),
    ("FAILED", [], (0,))])
def test_who_stops_reading_does_not_make_a_failure_a_success(
        daemon, event, flags, codes):
    """It is noticed at the write; 6: before the end was seen."""
    daemon.ok("write", "e1", "a line")
    daemon.ok("event", "e1", event)
    ours, its = socket.socketpair()
    ours.shutdown(socket.SHUT_RD)
    done = subprocess.run(daemon.command("follow", "e1", *flags), stdout=its,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          timeout=20, env=daemon.env())
    ours.close()
    its.close()
    assert done.returncode in codes
