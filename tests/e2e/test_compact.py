"""compact: free pages go back, nothing else changes."""
import os
import pty
import signal
import sqlite3
import subprocess
import time

import pytest

from lib.daemon import DEADLINE, await_until, finish
from e2e.test_adopt import ENGINE
from e2e.test_migrate import ask, everything, schema

MANY = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
        "i < {}) INSERT INTO execution_logs(execution_id, timestamp, level, "
        "source, message) SELECT 'e' || i % 5, i, 'INFO', 's', "
        "printf('%300d', i) FROM n")


@pytest.fixture
def holey(idle):
    """A file with much that is free, and a little that is not."""
    assert idle.cli("migrate", "up", "--db", idle.db)[0] == 0
    fill(idle, 5000)
    return idle


def told(size):
    """As execlog tells it: K and M are powers of 1024."""
    n, unit = size, "bytes"
    for larger in "KB", "MB":
        if n >= 1024:
            n, unit = n / 1024, larger
    return f"{n:.0f} {unit}" if n == int(n) else f"{n:.1f} {unit}"


def fill(idle, n):
    db = sqlite3.connect(idle.db, isolation_level=None)
    db.execute(MANY.format(n))
    db.execute("DELETE FROM execution_logs WHERE id % 50 <> 0")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def compact(idle, *flags):
    return idle.cli("compact", "--db", idle.db, *flags)


def test_free_pages_go_and_rows_stay(holey):
    before, size = everything(holey.db), holey.db.stat().st_size
    made = schema(holey.db)
    owner = holey.db.stat()
    code, out, err = compact(holey)
    after = holey.db.stat()
    assert (code, err) == (0, "")
    assert out == f"{told(size)} before, {told(after.st_size)} after\n"
    assert after.st_size < size / 10
    assert everything(holey.db) == before and schema(holey.db) == made
    assert ask(holey.db, "PRAGMA integrity_check") == [("ok",)]
    assert ask(holey.db, "PRAGMA freelist_count") == [(0,)]
    assert ask(holey.db, "PRAGMA journal_mode") == [("wal",)]
    assert (after.st_ino, after.st_mode, after.st_uid) == (
        owner.st_ino, owner.st_mode, owner.st_uid)
    assert {p.name for p in holey.folder.iterdir()} <= {
        "a.db", "a.db.lock", "stderr", "a.db-wal", "a.db-shm"}
    holey.start("--no-migrate")
    assert holey.status()["reclaimable_bytes"] == 0
    holey.ok("write", "e1", "more")
    assert holey.status()["log_rows"] == 101


def test_not_while_anybody_has_it(holey):
    size = holey.db.stat().st_size
    holey.start()
    assert holey.status()["reclaimable_bytes"] > size / 2
    code, out, err = compact(holey)
    assert code == 5 and str(holey.socket) in err and out == ""
    assert holey.stop() == 0
    engine = sqlite3.connect(holey.db)
    engine.execute("SELECT * FROM execution_logs").fetchone()
    process = holey.spawn("compact", "--db", holey.db)
    # Nobody else gets it while we wait for that one.
    await_until(lambda: (holey.folder / "a.db.lock").read_text().startswith(
        "execlog compact"), "the lock")
    assert "execlog compact, pid" in holey.refused()[1]
    engine.close()
    code, out, err = finish(process)
    assert code == 0, err


def test_tables_of_others_want_a_word(holey):
    db = sqlite3.connect(holey.db)
    db.executescript("PRAGMA user_version=7; PRAGMA application_id=9;" + ENGINE)
    db.close()
    before = everything(holey.db)
    size = holey.db.stat().st_size
    code, out, err = compact(holey)
    assert code == 1 and "3 tables that are not execlog's" in err
    assert "--yes" in err and holey.db.stat().st_size >= size
    assert compact(holey, "--yes")[0] == 0
    assert everything(holey.db) == before and holey.db.stat().st_size < size / 5


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting wants root")
def test_one_table_of_others_is_one(holey):
    db = sqlite3.connect(holey.db)
    db.executescript("CREATE TABLE t(a)")
    db.close()
    code, out, err = compact(holey)
    assert code == 1 and "it has 1 table that is not execlog's" in err


def test_no_room_is_said_before_anything_is_done(holey):
    small = holey.folder / "small"
    small.mkdir()
    fill(holey, 1)
    db = sqlite3.connect(holey.db)
    db.execute(MANY.format(3000))       # all of it in use
    db.commit()
    db.close()
    size = holey.db.stat().st_size
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={2 * size}",
                           "tmpfs", small], capture_output=True)
    if done.returncode != 0:
        pytest.skip("no tmpfs here")
    try:
        (small / "a.db").write_bytes(holey.db.read_bytes())
        code, out, err = holey.cli("compact", "--db", small / "a.db")
        assert code == 1 and "B of free disk" in err and out == ""
        assert ask(small / "a.db", "PRAGMA integrity_check") == [("ok",)]
    finally:
        subprocess.run(["umount", "-l", small])


def more(idle):
    db = sqlite3.connect(idle.db, isolation_level=None)
    db.execute(MANY.format(40000))
    db.close()
    return everything(idle.db)


def test_killed_it_leaves_all_as_it_was(holey):
    before = more(holey)
    journal = holey.folder / "a.db-journal"

    def is_writing():
        try:
            return process.poll() is not None or journal.stat().st_size > 99999
        except FileNotFoundError:
            return False
    for _ in range(10):         # until one is cut short
        process = holey.spawn("compact", "--db", holey.db)
        await_until(is_writing, "the journal")
        process.kill()
        if finish(process)[0] == -9 and journal.exists():
            break
    assert journal.exists()
    assert everything(holey.db) == before
    assert ask(holey.db, "PRAGMA integrity_check") == [("ok",)]
    assert compact(holey)[0] == 0
    assert everything(holey.db) == before


def on_terminal(idle, stop):
    """stderr on a terminal; all that it said, stdout and the exit code."""
    master, slave = pty.openpty()
    process = subprocess.Popen(idle.command("compact", "--db", idle.db),
                               stdout=subprocess.PIPE, stderr=slave,
                               env=idle.env())
    os.close(slave)
    said = b""
    try:
        while data := os.read(master, 4096):
            said += data
            if stop:
                process.send_signal(signal.SIGINT)
    except OSError:
        pass
    os.close(master)
    out, _ = process.communicate(timeout=DEADLINE)
    return said, out, process.returncode


def test_progress_on_a_terminal_and_ctrl_c(holey):
    before = more(holey)
    said, out, code = on_terminal(holey, True)
    assert (out, code) == (b"", 130) and b"execlog:" not in said
    assert everything(holey.db) == before
    said, out, code = on_terminal(holey, False)
    assert code == 0 and b" after\n" in out
    assert b"\r-- copying, " in said and said.endswith(b"\r\x1b[K")
    assert everything(holey.db) == before


@pytest.mark.parametrize("words,code,says", [
    ((), 2, "--db"), (("--db", "/nonexistent/x"), 5, "No such file"),
    (("x", "--db", "y"), 2, "unexpected argument x")])
def test_bad_usage(idle, words, code, says):
    done = idle.cli("compact", *words)
    assert done[0] == code and says in done[2] and done[2].count("\n") == 1
