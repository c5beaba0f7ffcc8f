"""What a server process is told to make: one of the two, with the small pool, and watched."""

import os
from importlib import import_module

from benchmarks.connections.pool import POOL
from benchmarks.connections.watch import Watch
from benchmarks.peers.settings import ENGINE


def build() -> Watch:
    """Return the application that the environment names."""
    # What both read when they make their engine; this process has no other.
    ENGINE.update(POOL)
    app, pool = import_module(f"benchmarks.connections.{os.environ['BENCH_PEER']}").build(os.environ["BENCH_URL"])
    return Watch(app, pool)
