"""make bench: ours against the limit, interleaved, medians of ratios.

bench.py BUILD [ROUNDS]: prints a table and writes BUILD/bench.json.
"""
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from lib.daemon import Daemon, await_until    # noqa: E402

BUILD = pathlib.Path(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
ROWS = 1_000_000
ticks = os.sysconf("SC_CLK_TCK")


def folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="elbench", dir="/tmp"))


def rawloop(executions, naive=False):
    where = folder()
    args = [BUILD / "bench/rawloop", where / "a.db", ROWS, executions, 10000]
    begun = os.times()
    out = subprocess.run([str(a) for a in args] + ["naive"] * naive,
                         check=True, capture_output=True, text=True).stdout
    ended = os.times()
    shutil.rmtree(where)
    cpu = (ended.children_user + ended.children_system
           - begun.children_user - begun.children_system)
    return float(out), cpu / ROWS * 1e6


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1]
    fields = fields.split()
    return (int(fields[11]) + int(fields[12])) / ticks


def rss_of(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024


def ours(executions, producers=4):
    where = folder()
    daemon = Daemon(BUILD, where).start()
    each = ROWS // producers
    pid = daemon.process.pid
    begun = time.monotonic()
    loads = [subprocess.Popen([BUILD / "bench/load", str(each),
                               str(executions), str(i * 7919)],
                              env=daemon.env(), stdout=subprocess.PIPE,
                              text=True) for i in range(producers)]
    costs = [float(load.communicate()[0]) for load in loads]
    seconds = time.monotonic() - begun
    assert daemon.sql("SELECT count(*) FROM execution_logs") == [
        (each * producers,)]
    status = daemon.status()
    figures = dict(rate=each * producers / seconds,
                   cpu=cpu_of(pid) / ROWS * 1e6, rss=rss_of(pid, "VmHWM"),
                   cost=statistics.median(costs),
                   hold=status["lock_hold_ms"])
    daemon.stop()
    shutil.rmtree(where)
    return figures


def latency(rate, seconds=3):
    """ms from write() of a line to the follower's stdout: p50, p99."""
    where = folder()
    daemon = Daemon(BUILD, where).start()
    follower = subprocess.Popen(
        daemon.command("follow", "e1", "--wait", "-o", "cat"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=daemon.env())
    await_until(lambda: daemon.status()["followers"] == 1)
    writer = subprocess.Popen(daemon.command("write", "e1"),
                              stdin=subprocess.PIPE, env=daemon.env())
    import threading

    def write():
        begun = time.monotonic()
        for i in range(rate * seconds):
            due = begun + i / rate
            while (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            os.write(writer.stdin.fileno(), b"%d\n" % time.monotonic_ns())
        writer.stdin.close()

    thread = threading.Thread(target=write)
    thread.start()
    found, rest = [], b""
    while len(found) < rate * seconds:
        *lines, rest = (rest + os.read(follower.stdout.fileno(),
                                       1 << 16)).split(b"\n")
        now = time.monotonic_ns()
        found += [(now - int(line)) / 1e6 for line in lines]
    thread.join()
    writer.wait()
    follower.kill()
    follower.wait()
    daemon.stop()
    shutil.rmtree(where)
    found.sort()
    return found[len(found) // 2], found[len(found) * 99 // 100]


def median(values):
    return statistics.median(values)


def main():
    table = []

    def row(what, mine, limit, ratio, target):
        table.append(dict(what=what, ours=mine, limit=limit, ratio=ratio,
                          target=target))
        print(f"{what:52} {mine:>12} {limit:>12} {ratio:>8} {target:>10}",
              flush=True)
    row("what", "ours", "limit", "ratio", "target")
    for executions, naive, target in ((10, False, "0.90"),
                                      (1000, True, "1.3"),
                                      (5000, True, "2.0")):
        pairs = [(ours(executions), rawloop(executions, naive))
                 for _ in range(ROUNDS)]
        name = f"{executions} executions, 4 producers"
        row(f"{name}, rows/s",
            f"{median([o['rate'] for o, _ in pairs]):.0f}",
            f"{median([r for _, (r, _) in pairs]):.0f}",
            f"{median([o['rate'] / r for o, (r, _) in pairs]):.2f}", target)
        row(f"{name}, daemon CPU, us per line",
            f"{median([o['cpu'] for o, _ in pairs]):.2f}",
            f"{median([c for _, (_, c) in pairs]):.2f}",
            f"{median([o['cpu'] / c for o, (_, c) in pairs]):.2f}", "1.6")
        row(f"{name}, lock held, ms, p99 / max",
            f"{median([o['hold']['p99'] for o, _ in pairs]):.0f} / "
            f"{max(o['hold']['max'] for o, _ in pairs):.0f}", "", "", "100")
        row(f"{name}, memory at most, MB",
            f"{max(o['rss'] for o, _ in pairs):.0f}", "", "", "128")
        row(f"{name}, producer's CPU, ns per call",
            f"{median([o['cost'] for o, _ in pairs]):.0f}", "", "", "500")
    for rate in (10, 1000, 10000):
        p50, p99 = zip(*[latency(rate) for _ in range(ROUNDS)])
        row(f"follow latency at {rate} lines/s, ms, p50 / p99",
            f"{median(p50):.2f} / {median(p99):.2f}", "", "", "2 / 10")
    result = dict(machine=f"{os.cpu_count()} CPUs, {platform.release()}",
                  rounds=ROUNDS, rows=ROWS, table=table[1:])
    (BUILD / "bench.json").write_text(json.dumps(result, indent=1) + "\n")


main()
