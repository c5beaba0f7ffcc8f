"""The bank test: money moves between accounts while things break; afterwards not a cent may be wrong."""

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
# Longer than the service's own patience, so that its answer comes first.
_REPLY_SECONDS: Final = 30
_LAST_SECONDS: Final = 90


@dataclass
class Ran:
    """What a run was and did.

    Attributes:
        broken: What was broken, how often.
        runs_again: Units of work that were run again, by the reason.
        faults: What is wrong; nothing in a run that proves something.
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
    """Run the bank at *place*, then hold the database against what the clients were told.

    Args:
        place: The database and the services.
        seconds: How long orders are placed; what is open then is settled.
        pause: Longest time between two orders of a client.
        clients: How many work at once.
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
    """Let the clients work while things break; return how often one hung up."""
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
    """Return what all clients share: each keeps a connection, as long as nobody breaks it."""
    limits = httpx2.Limits(max_connections=4 * CLIENTS)
    return httpx2.AsyncClient(timeout=_REPLY_SECONDS, limits=limits, trust_env=False)


def _find_faults(place: Place, orders: Orders) -> list[str]:
    found = [fault for copy in place.copies for fault in audit(orders, copy.state())]
    if not wait_for_workers(place.services):
        found.append("service: a killed worker was not replaced")
    return found + [
        f"service: {service.url} does not serve after the run" for service in place.services if not _serves(service)
    ]


def _serves(service: Service) -> bool:
    return httpx2.get(f"{service.url}/accounts/", timeout=_REPLY_SECONDS, trust_env=False).is_success
