"""The CLI: words, formats, colours, exit codes."""
import json
import os
import pty
import signal
import socket
import subprocess
import time

import pytest

from lib.daemon import await_until, clean_env, finish
from lib import wire
from lib.wire import WELCOME, Wire

COMMANDS = ["follow", "logs", "audit", "wait", "write", "event", "run",
            "status", "ping", "migrate", "compact", "completion"]


def on_terminal(daemon, *args, **env):
    """stdout of the CLI on a terminal, as bytes."""
    master, slave = pty.openpty()
    process = subprocess.Popen(daemon.command(*args), stdout=slave,
                               stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE,
                               env=daemon.env(TERM="xterm", **env))
    os.close(slave)
    data = b""
    try:
        while chunk := os.read(master, 65536):
            data += chunk
    except OSError:
        pass
    os.close(master)
    process.communicate()
    return data.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_examples(idle, command):
    for flag in ("-h", "--help"):
        code, out, err = idle.cli(command, flag)
        assert code == 0 and out.startswith("Examples:\n") and err == ""
        assert f"execlog {command}" in out
    code, out, err = idle.cli("-h")
    assert code == 0 and out.startswith("Examples:\n")
    assert f"\n  execlog {command} " in out


@pytest.mark.parametrize("args,says", [
    ([], "Usage"),
    (["nonsense"], "no command nonsense"),
    (["logs"], "execution id"),
    (["logs", "e1", "extra"], "unexpected argument extra"),
    (["logs", "e1", "--nonsense"], "--nonsense"),
    (["logs", "e1", "--metadata", "{}"], "no option"),
    (["logs", "e1", "-x", "3"], "no option -x"),
    (["audit", "e1", "--head", "2"], "no option --head"),
    (["logs", "e1", "-t"], "logs -t needs a task id, for example -t load"),
    (["logs", "e1", "-l", "LOUD"],
     "Invalid log level. Must be one of: DEBUG, INFO, WARN, ERROR"),
    (["logs", "e1", "-S", "soon"],
     "Invalid time format. Examples: 5m, 2h, 1d"),
    (["logs", "e1", "-S", "2026-02-30"], "Invalid time format"),
    (["logs", "e1", "-o", "xml"], "-o"),
    (["logs", "e1", "--color", "maybe"], "--color"),
    (["logs", "e1", "--wait"], "--wait"),
    (["logs", ""], "execution id"),
    (["logs", "x" * 256], "execution id"),
    (["logs", "a\nb"], "execution id"),
    (["write", "e1", "x", "-l", "info,warn"], "one level"),
    (["write", "e1", "x", "--metadata", "[]"], "--metadata"),
    (["event", "e1"], "CREATED"),
    (["event", "e1", "PAUSED"], "CREATED"),
    (["event", "e1", "COMPLETED", "--from", "x"], "STATE_CHANGE"),
    (["run", "e1"], "command"),
    (["status", "e1"], "unexpected argument"),
])
def test_bad_usage_is_2(idle, args, says):
    code, out, err = idle.cli(*args)
    assert code == 2 and says in err and out == ""
    assert says == "Usage" or err.count("\n") == 1


@pytest.mark.parametrize("args", [
    ["logs", "e1"], ["follow", "e1"], ["audit", "e1"], ["status"], ["ping"],
    ["write", "e1", "x"], ["event", "e1", "STARTED"]])
def test_no_daemon_is_5_with_the_path_and_the_way_out(idle, args):
    code, out, err = idle.cli(*args)
    assert code == 5 and out == "" and err.count("\n") == 1
    assert str(idle.socket) in err and "execlogd --socket" in err


def test_flag_beats_environment_for_the_socket(daemon):
    assert daemon.cli("ping", "--socket", "/tmp/nobody")[0] == 5
    assert daemon.cli("ping", "--socket", daemon.socket,
                      env={"EXECLOG_SOCKET": "/tmp/nobody"})[0] == 0


def test_not_found_and_nothing_found(daemon):
    for command in ("logs", "follow", "audit"):
        code, out, err = daemon.cli(command, "e9")
        assert (code, out, err) == (4, "", "Execution not found: e9\n")
    daemon.ok("event", "e1", "STARTED")
    assert daemon.cli("logs", "e1") == (
        0, "", "No logs found for execution e1\n")
    assert daemon.cli("logs", "e1", "-t", "t1") == (
        0, "", "No logs found for task t1 in execution e1\n")
    daemon.ok("write", "e2", "x")
    assert daemon.cli("audit", "e2") == (
        0, "", "No audit events found for execution e2\n")


