"""Storage that fails for a while: a full disk, a schema that is too new."""
import contextlib
import os
import sqlite3
import subprocess
import time

import pytest

from lib.daemon import await_until

LINES = 20000


@contextlib.contextmanager
def mounted(idle, mb):
    """Its file is on a file system of so many MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    disk = idle.folder / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mb}m", "none",
                           disk], capture_output=True)
    if done.returncode != 0:
        pytest.skip(done.stderr.decode())
    idle.db = disk / "a.db"
    try:
        yield idle
    finally:
        if idle.process is not None:
            idle.stop()
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def small(idle, request):
    """A daemon on a file system of 6 MB, or of as many as are asked for."""
    with mounted(idle, getattr(request, "param", 6)):
        yield idle.start()


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


def free(daemon):
    s = os.statvfs(daemon.db.parent)
    return s.f_bavail * s.f_frsize


def fill(path, left):
    """All but so many bytes of the disk; then how much is free."""
    with open(path, "ab", buffering=0) as file:
        try:
            while (s := os.statvfs(path.parent)).f_bavail * s.f_frsize > left:
                file.write(b"x" * 4096)
        except OSError:
            pass


@pytest.mark.parametrize("small", [20], indirect=True)
def test_the_last_of_the_disk_is_left_to_others(small):
    """A fourth of a small one, and as much again in reserve."""
    p = small.producer()
    p.log("e1", "before")
    p.sync()
    fill(small.db.parent / "ballast", 4 << 20)
    while small.status()["state"] == "ok":
        p.log("e1", "x")
        p.flush()
    status = small.status()
    assert "MB are kept" in status["reason"] and "--retention-days" in status["advice"]
    assert small.cpu() < 0.2
    assert free(small) > 3 << 20
    engine = sqlite3.connect(small.db, isolation_level=None)
    engine.execute("CREATE TABLE engines_own(x)")
    engine.execute("INSERT INTO engines_own VALUES(zeroblob(65536))")
    engine.close()
    (small.db.parent / "ballast").unlink()
    p.acked()
    await_until(lambda: small.status()["state"] == "ok")


@pytest.mark.parametrize("small", [20], indirect=True)
def test_a_sweep_makes_room_on_a_full_disk(small):
    """Others have taken the last byte; only a sweep is made."""
    small.stop()
    small.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    await_until(lambda: small.status()["last_sweep"])
    old = int(time.time() * 1000) - 31 * 86400000
    p = small.producer()
    for i in range(1500):
        p.log("old", "x" * 2000, timestamp=old + i)
    p.sync()
    fill(small.db.parent / "ballast", 0)
    while small.status()["state"] == "ok":
        p.log("new", "y" * 2000)
        p.flush()
    await_until(lambda: "full" in (small.status()["reason"] or ""))
    small.ok("sweep", "--yes")
    p.log("new", "the last")
    p.sync()
    passes = small.status()["checkpoint"]
    assert passes["passes"] > passes["failures"]    # however short the log
    await_until(lambda: small.status()["state"] == "ok")
    assert small.sql("SELECT count(*) FROM execution_logs "
                     "WHERE execution_id = 'old'") == [(0,)]
    assert len(small.messages("new")) == p.number - 1500
    assert small.sql("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("small", [40], indirect=True)
def test_one_writer_alone_does_not_lock_itself_up(small):
    """What the log needs to be copied back is kept, too."""
    small.stop()
    small.start(AUTOKESTRA_LOG_RETENTION_DAYS=30)
    await_until(lambda: small.status()["last_sweep"])
    old = int(time.time() * 1000) - 31 * 86400000
    p = small.producer()
    while small.status()["state"] == "ok":
        for i in range(500):
            p.log("old", "x" * 900, timestamp=old + i)
        p.flush()
    await_until(lambda: small.status()["checkpoint"]["passes"] > 0)
    assert free(small) > 4 << 20
    small.ok("sweep", "--yes")
    p.acked()
    await_until(lambda: small.status()["state"] == "ok")


@pytest.mark.parametrize("small", [40], indirect=True)
def test_a_long_reader_on_a_small_disk(small):
    """What is copied when it has gone needs no room a second time."""
    p = small.producer()
    p.log("e1", "x")
    p.sync()
    reader = small.old_reader()
    while small.status()["state"] == "ok":
        for i in range(200):
            p.log("e1", "x" * 900)
        p.flush()
    frames = small.status()["checkpoint"]["frames"]
    reader.close()
    await_until(lambda: small.status()["state"] == "ok")
    p.acked()
    assert small.status()["checkpoint"]["frames"] < frames


@pytest.mark.parametrize("small", [40], indirect=True)
def test_passes_that_fail_are_made_again_later_each_time(small):
    """Each copies all from where it began, and fails where that did."""
    p = small.producer()
    p.log("e1", "x")
    p.sync()
    reader = small.old_reader()
    while small.status()["state"] == "ok":
        for i in range(200):
            p.log("e1", "x" * 900)
        p.flush()
    fill(small.db.parent / "ballast", 0)
    await_until(lambda: "reserve" in small.status()["reason"]
                or free(small) > 0)
    fill(small.db.parent / "ballast", 0)
    reader.close()
    failures = lambda: small.status()["checkpoint"]["failures"]
    await_until(lambda: failures() >= 1)
    began = time.monotonic()
    await_until(lambda: failures() >= 4)
    assert time.monotonic() - began > 2.5       # 0.5 + 1 + 2 s
    (small.db.parent / "ballast").unlink()
    await_until(lambda: small.status()["state"] == "ok")
    p.acked()


@pytest.mark.parametrize("small", [20], indirect=True)
def test_the_reserve_is_for_others_too(small):
    """They have filled the disk; none of our transactions has met that."""
    def reserve():
        fds = f"/proc/{small.process.pid}/fd"
        links = []
        for fd in os.listdir(fds):
            with contextlib.suppress(FileNotFoundError):    # closed since
                links.append(os.readlink(f"{fds}/{fd}"))
        return any("(deleted)" in link and link.startswith(
            str(small.db.parent)) for link in links)
    p = small.producer()
    p.log("e1", "x")
    p.sync()
    assert reserve()
    fill(small.db.parent / "ballast", 0)
    p.log("e1", "y")
    p.flush()
    await_until(lambda: small.status()["state"] == "degraded")
    assert not reserve() and free(small) > 1 << 20
    (small.db.parent / "ballast").unlink()
    p.acked()


@pytest.mark.parametrize("small", [400], indirect=True)
def test_what_a_copied_log_gives_back_counts_as_room(small):
    """A reader has made it long, and the next commit makes it short."""
    p = small.producer()
    p.log("e1", "x")
    p.sync()
    reader = small.old_reader()
    small.grow_log(p, 90 << 20)
    reader.close()
    await_until(lambda: small.status()["state"] == "ok")
    fill(small.db.parent / "ballast", 48 << 20)     # 64 MB are kept
    p.log("e1", "y")
    p.sync()
    assert small.status()["wal_bytes"] <= 64 << 20
    assert small.status()["state"] == "ok"


@pytest.mark.parametrize("left", [4, 16, 48])
def test_a_start_on_a_full_disk_says_what_to_do(idle, left):
    """Of whatever SQLite has no room for: the file, the -shm, the log."""
    with mounted(idle, 4):
        fill(idle.db.parent / "ballast", 0)
        os.truncate(idle.db.parent / "ballast",
                    (idle.db.parent / "ballast").stat().st_size - left * 1024)
        code, err = idle.refused()
        assert code == 5 and err.count("\n") == 1
        assert err.startswith(f"execlogd: {idle.db}: the disk is full (")
        assert "make room on the disk" in err
        for words in [("migrate", "up"), ("compact",)][:1 + (left < 48)]:
            code, out, err = idle.cli(*words, "--db", idle.db)
            assert code in (1, 5) and err.count("\n") == 1
            assert f"{idle.db}: " in err and "make room on the disk" in err
        (idle.db.parent / "ballast").unlink()
        idle.start().ok("write", "e1", "x")
        assert idle.stop() == 0


def test_a_limit_of_the_process_is_a_full_disk(idle):
    """It is told apart from a disk that fails; no signal ends anything."""
    idle.prefix = ["prlimit", f"--fsize={400 * 1024}:unlimited"]
    idle.start()
    p = idle.producer()
    p.log("e1", "before")
    p.sync()
    while idle.status()["state"] == "ok":
        p.log("e1", "x" * 5000)
        p.flush()
    assert "File too large" in idle.status()["reason"]
    assert "make room" in idle.status()["advice"]
    subprocess.run(["prlimit", f"--pid={idle.process.pid}",
                    "--fsize=unlimited:unlimited"], check=True)
    p.acked()
    await_until(lambda: idle.status()["state"] == "ok")
    assert len(idle.messages("e1")) == p.number
    assert idle.sql("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("kb", [16, 100])
def test_a_migration_within_a_limit(idle, kb):
    migrate = idle.command("migrate", "up", "--db", idle.db)
    done = subprocess.run(["prlimit", f"--fsize={kb * 1024}", *migrate],
                          capture_output=True, text=True)
    assert done.returncode in (1, 5) and done.stderr.count("\n") == 1
    assert f"{idle.db}: " in done.stderr and "make room" in done.stderr
    assert subprocess.run(migrate, capture_output=True).returncode == 0
    assert idle.sql("PRAGMA integrity_check") == [("ok",)]
