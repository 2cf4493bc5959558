"""The edges of the protocol: sizes, kinds of values, slow and odd peers."""
import json
import socket
import struct

import pytest

from lib.daemon import finish
from lib.wire import (ACK, AUDIT_ROW, END, ERROR, EVENT, FLUSH, HELLO, LOG,
                      LOG_JSON, LOG_ROW, NOTICE, WELCOME, Wire, frame,
                      log_body)

PRODUCE = dict(version=1, role="produce")


def test_byte_by_byte(daemon):
    w = Wire(daemon.socket)
    for byte in (frame(HELLO, PRODUCE) + frame(LOG, log_body(1, "e", "m")) +
                 frame(FLUSH, struct.pack(">Q", 1))):
        w.raw(bytes([byte]))
    assert w.recv()[0] == WELCOME
    assert w.recv() == (ACK, struct.pack(">Q", 1))
    assert daemon.messages("e") == ["m"]


def test_all_at_once_without_waiting(daemon):
    w = Wire(daemon.socket)
    w.raw(frame(HELLO, PRODUCE) + b"".join(
        frame(LOG, log_body(i, "e", str(i))) for i in range(1, 5001)))
    assert w.recv()[0] == WELCOME
    w.number = 5000
    w.sync()
    assert daemon.messages("e") == [str(i) for i in range(1, 5001)]


@pytest.mark.parametrize("hello,code", [
    (dict(PRODUCE, client="x" * 255), None),
    (dict(PRODUCE, future={"key": []}), None),
    (dict(PRODUCE, client="x" * 256), "bad-hello"),
    (dict(PRODUCE, client=1), "bad-hello"),
    (dict(version=1, role=1), "bad-hello"),
    (dict(version=0, role="read"), "bad-version"),
    (dict(version=1 << 40, role="read"), "bad-version"),
])
def test_hello(daemon, hello, code):
    w = Wire(daemon.socket)
    w.send(HELLO, hello)
    kind, body = w.recv()
    if code is None:
        assert kind == WELCOME and body["version"] == 1
        assert body["server"].startswith("execlogd ")
        return
    assert (kind, body["code"]) == (ERROR, code)
    if code == "bad-version":
        assert "1" in body["message"]
    assert w.error() is None        # and closed


def test_the_header_is_judged_before_the_body(daemon):
    for code, head in (("unknown-type", struct.pack(">IBBH", 999, 0x0f, 0, 0)),
                       ("frame-reserved", struct.pack(">IBBH", 9, 2, 0, 9)),
                       ("frame-too-long",
                        struct.pack(">IBBH", 65537, LOG_JSON, 0, 0))):
        w = daemon.producer()
        w.raw(head)
        assert w.error() == code


def test_the_largest_that_fit(daemon):
    p = daemon.producer()
    wide = '{"k":"%s"}' % ("v" * 65528)
    assert len(wide) == 65536
    p.log("e" * 255, "m" * 65536, source="s" * 255, task="t" * 255,
          metadata=wide, stream=1, attempt=4294967295, partial=1,
          timestamp=2 ** 53)
    p.log("e" * 255, "m", timestamp=-2 ** 53)
    record = dict(execution_id="e1", level="INFO", source="s", message="")
    record["message"] = "x" * (65536 - len(json.dumps(record)))
    assert len(json.dumps(record)) == 65536
    p.number += 1
    p.send(LOG_JSON, record)
    # Over what a message may have, within what a frame may have.
    p.number += 1
    body = log_body(p.number, "e1", "")
    p.send(LOG, log_body(p.number, "e1", "y" * (262144 - len(body))))
    p.number += 1
    p.send(LOG, log_body(p.number, "e1", "m", metadata='{"k":"%s"}' %
                         ("v" * 65529)))
    assert p.sync() == [(4, "bad-message"), (5, "bad-metadata")]
    r = daemon.reader()
    r.ask(kind="logs", execution_id="e" * 255)
    rows, end = r.rows()
    assert [row["timestamp"] for row in rows] == [-2 ** 53, 2 ** 53]
    row = rows[1]
    assert row["message"] == b"m" * 65536 and row["task"] == "t" * 255
    assert row["metadata"] == dict(k="v" * 65528, stream="stdout",
                                   attempt=4294967295, partial="first")
    assert not row["cut"]


