"""What a peer sends: faults end its connection, refusals one record."""
import base64
import json
import random
import socket
import struct

import pytest

from lib.daemon import await_until
from lib.wire import (ACK, END, ERROR, EVENT, FLUSH, HELLO, LOG, LOG_JSON,
                      LOG_ROW, REFUSED, REQUEST, WELCOME, Closed, Refused, Wire,
                      frame,
                      log_body, log_row)

HI = frame(HELLO, dict(version=1, role="produce"))
READ = frame(HELLO, dict(version=1, role="read"))
FOLLOW = frame(REQUEST, dict(kind="follow", execution_id="e", wait=True))
NUMBER = struct.pack(">Q", 1)

FAULTS = [
    ("frame-too-long", HI + struct.pack(">IB3x", 256 * 1024 + 1, LOG)),
    ("frame-too-long", HI + struct.pack(">IB3x", 0xffffffff, LOG)),
    ("frame-too-long", HI + struct.pack(">IB3x", 64 * 1024 + 1, EVENT)),
    ("frame-reserved", HI + b"\0\0\0\4\5\1\0\0" + b"1234"),
    ("frame-reserved", HI + b"\0\0\0\4\5\0\0\1" + b"1234"),
    ("unknown-type", HI + frame(0x7f)),
    ("unknown-type", frame(0)),
    ("unexpected-type", frame(LOG, log_body(1, "e", "m"))),
    ("unexpected-type", HI + HI),
    ("unexpected-type", HI + FOLLOW),
    ("unexpected-type", HI + frame(ACK, NUMBER)),
    ("unexpected-type", READ + frame(LOG, log_body(1, "e", "m"))),
    ("unexpected-type", READ + FOLLOW + FOLLOW),
    ("bad-version", frame(HELLO, dict(version=2, role="read"))),
    ("bad-hello", frame(HELLO, dict(version=1, role="king"))),
    ("bad-hello", frame(HELLO, dict(version=1))),
    ("bad-json", frame(HELLO, b"{")),
    ("bad-json", HI + frame(LOG_JSON, b'["a"]')),
    ("bad-json", HI + frame(LOG_JSON, b'{"a":1,"a":2}')),
    ("bad-json", HI + frame(LOG_JSON, b'{"execution_id":"\xff"}')),
    ("bad-json", HI + frame(LOG_JSON, b"[" * 60000)),
    ("bad-json", HI + frame(EVENT, b"{} x")),
    ("bad-json", READ + frame(REQUEST, b"null")),
    ("bad-record", HI + frame(LOG, b"short")),
    ("bad-record", HI + frame(LOG, log_body(1, "e", "m") + b"x")),
    ("bad-record", HI + frame(LOG, log_body(1, "e", "m")[:-1])),
    ("bad-record", HI + frame(LOG, log_body(1, "e", "m")[:28]
                              + b"\xff\xff\xff\xff" * 2 + b"em")),
    ("bad-record", HI + frame(FLUSH, b"1")),
    ("bad-number", HI + frame(LOG, log_body(2, "e", "m"))),
    ("bad-number", HI + frame(LOG, log_body(0, "e", "m"))),
    ("bad-number", HI + frame(LOG, log_body(1, "e", "m")) * 2),
    ("bad-number", HI + frame(FLUSH, NUMBER)),
    ("bad-request", READ + frame(REQUEST, dict(kind="logs"))),
    ("bad-request", READ + frame(REQUEST, dict(kind="nonsense"))),
    ("bad-request", READ + frame(REQUEST, dict(
        kind="logs", execution_id="e", levels=["LOUD"]))),
    ("bad-request", READ + frame(REQUEST, dict(
        kind="logs", execution_id="e", lines=-2))),
]


@pytest.fixture
def bystander(daemon):
    """A producer and a follower that nobody may disturb."""
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="by", wait=True)
    p.log("by", "before")
    yield daemon
    p.log("by", "after")
    p.event("by", "COMPLETED")
    p.acked()
    rows, end = r.rows()
    assert [row["message"] for row in rows] == [b"before", b"after"]
    assert end["reason"] == "complete"


@pytest.mark.parametrize("code,data", FAULTS,
                         ids=[f"{i}-{f[0]}" for i, f in enumerate(FAULTS)])
