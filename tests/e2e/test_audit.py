"""What execlog audit shows, and who has sent it."""
import json
import os
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
