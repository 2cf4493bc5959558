"""libexeclog: taken is kept until it is acknowledged, whatever happens."""
import os
import signal
import subprocess
import threading

import pytest

from lib import capi
from lib.capi import (FAILED, FORKED, INVALID, OK, TIMEOUT, WOULD_BLOCK,
                      Handle)
from lib.daemon import await_until


@pytest.fixture
def lib(build, daemon):
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")

    def make(**options):
        return Handle(build, daemon.socket, **options)
    return make


def test_log_event_flush_close(daemon, lib):
    h = lib()
    assert h.log("e1", "hello", task="t", level=3, stream=2, attempt=4,
                 has_attempt=True, metadata='{"k":1}', timestamp=5) == OK
    assert h.event("e1", "completed") == OK
    assert h.flush() == OK and h.unacked() == 0
    assert daemon.sql("SELECT message, level, task_id, source, timestamp, "
                      "metadata FROM execution_logs") == [
        ("hello", "ERROR", "t", "lib", 5,
         '{"attempt":4,"stream":"stderr","k":1}')]
    assert daemon.sql("SELECT event_type FROM execution_audit_events") == [
        ("COMPLETED",)]
    assert h.close() == OK
    # A random name is not kept.
    await_until(lambda: daemon.sql("SELECT * FROM execlog_producers") == [])


def test_values_that_cannot_be_sent(daemon, lib):
    h = lib()
    assert h.log("x" * 256, "m") == INVALID
    assert h.log("e1", "m" * 65537) == INVALID
    assert h.event("e1", "PAUSED") == INVALID
    assert h.log("e1", "bad level", level=7) == OK
    assert h.log("e1", "fine") == OK
    assert h.flush() == OK
    assert h.refused == [(1, "bad-level")]
    assert daemon.messages("e1")[-1] == "fine"
    assert h.close() == OK


def test_no_daemon(idle, build):
    if "san-" in str(build):
        pytest.skip("a sanitized library does not load into python")
    with pytest.raises(OSError, match="No such file"):
        Handle(build, idle.socket)
    h = Handle(build, idle.socket, lazy=True)
    await_until(lambda: "No such file" in h.reason())
    assert not h.is_connected()
    assert h.log("e1", "early") == OK
    assert h.flush(50) == TIMEOUT and h.unacked() == 1
    idle.start()
    assert h.flush() == OK and h.is_connected() and h.reason() == ""
    assert h.close() == OK
    assert idle.messages("e1") == ["early"]


def test_a_kill_of_the_daemon_is_invisible_in_the_data(daemon, lib):
    h = lib()
    lines = 0
    for _ in range(10):
        for _ in range(700):
            assert h.log("e1", str(lines)) == OK
            lines += 1
        daemon.kill()
        for _ in range(50):
            assert h.log("e1", str(lines)) == OK
            lines += 1
        daemon.start()
    assert h.flush() == OK
    assert daemon.messages("e1") == [str(i) for i in range(lines)]
    assert h.close() == OK


def test_a_clean_restart_is_invisible_too(daemon, lib):
    h = lib()
    for i in range(1000):
        assert h.log("e1", str(i)) == OK
        if i % 250 == 100:
            assert daemon.stop() == 0
            daemon.start()
    assert h.close() == OK
    assert daemon.messages("e1") == [str(i) for i in range(1000)]


