"""What the kernel was asked for before an ACK; I/O errors; a corrupt file."""
import os
import re
import shutil

import pytest

from lib.daemon import await_until
from lib.wire import ERROR, Closed

CALLS = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg"
RECORDS = 20

CALL = re.compile(r"\d+ +(\w+)\(\d+<([^>]*)>")
ENDED = re.compile(r"\d+ +(?:<\.\.\. )?f(?:data)?sync\b.*\) += 0$")
ACK = re.compile(r"\\x00\\x00\\x00\\x08\\x82\\x00\\x00\\x00((?:\\x..){8})")


@pytest.fixture
def traced(idle):
    """A daemon that is not started and runs under strace; its trace."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trace = idle.folder / "trace"
    # -D: the daemon is our child; -xx: frames and names in hexadecimal.
    idle.prefix = ["strace", "-D", "-f", "-o", str(trace), "-y", "-xx", "-s",
                   "64", "-e", f"trace={CALLS}"]
    return idle, trace


def start(daemon, *flags):
    # A leak check is itself a tracer.
    return daemon.start(*flags, ASAN_OPTIONS="detect_leaks=0")


def text_of(hexed):
    return bytes.fromhex(hexed.replace("\\x", "")).decode("latin-1")


def told(trace):
    """The trace, when strace has written its end."""
    await_until(lambda: re.search(r"\+\+\+ .* \+\+\+\n\Z",
                                  trace.read_text()), "strace")
    return trace.read_text().splitlines()


def story(trace):
    """w: write to the -wal begun; s: sync of it begun; S: a sync has ended
    well; A: the ACK is given away.  And the numbers of these."""
    letters, acked = "", []
    for line in told(trace):
        call = CALL.match(line)
        name, file = call.groups() if call else (None, "")
        file = text_of(file) if file.startswith("\\x") else file
        if file.endswith("-wal"):
            letters += "w" if name == "pwrite64" else "s"
        if ENDED.match(line):
            letters += "S"
        if file.startswith(("socket:", "UNIX")):
            for number in ACK.findall(line):
                acked.append(int(number.replace("\\x", ""), 16))
                letters += "A"
    return letters, acked


def acknowledged_one_by_one(traced, *flags):
    daemon, trace = traced
    p = start(daemon, *flags).producer()
    for i in range(RECORDS):
        p.log("e1", str(i))
        p.sync()
    assert daemon.stop() == 0
    letters, acked = story(trace)
    assert acked == list(range(1, RECORDS + 1))
    # The first also begins a new log, which has a sync of its own.
    return letters[letters.index("A") + 1:letters.rindex("A") + 1], letters


def test_the_log_is_on_disk_before_the_ack(traced):
    rest, letters = acknowledged_one_by_one(traced)
    assert re.search("w+sSA", letters)      # the first, too
    assert re.fullmatch(f"(w+sSA){{{RECORDS - 1}}}", rest), letters


def test_with_sync_normal_nobody_waits_for_the_disk(traced):
    rest, letters = acknowledged_one_by_one(traced, "--sync", "normal")
    assert re.fullmatch(f"(w+A){{{RECORDS - 1}}}", rest), letters


def acks_after_the_fault(trace):
    lines = told(trace)
    first = next(i for i, line in enumerate(lines) if "(INJECTED)" in line)
    return [line for line in lines[first:] if ACK.search(line)]


def produce(p):
    """Record after record until the daemon has gone: the last ACK's."""
    acked = p.number
    try:
        while p.number < 500:       # long after the call that fails
            p.log("e1", str(p.number))
            p.sync()
            acked = p.number
    except (Closed, OSError):
        pass
    return acked


# strace counts the calls of each thread by itself; these are more than the
# main thread needs to start, and an odd and an even one: a write of a frame
# is its header and its page.
@pytest.mark.parametrize("call,when", [
    ("fdatasync", 8), ("fdatasync", 9), ("pwrite64", 60), ("pwrite64", 61)])
def test_an_io_error_at_commit_ends_it_and_acknowledges_nothing(
        traced, call, when):
    daemon, trace = traced
    daemon.prefix += ["-e", f"inject={call}:error=EIO:when={when}+"]
    with_strace, daemon.prefix = daemon.prefix, []
    assert daemon.start().stop() == 0       # the schema is there
    daemon.prefix = with_strace
    p = start(daemon).producer(producer="p1")
    acked = produce(p)
    assert daemon.process.wait(20) == 74
    daemon.process = None
    assert acked > 0 and acks_after_the_fault(trace) == []
    daemon.prefix = []
    q = daemon.start().producer(producer="p1", epoch=p.epoch, acked=acked)
    assert q.number in (acked, acked + 1)   # it may have come to the disk
    for i in range(q.number, p.number + 1):
        q.log("e1", str(i))
    q.sync()
    assert daemon.messages("e1") == [str(i) for i in range(p.number + 1)]
    assert daemon.sql("SELECT * FROM execlog_incidents") == []
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)]


