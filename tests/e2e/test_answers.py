"""Answers: every combination of -n, --head, -r and -g; valid JSON; memory."""
import itertools
import json
import os
import random
import re
import sqlite3
import subprocess

import pytest

from lib.daemon import await_until, finish
from lib.wire import END, LOG_ROW, log_row


def others(daemon):
    return sqlite3.connect(daemon.db, timeout=10, isolation_level=None)


def many(db, execution, n, message="'m'"):
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
        "i < ?) INSERT INTO execution_logs(execution_id, timestamp, level, "
        f"source, message) SELECT ?, i, 'INFO', 's', {message} FROM n",
        (n, execution))


# ------------------------------------------------------- -n, --head, -r, -g

def expected(rows, lines, head, reverse, grep):
    """What a user of tail, head, tac and grep would expect."""
    rows = [r for r in rows if grep is None or re.search(grep, r)]
    if lines is not None:
        rows = rows[-lines:] if lines else []
    if reverse:
        rows = rows[::-1]
    return rows if head is None else rows[:head]


def test_how_many_and_in_which_order(daemon):
    rows = [str(i) for i in range(40)]
    with others(daemon) as db:
        for i in random.Random(1).sample(range(40), 40):
            db.execute("INSERT INTO execution_logs(execution_id, timestamp, "
                       "level, source, message) VALUES('e1', ?, 'INFO', 's', "
                       "?)", (i, str(i)))
    for lines, head, reverse, grep in itertools.product(
            (None, 0, 1, 7, 99), (None, 1, 5, 99), (False, True),
            (None, "3", "nothing")):
        args = []
        for flag, value in (("-n", lines), ("--head", head), ("-g", grep)):
            args += [flag, value] if value is not None else []
        args += ["-r"] if reverse else []
        want = expected(rows, lines, head, reverse, grep)
        code, out, err = daemon.cli("logs", "e1", "-o", "cat", *args)
        assert out.split() == want, args
        assert code == int(grep is not None and not want), args


def test_how_many_of_a_follow(daemon):
    rows = [str(i) for i in range(40)]
    daemon.ok("write", "e1", input="\n".join(rows).encode())
    daemon.ok("event", "e1", "COMPLETED")
    for lines, head, grep in itertools.product(
            (None, 0, 7, 99), (None, 5), (None, "3")):
        args = []
        for flag, value in (("-n", lines), ("--head", head), ("-g", grep)):
            args += [flag, value] if value is not None else []
        out = daemon.ok("follow", "e1", "-o", "cat", *args)
        assert out.split() == expected(rows, lines, head, False, grep), args


def test_late_lines_are_stored_and_shown(daemon):
    daemon.ok("write", "e1", "in time")
    daemon.ok("event", "e1", "COMPLETED")
    daemon.ok("write", "e1", "late")
    assert daemon.ok("logs", "e1", "-o", "cat") == "in time\nlate\n"
    assert daemon.ok("follow", "e1", "-o", "cat") == "in time\nlate\n"


# --------------------------------------------------------------------- JSON

NASTY = [None, "", "plain", "nul\0inside", '"\\\n\r\t\b\f', "\u2028\u2029",
         "\U0001f600", "\ufffe\uffff", b"\xff\xfe", b"\xc0\x80",
         b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80", 5, -1.5,
         float("inf"), "{}", '{"a":1}', '{"a":1,"a":2}', '{"a":', "[1]", "nul",
         '{"a":"\\ud800"}', '{"a":"\\u0000"}', '{"a":1e999}', '{"a":\x01}',
         '{"a":NaN}', '{"a":1} x', "{" * 5000, '{"a":' * 600 + "1" + "}" * 600,
         '{"\u2028":"\x7f"}', '{"a":12345678901234567890123}']


def valid(text):
    """One value, strictly; no constant that JSON does not have."""
    def none(name):
        raise AssertionError(name)
    return json.loads(text, parse_constant=none)


