"""Compares a small pool under stress, here and in the usual pattern: ``python -m benchmarks.connections``."""

import argparse
from typing import Final

from benchmarks.command import RESULTS, names, run
from benchmarks.connections.measuring import BESIDE_SECONDS, measure
from benchmarks.connections.report import page, table
from benchmarks.connections.scenarios import KINDS
from benchmarks.requests.databases import postgresql, version

RESULT: Final = RESULTS / "connections.md"
PEERS: Final = ("ours", "usual")


def main() -> None:
    """Run the command line; a run that is narrowed in any way writes no results."""
    options = _options()
    seconds = options.duration or BESIDE_SECONDS
    with postgresql() as url:
        database = version(url)
        results = {
            kind: {peer: measure(url, peer, kind, seconds) for peer in options.only or PEERS}
            for kind in options.scenario or KINDS
        }
    print(table(results))
    if not any(vars(options).values()):
        RESULT.write_text(page(results, database, seconds))
        print(f"written: {RESULT}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connections", description=__doc__)
    parser.add_argument("--only", type=names(PEERS), help=f"of {', '.join(PEERS)}")
    parser.add_argument("--scenario", type=names(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--duration", type=float, help=f"seconds of a scenario; {BESIDE_SECONDS:g}")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
