"""logs: filters, order, cursors, prefixes, a file without a daemon."""
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess

import pytest

from lib.daemon import finish


def fill(daemon, rows, execution="e1"):
    """Rows as another program may write them: times in any order."""
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.execute("BEGIN")
    for r in rows:
        db.execute(
            "INSERT INTO execution_logs(execution_id, task_id, timestamp, "
            "level, source, message, metadata) VALUES(?, ?, ?, ?, ?, ?, ?)",
            (r.get("execution", execution), r.get("task"), r["time"],
             r.get("level", "INFO"), r.get("source", "s"), r["message"],
             r.get("metadata")))
    db.execute("COMMIT")
    db.close()


def numbered(n, **more):
    return [dict(time=1000 + i, message=str(i), **more) for i in range(n)]


def cat(daemon, *args):
    return daemon.ok("logs", "e1", "-o", "cat", *args).split()


def test_min_level(daemon):
    fill(daemon, [dict(time=i, message=level, level=level) for i, level in
                  enumerate(["DEBUG", "INFO", "WARN", "ERROR"])])
    assert cat(daemon, "-p", "warning") == ["WARN", "ERROR"]
    assert cat(daemon, "--min-level", "DEBUG") == ["DEBUG", "INFO", "WARN",
                                                   "ERROR"]
    code, out, err = daemon.cli("logs", "e1", "-p", "loud")
    assert code == 2 and "Invalid log level" in err


def test_until_is_inclusive(daemon):
    fill(daemon, numbered(5))
    t = 1700000000000
    fill(daemon, [dict(time=t + i, message=f"t{i}") for i in range(3)])
    assert cat(daemon, "-U", t + 1, "-S", t) == ["t0", "t1"]
    assert cat(daemon, "-U", t + 1, "-n", 1) == ["t1"]
    assert cat(daemon, "-U", t + 1, "-r", "-n", 2) == ["t1", "t0"]


def test_attempt(daemon):
    daemon.ok("write", "e1", "first", "--attempt", 1)
    daemon.ok("write", "e1", "second", "--attempt", 12)
    daemon.ok("write", "e1", "none")
    assert cat(daemon, "--attempt", 1) == ["first"]
    assert cat(daemon, "--attempt", 12) == ["second"]
    assert cat(daemon, "--attempt", 2) == []


def test_reverse(daemon):
    fill(daemon, numbered(2500) + [dict(time=1000, message="tie")])
    forward = cat(daemon)
    assert forward[:2] == ["0", "tie"]
    assert cat(daemon, "-r") == forward[::-1]
    assert cat(daemon, "-r", "-n", 3) == ["2499", "2498", "2497"]
    assert cat(daemon, "-r", "--head", 2) == ["2499", "2498"]
    assert json.loads(daemon.ok("logs", "e1", "-r", "--json"))[0][
        "message"] == "2499"
    assert daemon.cli("follow", "e1", "-r")[0] == 2
    assert daemon.cli("logs", "e1", "-r", "--show-cursor")[0] == 2


def test_grep(daemon):
    fill(daemon, [dict(time=i, message=m) for i, m in enumerate(
        ["alpha", "Beta", "gamma beta", "delta", "BETA é", ""])])
    show = lambda *a: daemon.ok("logs", "e1", "-o", "cat", *a).splitlines()
    assert show("-g", "beta") == ["Beta", "gamma beta", "BETA é"]
    assert show("-g", "Beta") == ["Beta"]
    assert show("-g", "^(alpha|delta)$") == ["alpha", "delta"]
    assert show("-g", "beta", "-n", 2) == ["gamma beta", "BETA é"]
    assert show("-g", "beta", "-n", 9) == ["Beta", "gamma beta", "BETA é"]
    assert show("-g", "beta", "-r", "-n", 2) == ["BETA é", "gamma beta"]
    assert show("-g", "beta", "--head", 1) == ["Beta"]
    assert show("-g", "^$") == [""]
    code, out, err = daemon.cli("logs", "e1", "-g", "nowhere")
    assert (code, out) == (1, "")
    code, out, err = daemon.cli("logs", "e1", "-g", "(")
    assert code == 2 and err.startswith("execlog: -g: ")