def test_many_threads_share_a_handle(daemon, lib):
    h = lib(queue=1 << 19)

    def work(name):
        for i in range(3000):
            assert h.log("e1", f"{name} {i} " + "x" * 100, task=name) == OK

    threads = [threading.Thread(target=work, args=(f"t{i}",))
               for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert h.close() == OK
    for i in range(4):
        got = [m.split()[1] for (m,) in daemon.sql(
            "SELECT message FROM execution_logs WHERE task_id = ? "
            "ORDER BY id", f"t{i}")]
        assert got == [str(n) for n in range(3000)]


def test_a_full_queue_blocks_or_says_so(daemon, lib):
    h = lib(queue=1 << 19, nonblocking=True)
    os.kill(daemon.process.pid, signal.SIGSTOP)
    taken = 0
    while h.log("e1", "x" * 1000) == OK:
        taken += 1
        assert taken < 5000
    assert h.log("e1", "x") in (OK, WOULD_BLOCK)
    assert h.wait_room(20) == TIMEOUT
    os.kill(daemon.process.pid, signal.SIGCONT)
    assert h.wait_room() == OK
    assert h.log("e1", "y") == OK
    assert h.close() == OK
    assert len(daemon.messages("e1")) >= taken + 1


def test_close_says_what_is_not_stored(daemon, lib):
    h = lib()
    daemon.kill()
    assert h.log("e1", "lost") == OK
    assert h.unacked() == 1
    assert h.close(50) == TIMEOUT
    daemon.start()
    assert daemon.messages("e1") == []


def test_a_taken_name_fails_for_good(daemon, lib):
    h = lib(producer=b"p1")
    assert h.log("e1", "a") == OK and h.flush() == OK
    k = lib(producer=b"p1")
    assert k.stored() == 1
    await_until(lambda: h.log("e1", "b") == FAILED)
    assert "fenced" in h.reason()
    # What was taken before it was known is told.
    want = OK if h.unacked() == 0 else FAILED
    assert h.close() == want
    assert k.log("e1", "c") == OK and k.close() == OK
    assert daemon.messages("e1") == ["a", "c"]


def test_a_forgotten_name_is_told(daemon, lib):
    h = lib()
    assert h.log("e1", "a") == OK and h.flush() == OK
    daemon.sql("DELETE FROM execlog_producers")
    daemon.kill()
    daemon.start()
    await_until(lambda: h.log("e1", "b") == FAILED)
    assert "unknown-producer" in h.reason()
    assert h.close() == FAILED


def test_a_forked_child_has_no_handle(daemon, lib):
    h = lib()
    assert h.log("e1", "parent") == OK
    pid = os.fork()
    if pid == 0:
        ok = (h.log("e1", "child") == FORKED and h.flush(0) == FORKED and
              h.unacked() == 0 and h.close() == FORKED)
        os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert h.log("e1", "again") == OK and h.close() == OK
    assert daemon.messages("e1") == ["parent", "again"]


def test_a_c_program_builds_against_it(daemon, build, folder):
    if "san-" in str(build):
        pytest.skip("linked without sanitizers")
    source = folder / "t.c"
    source.write_text('''#include "execlog.h"
int main(void) {
	struct execlog *log = execlog_open(NULL, NULL);
	execlog_log(log, &(struct execlog_record){ .execution = "e1",
	    .source = "c", .level = EXECLOG_INFO, .message = "hello",
	    .message_len = 5 });
	return (execlog_close(log, 10000) != EXECLOG_OK);
}
''')
    header = os.path.join(os.path.dirname(capi.__file__), "../../client")
    for how in (["-L", build, "-lexeclog", f"-Wl,-rpath,{build}"],
                [build / "libexeclog.a", "-ljansson", "-pthread"]):
        subprocess.run(["cc", "-I", header, "-o", folder / "t", source, *how],
                       check=True)
        subprocess.run([folder / "t"], check=True, env=daemon.env())
    assert daemon.messages("e1") == ["hello", "hello"]


def test_write_goes_on_over_a_restart(daemon):
    process = subprocess.Popen(daemon.command("write", "e1"),
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=daemon.env())
    for i in range(5):
        for n in range(1000):
            process.stdin.write(b"%d\n" % (i * 1000 + n))
        process.stdin.flush()
        await_until(lambda: len(daemon.messages("e1")) > i * 1000)
        daemon.kill()
        daemon.start()
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert daemon.messages("e1") == [str(i) for i in range(5000)]


def test_write_with_a_name_skips_what_is_stored(daemon):
    lines = [f"line {i}" for i in range(1000)]

    def write(some):
        daemon.ok("write", "e1", "--producer", "import-7",
                  input="".join(f"{line}\n" for line in some).encode())
    write(lines[:400])
    write(lines)
    write(lines)
    assert daemon.messages("e1") == lines


def test_run_goes_on_over_a_restart(daemon, folder):
    os.mkfifo(folder / "go")
    process = daemon.spawn("run", "e1", "--", "sh", "-c",
                           f"seq 1000; read x < {folder}/go; seq 1001 2000")
    await_until(lambda: len(daemon.messages("e1")) == 1000)
    daemon.kill()
    (folder / "go").write_text("go\n")
    daemon.start()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert daemon.messages("e1") == [str(i) for i in range(1, 2001)]
