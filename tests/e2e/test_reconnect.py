"""A follow goes on where it was; how it ends, and how wait does."""
import json
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import time

import pytest

from lib.daemon import await_until, finish
from lib.wire import END, ERROR, HELLO, LOG_ROW, NOTICE, WELCOME, Wire


def stdout_lines(process):
    """A function: the lines that it has printed so far."""
    os.set_blocking(process.stdout.fileno(), False)
    seen = bytearray()

    def read():
        while data := process.stdout.read(1 << 16):
            seen.extend(data)
        return seen.decode().splitlines()
    return read


def test_a_restart_is_not_seen_in_the_data(daemon):
    daemon.ok("write", "e1", "one")
    follower = daemon.follow("e1", "-o", "cat")
    read = stdout_lines(follower)
    await_until(lambda: read() == ["one"])
    for word, end in (("two", daemon.stop), ("three", daemon.kill)):
        end()
        daemon.start()
        await_until(lambda: daemon.status()["followers"] == 1)
        daemon.ok("write", "e1", word)
        await_until(lambda: read()[-1] == word)
    daemon.ok("event", "e1", "COMPLETED")
    assert follower.wait(20) == 0
    assert read() == ["one", "two", "three"]
    said = follower.stderr.read().decode().splitlines()
    assert len([s for s in said if "connection lost" in s]) == 2, said
    assert said[-1] == "-- COMPLETED; complete, 3 lines --"


def test_kills_in_the_middle_of_a_flood(daemon):
    """Stored and live rows, own and foreign, ten kills: each once."""
    daemon.ok("write", "e1", input=b"".join(b"%d\n" % i for i in range(3000)))
    follower = daemon.follow("e1", "-o", "ndjson")
    read = stdout_lines(follower)
    writer = subprocess.Popen(daemon.command("write", "e1"),
                              stdin=subprocess.PIPE, env=daemon.env())
    await_until(lambda: daemon.status()["producers"] == 1)
    db = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    sent = 3000
    for i in range(10):
        for _ in range(300):
            writer.stdin.write(b"%d\n" % sent)
            sent += 1
        writer.stdin.flush()
        db.execute("INSERT INTO execution_logs(execution_id, timestamp, "
                   "level, source, message) VALUES('e1', ?, 'INFO', 'other', "
                   "'theirs')", (1000 - i,))
        # No more than there will be: it may have all of them already.
        goal = min(len(read()) + 150, sent + i + 1)
        await_until(lambda: len(read()) >= goal)
        daemon.kill()
        daemon.start()
    writer.stdin.close()
    assert writer.wait(20) == 0
    daemon.ok("event", "e1", "COMPLETED")
    await_until(lambda: read() and follower.poll() is not None)
    assert follower.returncode == 0
    rows = [json.loads(line) for line in read()]
    ids = [row["id"] for row in rows]
    assert sorted(ids) == [i for (i,) in daemon.sql(
        "SELECT id FROM execution_logs WHERE execution_id = 'e1' ORDER BY id")]
    assert ids == sorted(ids)       # here the stored ones are in that order
    assert [row["message"] for row in rows if row["source"] != "other"] == \
        [str(i) for i in range(sent)]


def test_a_restart_while_the_stored_rows_are_read(daemon):
    text = "x" * 200
    daemon.ok("write", "e1", input=b"".join(
        b"%d %s\n" % (i, text.encode()) for i in range(20000)))
    follower = daemon.spawn("follow", "e1", "-o", "cat")
    await_until(lambda: daemon.status()["followers"] == 1)
    first = os.read(follower.stdout.fileno(), 5000)     # its pipe is full
    daemon.kill()
    daemon.start()
    daemon.ok("write", "e1", "the last")
    daemon.ok("event", "e1", "FAILED")
    out, err = follower.communicate(timeout=20)
    got = (first + out).decode().splitlines()
    assert got == [f"{i} {text}" for i in range(20000)] + ["the last"]
    assert follower.returncode == 0


def requests_of(idle, answers, *args, command="follow"):
    """What a follow asks of a daemon that gives these answers, one for each
    connection, and goes."""
    server = socket.socket(socket.AF_UNIX)
    server.settimeout(20)
    server.bind(str(idle.socket))
    server.listen()
    follower = idle.spawn(command, "e1", *args)
    asked = []
    for answer in answers:
        peer = Wire(None, sock=server.accept()[0])
        assert peer.recv()[0] == HELLO
        peer.send(WELCOME, dict(version=1, server="execlogd"))
        asked.append(json.loads(peer.recv()[1]))
        for kind, body in answer:
            peer.send(kind, body)
        peer.close()
    server.close()
    return asked, finish(follower)