def test_follow_with_grep_and_lines(daemon):
    fill(daemon, numbered(100))
    follower = daemon.follow("e1", "-g", "7", "-n", 3, "-o", "cat")
    for i in (100, 107, 108, 117):
        daemon.ok("write", "e1", str(i))
    daemon.ok("event", "e1", "COMPLETED")
    code, out, err = finish(follower)
    assert out.split() == ["79", "87", "97", "107", "117"]
    assert code == 0 and "5 lines" in err


def test_head_and_cursor_page_through(daemon):
    fill(daemon, numbered(25))
    seen, cursor = [], []
    for page in range(7):
        code, out, err = daemon.cli("logs", "e1", "-o", "cat", "--head", 10,
                                    "--show-cursor", *cursor)
        assert code == 0
        seen += out.split()
        cursor = ["--after-cursor", re.search(r"-- cursor: (\S+) --",
                                              err).group(1)]
        if len(seen) == 10:     # meanwhile, with times before all others
            fill(daemon, [dict(time=i, message=f"new{i}") for i in range(25)])
        if not out:
            break
    assert seen == [str(i) for i in range(25)] + [
        f"new{i}" for i in range(25)]


def test_cursor_file_shows_what_is_new(daemon):
    file = daemon.folder / "cursor"
    fill(daemon, numbered(10))
    assert len(cat(daemon, "--cursor-file", file)) == 10
    assert cat(daemon, "--cursor-file", file) == []
    # Behind the cursor by id, whatever their time is.
    fill(daemon, [dict(time=5, message="old"), dict(time=9, message="two")])
    assert cat(daemon, "--cursor-file", file) == ["old", "two"]
    daemon.ok("write", "e1", "live")
    daemon.ok("event", "e1", "COMPLETED")
    out = daemon.ok("follow", "e1", "-o", "cat", "--cursor-file", file)
    assert out == "live\n"
    assert cat(daemon, "--cursor-file", file) == []


def test_a_cursor_is_good_for_its_execution(daemon):
    fill(daemon, numbered(3))
    fill(daemon, numbered(3), "e2")
    file = daemon.folder / "cursor"
    cat(daemon, "--cursor-file", file)
    code, out, err = daemon.cli("logs", "e2", "--cursor-file", file)
    assert code == 2 and "not a cursor of execution e2" in err
    for bad in ("x", "l:5:00000000", ""):
        assert daemon.cli("logs", "e1", "--after-cursor", bad)[0] == 2
    code, out, err = daemon.cli("logs", "e1", "--cursor-file", "/nowhere/f")
    assert code == 2 and "/nowhere/f: " in err


CURSOR_FILTERS = [[], ["-l", "WARN,ERROR"], ["-t", "a"], ["--source", "s2"],
                  ["-S", "1700000000400"], ["-U", "1700000000600"],
                  ["--attempt", "2"], ["-g", "[37]$"], ["-p", "INFO"]]


@pytest.mark.parametrize("filters", CURSOR_FILTERS, ids=" ".join)
def test_every_cursor_with_every_filter(daemon, filters):
    """From any row on: the rest, once, also with rows that came since."""
    dice = random.Random(" ".join(filters))
    def some(n):
        return [dict(time=1700000000000 + dice.randrange(1000),
                     message=str(dice.randrange(1000)),
                     task=dice.choice([None, "a", "b"]),
                     level=dice.choice(["DEBUG", "INFO", "WARN", "ERROR"]),
                     source=dice.choice(["s", "s2"]),
                     metadata=dice.choice([None, '{"attempt":2}', "{}"]))
                for _ in range(n)]
    fill(daemon, some(200))
    show = lambda *a: [json.loads(line)["id"] for line in daemon.ok(
        "logs", "e1", "-o", "ndjson", *filters, *a).splitlines()]
    whole = show()
    head = dice.randrange(1, len(whole))
    file = daemon.folder / "cursor"
    assert show("--head", head, "--cursor-file", file) == whole[:head]
    fill(daemon, some(100))
    rest = show("--cursor-file", file)
    assert rest[:len(whole) - head] == whole[head:]
    new = rest[len(whole) - head:]
    assert new == sorted(new) and sorted(whole + new) == sorted(show())
    assert daemon.cli("logs", "e1", "-o", "ndjson", *filters, "--cursor-file",
                      file)[:2] == (int("-g" in filters), "")


