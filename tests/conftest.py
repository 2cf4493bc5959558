import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True


def pytest_addoption(parser):
    parser.addoption("--build", default=str(HERE.parent / "build"))


@pytest.fixture
def build(request):
    return pathlib.Path(request.config.getoption("--build"))


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="el", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def idle(build, folder):
    """A daemon that is not started; whatever it said is looked at."""
    from lib.daemon import Daemon
    daemon = Daemon(build, folder)
    yield daemon
    died = code = None
    if daemon.process is not None:
        died = daemon.process.poll()
        try:
            code = daemon.stop()    # clean: leaks are looked for, too
        except subprocess.TimeoutExpired:
            daemon.kill()
            code = "none within the time"
    said = daemon.stderr.read_text() if daemon.stderr.exists() else ""
    assert died is None, f"the daemon died ({died}):\n{said}"
    assert code in (None, 0), f"the daemon's exit code is {code}:\n{said}"
    for bad in ("AddressSanitizer", "ThreadSanitizer", "runtime error", "LeakSanitizer",
                "Assertion"):
        assert bad not in said, said


@pytest.fixture
def daemon(idle):
    return idle.start()


@pytest.fixture
def dice():
    """Random numbers, and how to have the same ones again."""
    seed = int(os.environ.get("EXECLOG_SEED") or time.time_ns())
    dice = random.Random(seed)
    dice.told = f"EXECLOG_SEED={seed}"
    return dice
