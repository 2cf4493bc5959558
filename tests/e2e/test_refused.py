"""Captures that are refused: what they would have stored is not there, and a
follow does not say that all is."""
import json

import pytest

from lib.daemon import await_until
from lib.wire import ERROR, HELLO, Wire, frame

EACH = 256      # captures of one producer


def ended(daemon, execution):
    reader = daemon.reader()
    reader.ask(kind="follow", execution_id=execution, wait=True)
    rows, end = reader.rows()
    return end["reason"], end.get("streams")


def full(daemon):
    """A producer that has as many captures as it may."""
    p = daemon.producer(producer="p" * 16)
    for i in range(EACH):
        p.open(i + 1, "other")
    assert p.sync() == []
    return p


def test_output_of_a_refused_capture_is_lost(daemon):
    p = full(daemon)
    first = p.number + 1
    p.open(EACH + 1, "e", task="t", attempt=2, streams=["stdout", "stderr"])
    p.line(EACH + 1, b"one", stream=1)
    p.line(EACH + 1, b"two", stream=2)
    p.shut(EACH + 1)
    p.event("e", "COMPLETED")
    assert p.sync() == [(first, "too-many-streams"), *(
        (first + i, "bad-capture") for i in (1, 2, 3))]
    rows = daemon.sql("SELECT level, source, task_id, metadata FROM "
                      "execution_logs WHERE execution_id = 'e'")
    assert [(*r[:3], json.loads(r[3])) for r in rows] == [
        ("WARN", "execlogd", "t",
         dict(event="refused", code="too-many-streams"))]
    assert ended(daemon, "e") == (
        "lost", ["t attempt 2 stdout", "t attempt 2 stderr"])
    assert daemon.sql("SELECT state, lines, producer, cut LIKE 'refused: %', "
                      "ended_at IS NULL FROM execlog_streams WHERE "
                      "execution_id = 'e'") == [("lost", 0, None, 1, 0)] * 2
    assert daemon.status()["lost_streams"] == 2
    code, _, err = daemon.cli("follow", "e")
    assert code == 6 and "lost: t attempt 2 stdout" in err


def test_nobody_comes_back_for_it(daemon):
    """Also not the producer, when the daemon was restarted."""
    p = full(daemon)
    p.open(EACH + 1, "e")
    p.event("e", "COMPLETED")
    p.sync()
    p.close()
    daemon.stop()
    daemon.start()
    q = daemon.producer(producer="p" * 16, epoch=p.epoch, acked=p.number)
    assert daemon.status()["streams"] == EACH
    assert ended(daemon, "e") == ("lost", ["output"])
    assert q.sync() == []


@pytest.mark.parametrize("what", [
    dict(capture=0), dict(capture=2, streams=["stdin"]),
    dict(capture=2, task="\x01"), dict(capture=2, attempt=-1),
    dict(capture=2, source="execlogd"), dict(capture=2, source=7)])
def test_whatever_it_is_refused_for(daemon, what):
    p = daemon.producer(producer="p" * 16)
    p.open(**{"execution": "e", **what})
    p.event("e", "COMPLETED")
    assert len(p.sync()) == 1
    assert ended(daemon, "e") == ("lost", ["output"])


def test_a_raw_stream_that_is_refused_has_lost_nothing(idle):
    """Its descriptor was not handed over."""
    daemon = idle.start("--max-streams", 1)
    hello = frame(HELLO, dict(version=1, role="stream", execution_id="e",
                              source="s"))
    first = Wire(daemon.socket)
    first.raw(hello)
    first.recv()
    second = Wire(daemon.socket)
    second.raw(hello)
    kind, body = second.recv()
    assert (kind, body["code"]) == (ERROR, "too-many")
    second.close()
    first.close()
    await_until(lambda: daemon.status()["streams"] == 0, "the close")
    p = daemon.producer()
    p.event("e", "COMPLETED")
    p.sync()
    assert ended(daemon, "e") == ("complete", None)


@pytest.mark.parametrize("cut, want", [
    ({}, ("complete", None)),
    ({"cut": "the reader gave up"}, ("lost", ["t stdout"]))])
def test_what_was_cut_is_not_complete(daemon, cut, want):
    p = daemon.producer(producer="p" * 16)
    p.open(1, "e", task="t", streams=["stdout"])
    p.line(1, b"one", stream=1)
    p.shut(1, **cut)
    p.event("e", "COMPLETED")
    assert p.sync() == []
    assert ended(daemon, "e") == want
    code, _, err = daemon.cli("follow", "e")
    assert (code, "incomplete" in err) == ((6, True) if cut else (0, False))
