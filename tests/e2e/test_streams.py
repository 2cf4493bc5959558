"""Captures and raw streams: open, counted, closed, lost and found."""
import json
import socket
import sqlite3

import pytest

from lib.captures import NAME, follow, own, producer
from lib.daemon import await_until
from lib.wire import ERROR, EVENT, HELLO, OPENED, WELCOME, Refused, Wire, frame


def streams(daemon, columns="stream, state, lines, bytes"):
    return daemon.sql(f"SELECT {columns} FROM execlog_streams ORDER BY id")


def raw(daemon, **hello):
    wire = Wire(daemon.socket)
    wire.send(HELLO, dict(dict(version=1, role="stream", execution_id="e",
                               source="s"), **hello))
    kind, body = wire.recv()
    if kind == ERROR:
        raise Refused(body["code"])
    assert kind == OPENED
    wire.stream = body["stream"]
    return wire


# ------------------------------------------------------------------ captures

def test_a_capture_is_opened_counted_and_closed(daemon):
    p = producer(daemon)
    p.open(1, "e", task="t", attempt=2, streams=["stdout", "stderr"])
    p.line(1, b"one", stream=1)
    p.line(1, b"two!", stream=2, level=3)
    p.sync()
    assert streams(daemon) == [("stdout", "open", 1, 4),
                               ("stderr", "open", 1, 5)]
    assert daemon.status()["streams"] == 2
    p.line(1, b"three", stream=1)
    p.shut(1)
    assert p.sync() == []
    assert streams(daemon, "stream, state, lines, bytes, execution_id, "
                   "task_id, attempt, source, producer, capture, cut, "
                   "ended_at IS NULL") == [
        ("stdout", "closed", 2, 10, "e", "t", 2, "test", NAME, 1, None, 0),
        ("stderr", "closed", 1, 5, "e", "t", 2, "test", NAME, 1, None, 0)]
    assert daemon.sql("SELECT execution_id, task_id, source, level, message, "
                      "metadata FROM execution_logs ORDER BY id") == [
        ("e", "t", "test", "INFO", "one", '{"attempt":2,"stream":"stdout"}'),
        ("e", "t", "test", "ERROR", "two!",
         '{"attempt":2,"stream":"stderr"}'),
        ("e", "t", "test", "INFO", "three",
         '{"attempt":2,"stream":"stdout"}')]
    assert daemon.status()["streams"] == 0


def test_a_stream_without_a_name(daemon):
    p = producer(daemon)
    p.open(1, "e")
    p.line(1, b"x")
    p.shut(1)
    p.sync()
    assert streams(daemon) == [(None, "closed", 1, 2)]
    assert daemon.sql("SELECT metadata FROM execution_logs") == [(None,)]


@pytest.mark.parametrize("what, code", [
    (dict(capture=0), "bad-capture"),
    (dict(capture=1), "bad-capture"),           # not higher
    (dict(capture=2, streams=[]), "bad-stream"),
    (dict(capture=2, streams=["stdin"]), "bad-stream"),
    (dict(capture=2, streams=["stdout", "stdout"]), "bad-stream"),
    (dict(capture=2, attempt=-1), "bad-attempt"),
    (dict(capture=2, source="execlogd"), "bad-source"),
    (dict(capture=2, task="\x01"), "bad-task-id"),
    (dict(capture=2 ** 32), "bad-capture"),
])
def test_an_open_that_is_refused_leaves_a_row(daemon, what, code):
    p = producer(daemon)
    p.open(1, "e")
    p.open(**{"execution": "e", **what})
    assert p.sync() == [(2, code)]
    assert [s[1] for s in streams(daemon)] == ["open", "lost"]
    assert [event for event, _ in own(daemon)] == ["refused"]


def test_only_who_has_a_name_can_open(daemon):
    p = daemon.producer()
    p.open(1, "e")
    assert p.sync() == [(1, "bad-capture")]
    assert streams(daemon) == [(None, "lost", 0, 0)]


def test_lines_of_no_capture_or_stream_are_refused(daemon):
    p = producer(daemon)
    p.line(1, b"nothing is open")
    p.open(1, "e", streams=["stdout"])
    p.line(1, b"not this stream", stream=2)
    p.line(1, b"nor this", stream=7)
    p.line(1, b"a level", stream=1, level=9)
    p.shut(2)
    p.shut(1)
    p.line(1, b"closed", stream=1)
    assert p.sync() == [(1, "bad-capture"), (3, "bad-capture"),
                        (4, "bad-capture"), (5, "bad-level"),
                        (6, "bad-capture"), (8, "bad-capture")]
    assert streams(daemon) == [("stdout", "closed", 0, 0)]


