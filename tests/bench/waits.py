"""How long somebody waits: a follower for a line, a caller for an ACK.

The stamps of a line are taken by two small C programs at the ends of the chain
write | daemon | follow.  What remains of measuring is in the column "limit":
the same two programs with one pipe between them.  Ours has a pipe more, and
two sockets; each costs at least a wakeup like that one.
"""
import contextlib
import time

import procs
from lib.daemon import await_until

RATES = (10, 1000, 10_000)      # lines a second
BUSY = 100_000                  # of others
BUSY_RATE = 100                 # of the line that is looked at meanwhile
WAY = ("p50_ms", "p99_ms")
PAUSE = 0.05                    # between events


def plain(bench, rate, shared):
    with procs.served(bench.build, shared=shared) as daemon:
        with contextlib.ExitStack() as stack:
            if shared:
                stack.enter_context(procs.engine(
                    bench.build, daemon.db, procs.TIMEOUT))
            return procs.way(daemon, rate, bench.seconds // 2)


def among_others(bench):
    """The way of a line, and lines a second that the others got through."""
    rows = BUSY * (bench.seconds // 2 + 2)
    with procs.served(bench.build) as daemon:
        with procs.Loads(daemon, rows, 10, rate=BUSY):
            await_until(lambda: daemon.status()["producers"] == 4)
            before, begun = procs.newest(daemon), time.monotonic()
            found = procs.way(daemon, BUSY_RATE, bench.seconds // 2)
            after = procs.newest(daemon)
            return found, (after - before) / (time.monotonic() - begun)


def follow(bench):
    for shared, target in (False, "2 / 10"), (True, "3 / 15"):
        for rate in RATES:
            name = (f"follow, {'shared' if shared else 'own'} file, "
                    f"{rate} lines/s")
            ours, limit = [], []
            for _ in bench.each(name):
                ours.append(plain(bench, rate, shared))
                limit.append(procs.pipe(bench.build, rate,
                                        bench.seconds // 2))
            bench.spread(f"{name}, ms", ours, limit, WAY, target, ".2f")
    ours, others = zip(*[among_others(bench) for _ in bench.each(
        f"follow beside {BUSY} lines/s")])
    bench.spread(f"follow beside {BUSY} lines/s of 10 executions, ms", ours,
                 keys=WAY, target="p99 50", form=".2f")
    bench.median("lines/s that these others got through then", others)


def timed(call):
    begun = time.monotonic()
    call()
    return (time.monotonic() - begun) * 1e3


def acknowledged(daemon, loads):
    """ms of events, one after the other, while the loads are busy."""
    wire = daemon.producer(producer="events")
    acks, commands = [], []

    def event():
        wire.event("audited", "STATE_CHANGE")
        wire.acked()
    while loads.busy():
        acks.append(timed(event))
        commands.append(timed(lambda: daemon.ok("event", "audited",
                                                "STATE_CHANGE")))
        time.sleep(PAUSE)
    wire.close()
    return acks, commands


def quantiles(values):
    values = sorted(values)
    return dict(p50=values[len(values) // 2], max=values[-1])


def under_load(bench, shared):
    with procs.served(bench.build, shared=shared) as daemon:
        with contextlib.ExitStack() as stack:
            if shared:
                stack.enter_context(procs.engine(
                    bench.build, daemon.db, procs.TIMEOUT))
            loads = stack.enter_context(procs.Loads(daemon, bench.rows, 10))
            acks, commands = acknowledged(daemon, loads)
            loads.finish()
    return quantiles(acks), quantiles(commands)


def events(bench):
    for shared in False, True:
        where = "shared" if shared else "own"
        acks, commands = zip(*[under_load(bench, shared) for _ in bench.each(
            f"events, {where} file")])
        keys = ("p50", "max")
        bench.spread(f"{where} file, 4 producers busy, an event's ACK, ms",
                     acks, keys=keys)
        bench.spread(f"{where} file, 4 producers busy, execlog event, ms",
                     commands, keys=keys)