def write_some(daemon):
    p = daemon.producer()
    p.log("e1", "plain", timestamp=1770458400123, source="worker")
    p.log("e1", "two\nlines", timestamp=1770458400124, level=3, task="task-1",
          source="plugin:core/http.get", metadata='{"a":\n 1}')
    p.log("e1", "careful", timestamp=1770458400125, level=2, source="w")
    p.log("e1", "detail", timestamp=1770458400126, level=0, source="w")
    p.sync()


SHORT = """\
2026-02-07T10:00:00.123Z INFO  [worker] plain
2026-02-07T10:00:00.124Z ERROR [plugin:core/http.get] [task-1] two
    lines
2026-02-07T10:00:00.125Z WARN  [w] careful
2026-02-07T10:00:00.126Z DEBUG [w] detail
"""


def test_formats(daemon):
    write_some(daemon)
    assert daemon.ok("logs", "e1") == SHORT
    assert daemon.ok("logs", "e1", "-o", "cat") == \
        "plain\ntwo\nlines\ncareful\ndetail\n"
    rows = json.loads(daemon.ok("logs", "e1", "--json"))
    assert rows[1] == dict(
        id=2, execution_id="e1", task_id="task-1", timestamp=1770458400124,
        level="ERROR", source="plugin:core/http.get", message="two\nlines",
        metadata={"a": 1})
    assert list(rows[0]) == ["id", "execution_id", "task_id", "timestamp",
                             "level", "source", "message", "metadata"]
    assert rows[0]["task_id"] is None and rows[0]["metadata"] is None
    lines = daemon.ok("logs", "e1", "-o", "ndjson").splitlines()
    assert [json.loads(line) for line in lines] == rows
    daemon.ok("event", "e1", "COMPLETED")
    assert daemon.ok("follow", "e1", "--json").splitlines() == lines
    assert daemon.ok("logs", "e1", "-t", "none", "--json") == "[]\n"
    assert "+01:00" not in daemon.ok("logs", "e1")
    local = daemon.ok("logs", "e1", "-n", "1", "--local",
                      env={"TZ": "Europe/Berlin"})
    assert local.startswith("2026-02-07T11:00:00.126+01:00 ")


