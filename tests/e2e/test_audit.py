"""What execlog audit shows, and who has sent it."""
import json
import os
import sqlite3
import subprocess
import time

FOREIGN = ("INSERT INTO execution_audit_events(execution_id, event_type, "
           "timestamp, metadata) VALUES(?, ?, ?, ?)")


def test_who_has_sent_it(daemon):
    before = int(time.time() * 1000)
    wire = daemon.producer()
    wire.event("e1", "CANCELLED", cancelled_by="me")
    wire.sync()
    wire.close()
    daemon.sql(FOREIGN, "e1", "FAILED", 2**41, "{}")
    first, second = json.loads(daemon.ok("audit", "e1", "--json"))
    assert first["origin"].pop("received_at") >= before
    assert first["origin"] == dict(uid=os.getuid(), gid=os.getgid(),
                                   pid=os.getpid())
    assert second["origin"] is None
    assert set(first) == {"id", "execution_id", "event_type", "timestamp",
                          "metadata", "origin"}
    # The time of the event is the sender's, that of its receipt is ours.
    wire = daemon.producer()
    wire.send(0x04, dict(execution_id="e2", event_type="STARTED",
                         timestamp=5))
    wire.number += 1
    wire.sync()
    wire.close()
    (event,) = json.loads(daemon.ok("audit", "e2", "--json"))
    assert event["timestamp"] == 5
    assert event["origin"]["received_at"] >= before
    out = daemon.ok("audit", "e1", "-o", "verbose")
    assert (f"sender    uid {os.getuid()}, gid {os.getgid()}, "
            f"pid {os.getpid()}\n") in out
    assert " \n" not in out
    assert out.count("sender") == 1 and out.count("received") == 1
    assert "sender" not in daemon.ok("audit", "e1")


def test_it_is_committed_with_the_event(daemon):
    daemon.ok("event", "e1", "STARTED")
    assert daemon.sql("SELECT audit_id, metadata FROM execlog_audit_origin"
                      ) == [(1, None)]
    # Of what is refused there is no event, and no origin.
    wire = daemon.producer()
    wire.event("e1", "NONSENSE")
    assert wire.sync() == [(1, "bad-event-type")]
    wire.close()
    assert len(daemon.sql("SELECT 1 FROM execlog_audit_origin")) == 1


def test_the_sender_is_who_the_kernel_says(daemon):
    """Not what a client says of itself."""
    process = subprocess.Popen(
        daemon.command("event", "e1", "STARTED"), env=daemon.env())
    assert process.wait(20) == 0
    ((pid,),) = daemon.sql("SELECT pid FROM execlog_audit_origin")
    assert pid == process.pid


def test_a_file_from_before(daemon):
    """--db of one that has no origins yet."""
    daemon.ok("event", "e1", "STARTED")
    assert daemon.stop() == 0
    daemon.sql("DROP TABLE execlog_audit_origin")
    out = daemon.ok("audit", "e1", "--json", "--db", daemon.db)
    assert json.loads(out)[0]["origin"] is None


T = 10**12


def fill(daemon):
    """Times do not follow the ids."""
    rows = [("e1", "CREATED", 1000), ("e2", "STARTED", 9000),
            ("e1", "STARTED", 3000), ("e1", "CANCELLED", 2000),
            ("e2", "FAILED", 9000), ("e3", "TIMEOUT", 4000),
            ("e1", "STATE_CHANGE", 3000), ("e2", "odd", 5000),
            ("e3", "CANCELLED", 6000)]
    for e, kind, at in rows:
        daemon.sql(FOREIGN, e, kind, T + at, "{}")


def ids(out):
    return [event["id"] for event in json.loads(out)]


