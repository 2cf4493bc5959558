"""The stored schema, the adopted file, locks, sockets, settings, systemd."""
import os
import re
import shutil
import socket
import sqlite3
import subprocess

import pytest

from lib.daemon import DEADLINE, await_until, clean_env
from lib.wire import Wire

LOG_COLUMNS = [("id", "INTEGER", 0, 1), ("execution_id", "TEXT", 1, 0),
               ("task_id", "TEXT", 0, 0), ("timestamp", "INTEGER", 1, 0),
               ("level", "TEXT", 1, 0), ("source", "TEXT", 1, 0),
               ("message", "TEXT", 1, 0), ("metadata", "TEXT", 0, 0)]
AUDIT_COLUMNS = [("id", "INTEGER", 0, 1), ("execution_id", "TEXT", 1, 0),
                 ("event_type", "TEXT", 1, 0), ("timestamp", "INTEGER", 1, 0),
                 ("metadata", "TEXT", 1, 0)]
INDEXES = {"idx_logs_execution": ["execution_id", "timestamp"],
           "idx_logs_task": ["task_id", "timestamp"],
           "idx_audit_execution": ["execution_id", "timestamp"]}


def check_schema(daemon, others=()):
    def columns(table):
        return [(r[1], r[2], r[3], r[5])
                for r in daemon.sql(f"PRAGMA table_info({table})")]
    assert columns("execution_logs") == LOG_COLUMNS
    assert columns("execution_audit_events") == AUDIT_COLUMNS
    names = {n for (n,) in daemon.sql("SELECT name FROM sqlite_schema")}
    ours = {n for n in names if n.startswith("execlog_")}
    assert names - ours == {"execution_logs", "execution_audit_events",
                            "sqlite_sequence"} | set(INDEXES) | set(others)
    for name, want in INDEXES.items():
        assert [r[2] for r in daemon.sql(f"PRAGMA index_info({name})")] == want
    for table in ("execution_logs", "execution_audit_events"):
        (text,), = daemon.sql(
            "SELECT sql FROM sqlite_schema WHERE name = ?", table)
        assert "AUTOINCREMENT" in text
    assert daemon.sql("PRAGMA user_version") == [(0,)]
    assert daemon.sql("PRAGMA application_id") == [(0,)]
    assert daemon.sql("PRAGMA journal_mode") == [("wal",)]


def test_the_schema_is_the_contract(daemon):
    check_schema(daemon)
    versions = daemon.sql("SELECT version FROM execlog_schema")
    assert versions == [(n + 1,) for n in range(len(versions))]
    assert daemon.stop() == 0
    daemon.start()
    check_schema(daemon)


def test_a_file_of_the_engine_is_adopted_untouched(idle):
    db = sqlite3.connect(idle.db)
    db.executescript("""
        PRAGMA journal_mode=WAL;
        PRAGMA user_version=42; PRAGMA user_version=0;
        CREATE TABLE executions(execution_id TEXT PRIMARY KEY, state TEXT);
        CREATE INDEX by_state ON executions(state);
        INSERT INTO executions VALUES('e1', 'RUNNING');
        CREATE VIEW v AS SELECT * FROM executions;
        CREATE TABLE execution_logs(id INTEGER PRIMARY KEY AUTOINCREMENT,
            execution_id TEXT NOT NULL, task_id TEXT,
            timestamp INTEGER NOT NULL, level TEXT NOT NULL,
            source TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT);
        INSERT INTO execution_logs VALUES(7, 'e1', NULL, 1, 'INFO', 'engine',
            'was here', NULL);
    """)
    before = db.execute("SELECT name, sql FROM sqlite_schema").fetchall()
    db.close()
    daemon = idle.start()
    after = daemon.sql("SELECT name, sql FROM sqlite_schema")
    assert set(before) <= set(after)
    check_schema(daemon, ["executions", "by_state", "v",
                          "sqlite_autoindex_executions_1"])
    assert daemon.sql("SELECT * FROM executions") == [("e1", "RUNNING")]
    daemon.ok("write", "e1", "and so are we")
    assert daemon.ok("logs", "e1", "-o", "cat") == "was here\nand so are we\n"
    # A known execution of the engine without a line is found.
    daemon.sql("INSERT INTO executions VALUES('e2', 'PENDING')")
    code, out, err = daemon.cli("logs", "e2")
    assert (code, out, err) == (0, "", "No logs found for execution e2\n")