def test_json_is_valid_whatever_is_stored(daemon):
    daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message, metadata) VALUES('e1', 1, CAST(X'ff' AS "
               "TEXT), 's', CAST(X'61ff0062' AS TEXT), 'no object')")
    row, = json.loads(daemon.ok("logs", "e1", "--json"))
    assert row["level"] == "\ufffd" and row["metadata"] is None
    assert row["message"].startswith("a\ufffd")


def test_filters_of_logs(daemon):
    write_some(daemon)

    def cat(*flags):
        return daemon.ok("logs", "e1", "-o", "cat", *flags).split("\n")[:-1]
    assert cat("-n", "2") == ["careful", "detail"]
    assert cat("-l", "warn,error") == ["two", "lines", "careful"]
    assert cat("-l", "warn", "-l", "DEBUG") == ["careful", "detail"]
    assert cat("-t", "task-1", "-t", "x") == ["two", "lines"]
    assert cat("--source", "w", "-n", "1") == ["detail"]
    assert cat("-S", "2026-02-07T10:00:00.125Z") == ["careful", "detail"]
    assert cat("-S", "2026-02-07T12:00:00.125+02:00") == ["careful", "detail"]
    assert cat("-S", "1770458400126") == ["detail"]
    assert cat("-S", "1d") == [] and cat("-S", "today") == []
    daemon.ok("write", "e1", "now")
    assert cat("-S", "5m") == ["now"] and cat("-S", "yesterday") == ["now"]


def test_colours_on_terminals_only(daemon):
    write_some(daemon)
    assert "\x1b" not in daemon.ok("logs", "e1")
    shown = on_terminal(daemon, "logs", "e1").decode()
    assert "\x1b[31mERROR\x1b[0m" in shown
    assert "\x1b[33mWARN\x1b[0m" in shown and "\x1b[90mDEBUG\x1b[0m" in shown
    assert b"\x1b" not in on_terminal(daemon, "logs", "e1", NO_COLOR="1")
    assert b"\x1b" not in on_terminal(daemon, "logs", "e1", "--color",
                                      "never")
    assert "\x1b[31m" in daemon.ok("logs", "e1", "--color", "always")


def test_control_characters_are_visible_on_a_terminal(daemon):
    evil = b"\x1b]0;t\x07\x7f\xc2\x9b31m\xe2\x80\xae\xff\ttab\r"
    p = daemon.producer()
    p.log("e1", evil, timestamp=0)
    p.sync()
    daemon.sql("UPDATE execution_logs SET source = ?, message = "
               "CAST(? AS TEXT)", "s\x1b[2J", evil)
    shown = on_terminal(daemon, "logs", "e1", "--color", "never")
    assert shown == (b"1970-01-01T00:00:00.000Z INFO  [s^[[2J] "
                     b"^[]0;t^G^?\\x9b31m\\u{202e}\\xff\ttab^M\n")
    piped = subprocess.run(daemon.command("logs", "e1", "-o", "cat"),
                           capture_output=True, env=daemon.env()).stdout
    assert piped == evil.replace(b"\xff", "\ufffd".encode()) + b"\n"
    assert evil[:-1] in on_terminal(daemon, "logs", "e1", "--raw")


def in_pipe(daemon, *args):
    return subprocess.run(daemon.command(*args), env=daemon.env(),
                          capture_output=True, timeout=20).stdout


def test_names_of_others_make_no_lines_of_their_own(daemon):
    forged = "s\n1970-01-01T00:00:00.000Z ERROR [engine] all is lost"
    daemon.sql("INSERT INTO execution_logs(execution_id, task_id, timestamp, "
               "level, source, message) VALUES('e1', ?, 0, ?, ?, 'a\nb\x1b[')",
               "t\x1b[1m", "INFO\r", forged)
    daemon.sql("INSERT INTO execution_audit_events(execution_id, event_type, "
               "timestamp, metadata) VALUES('e1', ?, 0, ?)", "X\nY",
               '{"a":{"b":\n1},\n"task_id": "t"}')
    shown = in_pipe(daemon, "logs", "e1").decode()
    assert shown == (
        "1970-01-01T00:00:00.000Z INFO^M ["
        + forged.replace("\n", "^J") + "] [t^[[1m] a\n    b\x1b[\n")
    assert forged.encode() in in_pipe(daemon, "logs", "e1", "--raw")
    verbose = in_pipe(daemon, "logs", "e1", "-o", "verbose").decode()
    assert verbose.count("\n") == 6 and "s^J1970" in verbose
    event = in_pipe(daemon, "audit", "e1").decode()
    assert event.count("\n") == 1 and "X^JY" in event
    assert event.endswith(' [t] {"a":{"b": 1}}\n')
    assert in_pipe(daemon, "audit", "e1", "-o", "verbose").count(b"X^JY") == 1
    # What is no control character stays as it is.
    daemon.ok("write", "e2", "--source", "a\u200db", "c\u200dd")
    assert b"[a\xe2\x80\x8db] c\xe2\x80\x8dd" in in_pipe(
        daemon, "logs", "e2")


@pytest.mark.parametrize("form", ["short", "verbose", "cat"])
def test_in_a_pipe_is_valid_utf8(daemon, form):
    daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message, metadata) VALUES('e1', 0, 'INFO', "
               "CAST(x'73ff' AS TEXT), CAST(x'61ff620a80' AS TEXT), "
               "CAST(x'ff' AS TEXT))")
    shown = in_pipe(daemon, "logs", "e1", "-o", form)
    assert "a\ufffdb" in shown.decode()
    assert b"a\xffb" in in_pipe(daemon, "logs", "e1", "-o", form, "--raw")


@pytest.mark.parametrize("status, code, shown", [
    (b'{"state":"ok\xc2\x9b\xe2\x80\xae"}', 0,
     b'{"state":"ok\\u009b\\u202e"}'),
    (b'{"state":"\x1b[2J"}', 1, b""), (b"\x1b[2J", 1, b""), (b"[1]", 1, b""),
    (b'{"connections":-9223372036854775808}', 0, b"connections"),
])
@pytest.mark.parametrize("how", [(), ("--json",)])
def test_a_status_is_not_trusted(idle, status, code, shown, how):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(idle.socket))
    server.listen()
    asker = idle.spawn("status", *how)
    peer = Wire(None, sock=server.accept()[0])
    peer.recv()
    peer.send(WELCOME, dict(version=1, server="execlogd"))
    peer.recv()
    peer.send(wire.STATUS, status)
    out, err = asker.communicate(timeout=20)
    assert asker.returncode == code
    if how:
        assert shown in out
    assert b"\x1b" not in out + err and b"\xc2\x9b" not in out + err


