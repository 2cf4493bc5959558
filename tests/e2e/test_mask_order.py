"""Values are known before what they mask is read; what waits for them ends."""
import os
import subprocess
import time

import pytest

from lib.capi import OK, Handle, stream_fd
from lib.daemon import await_until
from lib.wire import HELLO, MASK, OPENED, Wire

MASKED = "***SECRET***"


@pytest.fixture
def lib(build, daemon):
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")

    def make(**options):
        return Handle(build, daemon.socket, **options)
    return make


def values(n):
    return [f"value-{i:04d}-" + "x" * 200 for i in range(n)]


def test_a_flush_waits_until_values_are_known(build, daemon, lib):
    """All of them, before a stream that is opened behind it is read."""
    for run in range(4):
        handle = lib()
        known = values(100)
        for value in known:
            assert handle.mask(f"e{run}", value) == OK
        assert handle.flush() == OK
        fd = stream_fd(build, daemon.socket, f"e{run}", masked=True)
        os.write(fd, known[-1].encode() + b"\n")
        os.close(fd)
        await_until(lambda: daemon.messages(f"e{run}"), "the line")
        assert daemon.messages(f"e{run}") == [MASKED]
        handle.close()


def test_a_close_has_registered_them(daemon, lib):
    for run in range(20):
        handle = lib()
        for value in values(3):
            assert handle.mask(f"e{run}", value) == OK
        assert handle.close() == OK
        daemon.ok("write", f"e{run}", values(3)[2])
        assert daemon.messages(f"e{run}") == [MASKED]


def test_a_flush_waits_for_the_next_daemon(daemon, lib):
    handle = lib()
    assert handle.mask("e", values(1)[0]) == OK
    assert handle.flush() == OK
    daemon.kill()
    assert handle.mask("e", values(2)[1]) == OK
    daemon.start()
    assert handle.flush() == OK
    daemon.ok("write", "e", " ".join(values(2)))
    assert daemon.messages("e") == [f"{MASKED} {MASKED}"]
    # One that is let go of is not waited for.
    assert handle.mask("f", values(1)[0]) == OK
    assert handle.mask("f", None) == OK
    daemon.kill()
    daemon.start()
    assert handle.flush() == OK
    handle.close()


def masked_stream(daemon):
    wire = Wire(daemon.socket)
    wire.send(HELLO, dict(version=1, role="stream", execution_id="e",
                          source="s", masked=True))
    assert wire.recv()[0] == OPENED
    return wire


@pytest.mark.parametrize("wrong", [[], ["short"], [7], "text"])
def test_nothing_but_a_value_begins_a_masked_stream(daemon, wrong):
    wire = masked_stream(daemon)
    wire.raw(b"TOPSECRETVALUE\n")
    other = daemon.producer()
    other.send(MASK, dict(execution_id="e", values=wrong))
    other.log("f", "behind it")
    other.sync()
    assert daemon.messages("e") == []
    other.send(MASK, dict(execution_id="e", values=["TOPSECRETVALUE"]))
    wire.close()
    await_until(lambda: daemon.messages("e"), "the line")
    assert daemon.messages("e") == [MASKED]


def test_a_masked_stream_whose_process_has_gone_is_lost(idle):
    daemon = idle.start("--max-streams", 1)
    wire = masked_stream(daemon)
    wire.raw(b"never read\n")
    wire.close()
    await_until(lambda: daemon.status()["streams"] == 0, "the loss")
    assert daemon.sql("SELECT state FROM execlog_streams") == [("lost",)]
    masked_stream(daemon)       # its place is free


def test_a_reason_is_masked_before_it_is_cut(daemon):
    secret = "the-secret-that-is-cut-in-two"
    p = daemon.producer(producer="p")
    p.send(MASK, dict(execution_id="e", values=[secret]))
    p.open(1, "e")
    p.shut(1, cut="x" * 240 + secret)
    p.sync()
    (cut,), = daemon.sql("SELECT cut FROM execlog_streams")
    assert cut == "x" * 240 + MASKED
    assert not any("the-secret" in m for m in daemon.messages("e"))


def test_few_long_lines_do_not_wait_for_more(daemon):
    """The queue is full of them: who waits for room asks for it."""
    begun = time.monotonic()
    subprocess.run(daemon.command("run", "e", "--", "sh", "-c",
                                  "head -c 40000000 /dev/zero | tr '\\0' a"),
                   check=True, env=daemon.env(), timeout=120)
    # A second for each 4 MiB it was.
    assert time.monotonic() - begun < 6
