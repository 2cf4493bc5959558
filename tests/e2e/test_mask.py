"""Secrets: nothing of them reaches the disk, whoever sends it, in any form."""
import base64
import json
import os
import signal
import urllib.parse

import pytest

from lib.capi import INVALID, OK, WOULD_BLOCK, Handle
from lib.daemon import await_until
from lib.wire import ACK, HELLO, MASK, OPENED, REFUSED, Wire

SECRET = 'hunter/22 "zwölf"+\\x'
MASKED = "***SECRET***"


@pytest.fixture
def lib(build, daemon):
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")

    def make(**options):
        return Handle(build, daemon.socket, **options)
    return make


def forms(secret):
    raw = secret.encode()
    yield secret
    for before in range(3):
        text = base64.b64encode(b"=" * before + raw + b"=").decode()
        yield text
        yield text.replace("+", "-").replace("/", "_")
    yield urllib.parse.quote(secret)
    yield urllib.parse.quote_plus(secret)
    yield urllib.parse.quote(secret, safe="").lower()
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


def traces(secret):
    """Bytes of the forms that must not be found in a file."""
    for form in forms(secret):
        yield form.encode()
    # Whatever stands beside it in base64, its middle is the same.
    for before in range(3):
        yield base64.b64encode(b"=" * before + secret.encode())[4:-4]


def assert_clean(daemon, *secrets):
    """After the daemon has stopped: neither the file nor its log."""
    assert daemon.process is None
    names = [daemon.db, daemon.db.with_name(daemon.db.name + "-wal")]
    data = b"".join(path.read_bytes() for path in names if path.exists())
    assert MASKED.encode() in data
    for secret in secrets:
        found = [trace for trace in traces(secret) if trace in data]
        assert found == []
    log = daemon.stderr.read_bytes()
    assert not any(trace in log for s in secrets for trace in traces(s))


def mask(wire, execution, *values):
    wire.send(MASK, dict(execution_id=execution, values=values))


def test_every_form_in_messages_and_metadata(daemon):
    wire = daemon.producer()
    mask(wire, "e1", SECRET)
    count = 0
    for form in forms(SECRET):
        wire.log("e1", f"<{form}>",
                 metadata=json.dumps({"a": {"b": [form]}, form: 1}))
        count += 1
    wire.event("e1", "FAILED", error_message=f"no {SECRET}",
               stack_trace=SECRET)
    assert wire.sync() == []
    rows = daemon.sql("SELECT message, metadata FROM execution_logs")
    assert len(rows) == count
    for message, metadata in rows:
        assert message.startswith("<") and message.endswith(">")
        # In base64 what stands beside it stays.
        assert len(message.replace(MASKED, "")) <= 2 + 10
        assert message.count(MASKED) == 1
        assert len(json.loads(metadata)) in (1, 2)
    (event,) = daemon.sql("SELECT metadata FROM execution_audit_events")
    assert json.loads(event[0]) == {"error_message": f"no {MASKED}",
                                    "stack_trace": MASKED}
    daemon.stop()
    assert_clean(daemon, SECRET)


def test_numbers_and_escapes_in_metadata(daemon):
    wire = daemon.producer()
    mask(wire, "e1", "20240817", "hunter22")
    wire.log("e1", "m", metadata=b'{ "pin": 20240817, "n": 1.10,'
             b' "t": "\\u0068unter\\u0032\\u0032" }')
    assert wire.sync() == []
    assert daemon.sql("SELECT metadata FROM execution_logs") == [
        ('{ "pin": "***SECRET***", "n": 1.10, "t": "***SECRET***" }',)]


def test_a_value_across_two_parts(daemon):
    wire = daemon.producer()
    mask(wire, "e1", "correct horse battery")
    for cut in range(1, 21):
        wire.log("e1", "a " + "correct horse battery"[:cut], partial=1)
        wire.log("e1", "correct horse battery"[cut:] + " z", partial=3)
    assert wire.sync() == []
    out = daemon.ok("logs", "e1", "-o", "cat")
    assert len(out.splitlines()) == 20
    assert "correct horse battery" not in out
    for line in out.splitlines():
        assert MASKED in line and line[:2] == "a " and line[-2:] == " z"


