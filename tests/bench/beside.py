"""A file that is shared with an engine: what we take in, what it waits."""
import procs

BUN = ("bun",)
STEADY = 20_000     # lines a second
ENGINE = ("p50_ms", "p99_ms", "max_ms")


def loaded(bench, executions, rows, rate=0, mode=()):
    with procs.served(bench.build, shared=True) as daemon:
        with procs.Loads(daemon, rows, executions, rate=rate) as loads:
            taken, engine = procs.engine_beside(daemon, loads, mode)
        status = daemon.status()
        assert status["shared"]
        return dict(rate=taken, engine=engine, hold=status["lock_hold_ms"])


def engine_rows(bench, name, ours, alone=(), targets=("", "")):
    engines = [o["engine"] for o in ours]
    bench.spread(f"{name}, ms", engines, alone, ENGINE, targets[0])
    bench.row(f"{name}, busy / commits",
              f"{sum(e['busy'] for e in engines)} / "
              f"{sum(e['commits'] for e in engines)}", target=targets[1])


def saturated(bench):
    for executions, naive, target, hold in (
            (10, False, "0.35", "10 / 25"), (1000, True, "0.2", "15 / 40")):
        name = f"shared, {executions} executions"
        ours, limit = [], []
        for _ in bench.each(name):
            ours.append(loaded(bench, executions, bench.rows))
            limit.append(procs.rawloop(bench.build, bench.rows, executions,
                                       naive)[0])
        bench.compared(f"{name}, rows/s",
                       list(zip([o["rate"] for o in ours], limit)), target)
        bench.spread(f"{name}, lock held, ms", [o["hold"] for o in ours],
                     keys=("p99", "max"), target=hold)
        engine_rows(bench, f"{name}, engine", ours, targets=("", "0"))


def alone(bench, mode):
    with procs.folder() as where:
        return procs.engine_alone(bench.build, where / "a.db", bench.seconds,
                                  mode)


def steady(bench):
    """The limit is an engine that has the file for itself."""
    rows = STEADY * bench.seconds
    for mode, targets in ((), ("p99 20", "0")), (BUN, ("", "")):
        for executions in 10, 1000:
            name = (f"{'bun' if mode else 'engine'}, {executions} "
                    f"executions, {STEADY} lines/s")
            ours, limit = [], []
            for _ in bench.each(name):
                ours.append(loaded(bench, executions, rows, STEADY, mode))
                limit.append(alone(bench, mode))
            engine_rows(bench, name, ours, limit, targets)
            bench.median(f"{name}, lines/s taken", [o["rate"] for o in ours])
