"""How much of an attempt's output is kept: --stream-max."""
import json

import pytest

from lib.captures import own, producer


def dropped(daemon):
    return daemon.sql("SELECT stream, lines, bytes, dropped_lines, "
                      "dropped_bytes FROM execlog_streams ORDER BY id")


def test_output_beyond_the_share_is_dropped_and_counted(idle):
    daemon = idle.start("--stream-max", "64K")
    p = producer(daemon)
    p.open(1, "e", task="t", attempt=1, streams=["stdout", "stderr"])
    for i in range(70):             # 1000 bytes each
        p.line(1, b"%999d" % i, stream=1)
    p.line(1, b"short", stream=2)   # it would fit
    p.shut(1)
    assert p.sync() == []
    lines = daemon.messages("e")
    assert lines[:65] == ["%999d" % i for i in range(65)]
    assert lines[65:] == [
        "Plugin log output exceeded 64 KB; further output dropped",
        "6 lines (5006 bytes) of plugin output dropped, of this attempt so far"]
    assert dropped(daemon) == [("stdout", 65, 65000, 5, 5000),
                               ("stderr", 0, 0, 1, 6)]
    rows = daemon.sql("SELECT level, task_id, metadata FROM execution_logs "
                      "WHERE source = 'execlogd' ORDER BY id")
    assert [(level, task, json.loads(m)) for level, task, m in rows] == [
        ("WARN", "t", dict(event="truncated", attempt=1, limit=65536)),
        ("WARN", "t", dict(event="dropped", attempt=1, lines=6, bytes=5006))]
    assert daemon.status()["dropped_lines"] == 6


def test_exactly_the_share_fits(idle):
    daemon = idle.start("--stream-max", "64K")
    p = producer(daemon)
    p.open(1, "e", task="t")
    for i in range(64):
        p.line(1, b"%1023d" % i)
    p.shut(1)
    p.sync()
    assert dropped(daemon) == [(None, 64, 65536, 0, 0)]
    assert own(daemon) == []


@pytest.mark.parametrize("restart", [False, True])
def test_a_line_that_crosses_the_limit_gets_an_end(idle, restart):
    daemon = idle.start("--stream-max", "64K")
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout", "stderr"])
    p.line(1, b"a" * 40000, stream=1, partial=1, size=40000)
    if restart:
        p.sync()
        daemon.kill()
        daemon.start("--stream-max", "64K")
        p = producer(daemon, epoch=p.epoch, acked=p.number)
    p.line(1, b"b" * 40000, stream=1, partial=2, size=40000)
    p.line(1, b"c", stream=1, partial=3)
    p.shut(1)
    p.sync()
    rows = daemon.sql("SELECT message, metadata FROM execution_logs "
                      "ORDER BY id")
    assert rows[0] == ("a" * 40000, '{"stream":"stdout","partial":"first"}')
    assert rows[1][0] == "" and json.loads(rows[1][1]) == dict(
        stream="stdout", partial="last", truncated=True)
    assert [json.loads(m)["event"] for _, m in rows[2:]] == [
        "truncated", "dropped"]


@pytest.mark.parametrize("restart", [False, True])
def test_so_does_one_of_the_attempts_other_stream(idle, restart):
    """One end, and none for a line that has not begun."""
    daemon = idle.start("--stream-max", "64K")
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout", "stderr"])
    p.line(1, b"a" * 40000, stream=1, partial=1, size=40000)
    p.line(1, b"b" * 40000, stream=2, partial=1, size=40000)
    if restart:
        p.sync()
        daemon.kill()
        daemon.start("--stream-max", "64K")
        p = producer(daemon, epoch=p.epoch, acked=p.number)
    for stream in 1, 2:
        p.line(1, b"middle", stream=stream, partial=2, size=6)
        p.line(1, b"end", stream=stream, partial=3)
    p.shut(1)
    p.sync()
    assert daemon.sql("SELECT metadata ->> 'stream', metadata ->> 'partial' "
                      "FROM execution_logs WHERE source <> 'execlogd' "
                      "ORDER BY id") == [
        ("stdout", "first"), ("stdout", "last")]
    assert [e for e, _ in own(daemon)] == ["truncated", "dropped"]


def test_all_captures_of_an_attempt_share(idle):
    """... one after the other, beside each other, across a restart."""
    daemon = idle.start("--stream-max", "64K")
    p = producer(daemon)
    p.open(1, "e", task="t", attempt=1)
    p.line(1, b"x" * 39999)
    p.shut(1)
    p.sync()
    q = producer(daemon, "other")
    q.open(1, "e", task="t", attempt=1)
    q.open(2, "e", task="t", attempt=2)
    q.line(1, b"y" * 19999)
    q.line(2, b"z" * 39999)         # another attempt
    q.sync()
    daemon.kill()
    daemon.start("--stream-max", "64K")
    q = producer(daemon, "other", epoch=q.epoch, acked=4)
    q.line(1, b"w" * 9999)          # is too much
    q.line(2, b"w" * 9999)
    q.shut(1)
    q.shut(2)
    assert q.sync() == []
    assert dropped(daemon) == [(None, 1, 40000, 0, 0), (None, 1, 20000, 1,
                                10000), (None, 2, 50000, 0, 0)]
    assert [e for e, _ in own(daemon)] == ["truncated", "dropped"]
    # It stays over its share.
    q.open(3, "e", task="t", attempt=1)
    q.line(3, b"a")
    q.shut(3)
    q.sync()
    assert [e for e, _ in own(daemon)] == ["truncated", "dropped", "dropped"]


def test_lines_without_a_task_and_records_are_never_cut(idle):
    daemon = idle.start("--stream-max", "64K")
    p = producer(daemon)
    p.open(1, "e")
    for _ in range(3):
        p.line(1, b"x" * 30000)
        p.log("e", "y" * 30000, task="t")
    p.shut(1)
    assert p.sync() == []
    assert len(daemon.messages("e")) == 6


def test_a_size_that_is_too_small_does_not_help(idle):
    daemon = idle.start("--stream-max", "64K")
    p = producer(daemon)
    p.open(1, "e", task="t")
    for _ in range(3):
        p.line(1, b"x" * 30000, size=0)
    p.shut(1)
    p.sync()
    assert dropped(daemon) == [(None, 2, 60000, 1, 30000)]
