"""Sends generated requests to the service: none may break it, or contradict its OpenAPI document."""

import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from sqlalchemy import URL

from resilience.fuzz_report import Report, read_report
from resilience.places import File
from resilience.service import ROOT, Service
from sessionscope.testing.servers import PostgreSQL, process
from sessionscope.testing.servers.shared import Run

# In an environment of its own: schemathesis brings pytest plugins, which our tests would load.
PROGRAM: Final = Path(sys.prefix) / "fuzz" / "bin" / "schemathesis"
HOOKS: Final = "resilience.fuzz_hooks"
REPORT: Final = "report.ndjson"
SECONDS: Final = 600
PASSWORD: Final = "only-the-service-knows-it"
# Hashing a password takes 64 MiB for each core.
MOST_GROWTH_MB: Final = 200


@dataclass(frozen=True)
class Plan:
    """How much to generate on one kind of database.

    Attributes:
        cases: The least number of requests.
        examples: How many to generate for each operation, besides those at the bounds of the schema.
    """

    cases: int
    examples: int


PLANS: Final = {"sqlite": Plan(10_000, 500), "postgresql": Plan(2_000, 60)}


def fuzz(run: Run, place: str, seed: int, seconds: float) -> list[str]:
    """Follow the plan of *place* for *seconds* at most; print what was done, and return the faults."""
    plan = PLANS[place]
    sys.stdout.write(f"{place}: seed {seed}\n")
    sys.stdout.flush()
    with _database(run, place) as url, run.own(Service, settings=_settings(url)) as service:
        _fill(service)
        before = _memory(service)
        text, faults = _schemathesis(service, plan, seed, seconds)
        after = _memory(service)
        report = read_report(service.directory / REPORT, [PASSWORD, _address(url)])
        faults += report.faults
        if "Traceback" in service.log():
            faults.append(f"the service has logged a traceback:\n{service.log()[-3000:]}")
    if report.cases < plan.cases:
        faults.append(f"there were {report.cases:,} cases, not {plan.cases:,}")
    if after - before > MOST_GROWTH_MB:
        faults.append(f"the service grew from {before:.0f} to {after:.0f} MB")
    if faults:
        sys.stdout.write(text)
    _show(place, report, f"{before:.0f} MB before, {after:.0f} MB after")
    return [f"{place}: {fault}" for fault in faults]


def _fill(service: Service) -> None:
    service.seed(users=30, posts=30)
    user = {"email": "ann@example.com", "username": "ann", "password": PASSWORD}
    httpx2.post(f"{service.url}/users/", json=user).raise_for_status()


def _schemathesis(service: Service, plan: Plan, seed: int, seconds: float) -> tuple[str, list[str]]:
    """Run schemathesis; return its output and the faults."""
    options = {
        "--checks": "all",
        "--mode": "all",
        "--max-examples": str(plan.examples),
        "--seed": str(seed),
        "--generation-database": "none",
        "--request-timeout": "20",
        "--report": "ndjson",
        "--report-ndjson-path": REPORT,
        # Sanitizing would hide the secrets that we look for.
        "--output-sanitize": "false",
    }
    command = [PROGRAM, "run", f"{service.url}/openapi.json", "--continue-on-failure", "--no-color"]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [*map(str, command), *(word for option in options.items() for word in option)],
            cwd=service.directory,
            env=os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(errors="replace"), [f"not done within {seconds:.0f} seconds"]
    return done.stdout, [] if done.returncode == 0 else ["schemathesis found failures"]


@contextmanager
def _database(run: Run, place: str) -> Generator[URL, None, None]:
    if place == "sqlite":
        with run.own(File) as file:
            yield file.url
    else:
        with run.own(PostgreSQL) as server:
            yield server.url()


def _settings(url: URL) -> dict[str, str]:
    return {"DATABASE__URL": url.render_as_string(hide_password=False), "SERVER__WORKERS": "1"}


def _address(url: URL) -> str:
    """Return where the database is, which no client may learn."""
    return str(url.database) if url.host is None else f"{url.host}:{url.port}"


def _memory(service: Service) -> float:
    """Return the resident memory of the process that serves, in megabytes."""
    status = Path(f"/proc/{process.running(service.directory)}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else 0.0


def _show(place: str, report: Report, memory: str) -> None:
    lines = {
        "cases": f"{report.cases:,} ({_listed(report.phases)}; {_listed(report.modes)})",
        "statuses": _listed(report.statuses),
        "memory": memory,
    }
    sys.stdout.write("".join(f"{place}: {name}: {value}\n" for name, value in lines.items()))
    sys.stdout.flush()


def _listed(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
