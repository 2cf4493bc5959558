"""execlog run and write as captures: all of it, attributed, and an end."""
import json
import os
import pty
import signal
import subprocess
import time

import pytest

from lib.daemon import await_until, finish


def streams(daemon):
    return daemon.sql("SELECT stream, state, lines, cut FROM execlog_streams "
                      "ORDER BY id")


def rows(daemon, execution="e1"):
    return daemon.sql(
        "SELECT message, level, json_extract(metadata, '$.stream') "
        "FROM execution_logs WHERE execution_id = ? ORDER BY id", execution)


def sh(script):
    return ("--", "sh", "-c", script)


# --------------------------------------------------------------------- run

def test_run_is_a_capture_of_two_streams(daemon):
    daemon.ok("run", "e1", "-t", "t", *sh("seq 3; echo x >&2"))
    assert streams(daemon) == [("stdout", "closed", 3, None),
                               ("stderr", "closed", 1, None)]
    assert daemon.status()["producers"] == 0    # it said BYE


def test_a_command_that_is_not_there_closes_its_streams(daemon):
    assert daemon.cli("run", "e1", "--", "no-such-command")[0] == 127
    assert streams(daemon) == [("stdout", "closed", 0, None),
                               ("stderr", "closed", 0, None)]


def test_lines_say_their_level_and_more(daemon):
    daemon.ok("run", "e1", "--stderr-level", "warn", *sh(
        "echo '<3>bad'; echo plain; echo oops >&2; echo '<6>fine' >&2;"
        "echo '{\"level\":\"debug\",\"message\":\"m\",\"n\":1}'"))
    assert sorted(rows(daemon)) == [
        ("bad", "ERROR", "stdout"), ("fine", "INFO", "stderr"),
        ("m", "DEBUG", "stdout"), ("oops", "WARN", "stderr"),
        ("plain", "INFO", "stdout")]
    assert daemon.sql("SELECT metadata FROM execution_logs WHERE message = "
                      "'m'") == [('{"stream":"stdout","n":1}',)]


@pytest.mark.parametrize("only,stored,other", [
    ("stdout", [("out", "INFO", "stdout")], ("", "err\n")),
    ("stderr", [("err", "INFO", "stderr")], ("out\n", ""))])
def test_only_one_of_them(daemon, only, stored, other):
    code, out, err = daemon.cli("run", "e1", "--only", only,
                                *sh("echo out; echo err >&2"))
    assert (code, out, err) == (0, *other)
    assert rows(daemon) == stored
    assert [s[0] for s in streams(daemon)] == [only]


def test_tee_passes_on_every_byte(daemon):
    blob = bytes(range(256)) * 300 + b"\r\n\nno end"
    process = subprocess.run(
        daemon.command("run", "e1", "--tee", *sh("tee /dev/stderr")),
        input=blob, capture_output=True, timeout=60, env=daemon.env())
    assert process.returncode == 0
    assert process.stdout == blob and process.stderr == blob


def test_tee_into_a_pipe_that_closes(daemon):
    process = subprocess.Popen(
        daemon.command("run", "e1", "--tee", *sh("seq 50000; exit 4")),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=daemon.env())
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 4
    assert len(daemon.messages("e1")) == 50000


def test_lifecycle_tells_the_tasks_states(daemon):
    assert daemon.cli("run", "e1", "-t", "t", "--attempt", "2", "--lifecycle",
                      *sh("echo x; exit 3"))[0] == 3
    assert daemon.cli("run", "e1", "-t", "u", "--lifecycle",
                      *sh("kill -9 $$"))[0] == 137
    assert daemon.cli("run", "e1", "-t", "v", "--lifecycle", "--",
                      "no-such-command")[0] == 127
    found = [json.loads(m) for m, in daemon.sql(
        "SELECT metadata FROM execution_audit_events WHERE event_type = "
        "'STATE_CHANGE' ORDER BY id")]
    for change in found:
        if change.pop("duration_ms", None) is not None:
            assert change.pop("max_rss_kb") > 100
    t = dict(task_id="t", attempt=2)
    assert found == [
        {"from": "PENDING", "to": "RUNNING", **t},
        {"from": "RUNNING", "to": "FAILED", **t, "exit_code": 3},
        {"from": "PENDING", "to": "RUNNING", "task_id": "u"},
        {"from": "RUNNING", "to": "FAILED", "task_id": "u", "signal": 9},
        {"from": "PENDING", "to": "FAILED", "task_id": "v",
         "exit_code": 127, "reason": "No such file or directory"}]


