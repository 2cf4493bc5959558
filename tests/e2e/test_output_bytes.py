"""Whatever a process prints, in whatever pieces: the stored lines, rejoined,
are it, but for a CR before LF and a last LF."""
import base64
import itertools
import json
import os
import pathlib
import re

import pytest

from lib.capi import OK, Handle, stream_fd
from lib.daemon import Daemon, await_until

# What it keeps goes where "make clean" finds it.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(
    pathlib.Path(__file__).parents[2] / "build" / "hypothesis"))
pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings, strategies as st  # noqa

SOAK = "EXECLOG_SOAK" in os.environ
SETTINGS = dict(deadline=None, database=None, derandomize=not SOAK,
                suppress_health_check=list(HealthCheck))

pieces = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=20).map(str.encode),
    st.sampled_from([
        b"\n", b"\n\n", b"\r\n", b"\r", b"\r\r\n", b"\0", b"\xff", b"<4>",
        b"<", b"\xc3", b"\xa9", "\u00e9".encode(), "\U0001f600".encode()[:3],
        b'{"level":"warn"', b'{"message":"m"}\n', b'{"level":1,"message":2}']),
    # Over one part of a line, and over one row of what is not UTF-8.
    st.builds(lambda unit, n: unit * n,
              st.sampled_from([b"a", b"\r", b"\xff", "\u00e9".encode(),
                               "\u20ac".encode()]),
              st.sampled_from([1000, 32768, 32769, 65535, 65536, 65537,
                               131072, 131073])),
    st.builds(lambda unit, n: unit * n,
              st.sampled_from([b"\n", b"ab\r\n"]), st.integers(1, 2000)))
# A piece, or None: what is unfinished is given out.
inputs = st.lists(st.one_of(pieces, st.none()), max_size=12)


@pytest.fixture(scope="module")
def world(request, tmp_path_factory):
    """One daemon and one handle for all examples."""
    build = request.config.getoption("--build")
    if "san-" in build:
        pytest.skip("a sanitized library does not load into python")
    daemon = Daemon(build, tmp_path_factory.mktemp("el")).start(
        "--flush-ms", 1)
    handle = Handle(daemon.build, daemon.socket)
    yield daemon, handle, (f"e{i}" for i in itertools.count())
    assert handle.close() == OK
    assert daemon.stop() == 0


def stored_lines(daemon, execution):
    """Bytes of the lines, parts rejoined."""
    lines, unfinished = [], False
    for message, metadata in daemon.sql(
            "SELECT message, metadata FROM execution_logs "
            "WHERE execution_id = ? ORDER BY id", execution):
        keys = json.loads(metadata or "{}")
        text = (base64.b64decode(keys["raw"]) if "raw" in keys
                else message.encode())
        partial = keys.get("partial")
        assert unfinished == (partial in ("middle", "last"))
        if unfinished:
            lines[-1] += text
        else:
            lines.append(text)
        unfinished = partial in ("first", "middle")
    assert not unfinished
    return lines


def expected_lines(data):
    *whole, rest = data.split(b"\n")
    return [line[:-1] if line.endswith(b"\r") else line
            for line in whole] + [rest] * (rest != b"")


def compare(got, data):
    want = expected_lines(data)
    assert len(got) == len(want)
    for a, b in zip(got, want):
        # A priority is taken off, unless it came in two parts.
        assert a == b or (re.match(rb"<[0-7]>", b) and a == b[3:])


@settings(max_examples=3000 if SOAK else 150, **SETTINGS)
@given(inputs)
def test_through_a_capture(world, data):
    daemon, handle, names = world
    name = next(names)
    cap = handle.capture(name, has_stdout=True)
    for piece in data:
        if piece is None:
            assert cap.flush(1) == OK
        else:
            assert cap.feed(piece, 1) == (OK, len(piece))
    assert cap.close() == OK and handle.flush() == OK
    compare(stored_lines(daemon, name), b"".join(filter(None, data)))


@settings(max_examples=1000 if SOAK else 50, **SETTINGS)
@given(inputs)
def test_through_a_raw_stream(world, data):
    daemon, _, names = world
    name = next(names)
    fd = stream_fd(daemon.build, daemon.socket, name)
    with os.fdopen(fd, "wb", buffering=0) as sink:
        for piece in filter(None, data):
            while piece:
                piece = piece[sink.write(piece):]
    await_until(lambda: daemon.sql(
        "SELECT state FROM execlog_streams WHERE execution_id = ?", name) ==
        [("closed",)])
    compare(stored_lines(daemon, name), b"".join(filter(None, data)))