def put_nasty(daemon):
    dice = random.Random(3)
    db = others(daemon)
    some = lambda: dice.choice(NASTY)
    n = 0
    for column, value in itertools.product(range(5), NASTY):
        one = [None, "INFO", "s", "m", None]
        one[column] = value
        # A blob as it is, and as text that is not UTF-8.
        for row, bind in ((one, "?"), (map(lambda _: some(), one),
                                       "CAST(? AS TEXT)")):
            row = list(row)
            if None in row[1:4]:
                continue
            n += 1
            db.execute(
                "INSERT INTO execution_logs(execution_id, timestamp, task_id, "
                "level, source, message, metadata) VALUES('e1', "
                f"{n}, {', '.join([bind] * 5)})", row)
    for value in NASTY:
        for column in ("event_type", "metadata"):
            row = dict(event_type="CREATED", metadata="{}")
            row[column] = value
            if None not in row.values():
                db.execute(
                    "INSERT INTO execution_audit_events(execution_id, "
                    "event_type, timestamp, metadata) VALUES('e1', "
                    "CAST(? AS TEXT), 1, CAST(? AS TEXT))",
                    (row["event_type"], row["metadata"]))
    db.close()
    return n


def test_json_is_valid_whatever_others_have_stored(daemon):
    n = put_nasty(daemon)

    def raw(*args):
        done = subprocess.run(daemon.command(*args), capture_output=True,
                              env=daemon.env(), timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()         # strictly: it is UTF-8
    rows = valid(raw("logs", "e1", "--json"))
    assert len(rows) == n
    assert [valid(line) for line in raw("logs", "e1", "-o", "ndjson")
            .split("\n")[:-1]] == rows
    assert [valid(line) for line in raw("logs", "e1", "-o", "ndjson", "-r")
            .split("\n")[:-1]] == rows[::-1]
    for row in rows:
        assert list(row) == ["id", "execution_id", "task_id", "timestamp",
                             "level", "source", "message", "metadata"]
        assert isinstance(row["metadata"], (dict, type(None)))
        assert all(isinstance(row[k], str) for k in
                   ("level", "source", "message"))
    events = valid(raw("audit", "e1", "--json"))
    assert len(events) == sum(v is not None for v in NASTY) * 2
    assert [valid(line) for line in raw("audit", "e1", "-o", "ndjson")
            .split("\n")[:-1]] == events


# ------------------------------------------------------------ memory, turns

def peak(pid):
    """The most memory that it has had, in KiB; 0: it has ended."""
    with open(f"/proc/{pid}/status") as file:
        return next((int(line.split()[1]) for line in file
                     if line.startswith("VmHWM")), 0)


def test_a_long_answer_costs_no_memory(daemon):
    """60 MB of rows through daemon and CLI."""
    if "san-" in str(daemon.build):
        pytest.skip("a sanitizer has a memory of its own")
    db = others(daemon)
    many(db, "e1", 300000, "hex(zeroblob(100))")
    db.close()
    # Summaries and a sweep fill the writer's page cache; that is done before.
    daemon.ok("list")
    await_until(lambda: daemon.sql(
        "SELECT sum(debug + info + warn + error) FROM execlog_executions") ==
        [(300000,)], "the summaries")
    daemon.ok("sweep", "--yes")
    daemon.ok("logs", "e1", "-n", 1000)
    before = peak(daemon.process.pid)
    for args in (["-o", "ndjson"], ["-r", "-o", "cat"], ["--json"]):
        process = subprocess.Popen(
            daemon.command("logs", "e1", *args), env=daemon.env(),
            stdout=subprocess.DEVNULL)
        most = 0
        while process.poll() is None:
            most = max(most, peak(process.pid))
        assert process.returncode == 0 and 0 < most < 32 << 10, (args, most)
    assert peak(daemon.process.pid) - before < 16 << 10


def has_end(reader):
    """Without waiting: has its answer come to the end?"""
    try:
        return b'"done"' in reader.sock.recv(1 << 16)
    except BlockingIOError:
        return False


def test_questions_take_turns(daemon):
    """Each of the long ones looks at 150 000 rows and gives out none; answers
    to a short one are the clock."""
    db = others(daemon)
    many(db, "long", 150000)
    many(db, "short", 3)
    db.close()
    long = [daemon.reader() for _ in range(8)]
    short = daemon.reader()
    for r in long:
        r.ask(kind="logs", execution_id="long", levels=["ERROR"])
        r.sock.setblocking(False)
    clock, ended = 0, []
    while long:
        short.ask(kind="logs", execution_id="short")
        assert len(short.rows()[0]) == 3
        clock += 1
        for r in [r for r in long if has_end(r)]:
            long.remove(r)
            ended.append(clock)
    assert ended[0] >= 4        # of 7 turns at least
    assert ended[-1] < 2 * ended[0] + 4, ended


def test_write_does_not_read_more_than_it_can_send(daemon):
    """While nothing is committed it keeps its window and no more."""
    if "san-" in str(daemon.build):
        pytest.skip("a sanitizer has a memory of its own")
    writer = subprocess.Popen(daemon.command("write", "e1"),
                              stdin=subprocess.PIPE, env=daemon.env())
    # Committed: it is let in, and reads.
    await_until(lambda: daemon.sql("SELECT 1 FROM execlog_streams"))
    lock = others(daemon)
    lock.execute("BEGIN IMMEDIATE")
    os.set_blocking(writer.stdin.fileno(), False)
    line = b"x" * 999 + b"\n"
    fed = [0, 0]

    def stuck():
        before = fed[0]
        try:
            while fed[0] < 256 << 20:
                fed[0] += os.write(writer.stdin.fileno(), line * 60)
        except BlockingIOError:
            pass
        fed[1] = fed[1] + 1 if fed[0] == before else 0
        return fed[1] > 40
    await_until(stuck)
    # Its window, what the daemon has taken in, and what is in pipes.
    assert 1 << 20 < fed[0] < 64 << 20
    assert peak(writer.pid) < 16 << 10
    lock.execute("COMMIT")
    lock.close()
    os.set_blocking(writer.stdin.fileno(), True)
    writer.stdin.close()
    assert writer.wait(60) == 0
    (n, size), = daemon.sql("SELECT count(*), sum(length(message)) FROM "
                            "execution_logs")
    assert size + n in (fed[0], fed[0] + 1)


# ----------------------------------------------------- rows that are deleted

def test_a_cursor_below_rows_that_are_gone(daemon):
    """What is left comes, once: among the stored rows and behind them."""
    cursor = daemon.folder / "cursor"
    daemon.ok("write", "e1", input=b"".join(b"%d\n" % i for i in range(100)))
    show = lambda *a: daemon.ok("logs", "e1", "-o", "cat", "--cursor-file",
                                cursor, *a).split()
    assert show("--head", 10) == [str(i) for i in range(10)]
    daemon.sql("DELETE FROM execution_logs WHERE id <= 5")
    assert show("--head", 10) == [str(i) for i in range(10, 20)]
    daemon.sql("DELETE FROM execution_logs WHERE id <= 50")
    assert show("--head", 10) == [str(i) for i in range(50, 60)]
    daemon.sql("DELETE FROM execution_logs WHERE id <= 80")
    assert show() == [str(i) for i in range(80, 100)]
    daemon.ok("write", "e1", input=b"a\nb\nc\n")
    daemon.sql("DELETE FROM execution_logs WHERE message = 'a'")
    follower = daemon.follow("e1", "-o", "cat", "--cursor-file", cursor)
    daemon.ok("write", "e1", "d")
    daemon.ok("event", "e1", "COMPLETED")
    code, out, err = finish(follower)
    assert (code, out.split()) == (0, ["b", "c", "d"])


def test_a_follow_when_all_of_it_is_deleted(daemon):
    r, p = daemon.reader(), daemon.producer()
    r.ask(kind="follow", execution_id="e1", wait=True)
    assert r.live() == []
    for i in range(30):
        p.log("e1", str(i))
        p.sync()
        kind, body = r.recv()
        assert kind == LOG_ROW and log_row(body)["message"] == b"%d" % i
        if i % 3 == 0:
            daemon.sql("DELETE FROM execution_logs")
    p.event("e1", "COMPLETED")
    assert r.recv()[0] == END