@pytest.mark.parametrize("table", [
    "execution_logs(id INTEGER PRIMARY KEY, execution_id TEXT NOT NULL, "
    "task_id TEXT, timestamp INTEGER NOT NULL, level TEXT NOT NULL, "
    "source TEXT NOT NULL, message TEXT NOT NULL, metadata TEXT)",
    "execution_logs(id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)",
    "execlog_schema(version INTEGER PRIMARY KEY, name, applied_at)",
])
def test_a_wrong_table_is_one_line_and_5(idle, table):
    db = sqlite3.connect(idle.db)
    db.execute(f"CREATE TABLE {table}")
    if table.startswith("execlog_schema"):
        db.execute("INSERT INTO execlog_schema VALUES(999, 'future', 0)")
    db.commit()
    db.close()
    code, err = idle.refused()
    assert code == 5 and err.count("\n") == 1 and str(idle.db) in err


def test_a_file_that_is_no_database(idle):
    idle.db.write_bytes(b"hello, this is not a database at all" * 100)
    code, err = idle.refused()
    assert code == 5 and err.count("\n") == 1
    assert idle.db.read_bytes().startswith(b"hello")


def test_two_daemons_never_share(daemon, build, folder):
    code, err = daemon.refused()
    assert code == 5 and "already served" in err and str(daemon.socket) in err
    os.symlink(daemon.db, folder / "link")
    for other in (daemon.db, folder / "link"):
        done = subprocess.run(
            [build / "execlogd", "--db", other, "--socket", folder / "s2"],
            capture_output=True, timeout=DEADLINE, env=clean_env())
        assert done.returncode == 5
        assert b"already served" in done.stderr
        assert done.stderr.count(b"\n") == 1
    assert not (folder / "s2").exists()
    assert daemon.status()["state"] == "ok"


def test_a_stale_socket_is_replaced(daemon):
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    assert daemon.status()["state"] == "ok"


def test_what_is_at_the_socket_path_and_not_ours_stays(idle):
    idle.socket.write_text("mine")
    code, err = idle.refused()
    assert code == 5 and "not a socket" in err
    assert idle.socket.read_text() == "mine"
    idle.socket.unlink()
    other = socket.socket(socket.AF_UNIX)
    other.bind(str(idle.socket))
    other.listen()
    code, err = idle.refused()
    assert code == 5 and "another program" in err
    Wire(idle.socket).close()


def test_socket_mode_and_removal(idle):
    daemon = idle.start("--socket-mode", "0600")
    assert os.stat(daemon.socket).st_mode & 0o777 == 0o600
    assert daemon.stop() == 0 and not daemon.socket.exists()
    daemon.start()
    assert os.stat(daemon.socket).st_mode & 0o777 == 0o660
    assert os.stat(daemon.db).st_mode & 0o777 == 0o660


@pytest.mark.parametrize("flag,value", [
    ("--db", "/nowhere/at/all/x.db"), ("--socket", "/nowhere/at/all/s"),
    ("--socket", "/tmp/" + "x" * 120), ("--db", "/tmp"), ("--db", "/dev/null"),
])
def test_an_unusable_path_is_one_line_and_5(idle, flag, value):
    code, err = idle.refused(flag, value)
    assert code == 5 and err.count("\n") == 1 and value in err


SETTINGS = {
    "db": ("EXECLOG_DB", "/tmp/x.db", None),
    "socket": ("EXECLOG_SOCKET", "/tmp/x.sock", None),
    "socket-mode": (None, "0600", "0660"),
    "socket-group": (None, "root", "(none)"),
    "retention-days": ("AUTOKESTRA_LOG_RETENTION_DAYS", "7", "30"),
    "audit-retention-days": ("EXECLOG_AUDIT_RETENTION_DAYS", "7", "0"),
    "keep-failed-days": ("EXECLOG_KEEP_FAILED_DAYS", "7", "0"),
    "sweep-at": ("EXECLOG_SWEEP_AT", "23:59", "03:30"),
    "max-log-bytes": ("EXECLOG_MAX_LOG_BYTES", "7G", "0"),
    "flush-rows": ("EXECLOG_FLUSH_ROWS", "7", "100"),
    "flush-ms": ("EXECLOG_FLUSH_MS", "7", "1000"),
    "sync": ("EXECLOG_SYNC", "normal", "full"),
    "lock-ms": ("EXECLOG_LOCK_MS", "7", "10"),
    "max-pending": ("EXECLOG_MAX_PENDING", "7M", "32M"),
    "stream-max": ("EXECLOG_STREAM_MAX", "7M", "10M"),
    "max-streams": ("EXECLOG_MAX_STREAMS", "7", "512"),
    "warn-log-bytes": ("EXECLOG_WARN_LOG_BYTES", "7M", "1G"),
}


