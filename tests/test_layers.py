"""Layers point one way, and every library has one owner."""
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).parent.parent
MAY = {
    "proto": {"proto"},
    "sql": {"sql", "proto"},
    "daemon": {"daemon", "sql", "proto"},
    "client": {"client", "sql", "proto"},
}
OWNERS = {
    r"sqlite3\.h": r"sql/.*",
    r"event2/.*": r"daemon/.*",
    r"pthread\.h": r"daemon/worker\.c|client/handle\.h",
    r"jansson\.h": r"proto/json\.c",
    r"systemd/.*": r"daemon/service\.c",
}
# What a layer without I/O and without a clock has no use for.
NOT_IN_PROTO = r"sys/socket\.h|poll\.h|fcntl\.h|time\.h|sys/time\.h|stdio_ext.h"
SQL = r'"[^"\n]*\b(INSERT INTO|SELECT|PRAGMA|BEGIN IMMEDIATE|DELETE FROM)\b'
# Nor for these calls, whoever declares them.
CALLS = (r"\b(socket|connect|accept4?|bind|listen|poll|ppoll|select|epoll_\w+|"
         r"send|sendmsg|recv|recvmsg|read|write|open|openat|creat|fopen|"
         r"time|clock|clock_gettime|gettimeofday|sleep|usleep|nanosleep)\s*\(")
# Headers of sql/ that others may use; of the client only these.
READERS = {"client/feed.h", "client/cmd_migrate.c", "client/cmd_compact.c"}
OPEN = {"sql/" + name for name in (
    "checkpoint.h", "compact.h", "dbfile.h", "lockfile.h", "pages.h", "query.h",
    "result.h", "retention.h", "schema.h", "store.h", "tally.h")}
LINES_MAX = 450


def sources():
    for layer in MAY:
        files = sorted((TOP / layer).rglob("*.[ch]"))
        assert files, layer
        for path in files:
            yield layer, path.relative_to(TOP).as_posix(), path.read_text()


def includes():
    for layer, name, text in sources():
        for quote, what in re.findall(
                r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.M):
            yield layer, name, quote, what


def test_layers_point_one_way():
    wrong = [(name, what) for layer, name, quote, what in includes()
             if quote == '"' and what.split("/")[0] not in MAY[layer]]
    assert wrong == []


def test_few_places_of_the_client_open_files():
    assert {name for layer, name, _, what in includes()
            if layer == "client" and what.startswith("sql/")} == READERS


def test_every_library_has_one_owner():
    wrong = [(name, what) for _, name, quote, what in includes()
             for library, owner in OWNERS.items()
             if re.fullmatch(library, what) and not re.fullmatch(owner, name)]
    assert wrong == []


def test_the_daemon_does_not_see_sqlite_through_a_header():
    inner = {what for _, name, quote, what in includes()
             if name.startswith("sql/") and name.endswith(".h")}
    hidden = {name for _, name, _, what in includes()
              if what == "sqlite3.h" and name.endswith(".h")}
    assert hidden == {"sql/adopt.h", "sql/audit.h", "sql/counts.h",
                      "sql/db.h", "sql/edges.h",
                      "sql/engine.h", "sql/engine_count.h", "sql/fold.h",
                      "sql/guard.h", "sql/migrate.h",
                      "sql/pages_inner.h",
                      "sql/producers.h", "sql/ranges.h", "sql/room.h",
                      "sql/same_file.h",
                      "sql/store_inner.h", "sql/streams.h", "sql/summary.h",
                      "sql/sweeper.h", "sql/sweeps.h",
                      "sql/triggers.h", "sql/undo.h", "sql/unkeyed.h",
                      "sql/verdict.h",
                      "sql/visit.h"}, inner
    wrong = [(name, what) for layer, name, _, what in includes()
             if what in hidden and (layer != "sql" or (
                 name.endswith(".h") and name not in hidden
                 and not name.endswith("_inner.h")))]
    assert wrong == []


def reached(header):
    """Everything that a header includes, and what that includes."""
    todo, seen = [header], set()
    while todo:
        text = (TOP / todo.pop()).read_text()
        for quote, what in re.findall(
                r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.M):
            if what not in seen and quote == '"' and (TOP / what).exists():
                todo.append(what)
            seen.add(what)
    return seen


def test_nothing_leads_the_daemon_to_sqlite():
    wrong = [(name, what) for layer, name, _, what in includes()
             if layer in ("daemon", "client") and what.startswith("sql/")
             and what not in OPEN]
    assert wrong == []
    wrong = [header for header in sorted(OPEN)
             if "sqlite3.h" in reached(header)]
    assert wrong == []
    # The search finds what there is to find.
    assert "sqlite3.h" in reached("sql/producers.h")


def code(text):
    """The text without comments and the contents of strings, line by line."""
    def blank(m):
        kept = re.sub(r"[^\n]", " ", m.group(0))
        return '""' + kept[2:] if m.group(0)[0] == '"' else kept
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def test_proto_calls_nothing_that_waits_or_looks_outside():
    wrong = [(name, n, line.strip()) for layer, name, text in sources()
             if layer == "proto"
             for n, line in enumerate(code(text).splitlines(), 1)
             if re.search(CALLS, line)]
    assert wrong == []


def test_nothing_tracked_knows_where_it_was_made():
    tracked = subprocess.run(["git", "-C", TOP, "ls-files", "-z"],
                             capture_output=True, text=True).stdout
    names = [name for name in tracked.split("\0")
             if name and (TOP / name).is_file()]
    if not names:       # not a checkout
        names = [name for _, name, _ in sources()]
    place = re.compile("/" + "(work|home|root|Users)/")
    wrong = [(name, n, line.strip()[:100]) for name in names
             for n, line in enumerate(
                 (TOP / name).read_text(errors="replace").splitlines(), 1)
             if place.search(line)]
    assert wrong == []


def test_proto_has_no_io_and_no_clock():
    wrong = [(name, what) for layer, name, _, what in includes()
             if layer == "proto" and re.fullmatch(NOT_IN_PROTO, what)]
    assert wrong == []


def test_sql_is_in_sql_only():
    wrong = [(name, m.group(0)) for layer, name, text in sources()
             if layer != "sql" for m in re.finditer(SQL, text)]
    assert wrong == []


def test_each_statement_that_looks_for_rows_has_its_plan():
    text = re.sub(r"--(?! name:).*", "", (TOP / "sql/statements.sql").read_text())
    plans = (TOP / "tests/unit/test_plans.c").read_text()
    bodies = re.findall(r"-- name: (\w+)\n(.*?)(?=-- name:|\Z)", text, re.S)
    looking = [name for name, body in bodies
               if re.search(r"\b(SELECT|UPDATE|DELETE)\b", body)
               and "ON CONFLICT" not in body
               and not body.startswith("EXPLAIN")]
    assert len(bodies) > len(looking) > 20
    assert [n for n in looking if not re.search(rf"\bsql_{n},", plans)] == []


def test_files_are_short_and_have_a_place():
    wrong = [(name, text.count("\n")) for _, name, text in sources()
             if text.count("\n") > LINES_MAX or "util" in name]
    assert wrong == []