def test_prefixes(daemon):
    for name in ("abc1", "abc2", "b", "bcd"):
        daemon.ok("write", name, name)
    daemon.ok("event", "xyz", "FAILED")
    daemon.sql("CREATE TABLE executions(execution_id TEXT PRIMARY KEY)")
    daemon.sql("INSERT INTO executions VALUES('only-in-engine')")
    show = lambda *a: daemon.cli(*a, "-o", "cat")
    assert show("logs", "abc1") == (0, "abc1\n", "")
    told = "-- execution bcd --\n"
    assert show("logs", "bc") == (0, "bcd\n", told)
    assert show("logs", "b") == (0, "b\n", "")      # exactly, so no prefix
    assert show("logs", "bc", "-g", "c", "-n", 1) == (0, "bcd\n", told)
    assert show("logs", "bc", "-g", "c", "-n", 1, "-r") == (
        0, "bcd\n", told)
    code, out, err = show("logs", "ab")
    assert (code, out) == (2, "") and "abc1, abc2" in err
    assert show("logs", "q")[0] == 4
    assert show("logs", "only") == (
        0, "", "-- execution only-in-engine --\n"
        "No logs found for execution only-in-engine\n")
    assert daemon.cli("wait", "xy")[0] == 1
    assert '"xyz"' in daemon.ok("audit", "x", "--json")
    follower = daemon.follow("xy", "--no-exit", "-o", "cat")
    daemon.ok("write", "xyz", "found")
    assert follower.stdout.readline() == b"found\n"
    follower.kill()
    follower.wait()
    # Many, and with --wait none.
    for i in range(9):
        daemon.ok("write", f"many{i}", "m")
    assert "..." in show("logs", "many")[2]
    assert daemon.cli("follow", "man", "--wait", "--timeout", "50ms")[0] == 124


@pytest.mark.parametrize("command", ["logs", "follow"])
def test_cursors_of_a_prefix(daemon, command):
    file = daemon.folder / "cursor"
    show = lambda *a: daemon.cli(command, "ab", "-o", "cat", *a)
    daemon.ok("write", "abc", "1")
    daemon.ok("event", "abc", "COMPLETED")
    code, out, err = show("--cursor-file", file, "--show-cursor")
    assert (code, out) == (0, "1\n")
    cursor = err.split("-- cursor: ")[1].split()[0]
    daemon.ok("write", "abc", "2")
    for more in (("--cursor-file", file), ("--after-cursor", cursor)):
        assert show(*more)[:2] == (0, "2\n")
    assert show("--cursor-file", file)[:2] == (0, "")
    daemon.ok("write", "abd", "another")
    code, out, err = show("--cursor-file", file)
    assert (code, out) == (2, "") and "abc, abd" in err
    assert daemon.cli(command, "abd", "--cursor-file", file)[0] == 2
    assert daemon.cli(command, "none", "--cursor-file", file)[0] == 4
    assert daemon.cli(command, "abc", "--after-cursor", "")[0] == 2


def test_ids_at_both_ends(daemon):
    ends = (-2 ** 63, -2 ** 63 + 1, -1, 0, 1, 2 ** 63 - 2, 2 ** 63 - 1)
    for time in (-2 ** 63, 5, 2 ** 63 - 1):
        daemon.sql("DELETE FROM execution_logs")
        for i in ends:
            daemon.sql("INSERT INTO execution_logs(id, execution_id, "
                       "timestamp, level, source, message) VALUES(?, 'e1', ?, "
                       "'INFO', 's', 'm')", i, time)
        show = lambda *a: [json.loads(line)["id"] for line in daemon.ok(
            "logs", "e1", "-o", "ndjson", *a).splitlines()]
        inner = list(ends[1:-1])
        assert [i for i in show() if i in inner] == inner
        assert [i for i in show("-r") if i in inner] == inner[::-1]
        for n in range(1, 9):
            for grep in ((), ("-g", "m")):
                shown = show("-n", n, *grep)
                assert shown == [i for i in ends if i in shown]
                # The outermost one is behind every place.
                assert [i for i in shown if i in inner] == [
                    i for i in ends[-n - (time > 5):] if i in inner]