def check_config(build, *flags, **env):
    done = subprocess.run([build / "execlogd", "--check-config", *flags],
                          capture_output=True, timeout=DEADLINE,
                          env=clean_env(**env))
    lines = [re.split(r"\s{2,}| (?=default|flag|environment)", line)
             for line in done.stdout.decode().splitlines()]
    return (done.returncode, {line[0]: line[1:] for line in lines},
            done.stderr.decode())


def test_check_config_prints_every_setting(build):
    code, found, err = check_config(build)
    assert code == 0 and err == ""
    assert [n for n in found if n != "no-migrate"] == list(SETTINGS)
    for name, (_, _, default) in SETTINGS.items():
        assert found[name][1].startswith("default")
        assert default in (None, found[name][0])


@pytest.mark.parametrize("name", SETTINGS)
def test_flag_beats_environment_beats_default(build, name):
    variable, value, _ = SETTINGS[name]
    if variable:
        code, found, _ = check_config(build, **{variable: value})
        assert code == 0 and found[name][0] == value
        assert found[name][1].startswith(f"environment {variable}")
    env = {variable: "nonsense"} if variable else {}
    code, found, _ = check_config(build, f"--{name}", value, **env)
    assert code == 0 and found[name][0] == value
    assert found[name][1].startswith("flag")


@pytest.mark.parametrize("name,bad", [
    ("db", ""), ("socket", ""), ("socket-mode", "rw"), ("socket-mode", "888"),
    ("socket-mode", "7777"),
    ("socket-group", "no-such-group"), ("retention-days", "-1"),
    ("audit-retention-days", "x"), ("flush-rows", "0"), ("flush-rows", "1e3"),
    ("flush-ms", "10s"), ("sync", "maybe"), ("lock-ms", " 1"),
    ("max-pending", "1X"), ("max-pending", "99999999999G"),
    ("stream-max", "K"), ("warn-log-bytes", "0x10"),
])
def test_a_bad_setting_is_one_line_naming_it_and_2(build, name, bad):
    code, _, err = check_config(build, f"--{name}", bad)
    assert code == 2 and err.count("\n") == 1 and f"--{name}" in err
    variable = SETTINGS[name][0]
    if variable and bad:
        code, _, err = check_config(build, **{variable: bad})
        assert code == 2 and err.count("\n") == 1 and variable in err


@pytest.mark.parametrize("flags", [["--nonsense"], ["word"], ["--db"]])
def test_bad_usage_is_2(build, flags):
    assert check_config(build, *flags)[0] == 2


def test_help_begins_with_examples(build):
    done = subprocess.run([build / "execlogd", "-h"], capture_output=True)
    assert done.returncode == 0 and done.stdout.startswith(b"Examples:\n")


def test_default_paths_are_made(build, folder):
    env = clean_env(HOME=folder, XDG_RUNTIME_DIR=folder / "run")
    env.pop("XDG_STATE_HOME", None)
    program = shutil.copy(build / "execlogd", folder)
    user = None
    if os.geteuid() == 0:       # root's defaults are the system's
        user = 65534
        os.chown(folder, user, user)
    process = subprocess.Popen([program], env=env, user=user, group=user)
    try:
        await_until((folder / "run/execlog/execlog.sock").exists)
        await_until((folder / ".local/state/execlog/execlog.db").exists)
    finally:
        process.terminate()
        assert process.wait(DEADLINE) == 0


def test_socket_activation(idle, build, folder):
    if not shutil.which("systemd-socket-activate"):
        pytest.skip("no systemd-socket-activate")
    process = subprocess.Popen(
        ["systemd-socket-activate", "-l", idle.socket, build / "execlogd",
         "--db", idle.db], env=clean_env(), stderr=subprocess.DEVNULL)
    try:
        # It is there before anybody listens.
        await_until(lambda: idle.cli("ping")[0] == 0, "the socket")
        assert idle.ok("write", "e1", "hello") == ""
        assert idle.ok("logs", "e1", "-o", "cat") == "hello\n"
    finally:
        process.terminate()
        assert process.wait(DEADLINE) == 0
    assert idle.socket.exists()     # systemd's, not ours

