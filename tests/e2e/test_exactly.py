"""Exactly once: a named producer resumes where the file is."""
import os
import shutil
import threading

import pytest

from lib.daemon import await_until, clean_env
from lib.wire import ACK, BYE, LOG, Closed, Refused, frame, log_body


def stored(daemon, name="p1"):
    return daemon.sql("SELECT epoch, number FROM execlog_producers "
                      "WHERE producer = ?", name)


def test_a_new_producer_begins_at_one_and_is_remembered(daemon):
    p = daemon.producer(producer="p1")
    assert (p.epoch, p.number) == (1, 0)
    for i in range(10):
        p.log("e1", str(i))
    p.sync()
    assert stored(daemon) == [(1, 10)]


def test_the_number_is_committed_with_the_records(daemon):
    p = daemon.producer(producer="p1")

    def read():
        try:
            while True:
                p.recv()
        except (Closed, OSError):
            pass

    reader = threading.Thread(target=read)
    reader.start()

    def write():
        try:
            while True:
                p.log("e1", str(p.number))
        except OSError:
            pass

    writer = threading.Thread(target=write)
    writer.start()
    await_until(lambda: len(daemon.messages("e1")) > 3000)
    daemon.kill()
    writer.join()
    reader.join()
    n = len(daemon.messages("e1"))
    assert stored(daemon) == [(1, n)]
    daemon.start()
    q = daemon.producer(producer="p1", epoch=1, acked=0)
    assert (q.epoch, q.number) == (1, n)
    q.log("e1", str(n))
    q.sync()
    assert daemon.messages("e1") == [str(i) for i in range(n + 1)]


def test_what_waits_is_counted_before_the_answer(idle):
    daemon = idle.start("--flush-ms", 60000, "--flush-rows", 10000)
    p = daemon.producer(producer="p1")
    for i in range(5):
        p.log("e1", str(i))
    await_until(lambda: daemon.status()["pending_rows"] == 5)
    p.close()
    q = daemon.producer(producer="p1", epoch=1)
    assert q.number == 5 and len(daemon.messages("e1")) == 5


def test_a_newer_connection_fences_the_older(daemon):
    p = daemon.producer(producer="p1")
    p.log("e1", "old")
    q = daemon.producer(producer="p1", epoch=1)
    assert p.error() == "fenced"
    assert q.number == 1
    r = daemon.producer(producer="p1")
    assert (r.epoch, r.number) == (2, 1)
    assert q.error() == "fenced"
    # The old epoch is out for ever, and does not disturb the new one.
    with pytest.raises(Refused, match="fenced"):
        daemon.producer(producer="p1", epoch=1)
    r.log("e1", "new")
    assert r.sync() == []
    assert daemon.messages("e1") == ["old", "new"]
    assert daemon.status()["faults"]["fenced"] == 3


def test_what_is_not_known_cannot_be_resumed(daemon):
    for hello in (dict(epoch=1), dict(epoch=7, acked=3)):
        with pytest.raises(Refused, match="unknown-producer"):
            daemon.producer(producer="nobody", **hello)
    assert stored(daemon, "nobody") == []
    daemon.producer(producer="p1")
    with pytest.raises(Refused, match="unknown-producer"):
        daemon.producer(producer="p1", epoch=2)


def test_numbers_have_no_gap_and_are_used_once(daemon):
    for number in (3, 1):
        p = daemon.producer(producer="p1")
        if p.number == 0:
            p.log("e1", "a")
            p.sync()
        p.raw(frame(LOG, log_body(number, "e1", "again")))
        assert p.error() == "bad-number"
    assert daemon.messages("e1") == ["a"]


def test_a_refused_record_uses_its_number_for_good(daemon):
    p = daemon.producer(producer="p1")
    p.log("", "refused")
    p.log("e1", "stored")
    assert p.sync() == [(1, "bad-execution-id")]
    p.log("", "refused, and nothing else")
    assert p.sync() == [(3, "bad-execution-id")]
    assert stored(daemon) == [(1, 3)]


def test_bye_is_forgotten(daemon):
    p = daemon.producer(producer="p1")
    p.log("e1", "a")
    p.sync()
    p.send(BYE)
    assert p.error() is None
    await_until(lambda: stored(daemon) == [])
    with pytest.raises(Refused, match="unknown-producer"):
        daemon.producer(producer="p1", epoch=1, acked=1)