def test_verbose(daemon):
    daemon.ok("write", "e1", "--metadata", '{"k": 1}', "-t", "t1", "-l",
              "WARN", "--source", "src", "one\ntwo")
    out = daemon.ok("logs", "e1", "-o", "verbose")
    assert re.fullmatch(
        r"\S+Z WARN id 1\n    execution e1\n    task      t1\n"
        r"    source    src\n    message   one\n              two\n"
        r'    metadata  {"k": ?1}\n', out), out
    daemon.ok("event", "e1", "FAILED", "--metadata",
              '{"error_message": "x\\u001b[2J"}')
    out = daemon.ok("audit", "e1", "-o", "verbose")
    assert re.search(r"Z FAILED id 1\n    execution e1\n    metadata  {", out)


ASK_DB = [["logs", "e1", "--json"], ["logs", "e", "-n", "3"],
          ["logs", "e1", "-r", "--head", "2"], ["audit", "e1", "--json"],
          ["logs", "nothing"], ["logs", "e1", "-g", "7$", "-n", "2"]]


def files_of(folder, name):
    """What a reader may not touch: names, contents, owners, times."""
    return {p.name: (p.read_bytes(), p.stat().st_uid, p.stat().st_mtime_ns,
                     p.stat().st_ino)
            for p in folder.glob(f"{name}*")}


def fill_for_db(daemon):
    daemon.ok("write", "e1", input=b"".join(b"%d\n" % i for i in range(5000)))
    daemon.ok("event", "e1", "COMPLETED")
    return [daemon.cli(*a) for a in ASK_DB]


def ask_db(daemon, path):
    before = files_of(path.parent, path.name)
    told = [daemon.cli(*a, "--db", path, env={"TMPDIR": daemon.folder})
            for a in ASK_DB]
    assert files_of(path.parent, path.name) == before
    assert list(daemon.folder.glob("execlog.*")) == []
    return told


def test_a_file_that_a_daemon_has_is_refused(daemon):
    daemon.ok("write", "e1", "m")
    link = daemon.folder / "link.db"
    link.symlink_to(daemon.db)
    for path in (daemon.db, link):
        code, out, err = daemon.cli("logs", "e1", "--db", path)
        assert (code, out) == (5, "") and str(daemon.socket) in err, err
    assert daemon.stop() == 0
    assert daemon.ok("logs", "e1", "--db", daemon.db, "-o", "cat") == "m\n"
    daemon.start()


def test_a_file_without_a_daemon(daemon):
    told = fill_for_db(daemon)
    assert daemon.stop() == 0
    assert ask_db(daemon, daemon.db) == told
    # A copy of the file alone is whole.
    copy = daemon.folder / "copy #1?.db"
    copy.write_bytes(daemon.db.read_bytes())
    assert ask_db(daemon, copy) == told
    daemon.start()


def test_a_file_of_a_dead_daemon(daemon):
    """Most of it is in the log; with and without what tells where."""
    told = fill_for_db(daemon)
    daemon.kill()
    assert (daemon.folder / "a.db-wal").stat().st_size > 0
    assert ask_db(daemon, daemon.db) == told
    (daemon.folder / "a.db-shm").unlink()
    assert ask_db(daemon, daemon.db) == told
    daemon.start()


@pytest.mark.parametrize("left", [20, 32])
def test_a_log_without_a_frame(daemon, left):
    """Its writer was killed when it had begun it."""
    told = fill_for_db(daemon)
    assert daemon.stop() == 0
    os.truncate(f"{daemon.db}-wal", left)
    assert ask_db(daemon, daemon.db) == told
    daemon.start()


