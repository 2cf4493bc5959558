"""What an acknowledgement covers, and when it comes."""
import resource
import sqlite3
import struct
import threading
import time

import pytest

from lib.daemon import await_until, finish
from lib.wire import (ACK, EVENT, LOG, LOG_JSON, REFUSED, Closed, Wire,
                      log_body)


def acks(wire, last):
    """Every ACK up to the one of "last"."""
    while True:
        kind, body = wire.recv()
        assert kind == ACK
        number, = struct.unpack(">Q", body)
        yield number
        if number >= last:
            return


def count(daemon, execution):
    return daemon.sql("SELECT count(*) FROM execution_logs WHERE "
                      "execution_id = ?", execution)[0][0]


def test_acks_rise_and_never_come_before_the_commit(idle):
    daemon = idle.start("--flush-rows", 50)
    wires = [daemon.producer() for _ in range(4)]
    failed = []

    def produce(i, p):
        try:
            for _ in range(1000):
                p.log(f"e{i}", "x" * 50)
            p.flush()
            before = 0
            for number in acks(p, 1000):
                assert number > before and number <= 1000
                assert count(daemon, f"e{i}") >= number
                before = number
        except BaseException as e:
            failed.append(e)
    threads = [threading.Thread(target=produce, args=w)
               for w in enumerate(wires)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failed == []


def test_all_kinds_are_counted_together(daemon):
    p = daemon.producer()
    p.log("e1", "binary")                                           # 1
    p.send(LOG_JSON, dict(execution_id="e1", level="INFO", source="s",
                          message="json", number=2))
    p.send(EVENT, dict(execution_id="e1", event_type="STARTED"))    # 3
    p.send(LOG, log_body(4, "e1", "binary"))
    p.send(EVENT, dict(execution_id="e1", event_type="STATE_CHANGE",
                       number=5))
    assert list(acks(p, 5))[-1] == 5
    assert daemon.messages("e1") == ["binary", "json", "binary"]
    p.send(LOG_JSON, dict(execution_id="e1", level="INFO", source="s",
                          message="5 again", number=5))
    assert p.error() == "bad-number"


@pytest.mark.parametrize("kind", [LOG_JSON, EVENT])
@pytest.mark.parametrize("number", [2, -1, "1", 1.5, True])
def test_a_number_in_json_must_follow_too(daemon, kind, number):
    w = daemon.producer()
    w.send(kind, dict(execution_id="e", level="INFO", source="s",
                      event_type="STARTED", message="m", number=number))
    assert w.error() == "bad-number"
    assert daemon.messages("e") == []


def test_a_flush_of_an_earlier_number_is_prompt(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    p = daemon.producer()
    p.sock.settimeout(5)
    for i in range(5):
        p.log("e1", str(i))
    p.flush(2)
    assert next(acks(p, 2)) >= 2    # it may stand for all five
    p.flush(1)                      # long since: no harm
    p.log("e1", "5")
    assert p.sync() == []
    assert len(daemon.messages("e1")) == 6


def test_an_event_commits_what_was_sent_before_it(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    p = daemon.producer()
    p.sock.settimeout(5)
    for i in range(10):
        p.log("e1", str(i))
    p.event("e2", "STARTED")
    p.acked()
    assert len(daemon.messages("e1")) == 10
    begun = time.monotonic()
    daemon.ok("write", "e1", "10")
    daemon.ok("event", "e1", "FAILED")
    assert time.monotonic() - begun < 5


def test_nothing_is_acknowledged_before_a_trigger(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 20000)
    p = daemon.producer()
    for i in range(100):
        p.log("e1", str(i))
    await_until(lambda: daemon.status()["pending_rows"] == 100)
    p.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        p.sock.recv(1)
    daemon.kill()
    assert daemon.messages("e1") == []
    daemon.start()


def test_a_refusal_comes_before_the_ack_of_its_number(daemon):
    p = daemon.producer()
    for i in range(1, 301):
        p.log("e1", "m", level=9 if i % 3 == 0 else 1)
    p.flush()
    told, acked = [], 0
    while acked < 300:
        kind, body = p.recv()
        if kind == REFUSED:
            assert body["number"] > acked and body["code"] == "bad-level"
            assert body["message"]
            told.append(body["number"])
        else:
            acked, = struct.unpack(">Q", body)
            assert told[-1] > acked - 3
    assert told == list(range(3, 301, 3))
    assert count(daemon, "e1") == 300       # a row stands in each place
    assert daemon.sql("SELECT count(*) FROM execution_logs WHERE source = "
                      "'execlogd' AND level = 'WARN'") == [(100,)]


def test_a_lock_of_another_process_only_delays_the_cli(daemon):
    daemon.ok("write", "e1", "before")
    other = sqlite3.connect(daemon.db, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    until = time.monotonic() + 2
    writers = [daemon.spawn("write", "e1", "while"),
               daemon.spawn("event", "e1", "STARTED"),
               daemon.spawn("run", "e1", "--", "sh", "-c",
                            "echo from run; exit 3")]
    # Longer than SQLite's own wait, and answers all the while.
    await_until(lambda: time.monotonic() > until and
                daemon.status()["retries"] > 3)
    assert daemon.ok("logs", "e1", "-o", "cat") == "before\n"
    assert [w.poll() for w in writers] == [None] * 3
    other.execute("COMMIT")
    assert [finish(w)[0] for w in writers] == [0, 0, 3]
    assert sorted(daemon.messages("e1")) == ["before", "from run", "while"]
    assert daemon.sql("SELECT event_type FROM execution_audit_events") == [
        ("STARTED",)]


def test_memory_for_pending_records_is_bounded(idle):
    daemon = idle.start("--max-pending", "1M")
    daemon.ok("write", "other", "x")
    other = sqlite3.connect(daemon.db, isolation_level=None,
                            check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    wires = [daemon.producer() for _ in range(3)]

    def produce(i, p):
        for j in range(2000):
            p.log(f"e{i}", f"{j} " + "x" * 4000)
        p.sync()
    threads = [threading.Thread(target=produce, args=w)
               for w in enumerate(wires)]
    for t in threads:
        t.start()
    await_until(lambda: daemon.status()["pending_bytes"] >= 1 << 20)
    for _ in range(50):
        status = daemon.status()
        assert status["pending_bytes"] < (1 << 20) + 3 * (256 << 10)
    assert all(t.is_alive() for t in threads)
    other.execute("COMMIT")
    for t in threads:
        t.join()
    for i in range(3):
        assert [m.split()[0] for m in daemon.messages(f"e{i}")] == [
            str(j) for j in range(2000)]
    assert daemon.status()["pending_bytes"] == 0


def test_a_stop_that_cannot_commit_is_not_clean_and_acks_nothing(idle):
    daemon = idle.start()
    p = daemon.producer()
    p.log("e1", "stored")
    p.sync()
    other = sqlite3.connect(daemon.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    p.log("e1", "not stored")
    p.flush()
    await_until(lambda: daemon.status()["retries"] > 0)
    begun = time.monotonic()
    assert daemon.stop() == 1
    assert time.monotonic() - begun < 8
    with pytest.raises(Closed):
        while True:
            assert p.recv()[0] != ACK
    assert "not acknowledged" in daemon.stderr.read_text()
    other.execute("ROLLBACK")
    assert daemon.messages("e1") == ["stored"]
    assert not daemon.socket.exists()


def test_a_gone_producers_records_are_kept(idle):
    daemon = idle.start("--flush-ms", 300)
    p = daemon.producer()
    for i in range(10):
        p.log("e1", str(i))
    await_until(lambda: daemon.status()["pending_rows"] == 10)
    p.close()
    await_until(lambda: len(daemon.messages("e1")) == 10)


def test_few_descriptors_make_peers_wait_and_nobody_die(idle):
    idle.prefix = ["prlimit", "--nofile=64:64"]
    daemon = idle.start()
    first = daemon.producer()
    wires = [Wire(daemon.socket) for _ in range(120)]   # in the backlog
    await_until(lambda: "accept" in daemon.stderr.read_text())
    first.log("e1", "served all the while")
    first.sync()
    for w in wires[:100]:
        w.close()
    late = daemon.producer()
    late.log("e1", "and again")
    late.sync()
    assert len(daemon.messages("e1")) == 2
    # Without a flood of complaints.
    assert len(daemon.stderr.read_text()) < 10000


def test_more_connections_than_it_takes(daemon):
    want, (soft, hard) = 2300, resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < want:
        pytest.skip("too few descriptors for the test itself")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, want), hard))
    try:
        reader, producer = daemon.reader(), daemon.producer()
        wires = [Wire(daemon.socket, "read") for _ in range(2046)]
        assert Wire(daemon.socket).error() == "too-many"
        status = reader.status()
        assert status["connections"] >= 2048
        assert status["faults"]["too-many"] == 1
        producer.log("e1", "fine")
        producer.sync()
        for w in wires:
            w.close()
        await_until(lambda: reader.status()["connections"] == 2)
        assert daemon.status()["state"] == "ok"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