def test_a_cut_capture_says_why(daemon):
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout"])
    p.shut(1, cut="a process still has it open\x1b")
    p.sync()
    assert streams(daemon, "state, cut") == [
        ("closed", "a process still has it open^[")]
    assert own(daemon) == [("cut", "not all output was captured: "
                            "a process still has it open^[")]


def test_a_cut_is_text_for_any_reader(daemon):
    p = producer(daemon)
    p.open(1, "e")
    p.shut(1, cut="a\nb\tc\u202e\u009b" + 300 * "\x07")
    p.sync()
    [(cut,)] = streams(daemon, "cut")
    assert cut == ("a^Jb\tc\\u{202e}\\x9b" + 300 * "^G")[:255]
    assert own(daemon) == [("cut", "not all output was captured: " + cut)]


# -------------------------------------------------------------- lost, found

def test_a_producer_that_vanishes_loses_its_streams(daemon):
    p = producer(daemon)
    p.open(1, "e", task="t", attempt=1, streams=["stdout", "stderr"])
    p.open(2, "f")
    p.line(1, b"one", stream=1)
    p.sync()
    p.close()
    await_until(lambda: daemon.status()["streams"] == 0, "the loss")
    assert [s[:2] for s in streams(daemon)] == [
        ("stdout", "lost"), ("stderr", "lost"), (None, "lost")]
    assert own(daemon) == [("lost", "a producer has vanished, its streams are "
                            "lost: t attempt 1 stdout after 1 line, "
                            "t attempt 1 stderr after 0 lines")]
    assert [e for e, _ in own(daemon, "f")] == ["lost"]
    assert daemon.status()["lost_streams"] == 3


def test_one_that_comes_back_in_time_loses_nothing(daemon):
    p = producer(daemon)
    p.open(1, "e", streams=["stdout"])
    p.line(1, b"one", stream=1)
    p.sync()
    p.close()
    q = producer(daemon, epoch=p.epoch, acked=2)
    q.line(1, b"two", stream=1)
    q.shut(1)
    assert q.sync() == []
    assert streams(daemon) == [("stdout", "closed", 2, 8)]
    assert own(daemon) == []


def test_one_that_comes_back_late_has_its_streams_again(daemon):
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout"])
    p.sync()
    p.close()
    await_until(lambda: own(daemon), "the loss")
    q = producer(daemon, epoch=p.epoch, acked=1)
    await_until(lambda: len(own(daemon)) == 2, "the row")
    assert streams(daemon, "state, ended_at") == [("open", None)]
    q.line(1, b"two", stream=1)
    q.shut(1)
    assert q.sync() == []
    assert streams(daemon) == [("stdout", "closed", 1, 4)]
    assert [e for e, _ in own(daemon)] == ["lost", "resumed"]


def test_a_new_epoch_leaves_what_the_old_one_had(daemon):
    """A program with a stable name has been started again."""
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout"])
    p.line(1, b"one", stream=1)
    p.sync()
    p.close()
    await_until(lambda: own(daemon), "the loss")
    q = producer(daemon)
    q.open(2, "e", task="t", streams=["stdout"])
    q.sync()
    q.close()
    # Not waited for.
    r = producer(daemon)
    r.open(3, "e", task="t", streams=["stdout"])
    r.sync()
    assert [e for e, _ in own(daemon)] == ["lost", "lost"]
    r.close()
    # Who resumes has its own again, and no other's; also after a restart.
    await_until(lambda: len(own(daemon)) == 3, "the loss")
    daemon.stop()
    daemon.start()
    r = producer(daemon, epoch=r.epoch, acked=r.number)
    await_until(lambda: len(own(daemon)) == 4, "the row")
    assert [e for e, _ in own(daemon)] == ["lost"] * 3 + ["resumed"]
    r.shut(3)
    assert r.sync() == []
    assert streams(daemon, "state, lines") == [
        ("lost", 1), ("lost", 0), ("closed", 0)]
    assert daemon.status()["streams"] == 0


def test_also_what_was_still_being_opened(daemon):
    """OPEN and the new epoch's HELLO are of one transaction."""
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout"])
    p.sync()
    other = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    p.log("e", "x")
    p.flush()                   # waits for the lock
    p.open(2, "e", task="t", streams=["stdout"])
    await_until(lambda: daemon.status()["streams"] == 2, "the OPEN")
    q = Wire(daemon.socket)
    q.send(HELLO, dict(version=1, role="produce", producer=NAME))
    await_until(lambda: p.error() == "fenced", "the HELLO")
    other.execute("COMMIT")
    other.close()
    assert q.recv()[0] == WELCOME
    q.send(EVENT, dict(execution_id="e", event_type="COMPLETED"))
    reader = follow(daemon)
    _, end = reader.rows()
    assert (end["reason"], end["streams"]) == ("lost", ["t stdout"] * 2)
    assert streams(daemon, "state, producer") == [("lost", None)] * 2


