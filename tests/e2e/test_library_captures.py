"""libexeclog: captures and raw streams, through the real library."""
import os
import signal
import subprocess

import pytest

from lib.capi import (FAILED, FORKED, INVALID, OK, WOULD_BLOCK, Capture,
                      Handle, stream_fd)
from lib.daemon import await_until

OUT, ERR = 1, 2


@pytest.fixture
def lib(build, daemon):
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")

    def make(**options):
        return Handle(build, daemon.socket, **options)
    return make


def streams(daemon, columns="stream, state, lines, bytes, cut"):
    return daemon.sql(f"SELECT {columns} FROM execlog_streams ORDER BY id")


def rows(daemon):
    return daemon.sql("SELECT message, level, metadata FROM execution_logs "
                      "ORDER BY id")


# ----------------------------------------------------------------- captures

def test_two_streams_interleave_and_close(daemon, lib):
    h = lib()
    cap = h.capture("e1", task=b"t", has_attempt=True, attempt=2,
                    has_stdout=True, has_stderr=True, has_stderr_level=True,
                    stderr_level=2)
    assert cap.feed(b"one\ntw", OUT) == (OK, 6)
    assert cap.feed(b"oops\n<3>bad\n", ERR) == (OK, 12)
    assert cap.feed(b"o\r\nend", OUT) == (OK, 6)
    assert h.log("e1", "a record between") == OK
    assert cap.close(b"the rest was thrown away") == OK
    assert h.close() == OK
    own = '{"attempt":2,"stream":"%s"}'
    assert rows(daemon)[:6] == [
        ("one", "INFO", own % "stdout"), ("oops", "WARN", own % "stderr"),
        ("bad", "ERROR", own % "stderr"), ("two", "INFO", own % "stdout"),
        ("a record between", "INFO", None), ("end", "INFO", own % "stdout")]
    cut = "the rest was thrown away"
    assert [s[:3] + s[4:] for s in streams(daemon)] == [
        ("stdout", "closed", 3, cut), ("stderr", "closed", 2, cut)]
    assert daemon.messages("e1")[6:] == [
        "not all output was captured: " + cut]


def test_metadata_of_the_capture_and_of_the_line(daemon, lib):
    h = lib()
    cap = h.capture("e1", has_level=True, level=0, metadata=b'{"a":1,"b":2}')
    line = b'{"level":"error","message":"m","b":[3],"timestamp":5}\n'
    assert cap.feed(b"plain\n" + line) == (OK, 6 + len(line))
    assert cap.close() == OK and h.close() == OK
    assert rows(daemon) == [("plain", "DEBUG", '{"a":1,"b":2}'),
                            ("m", "ERROR", '{"a":1,"b":[3]}')]
    assert daemon.sql("SELECT timestamp FROM execution_logs WHERE "
                      "message = 'm'") == [(5,)]
    assert streams(daemon, "stream, state") == [(None, "closed")]


def test_a_line_with_all_that_fits(daemon, lib):
    """The longest metadata on every line, and lines of nothing."""
    h = lib(queue=1)
    big = b'{"k":"' + b"x" * (65536 - 8) + b'"}'
    cap = h.capture("e1", metadata=big)
    assert cap.feed(b"\n" * 50) == (OK, 50)
    assert cap.feed(b"y" * 65536 + b"\n" + b"z" * 70000) == (OK, 135537)
    assert cap.close() == OK and h.close() == OK
    got = rows(daemon)
    assert [m for m, _, _ in got] == [""] * 50 + ["y" * 65536, "z" * 65536,
                                                  "z" * 4464]
    assert all(len(x) >= 65536 for _, _, x in got)


def test_what_cannot_be_opened_or_fed(daemon, lib):
    h = lib()
    for wrong in (dict(source=None), dict(metadata=b"[1]"),
                  dict(metadata=b'{"k":"' + b"x" * 65536 + b'"}')):
        assert Capture(h, "e1", **wrong).opened == INVALID, wrong
    cap = h.capture("e1", has_stdout=True)
    assert cap.feed(b"x\n", ERR) == (INVALID, 0)
    assert cap.feed(b"x\n", 0) == (INVALID, 0)
    assert cap.feed(b"x\n", 7) == (INVALID, 0)
    assert cap.flush(ERR) == INVALID and not cap.holds(ERR)
    assert cap.feed(b"y\n", OUT) == (OK, 2)
    assert cap.close() == OK and h.close() == OK
    assert daemon.messages("e1") == ["y"]


