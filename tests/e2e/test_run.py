"""execlog run: the command comes first, its output is kept."""
import os
import signal
import subprocess

import pytest

from lib.daemon import await_until


@pytest.mark.parametrize("script,code", [
    ("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137),
    ("kill -TERM $$", 143)])
def test_the_exit_code_is_the_commands(daemon, script, code):
    assert daemon.cli("run", "e1", "--", "sh", "-c", script) == (code, "", "")


def test_not_found_and_not_executable(daemon, folder):
    code, _, err = daemon.cli("run", "e1", "--", "no-such-command")
    assert code == 127 and "no-such-command" in err
    (folder / "plain").write_text("x")
    assert daemon.cli("run", "e1", "--", folder / "plain")[0] == 126
    assert daemon.cli("run", "e1", "--", folder)[0] == 126


@pytest.mark.parametrize("flags", [
    ["--nonsense"], ["--source", "execlogd"], ["-t", "a", "-t", "b"],
    ["--lifecycle"], ["--pty", "--only", "stdout"], ["--attempt", "x"],
    ["--mask-env", "NOT_SET"]])
def test_bad_usage_is_2_and_runs_nothing(daemon, folder, flags):
    code, out, err = daemon.cli("run", "e1", *flags, "--", "touch",
                                folder / "ran")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert not (folder / "ran").exists()
    assert daemon.status()["refused"] == 0


def test_output_is_captured_with_its_stream(daemon):
    code, out, err = daemon.cli(
        "run", "e1", "-t", "t1", "--attempt", "3", "--", "sh", "-c",
        "echo to stdout; echo to stderr >&2; printf unfinished")
    assert (code, out, err) == (0, "", "")
    rows = daemon.sql("SELECT message, level, task_id, source, "
                      "json_extract(metadata, '$.stream'), json_extract("
                      "metadata, '$.attempt') FROM execution_logs")
    assert sorted(rows) == [
        ("to stderr", "INFO", "t1", "run", "stderr", 3),
        ("to stdout", "INFO", "t1", "run", "stdout", 3),
        ("unfinished", "INFO", "t1", "run", "stdout", 3)]


def test_options_of_the_command_are_its_own(daemon):
    daemon.ok("run", "-t", "t1", "e1", "--source", "s", "--", "printf",
              "%s\\n", "-t", "--", "-h")
    assert daemon.messages("e1") == ["-t", "--", "-h"]
    daemon.ok("run", "e2", "echo", "-e", "x")
    assert daemon.messages("e2") == ["-e x"] or daemon.messages("e2") == ["x"]


def test_stdin_is_the_commands(daemon):
    daemon.ok("run", "e1", "--", "cat", input=b"from stdin\n")
    assert daemon.messages("e1") == ["from stdin"]


def test_much_output_is_complete_and_in_order(daemon):
    daemon.ok("run", "e1", "--", "seq", "100000")
    assert daemon.messages("e1") == [str(i) for i in range(1, 100001)]


def test_without_a_daemon_the_command_runs_all_the_same(idle, folder):
    code, out, err = idle.cli("run", "e1", "--timeout", "100ms", "--", "sh",
                              "-c", f"echo ran > {folder}/proof; seq 3; exit 3")
    assert code == 3 and out == ""
    assert (folder / "proof").read_text() == "ran\n"
    assert "cannot reach" in err and "3 lines were not stored" in err


def test_a_daemon_that_dies_does_not_disturb_the_command(daemon, folder):
    process = daemon.spawn("run", "e1", "--timeout", "100ms", "--", "sh", "-c",
                           f"echo first; read line < {folder}/go; seq 1000; "
                           f"exit 9")
    os.mkfifo(folder / "go")
    # Not only in the file: acknowledged.
    await_until(lambda: daemon.status()["committed_rows"] == 1)
    daemon.kill()
    (folder / "go").write_text("go\n")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 9
    assert b"1000 lines were not stored" in err
    daemon.start()


def test_ctrl_c_ends_the_command_and_then_us(daemon):
    process = subprocess.Popen(
        daemon.command("run", "e1", "--", "sh", "-c",
                       "trap 'echo bye; exit 5' INT; echo ready; "
                       "while :; do read x; done"),
        stdin=subprocess.PIPE, env=daemon.env(), start_new_session=True)
    await_until(lambda: daemon.messages("e1") == ["ready"])
    os.killpg(process.pid, signal.SIGINT)
    process.stdin.close()
    assert process.wait(20) == 5
    assert daemon.messages("e1") == ["ready", "bye"]


def test_sigterm_is_passed_on(daemon):
    process = daemon.spawn("run", "e1", "--", "sh", "-c",
                           "echo ready; exec tail -f /dev/null")
    await_until(lambda: daemon.messages("e1") == ["ready"])
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143


def test_what_stays_in_the_background_does_not_hold_us(daemon):
    code, _, _ = daemon.cli("run", "e1", "--", "sh", "-c",
                            "tail -f /dev/null & echo $!")
    assert code == 0
    pid = daemon.messages("e1")[0]
    os.kill(int(pid), signal.SIGKILL)
