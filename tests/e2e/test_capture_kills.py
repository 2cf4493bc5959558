"""SIGKILL at random instants, of what captures, of what is captured, of the
daemon: what is there has no gap, streams end as closed or lost, follow says
which.  And many captures at once."""
import os
import random
import signal
import time

import pytest

from lib.daemon import finish

SOAK = "EXECLOG_SOAK" in os.environ
ROUNDS = 30 if SOAK else 2
TASKS = 6
PIECES, LINES = 20, 100         # a piece every 20 ms, of both streams
TOTAL = PIECES * LINES
MANY, EACH = (100, 100000) if SOAK else (30, 2000)

SCRIPT = (f"for i in $(seq {PIECES}); do "
          f"seq $((i * {LINES} - {LINES} + 1)) $((i * {LINES}));"
          f"seq $((i * {LINES} - {LINES} + 1)) $((i * {LINES})) >&2;"
          "sleep 0.02; done")


@pytest.fixture
def dice():
    seed = int(os.environ.get("EXECLOG_SEED") or time.time_ns())
    dice = random.Random(seed)
    dice.told = f"EXECLOG_SEED={seed}"
    return dice


def lines_of(daemon, execution):
    """(task, stream) -> texts, in order."""
    found = {}
    for task, stream, text in daemon.sql(
            "SELECT task_id, json_extract(metadata, '$.stream'), message "
            "FROM execution_logs WHERE execution_id = ? AND source = 'run' "
            "ORDER BY id", execution):
        found.setdefault((task, stream), []).append(text)
    return found


def is_beginning(texts, whole):
    """Consecutive numbers from 1; who was killed may have said half of the
    last one."""
    want = [str(n + 1) for n in range(len(texts))]
    if not whole and texts and texts[-1] != want[-1]:
        return texts[:-1] == want[:-1] and want[-1].startswith(texts[-1])
    return texts == want


def kill_child(process):
    try:
        path = f"/proc/{process.pid}/task/{process.pid}/children"
        for pid in open(path).read().split():
            os.killpg(int(pid), signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass        # it has ended


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_kills(daemon, dice, turn):
    names = [f"t{i}" for i in range(TASKS)]
    runs = {t: daemon.spawn("run", "e1", "-t", t, "--", "sh", "-c", SCRIPT)
            for t in names}
    victims = dice.sample(names, 3)
    taker, taken = victims[:1], victims[1:]
    deeds = ([(dice.uniform(0, 0.7), runs[t].kill) for t in taker] +
             [(dice.uniform(0, 0.7), lambda t=t: kill_child(runs[t]))
              for t in taken] + [(dice.uniform(0, 0.7), None)] * 2)
    begun = time.monotonic()
    for at, deed in sorted(deeds, key=lambda d: d[0]):
        time.sleep(max(0, begun + at - time.monotonic()))
        if deed is not None:
            deed()
            continue
        daemon.kill()
        daemon.start()
    codes = {t: finish(p, 60)[0] for t, p in runs.items()}
    for t in names:
        assert codes[t] in ((0, -9) if t in taker else (0, 137) if t in taken
                            else (0,)), (t, codes, dice.told)
    daemon.ok("event", "e1", "COMPLETED")
    code, _, said = daemon.cli("follow", "e1", "-n", "0", "--drain", "20s")

    states = {}
    for task, state in daemon.sql("SELECT task_id, state FROM execlog_streams"):
        states.setdefault(task, set()).add(state)
    lost = {t for t in states if "lost" in states[t]}
    # Who is killed before it has opened its streams has none to lose; who is
    # killed when they are closed has lost nothing.
    early = {t for t in names if t not in states}
    assert early | lost <= {t for t in names if codes[t] == -9}, dice.told
    assert daemon.sql("SELECT count(*) FROM execlog_streams WHERE state NOT "
                      "IN ('closed', 'lost')") == [(0,)]
    assert code == (6 if lost else 0), (said, dice.told)
    assert all(f"{t} stdout" in said for t in lost), dice.told
    found = lines_of(daemon, "e1")
    assert not any((t, s) in found for t in early for s in ("stdout", "stderr"))
    for t in names:
        for stream in "stdout", "stderr":
            texts = found.get((t, stream), [])
            whole = codes[t] == 0 or states.get(t) == {"closed"} and t in taker
            assert is_beginning(texts, whole), (t, dice.told)
            assert not whole or len(texts) == TOTAL, (t, dice.told)
    # What a stream says of itself is what is there.
    assert {(t, s): n for t, s, n in daemon.sql(
        "SELECT task_id, stream, lines FROM execlog_streams "
        "WHERE lines > 0")} == {k: len(v) for k, v in found.items()}


def test_many_at_once(daemon):
    processes = [daemon.spawn("run", "e1", "-t", f"t{i}", "--", "seq",
                              str(EACH)) for i in range(MANY)]
    for process in processes:
        assert finish(process, 600) == (0, "", "")
    daemon.ok("event", "e1", "COMPLETED")
    code, _, said = daemon.cli("follow", "e1", "-n", "0")
    assert code == 0 and "complete" in said
    assert daemon.sql("SELECT state, lines, count(*) FROM execlog_streams "
                      "WHERE stream = 'stdout' GROUP BY 1, 2") == [
        ("closed", EACH, MANY)]
    for i in range(MANY):
        assert [m for m, in daemon.sql(
            "SELECT message FROM execution_logs WHERE task_id = ? "
            "ORDER BY id", f"t{i}")] == [str(n + 1) for n in range(EACH)]
