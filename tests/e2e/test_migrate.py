"""The schema: up from every release, down to nothing, who is refused."""
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess

import pytest

from lib.daemon import DEADLINE, clean_env
from e2e.test_adopt import ENGINE, TABLES

TESTS = pathlib.Path(__file__).parent.parent
FIXTURES = sorted((TESTS / "fixtures").glob("schema-*.sql"))
MIGRATIONS = sorted((TESTS.parent / "sql/schema").glob("*.sql"))
NEWEST = int(MIGRATIONS[-1].name[:4])
RELEASED = [int(f.stem[-4:]) for f in FIXTURES]
SOAK = os.environ.get("EXECLOG_SOAK")
PUBLIC = ["execution_logs", "execution_audit_events"]


def make(path, *texts, mode="WAL"):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA journal_mode={mode}")
    for text in texts:
        db.executescript(text)
    db.close()


def ask(path, text, *args):
    db = sqlite3.connect(path, timeout=10)
    try:
        return db.execute(text, args).fetchall()
    finally:
        db.close()


def schema(path):
    return ask(path, "SELECT type, name, tbl_name, sql FROM sqlite_schema "
                     "ORDER BY name")


def rows(path):
    """All rows of all tables, but for how the schema came about."""
    def quoted(name):
        return '"' + name.replace('"', '""') + '"'
    return {name: ask(path, f"SELECT * FROM {quoted(name)} ORDER BY 1")
            for kind, name, _, _ in schema(path)
            if kind == "table" and name != "execlog_schema"
            and not name.startswith("sqlite_stat")}


def up_part(file):
    """As sql/embed.awk takes it."""
    text = file.read_text().split("\n-- down\n")[0]
    return "\n".join(line for line in text.split("\n")
                     if not re.match(r"\s*(--|$)", line))


def migrate(idle, *args):
    return idle.cli("migrate", *args, "--db", idle.db)


def test_there_is_a_fixture_of_each_release_and_it_stays_what_it_was():
    # 5 and 6 came out with 7.
    assert RELEASED == [1, 2, 3, 4, 7]
    for fixture, n in zip(FIXTURES, RELEASED):
        was, now = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
        was.executescript(fixture.read_text())
        for file in MIGRATIONS[:n]:
            now.executescript(up_part(file))
        made = "SELECT name, sql FROM sqlite_schema WHERE name <> 'execlog_schema' ORDER BY 1"
        assert was.execute(made).fetchall() == now.execute(made).fetchall()


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda f: f.stem)
@pytest.mark.parametrize("who", ["daemon", "cli"])
def test_every_release_migrates_up_and_keeps_its_rows(idle, fixture, who):
    make(idle.db, fixture.read_text())
    before = rows(idle.db)
    n = int(fixture.stem[-4:])
    if who == "daemon":
        idle.start()
        # A stream that was lost and whose producer is gone is none any more.
        assert idle.ok("logs", "e1", "-o", "cat") == "started\nit's broken: ü\n"
        assert idle.stop() == 0
    else:
        code, out, err = migrate(idle, "up")
        assert (code, err) == (0, "")
        assert re.findall(r"^applied (\d+)-", out, re.M) == [
            m.name[:4] for m in MIGRATIONS[n:]] or out == "nothing to do\n"
    after = rows(idle.db)
    assert {name: after[name] for name in before} == before
    assert ask(idle.db, "SELECT version FROM execlog_schema") == [
        (int(m.name[:4]),) for m in MIGRATIONS]
    fresh = idle.folder / "fresh.db"
    assert idle.cli("migrate", "up", "--db", fresh)[0] == 0
    same = [[s for s in schema(path) if s[1] != "execlog_schema"]
            for path in (fresh, idle.db)]
    assert same[0] == same[1]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda f: f.stem)
def test_a_file_from_before_the_record_goes_down_to_nothing(idle, fixture):
    """Word for word what we make is ours."""
    make(idle.db, ENGINE, fixture.read_text())
    engine = idle.folder / "engine.db"
    make(engine, ENGINE)
    code, out, err = migrate(idle, "down")
    assert code == 1 and "execution_logs 3" in err and "--yes" in err
    assert rows(idle.db)["execution_logs"] != []
    code, out, err = migrate(idle, "down", "--yes")
    assert (code, err) == (0, "")
    assert [s for s in schema(idle.db) if s[1] != "sqlite_sequence"] == \
        schema(engine)
    assert rows(idle.db).pop("sqlite_sequence", []) == []
    assert migrate(idle, "status")[1].startswith("version 0, ")