def test_bye_before_the_last_ack_is_a_fault(idle):
    daemon = idle.start("--flush-ms", 60000)
    p = daemon.producer(producer="p1")
    p.log("e1", "a")
    p.send(BYE)
    assert p.error() == "unexpected-type"


def test_time_without_a_daemon_makes_nobody_idle(daemon):
    """What does: tests/unit/test_store.c, with clocks of its own."""
    week = 7 * 86400 * 1000
    for name, age in (("old", week + 60000), ("young", week - 600000)):
        daemon.sql("INSERT INTO execlog_producers VALUES(?, 0, 1, 5, "
                   "unixepoch() * 1000 - ?)", name, age)
    assert daemon.stop() == 0
    daemon.start()
    daemon.ok("write", "e1", "x")
    ages = dict(daemon.sql("SELECT producer, unixepoch() * 1000 - updated_at "
                           "FROM execlog_producers"))
    assert ages["young"] < 60000 and 600000 < ages["old"] < 720000


def test_an_older_file_is_an_incident_and_nothing_is_stored_twice(daemon):
    p = daemon.producer(producer="p1")
    p.log("e1", "1")
    p.sync()
    assert daemon.stop() == 0
    shutil.copy(daemon.db, daemon.folder / "copy")
    daemon.start()
    p = daemon.producer(producer="p1", epoch=1, acked=1)
    p.log("e1", "2")
    p.log("e1", "3")
    p.sync()
    assert daemon.stop() == 0
    for suffix in ("", "-wal", "-shm"):
        os.unlink(f"{daemon.db}{suffix}")
    shutil.copy(daemon.folder / "copy", daemon.db)
    daemon.start()
    p = daemon.producer(producer="p1", epoch=1, acked=3)
    assert p.number == 3
    p.log("e1", "4")
    p.sync()
    assert daemon.messages("e1") == ["1", "4"]
    assert daemon.sql("SELECT producer, first_number, last_number FROM "
                      "execlog_incidents") == [("p1", 2, 3)]
    status = daemon.status()
    assert status["state"] == "degraded" and status["incidents"] == 1
    assert "execlog_incidents" in status["reason"]
    daemon.sql("UPDATE execlog_incidents SET confirmed_at = 1")
    assert daemon.status()["state"] == "ok"


def test_a_name_belongs_to_its_user(daemon):
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    import subprocess
    import sys
    os.chmod(daemon.folder, 0o755)
    os.chmod(daemon.socket, 0o666)
    script = ("import sys; sys.path.insert(0, sys.argv[1])\n"
              "from lib.wire import Wire, Refused\n"
              "try: w = Wire(sys.argv[2], 'produce', producer='p1')\n"
              "except Refused as e: print(e)\n"
              "else: w.log('e1', 'x'); w.sync(); print(w.epoch)\n")
    lib = daemon.folder / "t"
    shutil.copytree(os.path.dirname(os.path.dirname(__file__)) + "/lib",
                    lib / "lib")

    def as_user(uid):
        return subprocess.run(
            ["/usr/bin/python3", "-c", script, lib, daemon.socket], user=uid,
            group=uid, env=clean_env(), capture_output=True,
            text=True).stdout.strip()
    assert as_user(65534) == "1"
    assert as_user(65533) == "not-yours"
    assert as_user(65534) == "2"


def test_many_producers_over_many_kills(daemon):
    """Each goes on by itself: every line once, in its order."""
    done = []

    def produce(name):
        line, epoch, acked = 0, None, 0
        while acked < 2000:
            try:
                hello = {} if epoch is None else dict(epoch=epoch,
                                                      acked=acked)
                p = daemon.producer(producer=name, **hello)
                epoch = p.epoch
                acked = max(acked, p.number)
                while p.number < 2000:
                    p.log(name, str(p.number))
                    if p.number % 50 == 0:
                        p.sync()
                        acked = p.number
                p.sync()
                acked = p.number
            except (Closed, OSError):
                continue
        done.append(name)

    names = [f"n{i}" for i in range(4)]
    threads = [threading.Thread(target=produce, args=(n,)) for n in names]
    for t in threads:
        t.start()
    for kills in range(5):
        await_until(lambda: len(done) == 4 or daemon.sql(
            "SELECT count(*) FROM execution_logs")[0][0] > 300 * (kills + 1))
        daemon.kill()
        daemon.start()
    for t in threads:
        t.join()
    for name in names:
        assert daemon.messages(name) == [str(i) for i in range(2000)]
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)]