def fill_a_log(traced, call, when, rows):
    """Rows of 60 kB, where such a call fails for the database itself, not its
    log, and not yet at the start; how many rows are acknowledged."""
    daemon, _ = traced
    daemon.prefix = []
    assert daemon.start().stop() == 0
    daemon.prefix = ["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null",
                     "-P", str(daemon.db), "-e", f"trace={call}", "-e",
                     f"inject={call}:error=EIO:when={when}+"]
    p = start(daemon).producer()
    acked = 0
    try:
        while acked < rows:
            for _ in range(20):
                p.log("e1", "x" * 60000)
            p.sync()
            acked += 20
    except (Closed, OSError):
        pass
    daemon.prefix = []
    return acked


def all_there(daemon, acked):
    daemon.start()
    assert len(daemon.messages("e1")) >= acked
    assert daemon.sql("PRAGMA integrity_check") == [("ok",)]
    assert daemon.status()["state"] == "ok"


def test_an_fsync_that_fails_at_a_checkpoint_ends_it(traced):
    """Nobody knows what is on the disk; the log is copied once more."""
    daemon, _ = traced
    acked = fill_a_log(traced, "fdatasync", 2, 3000)
    assert acked > 0 and daemon.process.wait(20) == 74
    assert "checkpoint: disk I/O error" in daemon.stderr.read_text()
    daemon.process = None
    all_there(daemon, acked)


def test_a_checkpoint_that_cannot_write_is_told_of(traced):
    daemon, _ = traced
    acked = fill_a_log(traced, "pwrite64", 500, 800)
    assert acked == 800                    # the log is written
    status = await_until(lambda: (s := daemon.status())["state"] != "ok" and s)
    assert "disk I/O error" in status["reason"] and status["advice"]
    assert daemon.cli("status", "--check")[0] == 1
    assert "checkpoint: disk I/O error" in daemon.stderr.read_text()
    daemon.kill()
    all_there(daemon, acked)
def test_an_io_error_at_the_commit_of_summaries_ends_it_too(traced):
    daemon, _ = traced
    daemon.prefix += ["-e", "inject=fdatasync:error=EIO:when=8+"]
    with_strace, daemon.prefix = daemon.prefix, []
    assert daemon.start().stop() == 0       # the schema is there
    daemon.prefix = with_strace
    start(daemon)
    for i in range(20):
        if daemon.process.poll() is not None:
            break
        daemon.sql("INSERT INTO execution_logs(execution_id, timestamp, "
                   "level, source, message) VALUES('e1', 1, 'INFO', 's', '')")
        daemon.cli("list")
    assert daemon.process.wait(20) == 74    # as that of a batch
    daemon.process = None


def damage(daemon, name):
    """Spoil a tree's root in the file, where nobody has it in memory."""
    (root, size), = daemon.sql(
        "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size "
        "WHERE name = ?", name)
    file = os.open(daemon.db, os.O_WRONLY)
    os.pwrite(file, b"\xff" * size, (root - 1) * size)
    os.close(file)
    # A commit of somebody else: caches are of no use any more.
    daemon.sql("UPDATE execlog_schema SET version = version")


def corrupted(daemon, name):
    """Two producers of it that wait for an ACK."""
    daemon.ok("write", "e1", input=b"a line\n" * 1000)
    assert daemon.stop() == 0       # all is in the file, not in its log
    p = daemon.start().producer()
    damage(daemon, name)
    p.log("e1", "never")
    p.flush()
    await_until(lambda: daemon.status()["state"] == "degraded")
    q = daemon.producer()           # also who comes now
    q.log("e1", "nor this")
    q.flush()
    await_until(lambda: daemon.status()["pending_rows"] == 2)
    return p, q


def assert_no_ack(wires):
    for wire in wires:
        with pytest.raises(Closed):
            while True:
                assert wire.recv()[0] == ERROR


@pytest.mark.parametrize("name", [
    "execution_logs", "idx_logs_execution", "idx_logs_task"])
def test_a_corrupt_file_stops_commits_but_not_the_daemon(daemon, name):
    wires = corrupted(daemon, name)
    assert "malformed" in daemon.status()["reason"]
    said = daemon.ok("status")
    assert "degraded" in said and "malformed" in said
    assert daemon.cli("status", "--check")[0] == 1
    assert daemon.process.poll() is None
    daemon.kill()
    assert_no_ack(wires)


def test_a_stop_with_a_corrupt_file_is_not_clean(daemon):
    wires = corrupted(daemon, "idx_logs_execution")
    assert daemon.stop() == 1
    assert_no_ack(wires)
    assert "2 records not committed" in daemon.stderr.read_text()