def everything(path):
    db = sqlite3.connect(path)
    db.text_factory = bytes
    names = [n for (n,) in db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found = {n: db.execute('SELECT * FROM "%s"' % n.decode().replace(
        '"', '""')).fetchall() for n in names}
    pragmas = [db.execute(f"PRAGMA {p}").fetchone() for p in (
        "user_version", "application_id", "page_size", "encoding")]
    db.close()
    return found, pragmas


@pytest.mark.parametrize("texts", [(ENGINE,), (ENGINE, TABLES), (TABLES,), ()],
                         ids=["engine", "adopted", "tables", "new"])
def test_up_and_down_leave_the_file_as_it_was(idle, texts):
    make(idle.db, "PRAGMA user_version=7; PRAGMA application_id=9", *texts)
    before, was = everything(idle.db), schema(idle.db)
    assert migrate(idle, "up")[0] == 0
    assert len(schema(idle.db)) > len(was)
    code, out, err = migrate(idle, "down")
    assert code == 0, err       # nothing of ours has a row
    assert out.count("undone ") == len(MIGRATIONS)
    kept = {line.split()[1] for line in err.splitlines()}
    assert kept == ({"idx_logs_execution", *PUBLIC} if TABLES in texts
                    else set())
    found, pragmas = everything(idle.db)
    now = schema(idle.db)
    if TABLES not in texts:     # SQLite keeps it, empty, for ever
        assert found.pop(b"sqlite_sequence") == []
        now = [s for s in now if s[1] != "sqlite_sequence"]
    assert (found, pragmas) == before and now == was
    assert ask(idle.db, "PRAGMA integrity_check") == [("ok",)]
    # Nobody has it: nothing is left beside it, but for the lock.
    assert {p.name for p in idle.folder.iterdir()} <= {
        "a.db", "a.db.lock", "stderr"}


def test_what_the_daemon_stored_in_adopted_tables_stays(idle):
    make(idle.db, ENGINE, TABLES)
    idle.start()
    idle.ok("write", "e1", "ours")
    assert idle.stop() == 0
    made, = ask(idle.db, "SELECT made FROM execlog_schema WHERE version = 1")
    assert made == ("idx_logs_task idx_audit_execution",)
    assert migrate(idle, "down", "--yes")[0] == 0
    assert [m for (m,) in ask(idle.db, "SELECT message FROM execution_logs")] \
        == ["before", "ours"]
    assert not [s for s in schema(idle.db) if s[1].startswith("execlog_")]
    # Adopted once more.
    idle.start()
    assert idle.ok("logs", "e1", "-o", "cat") == "before\nours\n"


def test_an_old_file_with_tables_of_the_engine_keeps_them(idle):
    """There is no record, and they are not what we make."""
    old = FIXTURES[-1].read_text()
    old = re.sub(r"CREATE TABLE execution_logs \(.*?\n\);", lambda m: re.sub(
        r"\s+", " ", m.group(0)), old, flags=re.S)
    make(idle.db, old)
    code, out, err = migrate(idle, "down", "--yes")
    assert code == 0 and "execution_logs was here before execlog" in err
    assert len(ask(idle.db, "SELECT * FROM execution_logs")) == 3
    assert not [s for s in schema(idle.db) if s[1].startswith("execlog_")
                or "audit" in s[1]]


def test_to_a_version_and_back(idle):
    make(idle.db, TESTS.joinpath("fixtures/schema-0004.sql").read_text())
    before = rows(idle.db)
    assert migrate(idle, "up", "3")[:2] == (0, "nothing to do\n")
    code, out, err = migrate(idle, "down", "2")
    assert code == 1 and "execlog_streams 2" in err and "execution_logs" not in err
    code, out, err = migrate(idle, "down", "2", "--yes")
    assert (code, err) == (0, "")
    assert re.findall(r"undone (\d+)", out) == ["0004", "0003"]
    shown = migrate(idle, "status")[1].splitlines()
    assert shown[0].startswith(f"version 2, this program knows up to {NEWEST}; "
                               f"{len(MIGRATIONS) - 2} pending, run: execlog "
                               f"migrate up --db {idle.db}")
    assert [line.split()[1] == "pending" for line in shown[1:]] == [
        n >= 2 for n in range(len(MIGRATIONS))]
    assert migrate(idle, "up", "3")[:2] == (0, "applied 0003-streams\n")
    assert migrate(idle, "up")[0] == 0
    after = rows(idle.db)
    assert after["execlog_streams"] == []
    assert {n: after[n] for n in PUBLIC} == {n: before[n] for n in PUBLIC}
    assert migrate(idle, "up")[:2] == (0, "nothing to do\n")


def test_all_that_would_be_lost_is_counted_and_nothing_else(idle):
    """Also with triggers on a table; a row that we have put there is none."""
    assert migrate(idle, "up")[0] == 0
    idle.start()
    idle.ok("write", "e1", input=b"a\nb\n")
    idle.ok("event", "e1", "STARTED")
    assert idle.stop() == 0
    code, out, err = migrate(idle, "down")
    assert code == 1 and out == ""
    lost = dict(re.findall(r"(\w+) (\d+)(?=[,)])", err))
    assert lost.pop("execution_logs") == "2"
    assert lost.pop("execution_audit_events") == "1"
    assert {name for name in lost} <= {
        "execlog_audit_origin", "execlog_producers"} | {
        n for n in lost if idle.sql(f"SELECT count(*) FROM {n}") != [(0,)]}
    assert "watermark" not in err
    total, = re.findall(r"(\d+) rows would be lost", err)
    assert int(total) == 3 + sum(map(int, lost.values()))


def test_up_makes_a_new_file_that_the_daemon_takes(idle):
    assert migrate(idle, "up")[0] == 0
    assert idle.db.stat().st_mode & 0o777 == 0o660
    idle.start("--no-migrate")
    idle.ok("write", "e1", "x")


def test_a_newer_schema_is_refused_by_name(idle):
    assert migrate(idle, "up")[0] == 0
    make(idle.db, "INSERT INTO execlog_schema VALUES(999, '0999-future', 5, '')")
    for words in (("up",), ("down", "--yes")):
        code, out, err = migrate(idle, *words)
        assert code == 5 and "999 (0999-future)" in err and out == ""
    assert "999 (0999-future)" in idle.refused()[1]
    assert idle.refused("--no-migrate")[0] == 5
    code, out, err = migrate(idle, "status")
    assert code == 0 and out.startswith("version 999, ") and "newer" in out
    assert "0999-future" in out.splitlines()[-1]


def test_status_in_any_state(idle):
    code, out, err = migrate(idle, "status")
    assert (code, out) == (5, "") and "No such file" in err
    idle.db.write_bytes(b"")
    assert migrate(idle, "status")[1].startswith("version 0, ")
    make(idle.db, ENGINE, mode="DELETE")
    bytes_before = idle.db.read_bytes()
    assert migrate(idle, "status")[0] == 0
    assert idle.db.read_bytes() == bytes_before
    assert [p.name for p in idle.folder.iterdir()] == ["a.db"]
    idle.db.write_bytes(b"this is no database" * 99)
    assert migrate(idle, "status")[0] == 5
    assert migrate(idle, "up")[0] == 5 and migrate(idle, "down")[0] == 5
    idle.db.unlink()
    assert migrate(idle, "down")[0] == 5 and not idle.db.exists()


def test_status_while_a_daemon_has_it_and_nothing_else(daemon):
    for _ in range(2):      # with and without something in its log
        code, out, err = migrate(daemon, "status")
        assert code == 0 and out.startswith(f"version {NEWEST}, ")
        assert "held by execlogd" in err and str(daemon.socket) in err
        daemon.ok("write", "e1", "x")
    for words in (("up",), ("down", "--yes")):
        code, out, err = migrate(daemon, *words)
        assert code == 5 and str(daemon.socket) in err and out == ""
    daemon.ok("write", "e1", "y")
    assert daemon.messages("e1") == ["x", "x", "y"]


def test_no_migrate_refuses_and_says_what_to_do(idle):
    make(idle.db, FIXTURES[2].read_text())
    before = schema(idle.db)
    for how in (dict(), dict(EXECLOG_NO_MIGRATE="yes")):
        code, err = idle.refused(*([] if how else ["--no-migrate"]), **how)
        assert code == 5 and err.count("\n") == 1
        assert f"execlog migrate up --db {idle.db}" in err
        assert "0004-ends" in err
    assert schema(idle.db) == before
    assert migrate(idle, "up")[0] == 0
    idle.start("--no-migrate")


def test_no_migrate_is_a_setting(build):
    def check(*flags, **env):
        done = subprocess.run([build / "execlogd", "--check-config", *flags],
                              capture_output=True, timeout=DEADLINE, text=True,
                              env=clean_env(**env))
        line, = re.findall(r"^no-migrate.*", done.stdout, re.M) or [""]
        return done.returncode, line.split()[1:], done.stderr
    assert check()[:2] == (0, ["no", "default"])
    assert check("--no-migrate")[:2] == (0, ["yes", "flag"])
    assert check(EXECLOG_NO_MIGRATE="yes")[1] == [
        "yes", "environment", "EXECLOG_NO_MIGRATE"]
    code, _, err = check(EXECLOG_NO_MIGRATE="maybe")
    assert code == 2 and "yes or no" in err


def test_a_file_without_tables_names_the_way_out(idle):
    make(idle.db, "CREATE TABLE t(a)")
    for words in (("logs", "e1"), ("audit", "e1")):
        code, out, err = idle.cli(*words, "--db", idle.db)
        assert code == 5 and out == "" and "execlog migrate up --db" in err


@pytest.mark.parametrize("args,says", [
    (["migrate"], "up [N]"), (["migrate", "sideways"], "up [N]"),
    (["migrate", "status", "3"], "up [N]"), (["migrate", "up"], "--db"),
    (["migrate", "up", "x", "--db", "y"], "whole number"),
    (["migrate", "down", "-1", "--db", "y"], "no option"),
    (["migrate", "up", "900", "--db", "y"], "versions up to"),
    (["migrate", "down", "900", "--db", "y"], "versions up to"),
])
def test_bad_usage(idle, args, says):
    code, out, err = idle.cli(*args)
    assert code == 2 and says in err and out == "" and err.count("\n") == 1


def test_no_socket_is_needed(idle):
    done = subprocess.run(
        idle.command("migrate", "up", "--db", idle.db), capture_output=True,
        timeout=DEADLINE, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("for_ever", [False, pytest.param(
    True, marks=pytest.mark.skipif(not SOAK, reason="ten seconds"))])
def test_who_has_it_locked_is_waited_for(idle, for_ever):
    make(idle.db, ENGINE)
    engine = sqlite3.connect(idle.db, isolation_level=None)
    engine.execute("BEGIN IMMEDIATE")
    process = idle.spawn("migrate", "up", "--db", idle.db)
    try:
        process.communicate(timeout=0.3)
        raise AssertionError("it did not wait")
    except subprocess.TimeoutExpired:
        pass
    if for_ever:
        out, err = process.communicate(timeout=DEADLINE)
        assert process.returncode == 5 and err.count(b"\n") == 1
        assert b"fuser shows who" in err
        engine.close()
        return
    engine.execute("COMMIT")
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    engine.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("which,says", [
    ("a.db", "it may not be written: Permission denied"),
    ("", "its directory may not be written")])
def test_what_may_not_be_written_is_named(idle, which, says):
    folder = idle.folder / "d"
    folder.mkdir()
    idle.db = folder / "a.db"
    assert migrate(idle, "up")[0] == 0
    programs = idle.folder / "bin"
    programs.mkdir()
    for name in ("execlog", "execlogd"):
        shutil.copy(idle.build / name, programs)
    for path in (idle.folder, folder, programs):
        path.chmod(0o777)
    for path in folder.iterdir():
        path.chmod(0o666)
    os.chmod(folder / which, 0o444 if which else 0o555)
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for words in (["execlog", "migrate", "up", "--db"],
                  ["execlog", "compact", "--db"],
                  ["execlogd", "--socket", idle.socket, "--db"]):
        done = subprocess.run([*user, programs / words[0], *words[1:], idle.db],
                              capture_output=True, text=True, timeout=DEADLINE,
                              env=clean_env())
        assert done.returncode == 5 and done.stderr.count("\n") == 1
        assert f": {idle.db}: {says}" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_what_may_not_be_read_is_named(idle):
    make(idle.db, "CREATE TABLE t(a)")
    shutil.copy(idle.build / "execlog", idle.folder)
    idle.folder.chmod(0o755)
    idle.db.chmod(0o600)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         idle.folder / "execlog", "migrate", "status", "--db", idle.db],
        capture_output=True, text=True, timeout=DEADLINE, env=clean_env())
    assert done.returncode == 5
    assert f"{idle.db}: Permission denied" in done.stderr


def test_a_copy_that_cannot_be_made_names_its_folder(idle):
    """A log without its index is read through one."""
    db = sqlite3.connect(idle.db)
    db.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t(a)")
    crashed = idle.folder / "b.db"
    for suffix in "", "-wal":
        shutil.copy(f"{idle.db}{suffix}", f"{crashed}{suffix}")
    db.close()
    where = idle.folder / "none"
    done = subprocess.run(
        idle.command("migrate", "status", "--db", crashed),
        capture_output=True, text=True, timeout=DEADLINE,
        env=clean_env(TMPDIR=str(where)))
    assert done.returncode == 5
    assert f"in {where}: No such file or directory" in done.stderr
    assert idle.cli("migrate", "status", "--db", crashed)[0] == 0


def test_one_row_is_one(idle):
    assert migrate(idle, "up")[0] == 0
    db = sqlite3.connect(idle.db)
    db.execute("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message) VALUES('e1', 1, 'INFO', 's', 'm')")
    db.commit()
    db.close()
    code, out, err = migrate(idle, "down")
    assert code == 1 and ": 1 row would be lost (execution_logs 1)" in err