def test_an_orphan_that_keeps_the_pipe_does_not_hang_it(daemon):
    begun = time.monotonic()
    code, _, _ = daemon.cli("run", "e1", "--drain", "300ms", *sh(
        "tail -f /dev/null >&2 & echo $!; exit 6"))
    assert code == 6 and time.monotonic() - begun < 10
    os.kill(int(daemon.messages("e1")[0]), signal.SIGKILL)
    why = "a process that the command has left behind has stderr still open"
    assert streams(daemon) == [("stdout", "closed", 1, why),
                               ("stderr", "closed", 0, why)]
    assert daemon.messages("e1")[1:] == [
        f"not all output was captured: {why}"]


def test_an_unfinished_line_is_seen_while_the_command_waits(daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", *sh(
        f"printf 'password: '; read x < {folder}/go; echo thanks"))
    await_until(lambda: daemon.messages("e1") == ["password: "], "the prompt")
    (folder / "go").write_text("x\n")
    assert process.wait(20) == 0
    assert daemon.messages("e1") == ["password: ", "thanks"]
    assert daemon.ok("logs", "e1", "-o", "cat") == "password: thanks\n"


def test_a_terminal_for_those_who_want_one(daemon):
    daemon.ok("run", "e1", "--pty", *sh(
        "test -t 1 && test -t 2 && echo yes; echo err >&2"))
    assert rows(daemon) == [("yes", "INFO", "stdout"),
                            ("err", "INFO", "stdout")]
    assert streams(daemon) == [("stdout", "closed", 2, None)]


def test_python_is_not_buffered(daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "--", "/usr/bin/python3", "-c",
                           f"print('early'); open('{folder}/go').read()")
    await_until(lambda: daemon.messages("e1") == ["early"], "the line")
    (folder / "go").write_text("")
    assert process.wait(20) == 0


def test_signals_reach_the_whole_group(daemon):
    """Not only a shell that does not pass them on."""
    process = daemon.spawn("run", "e1", *sh("echo ready; tail -f /dev/null"))
    await_until(lambda: daemon.messages("e1") == ["ready"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    await_until(lambda: [s[1] for s in streams(daemon)] == ["closed"] * 2)
    assert [s[3] for s in streams(daemon)] == [None, None]


def test_ctrl_c_on_a_terminal_reaches_the_command_once(daemon):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        daemon.command("run", "e1", *sh(
            "trap 'echo bye; exit 5' INT; echo ready; "
            "while :; do sleep 0.05; done")),
        stdin=slave, stdout=slave, stderr=slave, env=daemon.env(),
        preexec_fn=lambda: (os.setsid(), __import__("fcntl").ioctl(
            slave, __import__("termios").TIOCSCTTY, 0)))
    await_until(lambda: daemon.messages("e1") == ["ready"])
    os.write(master, b"\x03")
    assert process.wait(20) == 5
    os.close(master)
    os.close(slave)
    # A sleep may have been left behind just then: a row would say so.
    assert daemon.messages("e1")[:2] == ["ready", "bye"]


@pytest.mark.parametrize("args,word", [
    (("--lifecycle",), "-t"), (("--pty", "--only", "stdout"), "--pty"),
    (("--only", "stdin"), "stdout, stderr"),
    (("--stderr-level", "loud"), "Invalid log level")])
def test_usage(daemon, args, word):
    code, _, err = daemon.cli("run", "e1", *args, "--", "true")
    assert code == 2 and word in err


# --------------------------------------------------------- the daemon goes

def test_a_daemon_that_comes_back_in_time_loses_nothing(daemon, folder):
    """More than the queue has: the command is slowed down meanwhile."""
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "-t", "t", *sh(
        f"echo first; read x < {folder}/go; seq -f %0100.0f 100000; exit 9"))
    await_until(lambda: daemon.messages("e1") == ["first"], "the line")
    daemon.kill()
    (folder / "go").write_text("x\n")
    # The queue is full when the pipe is.
    await_until(lambda: "pipe_w" in open(
        f"/proc/{child_of(process.pid)}/wchan").read(), "the slowing down")
    assert process.poll() is None
    daemon.start("--stream-max", "100M")
    code, out, err = finish(process, 60)
    assert (code, out, err) == (9, "", "")
    assert daemon.messages("e1") == ["first"] + [
        "%0100d" % i for i in range(1, 100001)]
    assert streams(daemon) == [("stdout", "closed", 100001, None),
                               ("stderr", "closed", 0, None)]


def child_of(pid):
    """The last descendant: what the shell runs."""
    while True:
        children = open(f"/proc/{pid}/task/{pid}/children").read().split()
        if not children:
            return pid
        pid = int(children[-1])


def test_a_daemon_that_stays_away_does_not_hold_the_command(daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "--timeout", "200ms", *sh(
        f"echo first; read x < {folder}/go; seq -f %0100.0f 100000; exit 9"))
    await_until(lambda: daemon.status()["committed_rows"] == 1, "the line")
    daemon.kill()
    (folder / "go").write_text("x\n")
    code, _, err = finish(process, 60)
    assert code == 9
    assert "output is lost" in err
    assert "100000 lines were not stored" in err
    daemon.start()


