"""What a small pool endures, here and in the usual pattern: ``python -m benchmarks.connections``."""

import argparse
import sys
from pathlib import Path
from typing import Final

from benchmarks.connections.measuring import BESIDE_SECONDS, measure
from benchmarks.connections.report import page, table
from benchmarks.connections.scenarios import KINDS
from benchmarks.requests.databases import postgresql, version
from tests.servers import MissingBinary

RESULT: Final = Path(__file__).parents[1] / "results" / "connections.md"
PEERS: Final = ("ours", "usual")
MISSING: Final = 2
INTERRUPTED: Final = 130


def main() -> None:
    """Do what the command line says."""
    options = _options()
    try:
        _run(options)
    except MissingBinary as missing:
        print(missing, file=sys.stderr)
        sys.exit(MISSING)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _run(options: argparse.Namespace) -> None:
    seconds = options.duration or BESIDE_SECONDS
    with postgresql() as url:
        database = version(url)
        results = {
            kind: {peer: measure(url, peer, kind, seconds) for peer in options.only or PEERS}
            for kind in options.scenario or KINDS
        }
    print(table(results))
    # A run that is narrowed in any way writes no results.
    if not any(vars(options).values()):
        RESULT.write_text(page(results, database, seconds))
        print(f"written: {RESULT}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connections", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PEERS)
    parser.add_argument("--scenario", nargs="+", choices=[*KINDS])
    parser.add_argument("--duration", type=float, help=f"seconds of a scenario; {BESIDE_SECONDS:g}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