def test_a_loss_before_the_first_row(idle):
    """Nothing was given out: the question is the same again."""
    stored = (NOTICE, dict(notice="stored", log=9))
    done = (END, dict(reason="complete", rows=0, found=True,
                      event="COMPLETED"))
    asked, (code, out, err) = requests_of(
        idle, [[stored], [stored], [done]], "-n", "5")
    assert code == 0
    assert [r["lines"] for r in asked] == [5, 5, 5]
    assert not any("after" in r for r in asked)


def test_a_reading_that_fails_again_and_again_is_not_asked_at_once(idle):
    """The pauses grow, although the connection comes back each time."""
    stored = (NOTICE, dict(notice="stored", log=9))
    broken = (ERROR, dict(code="storage", message="no"))
    done = (END, dict(reason="complete", rows=0, found=True,
                      event="COMPLETED"))
    begun = time.monotonic()
    asked, (code, out, err) = requests_of(
        idle, [[stored, broken]] * 5 + [[done]])
    assert code == 0 and err.count("connection lost") == 1
    assert time.monotonic() - begun > (50 + 100 + 200 + 400 + 800) / 1000


def row(number, message):
    return LOG_ROW, struct.pack(
        ">qqB3x6I", number, number, 0, 2, 0, 4, 1, len(message), 0
    ) + b"e1" + b"INFO" + b"s" + message


def test_a_loss_while_the_last_lines_that_match_are_sought(idle):
    """What has come is not all there is, and is not the last lines."""
    stored = (NOTICE, dict(notice="stored", log=9))
    back = [stored, row(9, b"x9"), row(8, b"y8")]
    asked, (code, out, err) = requests_of(
        idle, [back], "-g", "x", "-n", "2", "-o", "cat", command="logs")
    assert (code, out) == (5, "") and "closed the connection" in err
    idle.socket.unlink()
    # A follow comes back, and seeks again.
    done = (END, dict(reason="complete", rows=3, found=True,
                      event="COMPLETED"))
    asked, (code, out, err) = requests_of(
        idle, [back, back + [row(7, b"x7")],
               [row(7, b"x7"), row(8, b"y8"), row(9, b"x9"), done]],
        "-g", "x", "-n", "2", "-o", "cat")
    assert (code, out) == (0, "x7\nx9\n") and "trying again" in err
    assert [r.get("reverse", False) for r in asked] == [True, True, False]
    assert asked[2]["after"].startswith("s:9:7:6:")


def test_a_loss_before_any_answer(idle):
    """Nobody has said that there is such an execution."""
    gone = (END, dict(reason="not-found", rows=0, found=False))
    asked, (code, out, err) = requests_of(idle, [[], [gone]])
    assert code == 4 and "Execution not found: e1" in err
    assert not any(r.get("wait") for r in asked)


def test_it_gives_up_after_timeout(daemon):
    follower = daemon.follow("e1", "--wait", "--timeout", "1s")
    daemon.kill()
    code, out, err = finish(follower)
    assert code == 124 and "timed out" in err
    daemon.start()
    assert daemon.cli("follow", "e1", "--wait", "--timeout", "50ms")[0] == 124
    assert daemon.cli("wait", "e1", "--wait", "--timeout", "50ms")[0] == 124


def test_ctrl_c_while_there_is_no_daemon(daemon):
    follower = daemon.follow("e1", "--wait")
    daemon.kill()
    read = iter(follower.stderr.readline, b"")
    await_until(lambda: b"connection lost" in next(read))
    follower.send_signal(signal.SIGINT)
    assert follower.wait(5) == 130
    daemon.start()


def test_an_older_state_of_the_file_is_no_end(daemon):
    """The cursor is behind everything: nobody can know what is missing."""
    daemon.ok("write", "e1", input=b"1\n2\n3\n")
    follower = daemon.follow("e1", "-o", "cat")
    read = stdout_lines(follower)
    await_until(lambda: read() == ["1", "2", "3"])
    daemon.stop()
    for name in ("a.db", "a.db-wal", "a.db-shm"):
        (daemon.folder / name).unlink(missing_ok=True)
    daemon.start()
    assert follower.wait(20) == 6
    assert "older state" in follower.stderr.read().decode()