def test_a_file_with_half_a_transaction_in_it(daemon):
    """As compact leaves it when it is killed: a journal has what was there."""
    told = fill_for_db(daemon)
    assert daemon.stop() == 0
    copy = daemon.folder / "copy.db"
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.executescript("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5;"
                     "BEGIN; UPDATE execution_logs SET message = 'half'")
    for suffix in "", "-journal":
        shutil.copy(f"{daemon.db}{suffix}", f"{copy}{suffix}")
    db.execute("ROLLBACK")
    db.close()
    assert b"half" in copy.read_bytes()
    before = os.listdir(daemon.folder)
    assert ask_db(daemon, copy) == told
    assert os.listdir(daemon.folder) == before
    daemon.start()


@pytest.mark.parametrize("shm", [True, False])
def test_a_copy_that_is_linked_and_may_not_be_written(daemon, shm):
    """Its log is beside where the link leads."""
    daemon.ok("write", "e1", "m")
    daemon.kill()
    copy = daemon.folder / "copy"
    copy.mkdir()
    for suffix in ("", "-wal") + (("-shm",) if shm else ()):
        shutil.copy(f"{daemon.db}{suffix}", copy / f"c.db{suffix}")
        os.chmod(copy / f"c.db{suffix}", 0o444)
    link = daemon.folder / "link.db"
    link.symlink_to("copy/c.db")
    os.chmod(copy, 0o555)
    os.chmod(daemon.folder, 0o755)
    before = os.listdir(copy)
    reader = daemon.command("logs", "e1", "-o", "cat", "--db", link)
    if os.geteuid() == 0:
        reader = ["setpriv", "--reuid=65534", "--regid=65534",
                  "--clear-groups", *reader]
    done = subprocess.run(reader, capture_output=True, env=daemon.env())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"m\n", b"")
    assert os.listdir(copy) == before
    os.chmod(copy, 0o755)


def test_a_file_beside_an_engine(daemon):
    told = fill_for_db(daemon)
    daemon.kill()
    db = sqlite3.connect(daemon.db, isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    fill(daemon, numbered(3), "other")
    assert db.execute("SELECT count(*) FROM execution_logs").fetchone() == (
        5003,)
    assert ask_db(daemon, daemon.db) == told
    assert daemon.ok("logs", "other", "-o", "cat", "--db",
                     daemon.db).split() == ["0", "1", "2"]
    db.execute("INSERT INTO execution_logs(execution_id, timestamp, level, "
               "source, message) VALUES('other', 9999, 'INFO', 's', 'new')")
    assert daemon.ok("logs", "other", "-o", "cat", "-n", 1, "--db",
                     daemon.db) == "new\n"
    db.close()
    daemon.start()


def test_a_file_that_is_none(daemon):
    empty = daemon.folder / "empty.db"
    empty.write_bytes(b"")
    code, out, err = daemon.cli("logs", "e1", "--db", empty)
    assert code == 5 and str(empty) in err and "execlog migrate up --db" in err
    text = daemon.folder / "text"
    text.write_text("x" * 5000)
    assert daemon.cli("logs", "e1", "--db", text)[0] == 5
    code, out, err = daemon.cli("logs", "e1", "--db", "/nowhere/a.db")
    assert code == 5 and "/nowhere/a.db" in err
    assert daemon.cli("follow", "e1", "--db", daemon.db)[0] == 2


def test_many_questions_at_once(daemon):
    """A slow reader of a large answer delays nobody."""
    fill(daemon, [dict(time=i, message="x" * 1000) for i in range(30000)])
    fill(daemon, numbered(5), "e2")
    slow = [daemon.spawn("logs", "e1") for _ in range(5)]
    try:
        for _ in range(20):
            assert len(daemon.ok("logs", "e2").splitlines()) == 5
    finally:
        for process in slow:
            process.kill()
            process.communicate()


def test_closed_pipes_are_quiet(daemon):
    fill(daemon, numbered(50000))
    for args in (["logs"], ["follow"], ["logs", "-r"]):
        process = daemon.spawn(args[0], "e1", *args[1:])
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == b""
