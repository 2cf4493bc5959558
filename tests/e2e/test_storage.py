"""Storage that fails for a while: a full disk, a schema that is too new."""
import os
import sqlite3
import subprocess

import pytest

from lib.daemon import await_until

LINES = 20000


@pytest.fixture
def small(idle):
    """A daemon on a file system of 6 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    disk = idle.folder / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none",
                           disk], capture_output=True)
    if done.returncode != 0:
        pytest.skip(done.stderr.decode())
    idle.db = disk / "a.db"
    try:
        yield idle.start()
    finally:
        if idle.process is not None:
            idle.stop()
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_is_waited_for(small):
    """Degraded, nothing acknowledged, nothing lost; it heals by itself."""
    writer = subprocess.Popen(small.command("write", "e1"),
                              stdin=subprocess.PIPE, env=small.env())
    writer.stdin.write(b"".join(b"%d %s\n" % (i, b"x" * 500)
                                for i in range(LINES // 10)))
    writer.stdin.flush()
    await_until(lambda: small.status()["committed_rows"] >= LINES // 10)
    ballast = small.folder / "disk" / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    late = small.producer()
    while small.status()["state"] == "ok":      # the log has room in itself
        late.log("late", "x" * 60000)
        late.flush()
    status = small.status()
    assert status["state"] == "degraded" and "full" in status["reason"]
    sent = late.number
    late.log("late", "the last")
    late.flush()
    assert writer.poll() is None and small.process.poll() is None
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", small.db.parent],
                   check=True)
    late.acked()
    assert small.messages("late")[-1] == "the last"
    assert len(small.messages("late")) == sent + 1
    await_until(lambda: small.status()["state"] == "ok")
    writer.stdin.close()
    assert writer.wait(20) == 0
    assert len(small.messages("e1")) == LINES // 10
    assert small.sql("PRAGMA integrity_check") == [("ok",)]


def test_a_schema_that_is_too_new_is_waited_for(daemon):
    """A view in words that this SQLite does not know stops all statements."""
    p = daemon.producer()
    p.log("e1", "before")
    p.sync()
    engine = sqlite3.connect(daemon.db, timeout=10, isolation_level=None)
    engine.execute("PRAGMA writable_schema = ON")
    (version,), = engine.execute("PRAGMA schema_version")
    engine.execute("BEGIN IMMEDIATE")
    engine.execute("INSERT INTO sqlite_schema VALUES('view', 'v', 'v', 0, "
                   "'CREATE VIEW v AS SELECT x FROM t ORDER BY NEW WORDS')")
    engine.execute(f"PRAGMA schema_version = {version + 1}")
    engine.execute("COMMIT")
    for i in range(10):
        p.log("e1", str(i))
    p.flush()
    await_until(lambda: daemon.status()["state"] == "degraded")
    assert "malformed database schema (v)" in daemon.status()["reason"]
    engine.execute("BEGIN IMMEDIATE")
    engine.execute("DELETE FROM sqlite_schema WHERE name = 'v'")
    engine.execute(f"PRAGMA schema_version = {version + 2}")
    engine.execute("COMMIT")
    engine.close()
    p.acked()
    await_until(lambda: daemon.status()["state"] == "ok")
    assert daemon.messages("e1") == ["before"] + [str(i) for i in range(10)]
