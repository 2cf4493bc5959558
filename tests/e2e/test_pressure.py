"""Back-pressure: shares, who never waits, and what status says of it."""
import contextlib
import json
import os
import signal
import sqlite3

import pytest

from lib.daemon import await_until
from lib.wire import HELLO, LOG, WELCOME, Wire, frame, log_body

ROWS = 60000        # of each of four: far more than two transactions take
MOST = 20000        # rows of one transaction


@contextlib.contextmanager
def locked(daemon):
    """Somebody else holds the write lock."""
    other = sqlite3.connect(daemon.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


class Flood:
    """A producer that sends as much as is taken, without waiting."""

    def __init__(self, daemon, execution, rows=ROWS, text="x" * 100):
        self.wire = daemon.producer()
        self.data = memoryview(b"".join(
            frame(LOG, log_body(i + 1, execution, text))
            for i in range(rows)))
        self.rows = rows

    def push(self):
        """Bytes that were taken now."""
        taken = 0
        self.wire.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.data:
                n = self.wire.sock.send(self.data)
                self.data = self.data[n:]
                taken += n
        self.wire.sock.settimeout(20)
        return taken

    def finish(self):
        while self.data:
            self.push()
        self.wire.flush(self.rows)
        self.wire.acked(self.rows)
        self.wire.close()


def saturate(daemon, floods):
    """Until nobody is read any more."""
    def still():
        pushed = sum(f.push() for f in floods)
        pending = daemon.status()["pending_rows"]
        same = pushed == 0 and pending == still.pending
        still.pending = pending
        return same and pending > 0
    still.pending = -1
    await_until(still, "the producers to be refused")
    assert all(f.data for f in floods)
    return still.pending


def test_a_newcomer_is_two_transactions_away(daemon):
    floods = [Flood(daemon, f"flood{i}") for i in range(4)]
    quiet = daemon.producer()
    with locked(daemon):
        pending = saturate(daemon, floods)
        quiet.log("quiet", "here")
        # What is pending is the transaction under way and the next one.
        await_until(lambda: daemon.status()["pending_rows"] == pending + 1,
                    "the record to be taken in")
    quiet.acked()
    (place,), = daemon.sql("SELECT id FROM execution_logs "
                           "WHERE execution_id = 'quiet'")
    assert place <= pending + MOST


def test_an_event_is_taken_in_when_nobody_else_is(daemon):
    floods = [Flood(daemon, f"flood{i}") for i in range(4)]
    quiet = daemon.producer()
    with locked(daemon):
        pending = saturate(daemon, floods)
        quiet.event("quiet", "CREATED")
        await_until(lambda: daemon.status()["pending_rows"] == pending + 1,
                    "the event to be taken in")
    quiet.acked()


def test_each_has_its_share(daemon):
    """Who sends most does not fill the batch, which takes 6000 at first."""
    others = [daemon.producer() for i in range(7)]
    greedy = Flood(daemon, "greedy")
    with locked(daemon):
        for other in others:
            other.log("other", "m")
        await_until(lambda: daemon.status()["pending_rows"] == 7)
        assert saturate(daemon, [greedy]) < 4000


def test_who_is_refused_waits_for_no_timer(idle):
    daemon = idle.start("--flush-rows", 20000, "--flush-ms", 60000)
    others = [daemon.producer() for i in range(40)]
    for other in others:
        other.log("other", "m")
    await_until(lambda: daemon.status()["pending_rows"] == 40)
    flood = Flood(daemon, "flood", rows=3000)
    await_until(lambda: flood.push() == 0 and not flood.data)
    assert daemon.status()["commits"] > 0


@pytest.mark.parametrize("turn", range(1, 10))
def test_a_hello_in_the_moment_of_a_refusal(idle, turn):
    """The batch that it makes due gives room to all, also to itself.  The
    daemon reads 4 KiB of each in a turn: in one of these both come together.
    """
    daemon = idle.start("--flush-rows", 20000, "--flush-ms", 60000)
    others = [daemon.producer() for i in range(150)]
    for other in others:
        other.log("other", "m")
    newcomer = Wire(daemon.socket)
    flood = Flood(daemon, "flood", rows=3000)
    await_until(lambda: daemon.status()["pending_rows"] == 150)
    daemon.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, daemon.process.pid, os.WSTOPPED | os.WNOWAIT)
    flood.push()
    hello = json.dumps(dict(version=1, role="produce", producer="new"))
    newcomer.raw(frame(HELLO, hello.ljust(4096 * turn - 100).encode()))
    daemon.process.send_signal(signal.SIGCONT)
    assert newcomer.recv()[0] == WELCOME


def test_all_arrive_in_order_after_a_jam(daemon):
    floods = [Flood(daemon, f"flood{i}", rows=9000) for i in range(8)]
    with locked(daemon):
        saturate(daemon, floods)
    while any(f.data for f in floods):
        for f in floods:
            f.push()
    for f in floods:
        f.finish()
    assert daemon.sql("SELECT count(*) FROM execution_logs") == [(72000,)]
    status = daemon.status()
    assert status["pending_rows"] == status["pending_bytes"] == 0


def test_the_ceiling_holds(idle):
    daemon = idle.start("--max-pending", 1 << 20)
    floods = [Flood(daemon, f"flood{i}", rows=400, text="x" * 60000)
              for i in range(6)]
    with locked(daemon):
        saturate(daemon, floods)
        assert daemon.status()["pending_bytes"] < (1 << 20) + 70000
        quiet = daemon.producer()
        quiet.log("quiet", "later")
    quiet.acked()


def test_status_measures(daemon):
    p = daemon.producer()
    for i in range(20):
        p.log("e1", "m")
        p.sync()
    status = daemon.status()
    assert status["commits"] == 20 and status["committed_rows"] == 20
    for key in ("lock_hold_ms", "lock_gap_ms", "lock_wait_ms", "commit_ms",
                "ack_wait_ms"):
        figure = status[key]
        assert 0 <= figure["p50"] <= figure["p99"] <= figure["max"], key
    assert status["commit_ms"]["p50"] > 0
    assert status["batch_rows"] == dict(p50=1, p99=1, max=1)
    with locked(daemon):
        p.log("e1", "m")
        p.flush()
        await_until(lambda: daemon.status()["retries"] > 0)
    p.acked()
    assert daemon.status()["ack_wait_ms"]["max"] > 40


def test_a_reader_of_an_old_state_does_not_stop_us(daemon):
    """The log grows while it is there; status says why; it heals."""
    other = sqlite3.connect(daemon.db, isolation_level=None)
    p = daemon.producer()
    p.log("e1", "first")
    p.sync()
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM execution_logs").fetchall()
    for i in range(1100):
        p.log("e1", "x" * 60000)
        if i % 100 == 99:
            p.sync()
    status = await_until(lambda: (s := daemon.status())["state"] != "ok" and s)
    assert "old state of the file" in status["reason"]
    assert status["wal_bytes"] > 48 << 20
    other.execute("COMMIT")
    other.close()

    def healed():
        p.log("e1", "more")
        p.sync()
        status = daemon.status()
        # The commit after the last of it was copied begins the log anew.
        return status["state"] == "ok" and status["wal_bytes"] <= 64 << 20
    await_until(healed)
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)]
