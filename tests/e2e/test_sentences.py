"""What users are told: hints, reasons, notices, help."""
import os
import socket
import sqlite3
import subprocess
import time

import pytest

from lib.daemon import await_until, finish


def test_a_wait_is_no_success_because_nobody_reads(daemon):
    daemon.ok("write", "e1", "one")
    process = daemon.spawn("wait", "e1", "--timeout", "700ms")
    process.stdout.close()
    assert process.wait(20) == 124
    process.stderr.close()


@pytest.mark.parametrize("more, code", [((), 0), (("--exit-status",), 6)])
def test_a_socket_as_stdout_that_nobody_reads(daemon, more, code):
    """As node gives to its children."""
    daemon.ok("write", "e1", "one")
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        daemon.command("follow", "e1", "-o", "cat", *more), stdout=theirs,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=daemon.env())
    theirs.close()
    assert ours.recv(100) == b"one\n"
    ours.close()
    assert process.wait(20) == code
    process.stderr.close()


def as_nobody(daemon, *args):
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         *daemon.command(*args)], capture_output=True, text=True, timeout=60,
        env=daemon.env())
    return done.returncode, done.stderr


def test_how_to_start_a_daemon_that_is_not_there(idle):
    start = (f"cannot reach execlogd at {idle.socket}: No such file or "
             f"directory; start it with: execlogd --socket {idle.socket} "
             "--db PATH\n")
    for words in (("write", "e1", "m"), ("status",)):
        assert idle.cli(*words)[::2] == (5, f"execlog: {start}")
    for words in (("logs", "e1"), ("list",), ("inspect", "@last")):
        assert idle.cli(*words)[::2] == (5, f"execlog: {start[:-1]}; or read "
                                         "a file that none has: --db FILE\n")
    assert idle.cli("run", "e1", "--timeout", "100ms", "--", "echo", "x") == (
        0, "", f"execlog: echo runs all the same: {start}"
        f"execlog: 1 line was not stored: {start}")


def test_a_daemon_that_goes_is_named(daemon):
    process = subprocess.Popen(
        daemon.command("write", "e1", "--timeout", "300ms"),
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=daemon.env())
    process.stdin.write(b"one\n")
    process.stdin.flush()
    await_until(lambda: daemon.messages("e1") == ["one"], "the line")
    daemon.stop()
    _, err = process.communicate(b"two\n", timeout=20)
    assert process.returncode == 5
    assert err.decode() == (
        f"execlog: 1 line was not acknowledged: cannot reach execlogd at "
        f"{daemon.socket}: No such file or directory; start it with: execlogd "
        f"--socket {daemon.socket} --db PATH\n")


def test_what_is_no_socket(idle):
    plain = idle.folder / "plain"
    plain.write_text("")
    for path, what in ((plain, "file"), (idle.folder, "directory")):
        assert idle.cli("logs", "e1", "--socket", path) == (
            5, "", f"execlog: cannot reach execlogd at {path}: it is no "
            f"socket but a {what}\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else")
def test_a_socket_that_is_not_for_this_user(daemon):
    os.chmod(daemon.folder, 0o755)
    code, err = as_nobody(daemon, "logs", "e1")
    assert code == 5 and err == (
        f"execlog: cannot reach execlogd at {daemon.socket}: you may not: it "
        "belongs to user root and group root, with mode 0660\n")
    os.chmod(daemon.folder, 0o700)
    code, err = as_nobody(daemon, "logs", "e1")
    assert code == 5 and "you may not enter one of its directories" in err


@pytest.mark.parametrize("words", [("write", "e1", "m"),
                                   ("event", "e1", "STARTED")])