def test_json_on_a_terminal_hides_nothing(daemon):
    p = daemon.producer()
    p.log("e1", "\x9b31m\u202e\x7f\U000e0041\u200b",
          metadata='{"k": "\u202e"}')
    p.sync()
    shown = on_terminal(daemon, "logs", "e1", "-o", "ndjson").decode()
    assert shown.isascii()
    row = json.loads(shown)
    assert row["message"] == "\x9b31m\u202e\x7f\U000e0041\u200b"
    assert row["metadata"] == {"k": "\u202e"}
    assert json.loads(daemon.ok("logs", "e1", "-o", "ndjson")) == row


def test_the_earliest_time_there_is(daemon):
    daemon.sql("INSERT INTO execution_logs VALUES(NULL, 'e1', NULL, "
               "-9223372036854775808, 'INFO', 's', 'm', NULL)")
    assert daemon.ok("logs", "e1") == "-9223372036854775808 INFO  [s] m\n"


@pytest.mark.parametrize("answer", [
    b"", b"garbage that is no frame at all", b"\0\0\0\2\x81\0\0\0{}",
    b"\0\0\0\5\x84\0\0\0nojso"])
@pytest.mark.parametrize("command", ["logs", "follow", "write", "status"])
def test_what_is_no_execlogd_is_5(idle, command, answer):
    import socket
    import threading
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(idle.socket))
    server.listen()

    def serve():
        try:
            while True:
                peer = server.accept()[0]
                peer.recv(4096)
                peer.sendall(answer)
                peer.close()
        except OSError:
            pass

    thread = threading.Thread(target=serve)
    thread.start()
    args = [command] if command == "status" else [command, "e1"]
    code, out, err = idle.cli(*args, input=b"")
    assert (code, out) == (5, "") and err.count("\n") == 1
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_a_closed_pipe_is_quiet(daemon):
    daemon.ok("write", "e1", input=b"line\n" * 50000)
    process = daemon.spawn("logs", "e1")
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(20) == 0 and process.stderr.read() == b""


def test_a_full_disk_for_stdout_is_told(daemon):
    daemon.ok("write", "e1", input=b"line\n" * 5000)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(daemon.command("logs", "e1"), stdout=full,
                              stderr=subprocess.PIPE, env=daemon.env())
    assert done.returncode == 1 and b"No space left" in done.stderr


def test_ctrl_c_is_130(daemon):
    follower = daemon.follow("e1", "--wait")
    daemon.ok("write", "e1", "a line")
    assert b"a line" in follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    assert follower.wait(20) == 130
    await_until(lambda: daemon.status()["followers"] == 0)


def test_write_words_and_lines(daemon):
    daemon.ok("write", "e1", "two", "words", "-l", "warn", "-t", "t",
              "--source", "s", "--attempt", "2", "--metadata", '{"k":1}')
    daemon.ok("write", "e1", "--", "-not-an-option")
    daemon.ok("write", "e1", input=b"a\r\nb\n\nno newline")
    rows = daemon.sql("SELECT message, level, task_id, source, metadata FROM "
                      "execution_logs ORDER BY id")
    assert rows[0] == ("two words", "WARN", "t", "s",
                       '{"attempt":2,"k":1}')
    assert rows[1] == ("-not-an-option", "INFO", None, "cli", None)
    assert [r[0] for r in rows[2:]] == ["a", "b", "", "no newline"]
    daemon.ok("write", "e2", input=b"")
    assert daemon.messages("e2") == []


def test_long_lines_are_stored_in_parts_and_joined(daemon):
    text = ("é" * 50000 + "\n" + "x" * 65536 + "\nshort\n" + "y" * 200000
            + "\n")
    daemon.ok("write", "e1", input=text.encode())
    parts = [json.loads(m)["partial"] if m else None for (m,) in daemon.sql(
        "SELECT metadata FROM execution_logs ORDER BY id")]
    assert parts == ["first", "last", None, None, "first", "middle", "middle",
                     "last"]
    assert daemon.ok("logs", "e1", "-o", "cat") == text
    shown = daemon.ok("logs", "e1")
    assert shown.count("\n") == 4 and shown.count("[cli]") == 4


