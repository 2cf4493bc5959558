"""Tasks in containers: both streams and the exit code are right, and the
isolation is what it is without us: no mount, no network, no capability more."""
import json
import os
import shutil
import subprocess

import pytest

from lib.capi import stream_fd
from lib.daemon import await_until

APPLETS = "sh", "cat", "seq", "sleep", "sed", "cut", "sort", "ls"
# What a process in it has: mounts, interfaces, capabilities, descriptors.
LOOK = ("cut -d' ' -f5 /proc/self/mountinfo | sort; "
        "sed 1,2d /proc/net/dev | cut -d: -f1; "
        "sed -n '/^Cap\\|^NoNewPrivs\\|^Seccomp:/p' /proc/self/status; "
        "ls /proc/self/fd")
SPEAK = "echo out; echo '<3>err' >&2; exit 7"


def need(*tools):
    if os.geteuid() != 0:
        pytest.skip("containers are made as root here")
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for tool in tools:
        if shutil.which(tool, path=path) is None:
            pytest.skip(f"{tool} is not installed")
    return [shutil.which(tool, path=path) for tool in tools]


def works(command):
    """Without us; if it does not, there is nothing to be tested."""
    done = subprocess.run([*command], stdin=subprocess.DEVNULL, timeout=60,
                          capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"{command[0]} does not work here: "
                    f"{done.stderr.decode().strip()[-200:]}")
    return done.stdout.decode()


@pytest.fixture
def tree(folder):
    """A root file system of one static program."""
    busybox, = need("busybox")
    bin = folder / "rootfs" / "bin"
    bin.mkdir(parents=True)
    shutil.copy(busybox, bin / "busybox")
    for name in APPLETS:
        (bin / name).symlink_to("busybox")
    for name in "proc", "dev", "sys":
        (folder / "rootfs" / name).mkdir()
    return folder / "rootfs"


@pytest.fixture
def podman(tree, folder):
    program, runc = need("podman", "runc")
    base = [program, "--root", folder / "store", "--runroot", folder / "state",
            "--cgroup-manager=cgroupfs", f"--runtime={runc}",
            "--events-backend=none"]
    subprocess.run(["tar", "-C", tree, "-cf", folder / "tree.tar", "."],
                   check=True)
    works([*base, "import", "-q", folder / "tree.tar", "el-test"])

    def command(script):
        return [*base, "run", "--rm", "--network=none",
                "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096",
                "el-test", "sh", "-c", script]
    yield command
    subprocess.run([*base, "rmi", "-af"], capture_output=True)
    # Its storage is a mount of its own.
    subprocess.run(["umount", folder / "store" / "overlay"],
                   capture_output=True)


@pytest.fixture
def runc(tree, folder):
    program, = need("runc")
    subprocess.run([program, "spec", "-b", folder], check=True)
    spec = json.loads((folder / "config.json").read_text())

    def command(script):
        spec["process"].update(terminal=False, args=["sh", "-c", script])
        spec["root"] = dict(path="rootfs", readonly=True)
        (folder / "config.json").write_text(json.dumps(spec))
        return [program, "--root", folder / "state", "run", "-b", folder,
                f"el-{os.getpid()}"]
    return command


@pytest.fixture
def bwrap(tree):
    program, = need("bwrap")

    def command(script):
        return [program, "--unshare-all", "--ro-bind", tree, "/", "--proc",
                "/proc", "--dev", "/dev", "--cap-drop", "ALL", "sh", "-c",
                script]
    return command


@pytest.fixture(params=["podman", "runc", "bwrap"])
def container(request):
    """script -> the command that runs it in a container."""
    return request.getfixturevalue(request.param)


def rows(daemon):
    return sorted(daemon.sql(
        "SELECT message, level, json_extract(metadata, '$.stream') "
        "FROM execution_logs"))


def test_run_of_a_container(daemon, container):
    alone = works(container(LOOK))
    assert "lo" in alone.split() and "eth0" not in alone
    daemon.ok("run", "look", "-t", "box", "--", *container(LOOK))
    assert "\n".join(daemon.messages("look")) + "\n" == alone
    daemon.sql("DELETE FROM execution_logs")
    code, out, err = daemon.cli("run", "e1", "-t", "box", "--lifecycle", "--",
                                *container(SPEAK))
    assert (code, out, err) == (7, "", "")
    assert rows(daemon) == [("err", "ERROR", "stderr"),
                            ("out", "INFO", "stdout")]
    assert daemon.sql("SELECT stream, state, cut FROM execlog_streams WHERE "
                      "execution_id = 'e1' ORDER BY id") == [
        ("stdout", "closed", None), ("stderr", "closed", None)]


def test_much_of_a_container(daemon, container):
    works(container("exit 0"))
    assert daemon.cli("run", "e1", "-t", "box", "--",
                      *container("seq 50000; exit 3"))[0] == 3
    assert daemon.messages("e1") == [str(i) for i in range(1, 50001)]


def test_a_raw_stream_is_all_that_goes_in(daemon, build, container):
    """Only stderr is handed over: the result on stdout stays the engine's."""
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")
    works(container("exit 0"))
    fd = stream_fd(build, daemon.socket, "e1", task=b"box", stream=2)
    with os.fdopen(fd, "wb") as sink:
        done = subprocess.run(container(SPEAK), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=sink, timeout=60)
    assert (done.returncode, done.stdout) == (7, b"out\n")
    await_until(lambda: daemon.sql("SELECT state, lines FROM execlog_streams")
                == [("closed", 1)])
    assert rows(daemon) == [("err", "ERROR", "stderr")]
