"""More of the CLI: sizes, signals, terminals, and the same data everywhere."""
import base64
import json
import os
import pty
import signal
import sqlite3
import subprocess

import pytest

from lib.daemon import await_until, finish

KEYS = ["id", "execution_id", "task_id", "timestamp", "level", "source",
        "message", "metadata"]


def test_logs_f_is_follow(daemon):
    daemon.ok("write", "e1", "a")
    daemon.ok("event", "e1", "FAILED")
    assert daemon.cli("logs", "e1", "-f", "-o", "cat") == (
        0, "a\n", "-- FAILED; complete, 1 line --\n")
    assert daemon.ok("logs", "e1", "-f", "--json") == \
        daemon.ok("follow", "e1", "--json")
    assert list(json.loads(daemon.ok("logs", "-f", "e1", "--json"))) == KEYS


def test_json_of_nothing_is_still_json(daemon):
    daemon.ok("event", "e1", "COMPLETED")
    assert json.loads(daemon.ok("logs", "e1", "--json")) == []
    assert daemon.ok("logs", "e1", "-o", "ndjson") == ""
    assert daemon.ok("follow", "e1", "--json") == ""
    daemon.ok("write", "e2", "x")
    assert json.loads(daemon.ok("audit", "e2", "--json")) == []
    code, out, err = daemon.cli("logs", "nobody", "--json")
    assert (code, out) == (4, "")


def test_hostile_text_survives_json(daemon):
    text = '"\\\u0007\u001b[31m\u2028é😀\ttab'
    daemon.ok("write", "e1", text, "--source", 's"\\', "-t", "t😀",
              "--metadata", json.dumps({"k\n": text}))
    row, = json.loads(daemon.ok("logs", "e1", "--json"))
    assert row["message"] == text and row["source"] == 's"\\'
    assert row["task_id"] == "t😀" and row["metadata"] == {"k\n": text}
    line = daemon.ok("logs", "e1", "-o", "ndjson")
    assert json.loads(line) == row and line.count("\n") == 1


def test_bytes_in_and_bytes_out(daemon):
    text = bytes(range(1, 256)).replace(b"\n", b"").replace(b"\r", b"")
    daemon.ok("write", "e1", input=text + b"\n")
    row, = json.loads(daemon.ok("logs", "e1", "--json"))
    assert base64.b64decode(row["metadata"]["raw"]) == text
    assert "\ufffd" in row["message"]