def test_of_all_producers_and_of_one_execution(daemon):
    first, second = daemon.producer(), daemon.producer()
    mask(first, "e1", "hunter22")
    first.log("e1", "first hunter22")
    assert first.sync() == []
    second.log("e1", "second hunter22")
    second.log("e2", "other hunter22")
    assert second.sync() == []
    first.close()
    await_until(lambda: daemon.status()["producers"] == 1)
    second.log("e1", "still hunter22")
    assert second.sync() == []
    assert daemon.messages("e1") == [f"first {MASKED}", f"second {MASKED}",
                                     f"still {MASKED}"]
    assert daemon.messages("e2") == ["other hunter22"]


def test_what_cannot_be_masked_is_refused_and_not_told(daemon):
    wire = daemon.producer()
    for values in (["abc12"], ["x" * 8193], [12345678]):
        mask(wire, "e1", *values)
        kind, body = wire.recv()
        assert kind == REFUSED
        assert (body["number"], body["code"]) == (0, "bad-mask")
        assert str(values[0])[:5] not in json.dumps(body)
    mask(wire, "e\n1", "hunter22")
    assert wire.recv()[1]["code"] == "bad-execution-id"
    # What is good beside it is taken; the connection goes on.
    mask(wire, "e1", "abc12", "hunter22")
    assert wire.recv()[1]["code"] == "bad-mask"
    wire.log("e1", "abc12 hunter22")
    assert wire.sync() == []
    assert daemon.messages("e1") == [f"abc12 {MASKED}"]
    assert daemon.status()["refused"] == 0


def test_a_mask_is_not_numbered(daemon):
    wire = daemon.producer(producer="p1")
    mask(wire, "e1", "hunter22")
    assert wire.log("e1", "hunter22") == 1
    mask(wire, "e1", "wombat77")
    assert wire.log("e1", "wombat77") == 2
    assert wire.sync() == []
    mask(wire, "e1", "quokka55")
    wire.flush()
    assert wire.recv()[0] == ACK
    assert daemon.messages("e1") == [MASKED, MASKED]


def test_only_producers_register(daemon):
    reader = daemon.reader()
    mask(reader, "e1", "hunter22")
    assert reader.error() == "unexpected-type"


def test_too_many_of_an_execution(daemon):
    wire = daemon.producer()
    for i in range(8):
        mask(wire, "e1", chr(ord("a") + i) * 8192)
    mask(wire, "e1", "hunter22")
    assert wire.recv()[1]["code"] == "bad-mask"
    wire.log("e1", "a" * 8192)
    wire.log("e2", "quiet")
    assert wire.sync() == []
    assert daemon.messages("e1") == [MASKED]


def test_a_message_that_grows_is_in_parts(daemon):
    wire = daemon.producer()
    mask(wire, "e1", "hunter22")
    wire.log("e1", "hunter22." * 7000)
    assert wire.sync() == []
    assert len(daemon.messages("e1")) == 2
    out = daemon.ok("logs", "e1", "-o", "cat")
    assert out == (MASKED + ".") * 7000 + "\n"


def test_the_library_registers_again_before_it_resends(daemon, lib):
    h = lib()
    assert h.mask("e1", SECRET) == OK
    assert h.log("e1", f"0 {SECRET}") == OK and h.flush() == OK
    for i in range(1, 20):
        daemon.kill()
        for k in range(20):
            assert h.log("e1", f"{i}.{k} {SECRET}") == OK
        if i == 10:
            assert h.mask("e1", "wombat77") == OK
        if i >= 10:
            assert h.event("e1", "STATE_CHANGE",
                           b'{"reason":"wombat77"}') == OK
        daemon.start()
    assert h.close() == OK
    assert all(m.endswith(MASKED) for m in daemon.messages("e1"))
    assert len(daemon.messages("e1")) == 1 + 19 * 20
    assert {m for (m,) in daemon.sql(
        "SELECT metadata FROM execution_audit_events")} == {
            '{"reason":"***SECRET***"}'}
    daemon.stop()
    assert_clean(daemon, SECRET, "wombat77")


