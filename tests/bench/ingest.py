"""A file of our own: as many rows as it can, and the memory for them."""
import time

import procs

# executions, producers, is the limit the naive loop, target of rows/s
INGEST = (
    (10, 4, False, "0.90"),
    (10, 1, False, ""),
    (10, 64, False, ""),
    (1000, 4, True, "1.3"),
    (5000, 4, True, "2.0"),
)
MANY = 500      # connected producers


def saturate(build, rows, executions, producers):
    with procs.served(build) as daemon:
        with procs.Loads(daemon, rows, executions, producers) as loads:
            rate, cost = loads.finish()
        hold = daemon.status()["lock_hold_ms"]
        rss = procs.memory(daemon.process, "VmHWM")
        before = procs.child_cpu()
        assert daemon.stop() == 0
        cpu = (procs.child_cpu() - before) / loads.rows * 1e6
    return dict(rate=rate, cost=cost, cpu=cpu, rss=rss, hold=hold)


def case(bench):
    for executions, producers, naive, target in INGEST:
        name = f"{executions} executions, {producers} " + (
            "producer" if producers == 1 else "producers")
        ours, limit = [], []
        for _ in bench.each(name):
            ours.append(saturate(bench.build, bench.rows, executions,
                                 producers))
            limit.append(procs.rawloop(bench.build, bench.rows, executions,
                                       naive))
        rates, cpus = zip(*limit)
        bench.compared(f"{name}, rows/s",
                       list(zip([o["rate"] for o in ours], rates)), target)
        bench.compared(f"{name}, daemon CPU, us per line",
                       list(zip([o["cpu"] for o in ours], cpus)), "1.6",
                       ".2f")
        bench.spread(f"{name}, lock held, ms", [o["hold"] for o in ours],
                     keys=("p99", "max"), target="100", form=".0f")
        bench.largest(f"{name}, memory at most, MB",
                      [o["rss"] for o in ours], "128")
        bench.median(f"{name}, producer's CPU, ns per call",
                     [o["cost"] for o in ours], "500")


def memory_case(bench):
    found = []
    for _ in bench.each(f"memory with {MANY} producers"):
        with procs.served(bench.build) as daemon:
            start = procs.memory(daemon.process, "VmRSS")
            # The most pages that a transaction may have.
            with procs.Loads(daemon, bench.rows, 5000,
                             handles=MANY // 4) as loads:
                loads.finish()
            most = procs.memory(daemon.process, "VmHWM")
            time.sleep(bench.rest)
            found.append((start, most,
                          procs.memory(daemon.process, "VmRSS")))
    start, most, after = zip(*found)
    bench.largest("memory at the start, MB", start, "12", ".1f")
    bench.largest(f"memory at most, {MANY} producers, 5000 executions, MB",
                  most, "128", ".1f")
    bench.largest(f"memory {bench.rest} s after that, MB", after, "12", ".1f")