@pytest.mark.parametrize("size", [65535, 65536, 65537, 131072, 300001])
def test_lines_of_every_length_come_back_whole(daemon, size):
    text = b"a" * (size - 3) + "é".encode() + b"b\n"
    daemon.ok("write", "e1", input=text * 2 + b"short\n")
    rows = daemon.sql("SELECT length(CAST(message AS BLOB)), "
                      "json_extract(metadata, '$.partial') "
                      "FROM execution_logs ORDER BY id")
    assert max(n for n, _ in rows) <= 65536
    parts = [part for _, part in rows[:len(rows) // 2]]
    if size > 65536:
        assert parts[0] == "first" and parts[-1] == "last"
        assert set(parts[1:-1]) <= {"middle"}
    else:
        assert parts == [None]
    out = subprocess.run(daemon.command("logs", "e1", "-o", "cat"),
                         capture_output=True, env=daemon.env()).stdout
    assert out == text * 2 + b"short\n"


def test_one_huge_line_is_parts_in_bounded_memory(daemon):
    text = b"0123456789abcdef" * (20 << 16)     # 20 MiB, no end of line
    daemon.ok("write", "e1", input=text)
    out = subprocess.run(daemon.command("logs", "e1", "-o", "cat"),
                         capture_output=True, env=daemon.env()).stdout
    assert out == text + b"\n"


def test_values_that_are_too_large_are_told(daemon):
    wide = '{"k":"%s"}' % ("v" * 70000)
    for args in (("write", "e1", "x", "--metadata", wide),
                 ("event", "e1", "STARTED", "--metadata", wide)):
        code, out, err = daemon.cli(*args)
        assert code == 2 and err.count("\n") == 1 and out == ""
    assert daemon.sql("SELECT count(*) FROM execution_audit_events") == [(0,)]
    assert daemon.messages("e1") == []


def test_metadata_with_a_key_twice_is_bad_usage(daemon):
    code, _, err = daemon.cli("write", "e1", "x", "--metadata",
                              '{"a":1,"a":2}')
    assert code == 2 and "--metadata" in err


def test_ctrl_c_while_waiting_for_stdin(daemon):
    process = subprocess.Popen(daemon.command("write", "e1"),
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=daemon.env())
    process.stdin.write(b"taken\n")
    process.stdin.flush()
    await_until(lambda: daemon.messages("e1") == ["taken"])
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.stdin.close()
    process.stderr.close()


@pytest.mark.parametrize("sig,code", [(signal.SIGINT, 130),
                                      (signal.SIGTERM, 143)])
def test_a_signal_ends_a_follow_that_waits(daemon, sig, code):
    follower = daemon.spawn("follow", "e1", "--wait")
    assert b"waiting" in follower.stderr.readline()
    follower.send_signal(sig)
    assert finish(follower)[:2] == (code, "")


def test_a_follow_on_a_terminal_is_prompt_and_coloured(daemon):
    p = daemon.producer()
    p.log("e1", "first", level=3)
    p.sync()
    master, slave = pty.openpty()
    follower = subprocess.Popen(daemon.command("follow", "e1"), stdout=slave,
                                stderr=subprocess.DEVNULL,
                                stdin=subprocess.DEVNULL,
                                env=daemon.env(TERM="xterm"))
    os.close(slave)
    seen = b""

    def until(what):
        nonlocal seen
        while what not in seen:
            seen += os.read(master, 4096)
    until(b"first\r\n")
    assert b"\x1b[31mERROR\x1b[0m" in seen
    p.log("e1", "bell \x07", level=2)
    p.sync()
    until(b"bell ^G\r\n")           # no buffer holds it back
    p.event("e1", "COMPLETED")
    p.acked()
    assert follower.wait(20) == 0
    os.close(master)


def test_no_color_and_color(daemon):
    daemon.ok("write", "e1", "-l", "error", "x")
    for env, flags, want in (({}, [], False),
                             ({"NO_COLOR": "1"}, [], False),
                             ({}, ["--color", "auto"], False),
                             ({}, ["--color", "always"], True),
                             ({"NO_COLOR": "1"}, ["--color=always"], True)):
        out = daemon.ok("logs", "e1", *flags, env=env)
        assert ("\x1b[31m" in out) is want
    assert "\x1b" not in daemon.ok("logs", "e1", "--json", "--color",
                                   "always")


def test_the_order_of_options_and_words_does_not_matter(daemon):
    daemon.ok("write", "-t", "t1", "e1", "-l", "warn", "x")
    daemon.ok("write", "e1", "y", "--task=t2", "--level=ERROR")
    for args in (["-t", "t1", "-t", "t2", "e1", "-l", "warn,error"],
                 ["e1", "--task", "t1", "--task", "t2", "-l", "warn", "-l",
                  "error"],
                 ["--output=cat", "--", "e1"]):
        out = daemon.ok("logs", "-o", "cat", *args)
        assert out == "x\ny\n"


@pytest.mark.parametrize("name", [
    "-dash", "with space", "é😀", "@lasting", "a/b;$(x)", "%s%n", "x" * 255])
def test_an_id_may_be_almost_anything(daemon, name):
    daemon.ok("write", "--", name, "x")
    daemon.ok("event", "--", name, "COMPLETED")
    for command in ("logs", "follow"):
        assert daemon.ok(command, "-o", "cat", "--", name) == "x\n"
    assert daemon.messages(name) == ["x"]
    assert daemon.cli("logs", "--", "no" + name[:200]) == (
        4, "", f"Execution not found: no{name[:200]}\n")


def test_audit_shows_what_is_there(daemon):
    daemon.ok("event", "e1", "STATE_CHANGE", "--metadata",
              '{"from_state":"A","to_state":"B"}')
    daemon.ok("event", "e1", "STATE_CHANGE", "--to", "C")
    daemon.ok("event", "e1", "TIMEOUT", "--metadata",
              '{"timeout_duration": 1.5, "elapsed_time": 2}')
    lines = [line.split(" ", 1)[1]
             for line in daemon.ok("audit", "e1").splitlines()]
    assert lines == ["STATE_CHANGE A → B", "STATE_CHANGE ? → C",
                     'TIMEOUT      {"timeout_duration":1.5,'
                     '"elapsed_time":2}']
    rows = json.loads(daemon.ok("audit", "e1", "--json"))
    assert [r["id"] for r in rows] == [1, 2, 3]
    assert rows[2]["metadata"] == dict(timeout_duration=1.5, elapsed_time=2)
    assert daemon.ok("logs", "e1") == ""    # rows of the log only


def test_events_of_the_same_moment_keep_their_order(daemon):
    p = daemon.producer()
    kinds = ["CREATED", "STARTED"] + ["STATE_CHANGE"] * 50 + ["FAILED"]
    for i, kind in enumerate(kinds):
        p.event("e1", kind, n=i)
    p.acked()
    rows = json.loads(daemon.ok("audit", "e1", "--json"))
    assert [r["event_type"] for r in rows] == kinds
    assert [r["metadata"]["n"] for r in rows] == list(range(len(kinds)))


def test_run_keeps_a_long_line_whole_beside_the_other_stream(daemon):
    code, out, err = daemon.cli(
        "run", "e1", "--", "sh", "-c",
        "head -c 100000 /dev/zero | tr '\\0' x; "
        "echo between >&2; echo end")
    assert code == 0
    by = {stream: [] for stream in ("stdout", "stderr")}
    for m, stream in daemon.sql(
            "SELECT message, json_extract(metadata, '$.stream') FROM "
            "execution_logs ORDER BY id"):
        by[stream].append(m)
    assert "".join(by["stdout"]) == "x" * 100000 + "end"
    assert by["stderr"] == ["between"]


def test_run_in_an_order_per_stream_with_both(daemon):
    code, out, err = daemon.cli(
        "run", "e1", "-t", "t1", "--source", "plugin:core/sh.run", "--",
        "sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo o$i; echo e$i >&2; "
        "i=$((i+1)); done; exit 17")
    assert (code, out, err) == (17, "", "")
    for stream, letter in (("stdout", "o"), ("stderr", "e")):
        assert [m for (m,) in daemon.sql(
            "SELECT message FROM execution_logs WHERE source = "
            "'plugin:core/sh.run' AND task_id = 't1' AND level = 'INFO' AND "
            "json_extract(metadata, '$.stream') = ? ORDER BY id", stream)] \
            == [f"{letter}{i}" for i in range(2000)]


def test_run_without_output_stores_nothing(daemon):
    assert daemon.cli("run", "e1", "--", "true") == (0, "", "")
    assert daemon.cli("run", "e1", "--", "false") == (1, "", "")
    assert daemon.messages("e1") == []


def test_status_counts_what_happened(daemon):
    p, r = daemon.producer(), daemon.reader()
    for i in range(10):
        p.log("e1", str(i))
    p.log("e1", "bad", level=7)
    p.event("e1", "STARTED")
    p.acked()
    r.ask(kind="follow", execution_id="e1")
    bad = daemon.producer()
    bad.raw(b"\0\0\0\0\x7f\0\0\0")
    assert bad.error() == "unknown-type"
    bad.close()
    await_until(lambda: daemon.status()["followers"] == 1 and
                daemon.status()["producers"] == 1)
    status = json.loads(daemon.ok("status", "--json"))
    assert (status["log_rows"], status["audit_rows"],
            status["committed_rows"]) == (11, 1, 12)
    assert status["refused"] == 1 and status["faults"] == {"unknown-type": 1}
    assert status["producers"] == 1 and status["pending_rows"] == 0
    assert 1 <= status["commits"] <= 12 and status["streams"] == 0
    assert status["db_bytes"] > 0 and status["wal_bytes"] >= 0
    hold = status["lock_hold_ms"]
    assert 0 <= hold["p50"] <= hold["p99"] and hold["max"] > 0
    assert status["version"] in daemon.ok("ping")


def test_a_name_used_for_another_input_is_not_silent(daemon):
    daemon.ok("write", "--producer", "day", "mon", input=b"a\nb\n")
    code, out, err = daemon.cli("write", "--producer", "day", "tue",
                                input=b"c\n")
    assert code == 0 and "1 line skipped" in err and "1 fewer" in err


def test_only_new_lines(daemon):
    daemon.ok("write", "e1", "old")
    follower = daemon.follow("e1", "-n", "0", "-o", "cat")
    daemon.ok("write", "e1", "new")
    daemon.ok("event", "e1", "COMPLETED")
    assert finish(follower)[:2] == (0, "new\n")
    assert daemon.ok("logs", "e1", "-n", "0") == ""


def test_a_lock_of_somebody_else_delays_an_event(daemon):
    """run starts its command at once, an event waits for --timeout."""
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    event = daemon.spawn("event", "e1", "COMPLETED")
    run = daemon.spawn("run", "e1", "--", "touch", str(daemon.folder / "ran"))
    await_until((daemon.folder / "ran").exists)
    assert event.poll() is None
    db.execute("ROLLBACK")
    assert finish(event)[0] == 0 and finish(run)[0] == 0


@pytest.mark.parametrize("text", ["-10m", "2026-02-07 10:00",
                                  "2026-02-07T10:00Z"])
def test_times_as_journalctl_takes_them(daemon, text):
    daemon.ok("write", "e1", "m")
    assert daemon.cli("logs", "e1", f"--since={text}")[0] == 0


def test_whole_lines_also_backwards(daemon):
    """Parts come in the reverse order then."""
    lines = ["x" * 200000 + "END", "short", "y" * 65536, "z" * 65537]
    daemon.ok("write", "e1", "-t", "t", input="\n".join(lines).encode())
    out = daemon.ok("logs", "e1", "-r", "-o", "cat")
    assert out.splitlines() == lines[::-1]
    out = daemon.ok("logs", "e1", "-r", "-n", "1", "-o", "cat")
    assert out == "z\n"     # rows are counted, not lines


def test_a_quiet_follow_notices_that_nobody_reads(daemon):
    daemon.ok("write", "e1", "one")
    process = daemon.follow("e1", "-o", "cat")
    assert process.stdout.readline() == b"one\n"
    process.stdout.close()
    assert process.wait(20) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_head_does_not_know_the_result(daemon):
    daemon.ok("write", "e1", "one")
    daemon.ok("event", "e1", "COMPLETED")
    assert daemon.cli("follow", "e1", "--head", "1")[0] == 0
    assert daemon.cli("follow", "e1", "--head", "1", "--exit-status")[0] == 6


def test_what_a_prefix_stands_for_is_said(daemon):
    daemon.ok("write", "abcdef", "one")
    code, out, err = daemon.cli("logs", "abc", "-o", "cat")
    assert (code, out, err) == (0, "one\n", "-- execution abcdef --\n")