def test_bye_with_an_open_capture_loses_it_at_once(daemon):
    p = producer(daemon)
    p.open(1, "e", streams=["stdout"])
    p.sync()
    p.bye()
    await_until(lambda: own(daemon), "the loss")
    assert streams(daemon) == [("stdout", "lost", 0, 0)]


@pytest.mark.parametrize("late", [False, True])
def test_a_restart_of_the_daemon(daemon, late):
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout"])
    p.line(1, b"one", stream=1)
    p.sync()
    daemon.kill()
    daemon.start()
    assert daemon.status()["streams"] == 1
    if late:
        await_until(lambda: own(daemon), "the loss")
        assert streams(daemon) == [("stdout", "lost", 1, 4)]
    q = producer(daemon, epoch=p.epoch, acked=2)
    q.line(1, b"two", stream=1)
    q.shut(1)
    assert q.sync() == []
    assert streams(daemon) == [("stdout", "closed", 2, 8)]
    assert [e for e, _ in own(daemon)] == ["lost", "resumed"] * late


def test_lost_before_a_restart_and_found_after_it(daemon):
    p = producer(daemon)
    p.open(1, "e", streams=["stdout"])
    p.sync()
    p.close()
    await_until(lambda: own(daemon), "the loss")
    daemon.stop()
    daemon.start()
    q = producer(daemon, epoch=p.epoch, acked=1)
    q.shut(1)
    assert q.sync() == []
    assert streams(daemon) == [("stdout", "closed", 0, 0)]


# ---------------------------------------------------------------- raw streams

def test_a_raw_stream_is_a_sink_of_lines(daemon):
    s = raw(daemon, task_id="t", attempt=1, stream="stderr", level="WARN")
    assert streams(daemon, "id, stream, state, producer") == [
        (s.stream, "stderr", "open", None)]
    s.raw(b"one\ntwo\r\n\nlast")
    s.close()
    await_until(lambda: daemon.status()["streams"] == 0, "the close")
    assert daemon.messages("e") == ["one", "two", "", "last"]
    assert streams(daemon) == [("stderr", "closed", 4, 14)]
    assert daemon.sql("SELECT DISTINCT level, source, task_id, metadata FROM "
                      "execution_logs") == [
        ("WARN", "s", "t", '{"attempt":1,"stream":"stderr"}')]


def test_text_right_behind_the_hello(daemon):
    s = Wire(daemon.socket)
    s.raw(frame(HELLO, dict(version=1, role="stream", execution_id="e",
                            source="s")) + b"early\n")
    s.sock.shutdown(socket.SHUT_WR)
    await_until(lambda: daemon.messages("e") == ["early"], "the line")


def test_an_unfinished_line_is_stored_after_a_while(daemon):
    s = raw(daemon)
    s.raw(b"password: ")
    await_until(lambda: daemon.messages("e") == ["password: "], "the part")
    s.raw(b"secret\n")
    s.close()
    await_until(lambda: len(daemon.messages("e")) == 2, "the rest")
    assert [json.loads(m) for m, in daemon.sql(
        "SELECT metadata FROM execution_logs ORDER BY id")] == [
            {"partial": "first"}, {"partial": "last"}]
    assert [s[2] for s in streams(daemon)] == [1]


@pytest.mark.parametrize("hello", [
    dict(execution_id=""), dict(source="execlogd"), dict(stream="stdin"),
    dict(level="loud"), dict(attempt="x"), dict(task_id=""),
    dict(masked="yes"), dict(producer="p")])
def test_a_hello_of_no_stream(daemon, hello):
    with pytest.raises(Refused, match="bad-hello"):
        raw(daemon, **hello)
    assert streams(daemon) == []


def test_as_many_as_the_setting_says(idle):
    daemon = idle.start("--max-streams", 2)
    first, second = raw(daemon), raw(daemon)
    with pytest.raises(Refused, match="too-many"):
        raw(daemon)
    first.close()
    await_until(lambda: daemon.status()["streams"] == 1, "the close")
    raw(daemon)


def test_a_kill_of_the_daemon_loses_a_raw_stream(daemon):
    s = raw(daemon, stream="stdout")
    s.raw(b"one\n")
    await_until(lambda: daemon.messages("e") == ["one"], "the line")
    daemon.kill()
    daemon.start()
    await_until(lambda: own(daemon), "the loss")
    assert streams(daemon) == [("stdout", "lost", 1, 4)]
    with pytest.raises(BrokenPipeError):
        s.raw(b"x")
        s.raw(b"x")