# ------------------------------------------------------------- the 10 MB rule

def test_twelve_megabytes(daemon):
    """Exactly the lines up to the limit, and two rows."""
    daemon.ok("run", "e1", "-t", "t", *sh("seq -f %01023.0f 12288"))
    lines = daemon.messages("e1")
    assert lines[:10240] == ["%01023d" % i for i in range(1, 10241)]
    assert lines[10240:] == [
        "Plugin log output exceeded 10 MB; further output dropped",
        "2048 lines (2097152 bytes) of plugin output dropped, of this "
        "attempt so far"]


# -------------------------------------------------------------------- write

def test_write_of_stdin_is_a_stream(daemon):
    daemon.ok("write", "e1", "-t", "t", "--attempt", "1", "-l", "debug",
              "--metadata", '{"a": 1, "b": 2}',
              input=b'plain\n{"level":"error","message":"m","b":3}\n<4>w\n')
    assert daemon.sql("SELECT message, level, metadata FROM execution_logs "
                      "ORDER BY id") == [
        ("plain", "DEBUG", '{"attempt":1,"a": 1, "b": 2}'),
        ("m", "ERROR", '{"attempt":1,"a":1,"b":3}'),
        ("w", "WARN", '{"attempt":1,"a": 1, "b": 2}')]
    assert streams(daemon) == [(None, "closed", 3, None)]


def test_write_as_a_filter_shows_an_unfinished_line(daemon):
    process = subprocess.Popen(daemon.command("write", "e1"),
                               stdin=subprocess.PIPE, env=daemon.env())
    process.stdin.write(b"loading")
    process.stdin.flush()
    await_until(lambda: daemon.messages("e1") == ["loading"], "the part")
    process.stdin.write(b"... done\n")
    process.stdin.close()
    assert process.wait(20) == 0
    assert daemon.ok("logs", "e1", "-o", "cat") == "loading... done\n"


def test_write_that_is_interrupted_loses_its_stream(daemon):
    process = subprocess.Popen(daemon.command("write", "e1"),
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=daemon.env())
    process.stdin.write(b"one\n")
    process.stdin.flush()
    await_until(lambda: [s[1] for s in streams(daemon)] == ["open"])
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.stdin.close()
    process.stderr.close()
    await_until(lambda: [s[1] for s in streams(daemon)] == ["lost"])


def test_a_signal_ends_write_whatever_comes_in(daemon):
    yes = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    process = subprocess.Popen(daemon.command("write", "e1"),
                               stdin=yes.stdout, env=daemon.env(),
                               stderr=subprocess.DEVNULL)
    yes.stdout.close()
    await_until(lambda: daemon.messages("e1") != [])
    process.terminate()
    try:
        assert process.wait(20) == 143
    finally:
        process.kill()
        yes.wait()


def test_write_of_words_is_no_stream(daemon):
    daemon.ok("write", "e1", "word")
    assert streams(daemon) == []


# --------------------------------------------------------------- the end

def test_follow_says_complete_or_what_is_missing(daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "-t", "t1", "--attempt", "2", *sh(
        f"echo x; read x < {folder}/go; echo y"))
    follower = daemon.follow("e1", "-o", "cat", "--wait")
    await_until(lambda: daemon.messages("e1") == ["x"])
    daemon.ok("event", "e1", "COMPLETED")
    (folder / "go").write_text("x\n")
    assert finish(process)[0] == 0
    code, out, err = finish(follower)
    assert (code, out) == (0, "x\ny\n") and "complete" in err


@pytest.mark.parametrize("kill", [True, False])
def test_follow_names_the_stream_that_is_lost_or_open(daemon, folder, kill):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "-t", "t1", "--attempt", "2", *sh(
        f"echo x; exec cat {folder}/go"))
    await_until(lambda: daemon.messages("e1") == ["x"])
    daemon.ok("event", "e1", "COMPLETED")
    if kill:
        process.kill()
        process.wait()
    code, out, err = daemon.cli("follow", "e1", "-o", "cat", "--drain",
                                "20s" if kill else "500ms")
    assert code == 6 and out.startswith("x\n")
    assert ("lost" if kill else "open") in err
    assert "t1 attempt 2 stdout" in err and "t1 attempt 2 stderr" in err
    with open(folder / "go", "w"):
        pass
    if not kill:
        assert process.wait(20) == 0


def test_a_result_goes_before_a_missing_stream(daemon):
    process = daemon.spawn("run", "e1", "-t", "t1", *sh(
        "echo x; exec tail -f /dev/null"))
    await_until(lambda: daemon.messages("e1") == ["x"])
    daemon.ok("event", "e1", "FAILED")
    assert daemon.cli("follow", "e1", "--drain", "200ms",
                      "--exit-status")[0] == 1
    process.terminate()
    process.wait()