@pytest.mark.parametrize("event, code", [
    ("COMPLETED", 0), ("FAILED", 1), ("TIMEOUT", 1), ("CANCELLED", 3)])
def test_exit_status_and_wait(daemon, event, code):
    waiter = daemon.follow("e1", "--wait", "--exit-status")
    short = daemon.spawn("wait", "e1", "--wait")
    await_until(lambda: daemon.status()["followers"] == 2)
    daemon.ok("write", "e1", "line")
    daemon.ok("event", "e1", event)
    assert finish(waiter)[:1] == (code,)
    done = finish(short)
    assert done[:2] == (code, "")
    # A follower before it has read that there is nothing need not say so.
    assert done[2].removeprefix("-- waiting for execution e1 --\n") == (
        f"-- {event} --\n")
    # and long after
    assert daemon.cli("wait", "e1")[0] == code
    assert daemon.cli("follow", "e1", "--exit-status")[0] == code
    assert daemon.cli("follow", "e1")[0] == 0


def test_wait_for_nothing_known(daemon):
    code, out, err = daemon.cli("wait", "e1")
    assert (code, err) == (4, "Execution not found: e1\n")


def test_the_first_end_decides(daemon):
    daemon.ok("event", "e1", "CANCELLED")
    daemon.ok("event", "e1", "COMPLETED")
    assert daemon.cli("wait", "e1")[0] == 3


def test_no_exit_goes_on_behind_the_end(daemon):
    daemon.ok("write", "e1", "one")
    daemon.ok("event", "e1", "COMPLETED")
    follower = daemon.follow("e1", "--no-exit", "-o", "cat")
    read = stdout_lines(follower)
    daemon.ok("write", "e1", "late")
    await_until(lambda: read() == ["one", "late"])
    follower.send_signal(signal.SIGINT)
    assert follower.wait(5) == 130


def test_a_filter_that_lets_nothing_through_does_not_fall_behind(daemon):
    """The daemon says how far it is: a reconnect begins there."""
    cursor = daemon.folder / "cursor"
    follower = daemon.follow("e1", "--wait", "-l", "ERROR", "--cursor-file",
                             cursor)
    daemon.ok("write", "e1", input=b"x\n" * 30000)
    await_until(lambda: cursor.exists() and cursor.read_text()[:2] == "l:"
                and int(cursor.read_text().split(":")[1]) >= 20000)
    follower.send_signal(signal.SIGTERM)
    follower.wait(5)


@pytest.mark.parametrize("state, code", [
    ("SUCCESS", 0), ("FAILED", 1), ("CANCELLED", 3)])
def test_the_engines_state_is_believed_after_a_while(daemon, state, code):
    daemon.sql("CREATE TABLE executions(execution_id TEXT PRIMARY KEY, "
               "state TEXT)")
    daemon.sql("INSERT INTO executions VALUES('e1', 'RUNNING')")
    daemon.sql("INSERT INTO executions VALUES('e2', 'RUNNING')")
    daemon.ok("event", "e2", "STARTED")
    follower = daemon.follow("e1", "--exit-status", "-o", "cat")
    audited = daemon.follow("e2", "--exit-status", "--drain", "2500ms")
    daemon.sql("UPDATE executions SET state = ?", state)
    daemon.ok("write", "e1", "the last line comes later")
    code_of, out, err = finish(follower)
    assert (code_of, out) == (code, "the last line comes later\n")
    assert audited.poll() is None       # there may still come an event
    assert finish(audited)[0] == code


def test_others_do_not_keep_us_from_looking(daemon):
    """Their commits come more often than the looks."""
    daemon.sql("CREATE TABLE executions(execution_id TEXT PRIMARY KEY, "
               "state TEXT)")
    daemon.sql("INSERT INTO executions VALUES('e1', 'SUCCESS')")
    waiter = daemon.spawn("wait", "e1")
    p = daemon.producer()

    def busy():
        p.log("other", "m")
        p.sync()
        return waiter.poll() is not None
    await_until(busy)
    assert finish(waiter)[0] == 0


def test_an_event_is_believed_at_once(daemon):
    daemon.sql("CREATE TABLE executions(execution_id TEXT PRIMARY KEY, "
               "state TEXT)")
    daemon.sql("INSERT INTO executions VALUES('e1', 'SUCCESS')")
    daemon.ok("event", "e1", "FAILED")
    assert daemon.cli("wait", "e1", "--timeout", "1s")[0] == 1