FILTERS = [
    (("e1",), [1, 4, 3, 7]),
    (("e1", "--type", "cancelled,STARTED"), [4, 3]),
    (("e1", "--type", "STARTED", "--type", "CREATED"), [1, 3]),
    (("e1", "-S", f"{T + 2000}"), [4, 3, 7]),
    (("e1", "-U", f"{T + 2999}"), [1, 4]),
    (("e1", "-S", f"{T + 2000}", "-U", f"{T + 2000}"), [4]),
    (("e1", "-n", "2"), [3, 7]),
    (("e1", "-n", "1", "--type", "CREATED"), [1]),
    (("e1", "-n", "2", "-U", f"{T + 2999}"), [1, 4]),
    (("e1", "-n", "1", "-S", f"{T + 2000}", "-U", f"{T + 3000}"), [7]),
    (("e1", "-n", "0"), []),
    (("e1", "-n", "99"), [1, 4, 3, 7]),
    (("e1", "--type", "TIMEOUT"), []),
    (("@all",), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (("@all", "--type", "CANCELLED"), [4, 9]),
    (("@all", "-S", f"{T + 3000}", "-U", f"{T + 6000}"), [3, 6, 7, 8, 9]),
    (("@all", "-n", "3"), [7, 8, 9]),
    (("@all", "-n", "2", "--type", "CANCELLED,TIMEOUT", "-U", f"{T + 5999}"), [4, 6]),
    (("@all", "-n", "0"), []),
]


def test_filters(daemon):
    fill(daemon)
    for args, want in FILTERS:
        assert ids(daemon.ok("audit", *args, "--json")) == want, args
    assert daemon.stop() == 0
    for args, want in FILTERS:
        out = daemon.ok("audit", *args, "--json", "--db", daemon.db)
        assert ids(out) == want, args


def test_all_says_whose_they_are(daemon):
    fill(daemon)
    out = daemon.ok("audit", "@all", "--type", "TIMEOUT,FAILED")
    assert out == ("2001-09-09T01:46:49.000Z FAILED       e2\n"
                   "2001-09-09T01:46:44.000Z TIMEOUT      e3\n")
    out = daemon.ok("audit", "@all", "-o", "verbose", "--type", "TIMEOUT")
    assert "execution e3" in out
    # It is not an id, though one might be called so.
    code, out, err = daemon.cli("audit", "@all", "--type", "CREATED", "-S",
                                f"{T + 5000}")
    assert (code, out, err) == (0, "", "No such audit events found\n")


def test_the_newest_1000(daemon):
    db = sqlite3.connect(daemon.db, timeout=10)
    db.executemany(FOREIGN, [(f"e{i % 7}", "STARTED" if i % 2 else "CREATED",
                              i, "{}") for i in range(1, 3001)])
    db.commit()
    db.close()
    code, out, err = daemon.cli("audit", "@all", "--json")
    assert ids(out) == list(range(2001, 3001))
    assert err == "-- the newest 1000 events; -n N asks for more --\n"
    out = daemon.ok("audit", "@all", "--json", "--type", "STARTED")
    assert ids(out) == list(range(1001, 3001, 2))
    out = daemon.ok("audit", "@all", "--json", "-n", "2500")
    assert ids(out) == list(range(501, 3001))


def test_what_makes_no_sense(daemon):
    fill(daemon)
    code, out, err = daemon.cli("audit", "e1", "--type", "FAILED,NOPE")
    assert code == 2 and out == ""
    assert "CREATED, STARTED, STATE_CHANGE, COMPLETED" in err
    for args in (("--type", ""), ("-t", "x"), ("-l", "WARN"), ("-p", "WARN"),
                 ("--source", "s"), ("--attempt", "1"), ("-g", "x"), ("-r",),
                 ("-f",), ("--head", "3"), ("-S", "whenever"), ("-n", "-1"),
                 ("-o", "cat"), ("--cursor-file", "c"), ("--drain", "1")):
        for who in ("e1", "@all"):
            code, out, err = daemon.cli("audit", who, *args)
            assert (code, out) == (2, ""), args
            assert err.count("\n") == 1 and err != ""
    for command in ("logs", "follow", "wait", "status"):
        code, out, err = daemon.cli(command, "e1", "--type", "FAILED")
        assert code == 2


def test_a_prefix_with_filters(daemon):
    daemon.sql(FOREIGN, "long-name", "STARTED", 5, "{}")
    daemon.sql(FOREIGN, "long-name", "FAILED", 6, "{}")
    assert ids(daemon.ok("audit", "long", "--json", "-n", "1")) == [2]
    assert daemon.cli("audit", "nothing", "-n", "1")[0] == 4
