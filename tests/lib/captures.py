"""Producers of captures, followers of their ends, and the daemon's own rows."""
import json

from .wire import Wire

NAME = "p" * 16


def producer(daemon, name=NAME, **more):
    return Wire(daemon.socket, "produce", producer=name, **more)


def own(daemon, execution="e"):
    """Rows of the daemon's own: event and text."""
    return [(json.loads(m)["event"], text) for m, text in daemon.sql(
        "SELECT metadata, message FROM execution_logs WHERE source = "
        "'execlogd' AND execution_id = ? ORDER BY id", execution)]


def follow(daemon, execution="e", **more):
    reader = daemon.reader()
    reader.ask(kind="follow", execution_id=execution, wait=True, **more)
    return reader
