"""What a request costs, here and in other ways to write the same service: ``python -m benchmarks.requests``."""

import argparse
from collections.abc import Mapping
from typing import Any, Final

from benchmarks.command import RESULTS, names, run
from benchmarks.requests.databases import KINDS, version
from benchmarks.requests.field import ENDPOINTS, PEERS, POSTGRESQL_ONLY
from benchmarks.requests.measuring import Plan, Results, count_trips, measure
from benchmarks.requests.profiling import profile
from benchmarks.requests.report import page, tables

ROUNDS: Final = 10
# Seconds for the rounds of the quick run; what comes before and after takes the rest of two minutes.
QUICK: Final = {"rounds": 4, "share": 0.4, "seconds": 45}


def main() -> None:
    """Do what the command line says."""
    options = _options()
    if options.profile:
        with KINDS[options.database[0]]() as url:
            profile(*options.profile, url=url, sort=options.sort, loop=options.loop)
        return
    found = dict(_measured(kind, options) for kind in options.database)
    for name, results in found.items():
        print(f"\n## {name}\n\n{tables(results)}")
    if options.is_whole:
        _write(found, options)


def _measured(kind: str, options: argparse.Namespace) -> tuple[str, Results]:
    peers = tuple(name for name in options.only if kind == "postgresql" or name not in POSTGRESQL_ONLY)
    plan = Plan(peers, tuple(options.endpoint), options.rounds, options.share, options.seconds, options.loop)
    with KINDS[kind]() as url:
        results = measure(url, plan)
        if kind == "postgresql":
            count_trips(url, plan, results)
        return version(url), results


def _write(found: dict[str, Results], options: argparse.Namespace) -> None:
    # The only thing that needs matplotlib.
    from benchmarks.requests.plot import draw  # noqa: PLC0415

    (RESULTS / "requests.md").write_text(page(found, options.rounds, options.loop))
    name, results = next(iter(found.items()))
    draw(results, RESULTS / "requests.svg", name)
    print(f"written: {RESULTS / 'requests.md'}, requests.svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.requests", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes on PostgreSQL; writes nothing")
    parser.add_argument("--only", type=names(PEERS), help=f"peers, of {', '.join(PEERS)}")
    parser.add_argument("--endpoint", type=names(ENDPOINTS), help=f"of {', '.join(ENDPOINTS)}")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--share", type=float, help="of the usual number of requests in a round")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite only")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio", help="uvloop must be installed")
    parser.add_argument("--profile", nargs=2, metavar=("PEER", "ENDPOINT"), help="show where the time goes")
    parser.add_argument("--sort", default="tottime", help="order of the profile: tottime or cumtime")
    options = parser.parse_args()
    _complete(options)
    return options


def _complete(options: argparse.Namespace) -> None:
    """Fill in what was left out; a run that is narrowed in any way writes no results."""
    narrowed = (options.quick, options.only, options.endpoint, options.rounds, options.share, options.sqlite)
    options.is_whole = not any(narrowed)
    # One database unless everything is asked for.
    options.database = (
        [*KINDS] if options.is_whole and not options.profile else [["postgresql", "sqlite"][options.sqlite]]
    )
    defaults: Mapping[str, Any] = QUICK if options.quick else {"rounds": ROUNDS, "share": 1.0, "seconds": None}
    options.rounds = options.rounds or defaults["rounds"]
    options.share = options.share or defaults["share"]
    options.seconds = defaults["seconds"]
    options.only = options.only or [*PEERS]
    options.endpoint = options.endpoint or [*ENDPOINTS]


if __name__ == "__main__":
    run(main)
