"""What commands print, through execlog run, against the same lines in bulk."""
import pathlib
import time

import procs

WIDTH = 150     # bytes of a line
COMMANDS = 4


def printed(folder, lines):
    path = pathlib.Path(folder) / "lines"
    if not path.exists():
        path.write_text("".join(f"{i:0{WIDTH}d}\n" for i in range(lines)))
    return path


def seconds(daemon, commands, **more):
    begun = time.monotonic()
    running = [procs.Child(*daemon.command(*c), env=daemon.env(),
                           stdin=open(more["stdin"]) if more else None)
               for c in commands]
    for process in running:
        assert process.wait(procs.TIMEOUT) == 0
    return time.monotonic() - begun


def case(bench):
    pairs = []
    lines = bench.rows // COMMANDS
    for i in bench.each(f"{COMMANDS} commands"):
        with procs.served(bench.build) as daemon:
            path = printed(daemon.folder, lines)
            bulk = seconds(daemon, [("write", f"w{k}", "--producer", f"p{k}")
                                    for k in range(COMMANDS)], stdin=path)
            ours = seconds(daemon, [("run", f"r{k}", "--", "cat", path)
                                    for k in range(COMMANDS)])
            (states,) = daemon.sql("SELECT count(*), sum(lines) FROM "
                                   "execlog_streams WHERE state = 'closed'")
            assert states == (2 * COMMANDS, COMMANDS * lines)
        pairs.append((COMMANDS * lines / ours, COMMANDS * lines / bulk))
    bench.compared(f"{COMMANDS} execlog run, lines/s; limit: execlog write",
                   pairs, "0.7")