def test_a_lazy_handle_registers_first(build, idle):
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")
    h = Handle(build, idle.socket, lazy=True)
    assert h.mask("e1", "hunter22") == OK
    assert h.log("e1", "early hunter22") == OK
    idle.start()
    assert h.close() == OK
    assert idle.messages("e1") == [f"early {MASKED}"]


def test_what_the_library_does_not_take(daemon, lib):
    h = lib()
    assert h.mask("e1", "abc12") == INVALID
    assert h.mask("e1", "x" * 8193) == INVALID
    assert h.mask("e1", b"hunter\xff\xff") == INVALID
    assert h.mask("e\n1", "hunter22") == INVALID
    assert h.mask("e1", "hunter22") == OK == h.mask("e1", "hunter22")
    taken = 0
    while h.mask(f"e{taken}", f"{taken:08}" + "x" * 8000) == OK:
        taken += 1
        assert taken < 100
    assert 30 <= taken <= 33
    # Letting go makes room.
    assert h.mask("e5", None) == OK
    assert h.mask("e5", "y" * 8000) == OK
    assert h.log("e1", "hunter22") == OK
    assert h.close() == OK
    assert daemon.messages("e1") == [MASKED]


def fill(daemon):
    """One user has the values of as many executions as it can."""
    wire = daemon.producer()
    for i in range(1024):
        mask(wire, f"full-{i}", "hunter22")
    assert wire.sync() == []
    return wire


def test_the_daemon_refuses_and_the_library_tells(daemon, lib):
    fill(daemon)
    h = lib()
    assert h.mask("e1", "hunter22") == OK
    assert h.log("e1", "m hunter22", metadata=b'{"k":"hunter22"}') == OK
    assert h.event("e1", "FAILED", b'{"error_message":"hunter22"}') == OK
    assert h.flush() == OK
    # Whoever says it again is told again.
    assert h.mask("e1", "hunter22") == OK and h.flush() == OK
    assert h.refused == [(0, "bad-mask")] * 2
    assert h.close() == OK
    # What it says itself does not depend on that.
    assert daemon.sql("SELECT message, metadata FROM execution_logs") == [
        (f"m {MASKED}", json.dumps({"k": MASKED}, separators=(",", ":")))]
    daemon.stop()
    assert_clean(daemon, "hunter22")


def test_run_masks_what_the_daemon_could_not(daemon):
    fill(daemon)
    code, _, err = daemon.cli(
        "run", "e1", "--mask-env", "PW", "--", "sh", "-c",
        """printf 'a %s b\n' "$PW"; echo '{"level":"info",'"""
        """'"message":"j","k":"'$PW'"}'; printf hunter22 | cut -c1-5""",
        env=dict(PW="hunter22"))
    assert code == 0 and "bad-mask" in err
    assert daemon.sql("SELECT message FROM execution_logs") == [
        (f"a {MASKED} b",), ("j",), ("hunte",)]
    daemon.stop()
    assert_clean(daemon, "hunter22")


@pytest.mark.parametrize("metadata, line", [
    ({"k": "hunter" * 5000}, b"\n" * 5),
    (None, json.dumps(dict(level="info", message="m", x="hunter22"))[:-2]
     .encode() + b"\x7f" * 600 + b'"}\n')], ids=["metadata", "escapes"])
