"""The engine's file is the engine's; settings at their edges; systemd."""
import os
import socket
import sqlite3
import subprocess
import sys

import pytest

from lib.daemon import DEADLINE, await_until, clean_env
from lib.wire import HELLO, WELCOME, Wire, frame

# Executes a program with a descriptor as systemd would hand it over.
HAND_OVER = ("import os, sys; os.dup2(int(sys.argv[1]), 3); "
             "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()));"
             "os.execv(sys.argv[2], sys.argv[2:])")

ENGINE = """
    CREATE TABLE executions(execution_id TEXT PRIMARY KEY, workflow_id TEXT,
        state TEXT, log_entry_count INTEGER DEFAULT 0, created_at TEXT);
    CREATE TABLE task_runs(execution_id TEXT, task_id TEXT, state TEXT,
        PRIMARY KEY(execution_id, task_id)) WITHOUT ROWID;
    CREATE TABLE "odd ""name"(x BLOB);
    CREATE INDEX idx_logs ON executions(state);
    CREATE TRIGGER touch AFTER UPDATE ON executions BEGIN
        INSERT INTO "odd ""name" VALUES(new.state); END;
    CREATE VIEW running AS SELECT * FROM executions WHERE state = 'RUNNING';
    INSERT INTO executions VALUES('e1', 'w', 'RUNNING', 5, '2026-02-07');
    INSERT INTO task_runs VALUES('e1', 't1', 'RUNNING');
    INSERT INTO "odd ""name" VALUES(x'00ff');
"""
TABLES = """
    CREATE TABLE execution_logs (
        id INTEGER PRIMARY KEY AUTOINCREMENT, execution_id TEXT NOT NULL,
        task_id TEXT, timestamp INTEGER NOT NULL, level TEXT NOT NULL,
        source TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT);
    CREATE INDEX idx_logs_execution ON execution_logs(execution_id,
        timestamp);
    CREATE TABLE execution_audit_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, execution_id TEXT NOT NULL,
        event_type TEXT NOT NULL, timestamp INTEGER NOT NULL,
        metadata TEXT NOT NULL);
    INSERT INTO execution_logs VALUES(41, 'e1', NULL, 1000, 'INFO', 'engine',
        'before', NULL);
    INSERT INTO execution_audit_events VALUES(9, 'e1', 'STARTED', 1000, '{}');
"""


def engines(path):
    """Everything in the file that is not named after execlog."""
    db = sqlite3.connect(path)
    lines = [line for line in db.iterdump() if "execlog_" not in line]
    schema = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema "
                        "WHERE name NOT LIKE 'execlog\\_%' ESCAPE '\\'"
                        ).fetchall()
    pragmas = [db.execute(f"PRAGMA {p}").fetchone()
               for p in ("user_version", "application_id", "page_size",
                         "auto_vacuum", "encoding")]
    db.close()
    return lines, schema, pragmas


def test_what_the_engine_has_is_not_touched(idle):
    db = sqlite3.connect(idle.db)
    db.executescript("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; "
                     "PRAGMA user_version=7; PRAGMA application_id=99;"
                     + ENGINE + TABLES)
    db.close()
    lines, schema, pragmas = engines(idle.db)
    assert pragmas[:2] == [(7,), (99,)]
    daemon = idle.start()
    assert daemon.stop() == 0
    after = engines(idle.db)
    assert after[2] == pragmas
    assert set(lines) <= set(after[0]) and set(schema) <= set(after[1])
    assert {row[1] for row in set(after[1]) - set(schema)} == {
        "idx_logs_task", "idx_audit_execution"}
    # What is written goes behind what was there, and nowhere else.
    daemon.start()
    daemon.ok("write", "e1", "after")
    daemon.ok("event", "e1", "COMPLETED")
    assert daemon.sql("SELECT id, message FROM execution_logs") == [
        (41, "before"), (42, "after")]
    assert daemon.sql("SELECT id, event_type FROM execution_audit_events") \
        == [(9, "STARTED"), (10, "COMPLETED")]
    assert daemon.sql('SELECT * FROM "odd ""name"') == [(b"\0\xff",)]
    assert daemon.sql("SELECT execution_id, state FROM executions") == [
        ("e1", "RUNNING")]
    assert daemon.sql("SELECT * FROM task_runs") == [("e1", "t1", "RUNNING")]
    assert daemon.sql("PRAGMA user_version") == [(7,)]
    assert daemon.sql("PRAGMA application_id") == [(99,)]
    assert daemon.ok("logs", "e1", "-o", "cat") == "before\nafter\n"


def test_the_engine_may_come_second(daemon):
    daemon.ok("write", "e1", "ours")
    db = sqlite3.connect(daemon.db, timeout=10)
    db.executescript(ENGINE)
    db.execute("UPDATE executions SET state = 'SUCCESS'")
    db.commit()
    db.close()
    daemon.ok("write", "e1", "ours again")
    assert len(daemon.messages("e1")) == 2
    assert daemon.sql("SELECT state FROM executions") == [("SUCCESS",)]
    assert daemon.stop() == 0
    daemon.start()