def test_parts_are_joined_across_the_lines_of_others(daemon):
    p, q = daemon.producer(), daemon.producer()
    p.log("e1", "begin-", partial=1, stream=1)
    p.sync()
    q.log("e1", "stranger")
    q.log("e1", "err-", partial=1, stream=2)
    q.sync()
    p.log("e1", "middle-", partial=2, stream=1)
    p.log("e1", "end", partial=3, stream=1)
    p.log("e1", "open-", partial=1, stream=1)
    p.sync()
    assert daemon.ok("logs", "e1", "-o", "cat") == \
        "stranger\nbegin-middle-end\nerr-\nopen-\n"
    # Without its beginning a part is a line, too.
    assert daemon.ok("logs", "e1", "-o", "cat", "-n", "2") == "end\nopen-\n"
    assert daemon.ok("logs", "e1", "-o", "ndjson").count("\n") == 6


def test_what_the_daemon_would_refuse_is_2(daemon):
    code, _, err = daemon.cli("write", "e1", "x", "--source", "execlogd")
    assert code == 2 and "--source" in err
    code, _, err = daemon.cli("event", "e1", "FAILED", "--metadata",
                              '{"error_message": 1}')
    assert code == 2 and "FAILED" in err
    assert daemon.status()["refused"] == 0


def test_the_socket_may_stand_before_the_command(daemon):
    code, out, _ = daemon.cli("--socket", daemon.socket, "ping",
                              env={"EXECLOG_SOCKET": "/tmp/nobody"})
    assert code == 0 and "is up" in out
    assert daemon.cli("help", "logs")[1] == daemon.cli("logs", "-h")[1]


def test_the_last_format_counts(daemon):
    daemon.ok("write", "e1", "x")
    assert daemon.ok("logs", "e1", "--json", "-o", "cat") == "x\n"
    assert daemon.ok("logs", "e1", "-o", "cat", "--json").startswith("[{")


def test_a_lost_daemon_says_how_many_lines(daemon):
    process = subprocess.Popen(daemon.command("write", "e1", "--timeout", "100ms"),
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=daemon.env())
    process.stdin.write(b"a\nb\n")
    process.stdin.flush()
    await_until(lambda: len(daemon.messages("e1")) == 2)
    daemon.kill()
    _, err = process.communicate(b"c\n")
    assert process.returncode == 5 and b"not acknowledged" in err
    daemon.start()


def test_audit(daemon):
    daemon.ok("event", "e1", "created", "--metadata", '{"workflow_id":"w"}')
    daemon.ok("event", "e1", "STATE_CHANGE", "-t", "t1", "--attempt", "2",
              "--from", "RUNNING", "--to", "SUCCESS", "--metadata",
              '{"reason": "ok", "to": "overridden"}')
    daemon.ok("event", "e1", "FAILED", "--metadata",
              '{"error_message": "boom"}')
    lines = daemon.ok("audit", "e1").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        'CREATED      {"workflow_id":"w"}',
        'STATE_CHANGE [t1] RUNNING → SUCCESS {"reason":"ok","attempt":2}',
        'FAILED       {"error_message":"boom"}']
    events = json.loads(daemon.ok("audit", "e1", "--json"))
    assert list(events[0]) == ["id", "execution_id", "event_type",
                               "timestamp", "metadata", "origin"]
    assert events[1]["metadata"] == dict(
        reason="ok", to="SUCCESS", task_id="t1", attempt=2,
        **{"from": "RUNNING"})
    assert "\x1b[31mFAILED\x1b[0m" in on_terminal(
        daemon, "audit", "e1").decode()


STATUS = {"state": str, "version": str, "sqlite_version": str,
          "uptime_s": int, "log_rows": int, "audit_rows": int,
          "committed_rows": int, "pending_rows": int, "commits": int,
          "producers": int, "followers": int, "streams": int,
          "db_bytes": int, "wal_bytes": int, "lock_hold_ms": dict}


def test_status_and_ping(daemon):
    daemon.ok("write", "e1", "x")
    daemon.ok("event", "e1", "STARTED")
    status = json.loads(daemon.ok("status", "--json"))
    for key, kind in STATUS.items():
        assert type(status[key]) is kind, key
    assert set(status["lock_hold_ms"]) == {"p50", "p99", "max"}
    assert status["reason"] is None and status["last_sweep"] is None
    assert (status["log_rows"], status["audit_rows"],
            status["committed_rows"]) == (1, 1, 2)
    assert status["lock_hold_ms"]["max"] > 0
    shown = daemon.ok("status")
    assert shown.startswith("state        ok\n")
    assert "rows         1 log, 1 audit" in shown
    assert daemon.ok("ping").startswith("execlogd ")
    assert daemon.cli("status", "--check")[0] == 0