def test_a_broken_frame_closes_that_connection_with_its_code(
        bystander, code, data):
    before = bystander.status()["faults"].get(code, 0)
    w = Wire(bystander.socket)
    w.raw(data)
    assert w.error() == code
    assert bystander.status()["faults"][code] == before + 1


@pytest.mark.parametrize("data", [b"\0", HI + b"\0\0\0\4\5\0\0\0" + b"12"])
def test_a_cut_frame(bystander, data):
    w = Wire(bystander.socket)
    w.raw(data)
    w.sock.shutdown(socket.SHUT_WR)
    assert w.error() == "frame-cut"


def test_no_hello_in_time(daemon):
    assert Wire(daemon.socket).error() == "hello-timeout"


def test_random_bytes_disturb_nobody(bystander):
    rng = random.Random(20261123)
    body = log_body(1, "rnd", "m")
    good = [HI, READ, FOLLOW, frame(LOG, body), frame(FLUSH, NUMBER),
            frame(EVENT, dict(execution_id="rnd", event_type="STARTED"))]
    for _ in range(300):
        data = bytearray(b"".join(rng.choices(good, k=rng.randrange(1, 6))))
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        w = Wire(bystander.socket)
        try:
            w.raw(bytes(data))
        except OSError:
            pass
        w.close()
    await_until(lambda: bystander.status()["connections"] == 3)


REFUSALS = [
    (LOG, log_body(1, "e", "m", level=4), "bad-level"),
    (LOG, log_body(1, "e", "m", stream=3), "bad-stream"),
    (LOG, log_body(1, "e", "m", partial=4), "bad-partial"),
    (LOG, log_body(1, "e", "m", source=""), "bad-source"),
    (LOG, log_body(1, "e", "m", source="execlogd"), "bad-source"),
    (LOG, log_body(1, "e", "m", task="a\nb"), "bad-task-id"),
    (LOG, log_body(1, "e", "m", metadata="[1]"), "bad-metadata"),
    (LOG, log_body(1, "e", "m", metadata="{"), "bad-metadata"),
    (LOG, log_body(1, "e", "m", timestamp=2 ** 53 + 1), "bad-timestamp"),
    (LOG, log_body(1, "e", "m" * 65537), "bad-message"),
    (LOG, log_body(1, "", "m"), "bad-execution-id"),
    (LOG, log_body(1, b"\xff", "m"), "bad-execution-id"),
    (LOG, log_body(1, "\x1b[31m", "m"), "bad-execution-id"),
    (LOG_JSON, dict(execution_id="e", level="LOUD", source="s", message="m"),
     "bad-level"),
    (LOG_JSON, dict(execution_id="e", level="INFO", source="s"),
     "bad-message"),
    (LOG_JSON, dict(execution_id="e", level="INFO", source="s", message="m",
                    metadata=[]), "bad-metadata"),
    (LOG_JSON, dict(execution_id="x" * 256, level="INFO", source="s",
                    message="m"), "bad-execution-id"),
    (EVENT, dict(execution_id="e", event_type="PAUSED"), "bad-event-type"),
    (EVENT, dict(execution_id="e", event_type="FAILED",
                 metadata=dict(error_message=1)), "bad-metadata"),
]


@pytest.mark.parametrize("kind,body,code", REFUSALS,
                         ids=[f"{i}-{r[2]}" for i, r in enumerate(REFUSALS)])
def test_a_bad_record_is_refused_by_its_number(bystander, kind, body, code):
    p = bystander.producer()
    p.send(kind, body)
    p.number = 1
    p.log("e", "next")
    p.flush()
    assert p.acked() == [(1, code)]
    assert bystander.status()["refused"] == 1
    rows = bystander.sql("SELECT level, source, json_extract(metadata, "
                         "'$.event'), json_extract(metadata, '$.code') FROM "
                         "execution_logs WHERE execution_id='e' ORDER BY id")
    refused = [] if code == "bad-execution-id" else \
        [("WARN", "execlogd", "refused", code)]
    assert rows == refused + [("INFO", "test", None, None)]
    assert bystander.sql("SELECT count(*) FROM execution_audit_events "
                         "WHERE execution_id='e'") == [(0,)]


def test_only_refusals_are_acknowledged_too(daemon):
    p = daemon.producer()
    p.log("", "m")
    p.flush()
    assert p.acked() == [(1, "bad-execution-id")]


