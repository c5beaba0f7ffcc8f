"""``python -m resilience bank``, ``failover``, ``network`` and ``fuzz``: the long runs."""

import argparse
import secrets
import sys
import time
from typing import Final

from resilience import failover, report
from resilience.bank import CLIENTS, run_bank
from resilience.fuzz import PLANS, SECONDS, fuzz
from resilience.grounds import GROUNDS
from resilience.network import CLIENTS as CUT_CLIENTS
from resilience.network import CUT_SECONDS, run_network
from resilience.places import PLACES
from sessionscope.testing.servers import MissingBinary
from sessionscope.testing.servers.shared import Run

PAUSE: Final = 0.05


def main() -> None:
    """Run the command; exit with 1 if it finds a fault."""
    parser = argparse.ArgumentParser(prog="python -m resilience")
    commands = parser.add_subparsers(required=True)
    bank = commands.add_parser("bank", help="move money while things break")
    bank.add_argument("--seconds", type=float, default=60)
    bank.add_argument("--on", nargs="+", choices=PLACES, default=[], help="only these; writes no page")
    bank.set_defaults(command=_bank)
    commands.add_parser("failover", help="kill a primary, promote its standby").set_defaults(command=_failover)
    network = commands.add_parser("network", help="lose all packets to a server for half a minute")
    network.add_argument("--on", nargs="+", choices=GROUNDS, default=[], help="only these; writes no page")
    network.set_defaults(command=_network)
    fuzzing = commands.add_parser("fuzz", help="send generated requests")
    fuzzing.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="the seed of the run to repeat")
    fuzzing.add_argument("--on", nargs="+", choices=PLANS, default=[*PLANS])
    fuzzing.set_defaults(command=_fuzz)
    arguments = parser.parse_args()
    run = Run()
    try:
        faults = arguments.command(run, arguments)
    except MissingBinary as error:
        sys.exit(str(error))
    finally:
        run.close()
    sys.exit(1 if faults else 0)


def _bank(run: Run, arguments: argparse.Namespace) -> list[str]:
    rows: list[dict[str, str]] = []
    faults: list[str] = []
    for name in arguments.on or PLACES:
        with PLACES[name](run) as place:
            ran = run_bank(place, arguments.seconds, pause=PAUSE)
        rows.append(report.figures(ran))
        faults += ran.faults
        _show(rows[-1], ran.faults, report.unclear_answers(ran.orders))
    if not arguments.on:
        text = f"{CLIENTS} clients, {arguments.seconds:.0f} seconds each.\n\n{report.table(rows)}"
        report.write("bank", text)
    return faults


def _failover(run: Run, _: argparse.Namespace) -> list[str]:
    rows: list[dict[str, str]] = []
    faults: list[str] = []
    for driver in failover.DRIVERS:
        with failover.place(run, driver) as (pair, service):
            ran = failover.run_failover(pair, service, driver, pause=PAUSE)
            rows.append(report.of_failover(ran) | {"run again in the service": report.listed(service.runs_again())})
        faults += ran.faults
        _show(rows[-1], ran.faults, report.unclear_answers(ran.orders))
    report.write("failover", f"{failover.CLIENTS} clients.\n\n{report.table(rows)}")
    return faults


def _network(run: Run, arguments: argparse.Namespace) -> list[str]:
    rows: list[dict[str, str]] = []
    faults: list[str] = []
    for name in arguments.on or GROUNDS:
        with GROUNDS[name](run) as ground:
            ran = run_network(ground)
        rows.append(report.of_network(ran))
        faults += ran.faults
        _show(rows[-1], ran.faults, report.unclear_answers(ran.orders))
    if not arguments.on:
        report.write("network", f"{CUT_CLIENTS} clients, cut for {CUT_SECONDS} seconds.\n\n{report.table(rows)}")
    return faults


def _fuzz(run: Run, arguments: argparse.Namespace) -> list[str]:
    deadline = time.monotonic() + SECONDS
    faults = [
        fault for place in arguments.on for fault in fuzz(run, place, arguments.seed, deadline - time.monotonic())
    ]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return faults


def _show(row: dict[str, str], faults: list[str], unclear: str) -> None:
    lines = [f"{name}: {value.replace('<br>', ', ')}" for name, value in row.items()]
    sys.stdout.write("\n".join([*lines, f"unclear answers: {unclear}", *faults, "\n"]))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
