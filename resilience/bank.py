"""The bank test: clients move money between accounts while servers are killed; then every cent is accounted for."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Final

import httpx2

from resilience.audit import audit
from resilience.client import Client
from resilience.faults import Faults
from resilience.orders import Orders
from resilience.places import Place
from resilience.service import Service, wait_for_workers
from resilience.sums import Sums

CLIENTS: Final = 16
# Longer than the service itself waits, so that its answer comes first.
_RESPONSE_SECONDS: Final = 30
_LAST_SECONDS: Final = 90


@dataclass
class Ran:
    """The outcome of a run.

    Attributes:
        broken: How often each kind of fault was caused.
        runs_again: How many units of work were run again, by reason.
        faults: The faults that were found; empty if the run passed.
    """

    place: str
    version: str
    seconds: float
    orders: Orders
    sums: Sums
    broken: Counter[str]
    runs_again: Counter[str]
    faults: list[str]


def run_bank(place: Place, seconds: float, *, pause: float, clients: int = CLIENTS) -> Ran:
    """Run the bank at *place*, then compare the database with what the clients were told.

    Args:
        place: The database and the services.
        seconds: How long clients place orders. Orders that are open at the end are settled.
        pause: Longest time between two orders of a client, in seconds.
        clients: How many clients work at the same time.
    """
    random = Random()  # noqa: S311 - guards nothing
    orders, sums = Orders(random), Sums()
    faults = Faults(place.services, place.often, place.once, random)
    hung_up = asyncio.run(_work(place, faults, orders, sums, seconds, pause=pause, clients=clients))
    place.mend()
    wrong = _find_faults(place, orders)
    again = sum((service.runs_again() for service in place.services), Counter[str]())
    broken = faults.done + Counter({"clients hung up": hung_up})
    return Ran(place.name, place.version, seconds, orders, sums, broken, again, [*sums.wrong, *wrong])


async def _work(  # noqa: PLR0913 - what makes a run
    place: Place, faults: Faults, orders: Orders, sums: Sums, seconds: float, *, pause: float, clients: int
) -> int:
    """Let the clients work while faults happen; return how often a client hung up."""
    end = monotonic() + seconds
    addresses = [service.url for service in place.services]

    def goes_on() -> bool:
        return monotonic() < end

    async with http_client() as http, asyncio.timeout(seconds + _LAST_SECONDS), asyncio.TaskGroup() as tasks:
        working = [Client(http, addresses, orders, faults.random, pause) for _ in range(clients)]
        for client in working:
            tasks.create_task(client.work(goes_on))
        tasks.create_task(sums.by_sql(place.copies, faults.random, goes_on))
        tasks.create_task(sums.by_http(http, addresses, faults.random, goes_on))
        tasks.create_task(faults.happen(seconds))
    return sum(client.hung_up for client in working)


def http_client() -> httpx2.AsyncClient:
    """Return the HTTP client that all clients share: each keeps its connection until a fault breaks it."""
    limits = httpx2.Limits(max_connections=4 * CLIENTS)
    return httpx2.AsyncClient(timeout=_RESPONSE_SECONDS, limits=limits, trust_env=False)


def _find_faults(place: Place, orders: Orders) -> list[str]:
    found = [fault for copy in place.copies for fault in audit(orders, copy.state())]
    if not wait_for_workers(place.services):
        found.append("service: a killed worker was not replaced")
    return found + [
        f"service: {service.url} does not serve after the run" for service in place.services if not _serves(service)
    ]


def _serves(service: Service) -> bool:
    return httpx2.get(f"{service.url}/accounts/", timeout=_RESPONSE_SECONDS, trust_env=False).is_success
