"""Raw streams at their limit: what the daemon holds of them is bounded."""
import json
import os

import pytest

from lib.daemon import await_until
from lib.wire import HELLO, OPENED, Wire, frame

STREAMS = 512       # --max-streams
BUDGET_KB = 128 * 1024
LINE = 64 * 1024
EACH = 32 * 1024    # so long a line is in one row in any case


def resident(daemon, what):
    with open(f"/proc/{daemon.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status
                    if line.startswith(what))


def open_all(daemon, n):
    wires = [Wire(daemon.socket) for _ in range(n)]
    for i, w in enumerate(wires):
        w.raw(frame(HELLO, dict(version=1, role="stream", execution_id="e",
                                task_id=f"t{i}", source="s")))
    for w in wires:
        assert w.recv()[0] == OPENED
    return wires


def text(i, n):
    return (b"%06d " % i * (n // 7 + 1))[:n]


@pytest.mark.skipif(not os.environ.get("EXECLOG_SOAK"), reason="make soak")
def test_unfinished_lines_of_all_streams_stay_within_the_budget(daemon):
    """JSON lines, longer ones that are not finished, and more than is read."""
    wires = open_all(daemon, STREAMS)
    begun = resident(daemon, "VmRSS")
    first = json.dumps(dict(level="info", message="m",
                            pad="x" * (EACH - 100))).encode() + b"\n"
    parts = [first, text(0, LINE - 1), b"\n", text(1, LINE - 1), b"z" * LINE]
    for part in parts:
        for w in wires:
            w.raw(part)
    for w in wires:
        w.close()
    await_until(lambda: daemon.status()["streams"] == 0, "the closes")
    peak = resident(daemon, "VmHWM")
    print(f"resident: {begun} KB, at most {peak} KB")
    want = "m" + text(0, LINE - 1).decode() + text(1, LINE - 1).decode() + \
        "z" * LINE
    for i in (0, STREAMS // 2, STREAMS - 1):
        assert "".join(m for m, in daemon.sql(
            "SELECT message FROM execution_logs WHERE execution_id = 'e' AND "
            "task_id = ? ORDER BY id", f"t{i}")) == want
    assert daemon.sql("SELECT state, count(*), min(bytes), max(bytes) FROM "
                      "execlog_streams GROUP BY state") == [
        ("closed", STREAMS, *[sum(map(len, parts)) + 1] * 2)]
    assert peak <= BUDGET_KB


def test_a_long_line_alone_is_one_row(daemon):
    [w] = open_all(daemon, 1)
    w.raw(text(0, LINE) + b"\n")
    w.close()
    await_until(lambda: daemon.messages("e") == [text(0, LINE).decode()])
