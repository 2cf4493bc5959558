"""A follow ends when every stream of the execution has."""
from lib.captures import follow, producer


def test_a_follow_waits_for_the_streams(daemon):
    p = producer(daemon)
    p.open(1, "e", task="t", streams=["stdout"])
    p.sync()
    reader = follow(daemon)
    reader.live()
    p.event("e", "COMPLETED")
    p.sync()
    p.line(1, b"after the event", stream=1)
    p.sync()
    p.line(1, b"last", stream=1)
    p.shut(1)
    p.sync()
    rows, end = reader.rows()
    assert [r["message"] for r in rows] == [b"after the event", b"last"]
    assert end["reason"] == "complete" and "streams" not in end


def test_a_close_alone_ends_a_follow(daemon):
    p = producer(daemon)
    p.open(1, "e")
    p.event("e", "COMPLETED")
    p.sync()
    reader = follow(daemon)
    reader.live()
    p.shut(1)
    assert reader.rows()[1]["reason"] == "complete"


def test_a_stream_that_stays_open(daemon):
    p = producer(daemon)
    p.open(1, "e", task="t1", attempt=2, streams=["stdout", "stderr"])
    p.event("e", "FAILED")
    p.sync()
    reader = follow(daemon, drain=300)
    _, end = reader.rows()
    assert (end["reason"], end["event"], end["streams"]) == (
        "open", "FAILED", ["t1 attempt 2 stdout", "t1 attempt 2 stderr"])


def test_a_stream_that_was_lost(daemon):
    p = producer(daemon)
    p.open(1, "e", task="t1", streams=["stderr"])
    p.event("e", "COMPLETED")
    p.sync()
    reader = follow(daemon)
    reader.live()
    p.close()
    rows, end = reader.rows()
    assert [r["source"] for r in rows] == ["execlogd"]
    assert (end["reason"], end["streams"]) == ("lost", ["t1 stderr"])
    # ... also for who comes later
    _, end = follow(daemon).rows()
    assert (end["reason"], end["streams"]) == ("lost", ["t1 stderr"])


def test_wait_does_not_ask_for_streams(daemon):
    p = producer(daemon)
    p.open(1, "e")
    p.event("e", "COMPLETED")
    p.sync()
    reader = daemon.reader()
    reader.ask(kind="wait", execution_id="e")
    assert reader.rows()[1]["reason"] == "complete"