@pytest.mark.parametrize("given,stored", [
    ("trace", "DEBUG"), ("Notice", "INFO"), ("warning", "WARN"),
    ("err", "ERROR"), ("FATAL", "ERROR"), ("critical", "ERROR"),
    ("info", "INFO"),
])
def test_levels_are_understood_in_any_case(daemon, given, stored):
    p = daemon.producer()
    p.send(LOG_JSON, dict(execution_id="e", level=given, source="s",
                          message="m"))
    p.number = 1
    p.sync()
    assert daemon.sql("SELECT level FROM execution_logs") == [(stored,)]


@pytest.mark.parametrize("message", [
    b"\xff\xfe", b"a\0b", b"caf\xe9", b"\xed\xa0\x80", b"\xc0\xaf",
    b"ok \xf0\x9f\x92", bytes(range(256)),
])
def test_text_that_is_not_utf8_is_stored_losslessly(daemon, message):
    p = daemon.producer()
    p.log("e", message, metadata='{"k": 1}')
    assert p.sync() == []
    (text, metadata), = daemon.sql(
        "SELECT message, metadata FROM execution_logs")
    metadata = json.loads(metadata)
    assert base64.b64decode(metadata["raw"]) == message
    assert metadata["k"] == 1 and "\ufffd" in text and "\0" not in text


def test_long_text_that_is_not_utf8_is_in_parts(daemon):
    message = b"\xff" + random.Random(1).randbytes(64 * 1024 - 1)
    p = daemon.producer()
    p.log("e", message)
    p.sync()
    rows = [json.loads(m) for (m,) in daemon.sql(
        "SELECT metadata FROM execution_logs ORDER BY id")]
    assert b"".join(base64.b64decode(m["raw"]) for m in rows) == message
    parts = [m["partial"] for m in rows]
    assert parts[0] == "first" and parts[-1] == "last"
    assert set(parts[1:-1]) <= {"middle"}


def test_metadata_is_stored_as_it_was_sent(daemon):
    p = daemon.producer()
    p.log("e", "m", metadata='{"n": 1.10,  "a": [1, {"b": "\\u00e9"}]}')
    p.log("e", "m", metadata='{"n": 1.10}', stream=2, attempt=3)
    assert p.sync() == []
    first, second = [m for (m,) in daemon.sql(
        "SELECT metadata FROM execution_logs ORDER BY id")]
    assert first == '{"n": 1.10,  "a": [1, {"b": "\\u00e9"}]}'
    assert second == '{"attempt":3,"stream":"stderr","n": 1.10}'


def test_our_metadata_keys_win(daemon):
    p = daemon.producer()
    p.log("e", "m", metadata='{"k": 1, "stream": "mine", "attempt": "x", '
          '"parti\\u0061l": 1}', stream=1, attempt=3, partial=2)
    p.sync()
    (text,), = daemon.sql("SELECT metadata FROM execution_logs")
    pairs = json.loads(text, object_pairs_hook=lambda p: p)
    assert sorted(pairs) == [("attempt", 3), ("k", 1), ("partial", "middle"),
                             ("stream", "stdout")]


def test_peers_that_never_read_disturb_nobody(bystander):
    p = bystander.producer()
    for i in range(3000):
        p.log("fill", "x" * 300)
    p.sync()
    for _ in range(20):
        r = Wire(bystander.socket, "read")
        r.ask(kind="logs", execution_id="fill")
    deaf = bystander.producer()
    deaf.sock.settimeout(1)
    try:
        while True:             # refused, and never read
            deaf.log("", "x" * 1000)
    except OSError:
        pass
    q = bystander.producer()
    q.log("e", "fine")
    q.sync()
    assert bystander.messages("e") == ["fine"]


def test_hundreds_of_idle_connections(daemon):
    idle = [daemon.producer() for _ in range(300)]
    assert daemon.status()["producers"] == 300
    for w in idle:
        w.close()
    await_until(lambda: daemon.status()["producers"] == 0)


def test_one_connection_too_many_is_told(daemon):
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2200:
        pytest.skip("not enough descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2200, hard))
    try:
        held = [Wire(daemon.socket, "read") for _ in range(2048)]
        assert Wire(daemon.socket).error() == "too-many"
        for w in held:
            w.close()
        await_until(lambda: daemon_answers(daemon))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def daemon_answers(daemon):
    try:
        return daemon.status()["faults"]["too-many"] >= 1
    except (Refused, Closed, ConnectionError):      # still too many
        return False