def test_rows_of_others_that_are_too_large_are_cut(daemon):
    daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message, metadata, task_id) VALUES('e1', 1, ?, ?, ?, "
               "?, ?)", "L" * 2000, "s" * 2000, "m" * 300000,
               json.dumps(dict(k="v" * 120000)), "t" * 2000)
    daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message) VALUES('e1', 2, 'INFO', 's', 'small')")
    r = daemon.reader()
    r.ask(kind="logs", execution_id="e1")
    rows, end = r.rows()
    big, small = rows
    assert big["cut"] and not small["cut"]
    assert big["message"] == b"m" * (128 << 10) and big["metadata"] is None
    assert [len(big[k]) for k in ("level", "source", "task")] == [1024] * 3
    assert daemon.cli("logs", "e1", "--json")[0] == 0


def test_a_row_that_is_larger_than_any_of_ours(daemon):
    daemon.ok("write", "e1", "before")
    follower = daemon.follow("e1", "-o", "ndjson")
    daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message, metadata) VALUES('e1', 1, 'INFO', 's', "
               "CAST(zeroblob(70000000) AS TEXT), '{\"attempt\":2}')")
    daemon.ok("write", "e1", "after")
    daemon.ok("event", "e1", "COMPLETED")
    code, out, err = finish(follower)
    assert code == 0 and "lost" not in err
    assert [len(json.loads(line)["message"]) for line in
            out.splitlines()] == [6, 128 << 10, 5]
    r = daemon.reader()
    r.ask(kind="logs", execution_id="e1", attempt=2)
    (row,), _ = r.rows()
    assert row["cut"]
    assert len(daemon.ok("logs", "e1", "-n", 3, "-o", "cat")) == 14 + (
        128 << 10)


@pytest.mark.parametrize("bad", [
    dict(kind=1), dict(execution_id=""), dict(execution_id="a\nb"),
    dict(execution_id="x" * 256), dict(execution_id=1), dict(tasks="t"),
    dict(tasks=[1]), dict(tasks=["t"] * 65), dict(tasks=[""]),
    dict(levels="INFO"), dict(levels=[1]), dict(source=""), dict(source=1),
    dict(since="1"), dict(lines="1"), dict(lines=1.5), dict(wait=1),
    dict(wait="true"),
], ids=lambda bad: "-".join(map(str, bad)))
def test_a_request_that_makes_no_sense(daemon, bad):
    r = daemon.reader()
    r.ask(**dict(dict(kind="follow", execution_id="e1"), **bad))
    kind, body = r.recv()
    assert (kind, body["code"]) == (ERROR, "bad-request") and body["message"]
    assert r.error() is None


def test_a_request_that_makes_sense(daemon):
    daemon.ok("write", "e1", "-t", "t63", "x")
    r = daemon.reader()
    r.ask(kind="logs", execution_id="e1", tasks=[f"t{i}" for i in range(64)],
          levels=["debug", "INFO", "Warning", "err"], source="cli",
          since=-1, lines=10 ** 12, wait=False, future="key")
    assert len(r.rows()[0]) == 1


WRONG = {"string": 7, "integer": 1.5, "number": "7"}
RIGHT = {"string": "text", "integer": 7, "number": 1.25}
KINDS = {
    "CREATED": dict(workflow_id="string", trigger_type="string"),
    "STARTED": {},
    "STATE_CHANGE": {"from": "string", "to": "string", "reason": "string",
                     "task_id": "string", "attempt": "integer"},
    "COMPLETED": dict(duration="number", task_count="integer"),
    "FAILED": dict(error_message="string", failed_task_id="string",
                   stack_trace="string"),
    "CANCELLED": dict(cancelled_by="string", reason="string",
                      pending_task_count="integer"),
    "TIMEOUT": dict(timeout_duration="number", elapsed_time="number"),
}


@pytest.mark.parametrize("event", KINDS)
def test_keys_of_events_have_their_kinds(daemon, event):
    p, want = daemon.producer(), []
    for key, kind in KINDS[event].items():
        p.event("e1", event, **{key: WRONG[kind]})
        want.append((p.number, "bad-metadata"))
        p.event("e1", event, **{key: RIGHT[kind]})
    p.event("e1", event, own=[1, {"x": None}])
    p.event("e1", event)
    assert p.acked() == want
    stored = [json.loads(m) for (m,) in daemon.sql(
        "SELECT metadata FROM execution_audit_events ORDER BY id")]
    assert stored == [{k: RIGHT[kind]} for k, kind in KINDS[event].items()] \
        + [dict(own=[1, {"x": None}]), {}]
    assert daemon.sql("SELECT count(*) FROM execution_logs WHERE source = "
                      "'execlogd'") == [(len(want),)]


JSON = dict(execution_id="e", level="INFO", source="s", message="m")