def test_only_our_names_in_a_new_file(daemon):
    daemon.ok("write", "e1", "x")
    daemon.ok("event", "e1", "COMPLETED")
    names = {n for (n,) in daemon.sql("SELECT name FROM sqlite_schema")}
    assert {n for n in names if not n.startswith(("execlog_", "sqlite_"))} \
        == {"execution_logs", "execution_audit_events", "idx_logs_execution",
            "idx_logs_task", "idx_audit_execution"}


def test_ids_are_never_used_twice(daemon):
    daemon.ok("write", "e1", input=b"a\nb\nc\n")
    daemon.sql("DELETE FROM execution_logs")
    assert daemon.stop() == 0
    daemon.start()
    daemon.ok("write", "e1", "d")
    assert daemon.sql("SELECT id FROM execution_logs") == [(4,)]


def test_a_copy_of_the_stopped_file_is_whole(daemon):
    daemon.ok("write", "e1", input=b"line\n" * 1000)
    assert daemon.stop() == 0
    copy = daemon.folder / "copy.db"
    copy.write_bytes(daemon.db.read_bytes())    # without its -wal
    db = sqlite3.connect(copy)
    assert db.execute("SELECT count(*) FROM execution_logs").fetchone() == (
        1000,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    daemon.start()


def test_a_locked_file_at_the_start_is_waited_for_or_told(idle):
    db = sqlite3.connect(idle.db, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE engine(x)")
    db.execute("BEGIN IMMEDIATE")
    process = subprocess.Popen(idle.argv(), stderr=subprocess.PIPE,
                               env=clean_env())
    # It neither dies at once nor serves before it has its tables.
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    with pytest.raises(OSError):
        Wire(idle.socket)
    db.execute("COMMIT")
    try:
        await_until(lambda: idle.cli("ping")[0] == 0)
    finally:
        process.terminate()
        err = process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 0, err


@pytest.mark.parametrize("flag", ["--max-pending", "--stream-max",
                                  "--warn-log-bytes"])
@pytest.mark.parametrize("bad", ["1 ", " 2", "2KB", "2 K", "-2M", "2.5M",
                                 "1e6", "M", "+2M"])
def test_a_size_is_digits_and_one_letter(build, flag, bad):
    done = subprocess.run([build / "execlogd", "--check-config", flag, bad],
                          capture_output=True, env=clean_env())
    assert done.returncode == 2, done.stdout
    assert done.stderr.count(b"\n") == 1 and flag.encode() in done.stderr


@pytest.mark.parametrize("value,found", [("2m", "2m"), ("2M", "2M"),
                                         ("1G", "1G"), ("4096K", "4096K"),
                                         ("2097152", "2097152")])
def test_sizes_that_are_understood(build, value, found):
    done = subprocess.run([build / "execlogd", "--check-config",
                           "--max-pending", value], capture_output=True,
                          env=clean_env())
    assert done.returncode == 0 and found.encode() in done.stdout


def test_check_config_makes_nothing(build, folder):
    before = sorted(os.listdir(folder))
    done = subprocess.run(
        [build / "execlogd", "--check-config", "--db", folder / "x" / "a.db",
         "--socket", folder / "y" / "s"], capture_output=True,
        env=clean_env(HOME=folder, XDG_RUNTIME_DIR=folder))
    assert done.returncode == 0 and sorted(os.listdir(folder)) == before


def test_diagnostics_have_priorities_under_the_journal_only(idle):
    daemon = idle.start()
    assert daemon.stop() == 0
    assert not daemon.stderr.read_text().startswith("<")
    out = open(daemon.folder / "journal", "wb")
    stat = os.fstat(out.fileno())
    process = subprocess.Popen(
        daemon.argv(), stderr=out,
        env=clean_env(JOURNAL_STREAM=f"{stat.st_dev}:{stat.st_ino}"))
    await_until(lambda: daemon.cli("ping")[0] == 0)
    process.terminate()
    assert process.wait(DEADLINE) == 0
    out.close()
    lines = (daemon.folder / "journal").read_text().splitlines()
    assert lines and all(line.startswith("<") and line[2] == ">"
                         for line in lines)
    assert daemon.sql("SELECT count(*) FROM execution_logs") == [(0,)]


def test_an_inherited_socket_that_is_none_is_refused(idle):
    # Descriptor 3 is a datagram socket: not what is served.
    end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    process = subprocess.run(
        [sys.executable, "-c", HAND_OVER, str(end.fileno()), *idle.argv()],
        pass_fds=[end.fileno()], capture_output=True, env=clean_env(),
        timeout=DEADLINE)
    end.close()
    other.close()
    assert process.returncode == 5
    assert process.stderr.count(b"\n") == 1 and b"LISTEN_FDS" in process.stderr


def test_an_inherited_socket_serves_who_came_before(idle):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(idle.socket))
    listener.listen()
    early = socket.socket(socket.AF_UNIX)
    early.connect(str(idle.socket))
    early.sendall(frame(HELLO, dict(version=1, role="read")))
    process = subprocess.Popen(
        [sys.executable, "-c", HAND_OVER, str(listener.fileno()),
         *idle.argv()],
        pass_fds=[listener.fileno()], stderr=subprocess.PIPE, env=clean_env())
    listener.close()
    early.settimeout(DEADLINE)
    assert early.recv(8)[4] == WELCOME
    early.close()
    assert idle.cli("ping")[0] == 0
    process.terminate()
    err = process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 0, err
    assert idle.socket.exists()     # whose it is