def test_what_grows_finds_room(daemon, lib, metadata, line):
    """A queue is full while lines get longer than they were."""
    h = lib(queue=1 << 19, nonblocking=True)
    assert h.mask("e1", "hunter") == OK and h.flush() == OK
    os.kill(daemon.process.pid, signal.SIGSTOP)
    cap = h.capture("e1", has_stdout=True, metadata=metadata and
                    json.dumps(metadata).encode())
    taken = 0
    for _ in range(30000):
        result, n = cap.feed(line, 1)
        taken += n
        if result != OK:
            break
    assert result == WOULD_BLOCK
    os.kill(daemon.process.pid, signal.SIGCONT)
    assert h.wait_room() == OK and cap.close() == OK and h.close() == OK
    assert h.refused == []
    lines = taken if metadata else -(-taken // len(line))
    assert len(daemon.messages("e1")) == lines


def test_a_line_that_is_torn_may_end_within_a_value(daemon, lib):
    h = lib()
    assert h.mask("e1", "hunter22") == OK
    cap = h.capture("e1", has_stdout=True)
    assert cap.feed(b"pw: hunte", 1)[0] == OK and cap.tear(1) == OK
    assert cap.feed(b"hun", 1)[0] == OK and cap.tear(1) == OK
    assert cap.feed(b"next\n", 1)[0] == OK and cap.tear(1) == OK
    assert cap.close() == OK and h.close() == OK
    assert daemon.messages("e1") == [f"pw: {MASKED}", MASKED, "next"]


def test_too_many_values_for_a_handle(daemon, lib):
    h = lib()
    for i in range(8):
        assert h.mask("e1", f"{i}" * 8000) == OK
    assert h.mask("e1", "8" * 8000) == INVALID
    assert h.close() == OK


def test_a_full_queue(daemon, lib):
    h = lib(queue=1 << 19, nonblocking=True)
    os.kill(daemon.process.pid, signal.SIGSTOP)
    while h.log("e1", "x" * 1000) == OK:
        pass
    assert h.mask("e1", "y" * 8000) == WOULD_BLOCK
    os.kill(daemon.process.pid, signal.SIGCONT)
    assert h.wait_room() == OK
    assert h.mask("e1", "y" * 8000) == OK
    assert h.log("e1", "y" * 8000) == OK
    assert h.close() == OK
    assert daemon.messages("e1")[-1] == MASKED


# -------------------------------------------------------------- raw streams

def raw(daemon, **hello):
    wire = Wire(daemon.socket)
    wire.send(HELLO, dict(dict(version=1, role="stream", execution_id="e1",
                               source="s"), **hello))
    kind, _ = wire.recv()
    assert kind == OPENED
    return wire


def test_a_masked_stream_is_not_read_before_there_are_values(daemon):
    wire, other = raw(daemon, masked=True), raw(daemon)
    wire.raw(b"pw hunter22\n")
    other.raw(b"free\n")
    await_until(lambda: daemon.messages("e1") == ["free"])
    producer = daemon.producer()
    mask(producer, "e2", "hunter22")
    producer.log("e2", "m")
    assert producer.sync() == []
    assert daemon.messages("e1") == ["free"]
    mask(producer, "e1", "hunter22")
    await_until(lambda: daemon.messages("e1") == ["free", f"pw {MASKED}"])


def test_a_tail_that_may_be_a_secret_is_not_flushed(daemon):
    producer = daemon.producer()
    mask(producer, "e1", "hunter22")
    producer.log("e1", "go")
    assert producer.sync() == []
    wire = raw(daemon)
    wire.raw(b"pw: h")
    await_until(lambda: daemon.messages("e1") == ["go", "pw: "])
    for piece in (b"u", b"nt", b"er2"):
        wire.raw(piece)
        # More than the silence after which a line is flushed.
        with pytest.raises(TimeoutError):
            wire.sock.settimeout(0.3)
            wire.recv()
    wire.raw(b"2.\n")
    await_until(lambda: len(daemon.messages("e1")) == 3)
    assert daemon.messages("e1") == ["go", "pw: ", f"{MASKED}."]


@pytest.mark.parametrize("text", ["pw: hunter2", "x" * 65533 + "hunter2"],
                         ids=["whole", "parts"])
def test_a_stream_that_ends_within_a_value(daemon, text):
    producer = daemon.producer()
    mask(producer, "e1", "hunter22")
    assert producer.sync() == []
    wire = raw(daemon)
    wire.raw(text.encode())
    wire.sock.close()
    await_until(lambda: daemon.sql(
        "SELECT state FROM execlog_streams") == [("closed",)])
    assert "".join(daemon.messages("e1"))[-12:] == MASKED
    daemon.ok("run", "e2", "--mask-env", "PW", "--", "printf", text,
              env=dict(PW="hunter22"))
    assert "".join(daemon.messages("e2"))[-12:] == MASKED
    daemon.stop()
    assert_clean(daemon, "hunter2")


def test_run_does_not_flush_a_secret_either(daemon):
    daemon.ok("run", "e1", "--mask-env", "PW", "--", "sh", "-c",
              "for x in pw:_h u nt er2 2. ; do printf $x; sleep 0.3; done",
              env=dict(PW="hunter22"))
    assert "".join(daemon.messages("e1")) == f"pw:_{MASKED}."


# ------------------------------------------------------------------ the CLI

PEM = ("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n"
       "ab==\n-----END KEY-----\n")


def test_write_event_and_run(daemon, folder):
    (folder / "pem").write_text(PEM)
    env = dict(TOKEN=SECRET)
    flags = ["--mask-env", "TOKEN", "--mask-file", folder / "pem"]
    code, out, err = daemon.cli("write", "e1", *flags, f"pw {SECRET}",
                                "--metadata", json.dumps({"k": SECRET}),
                                env=env)
    assert (code, out) == (0, "")
    assert err == (f"execlog: warning: line 3 of {folder}/pem is not masked: "
                   "it has under 6 characters\n")
    daemon.ok("write", "e1", "--", f"later: {PEM}")
    daemon.ok("event", "e2", "FAILED", "--mask-env", "TOKEN", "--metadata",
              json.dumps({"error_message": SECRET}), env=env)
    daemon.ok("run", "e3", "--mask-env", "TOKEN", "--", "sh", "-c",
              'echo "$TOKEN"; echo "$TOKEN" | base64 >&2', env=env)
    assert daemon.messages("e1") == [f"pw {MASKED}", f"later: {MASKED}\n"]
    assert daemon.sql("SELECT metadata FROM execution_logs LIMIT 1") == [
        ('{"k": "***SECRET***"}',)]
    messages = daemon.messages("e3")
    assert len(messages) == 2 and MASKED in messages
    assert all(len(m.replace(MASKED, "")) <= 4 for m in messages)
    daemon.stop()
    assert_clean(daemon, SECRET, PEM.strip(), PEM.splitlines()[1])


def test_warnings_name_the_place_and_never_the_value(daemon, folder):
    (folder / "f").write_bytes(b"longenough\r\n\nabc12\nno\xfftext\n")
    code, out, err = daemon.cli(
        "write", "e1", "--mask-env", "SHORT", "--mask-env", "EMPTY",
        "--mask-env", "LONG", "--mask-file", folder / "f",
        "longenough abc12",
        env=dict(SHORT="abc34", EMPTY="", LONG="x" * 9000))
    assert code == 0
    assert [line.removeprefix("execlog: warning: ")
            for line in err.splitlines()] == [
        "the value of $SHORT is not masked: it has under 6 characters",
        "$EMPTY is empty: nothing is masked for it",
        "the value of $LONG is not masked: it is over 8 KiB",
        f"line 3 of {folder}/f is not masked: it has under 6 characters",
        f"line 4 of {folder}/f is not masked: it is not UTF-8"]
    assert daemon.messages("e1") == [f"{MASKED} abc12"]


def test_a_variable_that_is_not_there_ends_it(daemon, folder):
    """A name with a slip in it would let the value through."""
    for command in (["write", "e1", "x"], ["event", "e1", "STARTED"],
                    ["run", "e1", "--", "touch", folder / "ran"]):
        code, _, err = daemon.cli(command[0], "--mask-env", "TOKNE",
                                  *command[1:], env=dict(TOKEN=SECRET))
        assert code == 2
        assert err == ("execlog: --mask-env TOKNE: there is no such variable; "
                       "set it (empty: nothing is masked), or leave the option "
                       "out\n")
    assert daemon.messages("e1") == [] and not (folder / "ran").exists()
    assert daemon.sql("SELECT * FROM execution_audit_events") == []


def test_a_file_that_cannot_be_read_ends_it(daemon, folder):
    for command in (["write", "e1", "x"], ["event", "e1", "STARTED"],
                    ["run", "e1", "--", "touch", folder / "ran"]):
        code, _, err = daemon.cli(command[0], "--mask-file", folder / "none",
                                  *command[1:])
        assert code == 2
        assert err == (f"execlog: cannot read {folder}/none: No such file or "
                       "directory\n")
    assert daemon.messages("e1") == [] and not (folder / "ran").exists()


def test_write_whose_values_are_too_many_says_so(daemon, folder):
    (folder / "f").write_text("".join(f"value{i:04}\n" for i in range(300)))
    code, _, err = daemon.cli("write", "e1", "--mask-file", folder / "f", "x")
    assert code == 2
    assert "too many values" in err and "value0" not in err
