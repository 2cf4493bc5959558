"""Ours against the limit: a table, and the same in BUILD/bench.json."""
import argparse
import json
import os
import pathlib
import platform
import statistics
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import beside    # noqa: E402
import capture   # noqa: E402
import ingest    # noqa: E402
import large     # noqa: E402
import reading   # noqa: E402
import sweep     # noqa: E402
import waits     # noqa: E402

CASES = {
    "ingest": ingest.case,
    "shared": beside.saturated,
    "engine": beside.steady,
    "large": large.case,
    "memory": ingest.memory_case,
    "read": reading.case,
    "follow": waits.follow,
    "events": waits.events,
    "capture": capture.case,
    "sweep": sweep.case,
}
EPILOG = """cases:
  ingest   a file of our own: rows/s, CPU, lock, memory, a producer's cost
  shared   a file with an engine, as many lines as it can
  engine   the same at 20 000 lines/s; then an engine with bun's defaults
  large    a file with 20 000 000 rows, kept for the next time in
           ${XDG_CACHE_HOME:-~/.cache}/execlog-bench (some GB)
  memory   at the start, with 500 producers, a minute after
  read     a million stored lines, against sqlite3
  follow   from write() to a follower's stdout, own and shared file
  events   acknowledgements of audit events under load
  sweep    retention, while 20 000 lines/s and an engine write
  capture  what four commands print, against the same lines in bulk

In each round ours and the limit run one after the other.  "ours" and "limit"
are medians, "max" is of all rounds, the ratio is the median of the rounds'.
"""


class Bench:
    """How large the runs are, and the table."""

    def __init__(self, args):
        self.build = args.build
        self.rounds = args.rounds
        self.rows = 20_000 if args.quick else 1_000_000
        self.large = 200_000 if args.quick else 20_000_000
        self.seconds = 2 if args.quick else 20
        self.rest = 12 if args.quick else 60
        self.table = []

    def write(self):
        result = dict(machine=f"{os.cpu_count()} CPUs, {platform.release()}",
                      rounds=self.rounds, rows=self.rows, table=self.table)
        (self.build / "bench.json").write_text(
            json.dumps(result, indent=1) + "\n")

    def each(self, what):
        """The rounds, with a word about each on stderr."""
        for i in range(self.rounds):
            print(f"{time.strftime('%T')} {what}: {i + 1} of {self.rounds}",
                  file=sys.stderr, flush=True)
            yield i

    def row(self, what, ours, limit="", ratio="", target=""):
        row = dict(what=what, ours=ours, limit=limit, ratio=ratio,
                   target=target)
        self.table.append(row)
        show(row)

    def compared(self, what, pairs, target="", form=".0f"):
        """A row of pairs, one of each round: ours and the limit."""
        ours, limit = zip(*pairs)
        ratio = statistics.median(a / b for a, b in pairs)
        self.row(what, f"{statistics.median(ours):{form}}",
                 f"{statistics.median(limit):{form}}", f"{ratio:.2f}", target)

    def median(self, what, values, target="", form=".0f"):
        self.row(what, f"{statistics.median(values):{form}}", target=target)

    def largest(self, what, values, target="", form=".0f"):
        self.row(what, f"{max(values):{form}}", target=target)

    def spread(self, what, ours, limit=(), keys=("p50", "p99"), target="",
               form=".1f"):
        """Quantiles of each round; the maximum is that of all."""
        names = " / ".join(key.removesuffix("_ms") for key in keys)
        self.row(f"{what}, {names}", quantiles(ours, keys, form),
                 quantiles(limit, keys, form), target=target)


def quantiles(rounds, keys, form):
    def over(key):
        choose = max if key.startswith("max") else statistics.median
        return format(choose([r[key] for r in rounds]), form)
    return " / ".join(map(over, keys)) if rounds else ""


def show(row):
    print(f"| {row['what']:<64} | {row['ours']:>18} | {row['limit']:>16} "
          f"| {row['ratio']:>5} | {row['target']:>8} |", flush=True)


def cases(text):
    names = text.split(",")
    for name in names:
        if name not in CASES:
            raise argparse.ArgumentTypeError(
                f"no case {name!r}; there are {', '.join(CASES)}")
    return names


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="where make built")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--only", type=cases, default=list(CASES),
                        metavar="CASE[,CASE]", help="these, in this order")
    parser.add_argument("--quick", action="store_true",
                        help="very small: only to see that all of it works")
    return parser.parse_args()


def main():
    args = options()
    bench = Bench(args)
    show(dict(what="what", ours="ours", limit="limit", ratio="ratio",
              target="target"))
    broken = []
    for name in args.only:
        try:
            CASES[name](bench)
        except Exception:
            traceback.print_exc()
            broken.append(name)
        bench.write()
    if broken:
        sys.exit(f"broken: {', '.join(broken)}")


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
