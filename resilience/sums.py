"""Reads the sum of all balances while money moves: it must be the same each time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Final

import httpx2
from sqlalchemy.exc import SQLAlchemyError

from resilience.database import Database
from resilience.orders import ACCOUNTS, SUM

_PAUSE: Final = 0.1


@dataclass
class Sums:
    """The outcome of the reads.

    Attributes:
        exact: How many reads gave the right sum.
        failed: How many reads had no result, for example from a server that was just killed.
        wrong: A line for each read that gave another sum.
    """

    exact: int = 0
    failed: int = 0
    wrong: list[str] = field(default_factory=list[str])

    def note(self, total: Decimal | None, where: str) -> None:
        """Record one read."""
        if total == SUM:
            self.exact += 1
        else:
            self.wrong.append(f"sum: {total} by {where}, not {SUM}")

    async def by_sql(self, copies: list[Database], random: Random, goes_on: Callable[[], bool]) -> None:
        """Read the sum in one statement from any of *copies*, again and again."""
        while goes_on():
            try:
                self.note(await asyncio.to_thread(random.choice(copies).sum), "SQL")
            except SQLAlchemyError:
                self.failed += 1
            await asyncio.sleep(_PAUSE)

    async def by_http(
        self, http: httpx2.AsyncClient, addresses: list[str], random: Random, goes_on: Callable[[], bool]
    ) -> None:
        """Read the list of all accounts from any of the services, again and again; that is one statement too."""
        while goes_on():
            try:
                response = await http.get(f"{random.choice(addresses)}/accounts/", params={"limit": ACCOUNTS})
                response.raise_for_status()
            except httpx2.HTTPError:
                self.failed += 1
            else:
                self.note(sum((Decimal(item["balance"]) for item in response.json()["items"]), Decimal(0)), "HTTP")
            await asyncio.sleep(_PAUSE)
