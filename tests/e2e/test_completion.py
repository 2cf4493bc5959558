"""Completion, in the shells themselves."""
import re
import shutil
import subprocess

import pytest

from lib.daemon import DEADLINE, clean_env

SHELLS = ["bash", "zsh", "fish"]


def complete(idle, *words):
    """What bash offers behind these words, the last of them unfinished."""
    script = idle.folder / "c.bash"
    script.write_text(idle.ok("completion", "bash"))
    done = subprocess.run(
        ["bash", "--norc", "-c", 'source "$1"; shift; COMP_WORDS=("$@"); '
         "COMP_CWORD=$(($# - 1)); _execlog; "
         "printf '%s\\n' \"${COMPREPLY[@]}\"", "-", script, "execlog", *words],
        capture_output=True, text=True, timeout=DEADLINE, cwd=idle.folder,
        env=clean_env())
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split()


def commands(idle):
    out = idle.ok("completion", "fish")
    return re.search(r"__fish_use_subcommand -a '(.*?)'", out).group(1).split()


@pytest.mark.parametrize("words,offered", [
    (["compl"], {"completion"}),
    (["w"], {"wait", "write"}),
    (["--he"], {"--help"}),
    (["help", "mig"], {"migrate"}),
    (["logs", "e1", "--rev"], {"--reverse"}),
    (["follow", "e1", "--rev"], set()),
    (["logs", "e1", "-l", "W"], {"WARN"}),
    (["logs", "e1", "-l", "WARN,E"], {"WARN,ERROR"}),
    (["logs", "e1", "--level", "=", "D"], {"DEBUG"}),
    (["logs", "e1", "--level", "="], {"DEBUG", "INFO", "WARN", "ERROR"}),
    (["logs", "-n", "5", "-o", "nd"], {"ndjson"}),
    (["logs", "e1", "--color", "a"], {"auto", "always"}),
    (["logs", "e1", "-g", "x"], set()),
    (["logs", ""], set()),
    (["event", ""], set()),
    (["event", "e1", "ST"], {"STARTED", "STATE_CHANGE"}),
    (["event", "-t", "x", "e1", "COMP"], {"COMPLETED"}),
    (["event", "e1", "COMPLETED", ""], set()),
    (["event", "e1", "--from", "P"], {"PENDING"}),
    (["run", "e1", "--only", ""], {"stdout", "stderr"}),
    (["run", "e1", "--", "mkdir"], {"mkdir"}),
    (["run", "e1", "mkdir"], {"mkdir"}),
    (["migrate", "d"], {"down"}),
    (["migrate", "--db", "x", ""], {"up", "down", "status"}),
    (["migrate", "up", ""], set()),
    (["completion", ""], set(SHELLS)),
    (["nonsense", "-"], set()),
])
def test_bash_offers(idle, words, offered):
    assert offered <= set(found := complete(idle, *words)) and (
        set(found) == offered or words[-1] == "mkdir")


def test_bash_offers_files(idle):
    (idle.folder / "copy.db").touch()
    assert complete(idle, "logs", "e1", "--db", "cop") == ["copy.db"]
    assert complete(idle, "migrate", "up", "--db", "=", "cop") == ["copy.db"]


def test_each_command_and_flag_is_offered_and_taken(idle):
    """From the parser's own tables: what is offered is known, and the other
    way round."""
    names = set(complete(idle, "")) - {"help"}
    assert names == set(commands(idle)) - {"help"}
    for name in names:
        help_text = idle.ok(name, "-h")
        flags = set(complete(idle, name, "-"))
        assert {"--help", "--socket"} <= flags
        for flag in sorted(flags):
            assert "no option" not in idle.cli(name, flag, "-h")[2]
        told = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", help_text, re.M))
        assert told <= flags, name


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_it(idle, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine")
    text = idle.ok("completion", shell)
    done = subprocess.run([shell, "-n", "/dev/stdin"], input=text,
                          capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_these_shells(idle):
    for words in ((), ("tcsh",)):
        code, out, err = idle.cli("completion", *words)
        assert code == 2 and out == "" and "bash, zsh, fish" in err
    done = subprocess.run(idle.command("completion", "bash"),
                          capture_output=True, env={"PATH": "/bin"})
    assert done.returncode == 0     # no socket, no home