def test_an_unfinished_line_is_given_out_when_asked(daemon, lib):
    h = lib()
    cap = h.capture("e1", has_stdout=True)
    assert not cap.holds(OUT) and cap.flush(OUT) == OK
    assert cap.feed(b"50 %", OUT) == (OK, 4) and cap.holds(OUT)
    assert cap.flush(OUT) == OK and not cap.holds(OUT) and h.flush() == OK
    assert daemon.messages("e1") == ["50 %"]
    assert cap.feed(b"\n", OUT) == (OK, 1)
    assert cap.close() == OK and h.close() == OK
    assert [(m, x) for m, _, x in rows(daemon)] == [
        ("50 %", '{"stream":"stdout","partial":"first"}'),
        ("", '{"stream":"stdout","partial":"last"}')]
    assert streams(daemon, "lines") == [(1,)]


def test_a_full_queue_takes_a_part_and_loses_nothing(daemon, lib):
    h = lib(queue=1 << 19, nonblocking=True)
    cap = h.capture("e1", has_stdout=True)
    text = b"".join(b"%d\n" % i for i in range(50000))
    os.kill(daemon.process.pid, signal.SIGSTOP)
    at, result = 0, OK
    while result == OK:
        result, taken = cap.feed(text[at:at + 10000], OUT)
        at += taken
        assert at < len(text)
    assert result == WOULD_BLOCK
    assert cap.feed(b"", OUT) == (OK, 0)
    os.kill(daemon.process.pid, signal.SIGCONT)
    while at < len(text):
        _, taken = cap.feed(text[at:], OUT)
        at += taken
        assert h.wait_room() == OK
    while (result := cap.close()) == WOULD_BLOCK:
        assert h.wait_room() == OK
    assert (result, h.close()) == (OK, OK)
    assert daemon.messages("e1") == text.decode().split()


def test_a_kill_of_the_daemon_is_invisible(daemon, lib):
    h = lib()
    cap = h.capture("e1", task=b"t", has_stdout=True)
    lines = 0
    for _ in range(8):
        for _ in range(20):
            text = b"".join(b"%d\n" % i for i in range(lines, lines + 50))
            assert cap.feed(text, OUT) == (OK, len(text))
            lines += 50
        daemon.kill()
        assert cap.feed(b"%d\n" % lines, OUT)[0] == OK
        lines += 1
        daemon.start()
    assert cap.close() == OK and h.close() == OK
    assert daemon.messages("e1") == [str(i) for i in range(lines)]
    assert streams(daemon, "state, lines") == [("closed", lines)]


def test_many_captures_share_a_handle(daemon, lib):
    h = lib(queue=1 << 19)
    caps = [h.capture("e1", task=b"t%d" % i, has_stdout=True, has_stderr=True)
            for i in range(20)]
    for n in range(300):
        for cap in caps:
            assert cap.feed(b"out %d\n" % n, OUT)[0] == OK
            assert cap.feed(b"err %d\n" % n, ERR)[0] == OK
    for cap in caps:
        assert cap.close() == OK
    assert h.close() == OK
    assert streams(daemon, "DISTINCT state, lines") == [("closed", 300)]
    for i in range(20):
        assert daemon.sql(
            "SELECT message FROM execution_logs WHERE task_id = ? AND "
            "json_extract(metadata, '$.stream') = 'stderr' ORDER BY id",
            f"t{i}") == [(f"err {n}",) for n in range(300)]


def test_abandoned_or_not_closed_is_lost(daemon, lib):
    h = lib()
    cap = h.capture("e1", has_stdout=True)
    assert cap.feed(b"a\nb", OUT) == (OK, 3)
    cap.abandon()
    assert h.close() == OK
    # BYE: there is nobody who could come back.
    await_until(lambda: streams(daemon, "state") == [("lost",)])
    assert daemon.messages("e1")[0] == "a"


def test_a_handle_that_failed(daemon, lib):
    h = lib(producer=b"p1")
    cap = h.capture("e1", has_stdout=True)
    assert cap.feed(b"a\n", OUT) == (OK, 2) and h.flush() == OK
    k = lib(producer=b"p1")
    await_until(lambda: cap.feed(b"b\n", OUT) == (FAILED, 0))
    assert cap.flush(OUT) == FAILED
    assert cap.close() == FAILED
    assert Capture(h, "e1", has_stdout=True).opened == FAILED
    h.close(), k.close()