def test_a_daemon_that_cannot_commit_is_given_the_timeout(daemon, words):
    lock = sqlite3.connect(daemon.db, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    code, _, err = daemon.cli(*words, "--timeout", "600ms")
    assert 0.5 < time.monotonic() - begun < 5
    assert code == 5 and err == (
        f"execlog: execlogd at {daemon.socket} cannot take it: no answer in "
        "time; see execlog status\n")
    lock.execute("ROLLBACK")
    lock.close()


def test_files_that_cannot_be_read_without_a_daemon(idle):
    def say(path):
        code, out, err = idle.cli("logs", "e1", "--db", path)
        assert out == ""
        return code, err.replace(f"execlog: {path}: ", "")
    none = idle.folder / "none.db"
    other = idle.folder / "other.db"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE t(a)")
    db.close()
    assert say("") == (
        2, "execlog: logs --db needs a path, for example --db copy.db\n")
    assert say(none) == (5, "No such file or directory\n")
    assert say(idle.folder) == (5, "is a directory\n")
    assert say("/dev/null") == (5, "not a regular file\n")
    code, err = say(other)
    assert code == 5 and "no such table" in err and "migrate up" in err
    assert not none.exists()


def test_nothing_is_no_news_where_it_was_asked_for(daemon):
    daemon.ok("write", "e1", "one")
    seen = ("--cursor-file", daemon.folder / "c", "-o", "cat")
    assert daemon.cli("logs", "e1", "-n", "0") == (0, "", "")
    assert daemon.cli("logs", "e1", *seen) == (0, "one\n", "")
    assert daemon.cli("logs", "e1", *seen) == (0, "", "")
    cursor = (daemon.folder / "c").read_text().strip()
    assert daemon.cli("logs", "e1", "--after-cursor", cursor) == (0, "", "")
    assert daemon.cli("logs", "e1", "-t", "t")[2] != ""
    daemon.ok("event", "e1", "COMPLETED")
    assert daemon.cli("follow", "e1", "-n", "0") == (
        0, "", "-- COMPLETED; complete, 0 lines --\n")


def test_an_end_without_an_event_is_believed_at_once(daemon):
    daemon.sql("CREATE TABLE executions(execution_id TEXT PRIMARY KEY, "
               "state TEXT)")
    daemon.sql("INSERT INTO executions VALUES('e1', 'SUCCESS')")
    daemon.ok("event", "e1", "STARTED")
    begun = time.monotonic()
    assert daemon.cli("wait", "e1", "--drain", "0") == (
        0, "", "-- COMPLETED --\n")
    assert daemon.cli("follow", "e1", "--drain", "0s")[0] == 0
    assert time.monotonic() - begun < 1.5


def test_a_stream_that_is_open_is_not_waited_for(daemon):
    process = daemon.spawn("run", "e1", "-t", "t", "--", "sleep", "60")
    await_until(lambda: daemon.status()["streams"] > 0, "the streams")
    daemon.ok("event", "e1", "COMPLETED")
    begun = time.monotonic()
    code, _, err = daemon.cli("follow", "e1", "--drain", "0")
    assert time.monotonic() - begun < 5
    assert code == 6 and "still open: t" in err
    process.terminate()
    finish(process)


def test_events_have_no_messages(daemon):
    daemon.ok("event", "e1", "COMPLETED")
    assert daemon.cli("audit", "e1", "-o", "cat") == (
        2, "", "execlog: audit -o cat: must be one of: short, verbose, json, "
        "ndjson\n")


STATES = "PENDING, RUNNING, WAITING, SUCCESS, FAILED, CANCELLED"
TIMES = ("Invalid time format. Examples: 5m, 2h, 1d, today, yesterday, "
         "2026-02-07, 2026-02-07T10:00:00Z, 1770458400000 (ms)")


@pytest.mark.parametrize("words, says", [
    (["list", "-n"], "list -n needs a number, for example -n 20"),
    (["list", "--lines"],
     "list --lines needs a number, for example --lines 20"),
    (["list", "-n", "x"], "list -n x: must be a number"),
    (["logs", "e1", "-rn"], "logs -n needs a number, for example -n 20"),
    (["list", "-S", "foo"], f"list -S foo: {TIMES}"),
    (["list", "--since", "foo"], f"list --since foo: {TIMES}"),
    (["audit", "e1", "--until=foo"], f"audit --until foo: {TIMES}"),
    (["list", "-S", ""], "list -S needs a time, for example -S 1h"),
    (["list", "-o", "yaml"],
     "list -o yaml: must be one of: short, json, ndjson"),
    (["inspect", "e1", "--output", "cat"],
     "inspect --output cat: must be one of: short, json, ndjson"),
    (["logs", "e1", "-o", "yaml"],
     "logs -o yaml: must be one of: short, verbose, cat, json, ndjson"),
    (["list", "--state", "foo"],
     f"list --state foo: Invalid state. Must be one of: {STATES}"),
    (["wait", "e1", "--timeout", "5x"], "wait --timeout 5x: a duration is a "
     "number and its unit: 500ms, 10s, 5m, 2h, 1d"),
    (["logs", "e1", "--after-cursor"], "logs --after-cursor needs a cursor, "
     "as --show-cursor prints it"),
    (["list", "-S", "x" * 61 + "\033"], f"list -S {'x' * 60}...: {TIMES}"),
])
def test_an_option_and_its_value_are_named(idle, words, says):
    assert idle.cli(*words) == (2, "", f"execlog: {says}\n")


def test_what_a_word_with_an_at_can_be(daemon):
    names = "shortcuts are @last, @last-failed, @running"
    for words in ("logs",), ("inspect",), ("wait",), ("follow",):
        assert daemon.cli(*words, "@foo") == (
            4, "", f"Execution not found: @foo; {names}\n")
    assert daemon.cli("audit", "@foo") == (
        4, "", f"Execution not found: @foo; {names}, @all\n")


def test_every_value_has_a_name_and_an_example(idle):
    """Whatever option of whatever command comes last."""
    script = idle.ok("completion", "fish")
    for line in script.splitlines():
        words = line.split()
        if "-x" not in words and "-r" not in words:
            continue
        name = words[words.index("-l") + 1]
        command = line.split("seen_subcommand_from ")[1].split("'")[0].split()
        code, _, err = idle.cli(command[0], "e1", f"--{name}")
        assert code == 2 and f"--{name} needs " in err, err


def test_help_says_what_is_not_obvious(daemon):
    for words in (("logs",), ("follow",)):
        text = " ".join(daemon.ok(*words, "-h").split())
        assert "-l and -p add to each other" in text
        assert "it is local time" in text
    follow = " ".join(daemon.ok("follow", "-h").split())
    assert "as is -o json here: an object per line" in follow
    assert "with --head, 6" in follow
    for words in (("follow",), ("wait",)):
        text = " ".join(daemon.ok(*words, "-h").split())
        assert "10s" in text and "2s if there are no events at all" in text


def test_no_cursor_leaves_no_file(daemon):
    path = daemon.folder / "c"
    assert daemon.cli("logs", "zzz", "--cursor-file", path)[0] == 4
    assert not path.exists()
    path.touch()
    assert daemon.cli("logs", "zzz", "--cursor-file", path)[0] == 4
    assert path.exists()        # it is not ours


def test_line_breaks_at_the_end_of_a_message(daemon):
    daemon.ok("write", "e1", "one\n\ntwo\n\n")
    short = daemon.ok("logs", "e1").split("\n")
    assert short[0].endswith(" one") and short[1:] == ["    ", "    two", ""]
    verbose = daemon.ok("logs", "e1", "-o", "verbose")
    assert verbose.endswith("two\n")
    assert daemon.ok("logs", "e1", "-o", "cat") == "one\n\ntwo\n\n\n"


@pytest.mark.parametrize("term, colored", [("dumb", False), ("xterm", True)])
def test_a_terminal_without_colors(daemon, term, colored):
    daemon.ok("write", "e1", "m", "-l", "ERROR")
    ours, theirs = os.openpty()
    subprocess.run(daemon.command("logs", "e1"), stdout=theirs,
                   stdin=subprocess.DEVNULL, env=daemon.env(TERM=term))
    os.close(theirs)
    assert (b"\033[31m" in os.read(ours, 1000)) == colored
    os.close(ours)


def test_parts_backwards_say_whose_they_are(daemon):
    """Where the beginning is not shown, or a line is too long to be held."""
    letters = "".join(chr(97 + i % 26) * 65536 for i in range(40))
    daemon.ok("write", "e1", "-t", "t", input=letters.encode())
    last, = daemon.ok("logs", "e1", "-r", "-n", "1").splitlines()
    assert last.endswith("Z INFO  [cli] [t] " + letters[-65536:])
    lines = daemon.ok("logs", "e1", "-r").splitlines()
    assert 1 < len(lines) <= 4 and all(" [cli] [t] " in s for s in lines)
    assert "".join(s.split("] ")[2] for s in lines[::-1]) == letters


def test_also_while_the_daemon_is_away_is_it_noticed_that_nobody_reads(daemon):
    daemon.ok("write", "e1", "one")
    process = daemon.follow("e1", "-o", "cat")
    assert process.stdout.readline() == b"one\n"
    daemon.kill()
    assert b"connection lost" in process.stderr.readline()
    process.stdout.close()
    assert process.wait(20) == 0
    process.stderr.close()


def test_the_beginning_of_several_ids(daemon):
    """The dots say that there are more, and are there only then."""
    for n in range(1, 7):
        daemon.ok("write", f"exec-{n}", "x")
        if n < 2:
            continue
        code, _, said = daemon.cli("logs", "exec-")
        names = ", ".join(f"exec-{i}" for i in range(1, min(n, 5) + 1))
        assert code == 2 and said == (
            "execlog: exec- is the beginning of several executions: "
            f"{names}{', ...' if n > 5 else ''}\n")


@pytest.mark.parametrize("words, says", [
    (["logs", "e1", "--drain", "3"], "--drain are for follow"),
    (["event", "e1", "STATE_CHANGE", "--metadata", '{"from":"a","from":"b"}'],
     "no key twice"),
    (["ping", "--socket", ""], "--socket needs a path"),
])
def test_what_is_wrong_is_named(idle, words, says):
    code, _, said = idle.cli(*words)
    assert code == 2 and says in said, said


def test_a_path_no_socket_can_have(idle):
    path = "/" + "x" * 120
    code, _, said = idle.cli("ping", "--socket", path)
    assert (code, said) == (5, f"execlog: cannot reach execlogd at {path}: the "
                               "path is too long for a socket: at most 107 "
                               "bytes\n")


def test_numbers_of_one(idle):
    idle.start("--retention-days", "30")
    p = idle.producer()
    p.event("run", "STARTED")
    p.log("run", "x", timestamp=1)
    p.log("gone", "x", timestamp=1)
    p.log("gone", "y")
    p.sync()
    idle.ok("sweep")
    assert idle.cli("logs", "gone")[2] == (
        "-- 1 older line was removed by retention --\n")
    shown = idle.ok("status")
    assert "1 row and 0 events removed, 1 execution spared" in shown
    assert "of it" not in shown
    idle.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
             "WHERE i < 1200) INSERT INTO execution_logs(execution_id, "
             "timestamp, level, source, message) SELECT 'e', i, 'INFO', 's', "
             "'m' FROM n")
    await_until(lambda: "rows         1 202 log, 1 audit" in idle.ok("status"))