@pytest.mark.parametrize("kind,change,code", [
    (LOG_JSON, dict(execution_id=None), "bad-execution-id"),
    (LOG_JSON, dict(execution_id=7), "bad-execution-id"),
    (LOG_JSON, dict(execution_id="a\u0085b"), "bad-execution-id"),
    (LOG_JSON, dict(execution_id="a\u0000b"), "bad-execution-id"),
    (LOG_JSON, dict(task_id=""), "bad-task-id"),
    (LOG_JSON, dict(task_id=7), "bad-task-id"),
    (LOG_JSON, dict(source=""), "bad-source"),
    (LOG_JSON, dict(source="execlogd"), "bad-source"),
    (LOG_JSON, dict(source=None), "bad-source"),
    (LOG_JSON, dict(level=9), "bad-level"),
    (LOG_JSON, dict(level="nonsense"), "bad-level"),
    (LOG_JSON, dict(stream="stdin"), "bad-stream"),
    (LOG_JSON, dict(partial="whole?"), "bad-partial"),
    (LOG_JSON, dict(attempt=-1), "bad-attempt"),
    (LOG_JSON, dict(attempt=1 << 32), "bad-attempt"),
    (LOG_JSON, dict(timestamp="now"), "bad-timestamp"),
    (LOG_JSON, dict(timestamp=2 ** 53 + 2), "bad-timestamp"),
    (LOG_JSON, dict(message=["m"]), "bad-message"),
    (LOG_JSON, dict(metadata="{}"), "bad-metadata"),
    (EVENT, dict(execution_id=""), "bad-execution-id"),
    (EVENT, dict(execution_id=7), "bad-execution-id"),
    (EVENT, dict(event_type=7), "bad-event-type"),
    (EVENT, dict(event_type=""), "bad-event-type"),
    (EVENT, dict(event_type="STARTED", timestamp="now"), "bad-timestamp"),
    (EVENT, dict(event_type="STARTED", metadata=[1]), "bad-metadata"),
], ids=lambda v: v if isinstance(v, str) else None)
def test_a_value_in_json_of_the_wrong_kind_is_refused(daemon, kind, change,
                                                      code):
    p = daemon.producer()
    p.send(kind, dict(JSON, **change))
    p.number = 1
    p.log("e", "next")
    assert p.sync() == [(1, code)]
    assert daemon.status()["faults"] == {}
    rows = daemon.sql("SELECT level, source, json_extract(metadata, '$.code')"
                      " FROM execution_logs WHERE execution_id = 'e' "
                      "ORDER BY id")
    here = [("WARN", "execlogd", code)] * (code != "bad-execution-id")
    assert rows == here + [("INFO", "test", None)]
    assert daemon.sql("SELECT count(*) FROM execution_audit_events") == [(0,)]


def test_unknown_keys_are_ignored(daemon):
    p = daemon.producer()
    p.send(LOG_JSON, dict(JSON, future=[1], task_id=None, metadata=None,
                          stream=None, timestamp=None))
    p.send(EVENT, dict(execution_id="e", event_type="started", future=1))
    p.number = 2
    assert p.acked() == []
    assert daemon.sql("SELECT task_id, metadata FROM execution_logs") == [
        (None, None)]


def test_the_next_request_follows_the_end(daemon):
    daemon.ok("event", "e1", "COMPLETED")
    r = daemon.reader()
    for kind, last in (("logs", END), ("audit", END), ("follow", END)):
        r.ask(kind=kind, execution_id="e1")
        while True:
            got, body = r.recv()
            if got == END:
                break
            assert got in (NOTICE, AUDIT_ROW, LOG_ROW)
    assert r.status()["state"] == "ok"
    r.ask(kind="follow", execution_id="e2", wait=True)
    r.ask(kind="status")
    assert r.error() == "unexpected-type"


def test_what_was_sent_before_a_fault_is_kept(daemon):
    p = daemon.producer()
    for i in range(10):
        p.log("e1", str(i))
    p.flush()
    p.acked()
    p.log("e1", "10")
    p.raw(b"\xff" * 100)
    assert p.error() in ("unknown-type", "frame-reserved", "frame-too-long")
    stored = daemon.messages("e1")
    assert stored[:10] == [str(i) for i in range(10)]


def test_a_cut_frame_at_every_byte(daemon):
    whole = frame(HELLO, PRODUCE) + frame(LOG, log_body(1, "e", "m"))
    first = len(frame(HELLO, PRODUCE))
    for n in range(1, len(whole)):
        w = Wire(daemon.socket)
        w.raw(whole[:n])
        w.sock.shutdown(socket.SHUT_WR)
        assert w.error() == (None if n == first else "frame-cut"), n
    assert daemon.status()["faults"] == {"frame-cut": len(whole) - 2}
    assert daemon.messages("e") == []