def test_a_stable_name_can_capture_again(daemon, lib):
    for text in b"first\n", b"second\n", b"third\n":
        h = lib(producer=b"p1")
        for _ in range(2):
            cap = h.capture("e1", has_stdout=True)
            assert cap.feed(text, OUT)[0] == OK and cap.close() == OK
        assert h.close() == OK and h.refused == []
    assert daemon.messages("e1") == ["first"] * 2 + ["second"] * 2 + [
        "third"] * 2


def test_a_stable_name_that_left_a_capture_open(daemon, lib):
    h = lib(producer=b"p1")
    cap = h.capture("e1", has_stdout=True)
    assert cap.feed(b"first\n", OUT)[0] == OK
    cap.abandon()
    assert h.close() == OK
    h = lib(producer=b"p1")
    cap = h.capture("e1", has_stdout=True)
    assert cap.feed(b"second\n", OUT)[0] == OK and cap.close() == OK
    assert h.close() == OK and h.refused == []
    assert daemon.messages("e1") == [
        "first", "a producer has begun anew, its streams are lost: stdout "
        "after 1 line", "second"]


def test_a_forked_child_has_no_capture(daemon, lib):
    h = lib()
    cap = h.capture("e1", has_stdout=True)
    pid = os.fork()
    if pid == 0:
        ok = (cap.feed(b"child\n", OUT) == (FORKED, 0) and
              cap.flush(OUT) == FORKED and cap.close() == FORKED and
              Capture(h, "e1").opened == FORKED)
        os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert cap.feed(b"parent\n", OUT) == (OK, 7)
    assert cap.close() == OK and h.close() == OK
    assert daemon.messages("e1") == ["parent"]


# -------------------------------------------------------------- raw streams

@pytest.fixture
def raw(build, daemon):
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")

    def make(execution="e1", **more):
        return stream_fd(build, daemon.socket, execution, **more)
    return make


def test_a_descriptor_is_the_stderr_of_a_process(daemon, raw):
    fd = raw(task=b"t", has_attempt=True, attempt=3, stream=ERR)
    assert not os.get_inheritable(fd)
    # The row is there before a byte is.
    assert streams(daemon, "stream, state, attempt, producer") == [
        ("stderr", "open", 3, None)]
    with os.fdopen(fd, "wb") as sink:
        done = subprocess.run(
            ["sh", "-c", "echo result; echo '<4>log' >&2; exit 3"],
            stdout=subprocess.PIPE, stderr=sink)
    assert (done.returncode, done.stdout) == (3, b"result\n")
    await_until(lambda: streams(daemon, "state, lines") == [("closed", 1)])
    assert rows(daemon) == [("log", "WARN",
                             '{"attempt":3,"stream":"stderr"}')]


def test_it_is_open_until_the_last_process_closes_it(daemon, raw):
    fd = raw(stream=OUT)
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=fd)
    os.close(fd)
    child.stdin.write(b"still here\n")
    child.stdin.flush()
    await_until(lambda: daemon.messages("e1") == ["still here"])
    assert streams(daemon, "state") == [("open",)]
    child.stdin.close()
    child.wait()
    await_until(lambda: streams(daemon, "state") == [("closed",)])


def test_who_opens_one_accepts_that_it_may_break(daemon, raw, build, folder):
    with pytest.raises(OSError, match="EXECLOG_STREAM_MAY_BREAK"):
        raw(flags=0)
    with pytest.raises(OSError, match="execution, a source"):
        raw(source=None)
    with pytest.raises(OSError, match="of their enums"):
        raw(stream=7)
    with pytest.raises(OSError, match="bad-hello"):
        raw("")
    with pytest.raises(OSError, match="No such file"):
        stream_fd(build, folder / "nowhere", "e1")
    assert streams(daemon) == []
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError):
        raw("x" * 300)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_broken_one_is_an_error_and_a_row(daemon, raw):
    fd = raw()
    os.write(fd, b"stored\n")
    await_until(lambda: daemon.messages("e1") == ["stored"])
    daemon.kill()
    with pytest.raises(BrokenPipeError):
        for _ in range(3):
            os.write(fd, b"gone\n")
    os.close(fd)
    daemon.start()
    await_until(lambda: streams(daemon, "state") == [("lost",)])
    assert daemon.sql("SELECT json_extract(metadata, '$.event') FROM "
                      "execution_logs WHERE source = 'execlogd'") == [
        ("lost",)]
