"""The databases that tests run on. The name of each tells its drivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import URL

from sessionscope.database.url import DRIVERS

SQLITE: Final = "sqlite"
# The name of the target if a test runs on none of the selected databases.
NOWHERE: Final = "nowhere"
# The databases that the application is tested on. The name determines both drivers.
NAMES: Final = (
    SQLITE,
    "postgresql+asyncpg",
    "postgresql+psycopg",
    "postgresql+psycopg2",
    "mysql+aiomysql",
    "mysql+asyncmy",
)
# The fixture for the server, by the beginning of a target's name.
SERVERS: Final = {"postgresql": "postgresql", "mysql": "mariadb"}
_ALIASES: Final = {"mariadb": "mysql", "postgres": "postgresql"}


@dataclass(frozen=True)
class Target:
    """A database to test on.

    Attributes:
        name: One of `NAMES`.
        url: A database on the server, for a user who may create more databases. None for SQLite.
    """

    name: str = SQLITE
    url: URL | None = None

    @property
    def server(self) -> URL:
        """The URL of the server. SQLite has none."""
        assert self.url is not None, f"{self.name} has no server"
        return self.url


def drivers_of(name: str) -> str:
    """Return the names of the sync and the async driver of a target, for display."""
    pair = DRIVERS[name]
    return ", ".join(dict.fromkeys(driver.partition("+")[2] for driver in pair))


def matching(prefixes: Sequence[str]) -> list[str]:
    """Return the names that begin with one of *prefixes*, or all names if there are no prefixes.

    Raises:
        LookupError: No name begins with one of the prefixes.
    """
    found: set[str] = set() if prefixes else set(NAMES)
    for prefix in (_ALIASES.get(each, each) for each in prefixes):
        # A complete name matches only itself, even if others begin with it, as psycopg2 does with psycopg.
        fitting = {prefix} & set(NAMES) or {name for name in NAMES if name.startswith(prefix)}
        if not fitting:
            raise LookupError(f"no database {prefix!r}: choose from {', '.join(NAMES)}")
        found |= fitting
    return [name for name in NAMES if name in found]


def target_of(item: pytest.Item) -> str | None:
    """Return the name of the target of a test, or None if the test is not parametrized by targets."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("target") if callspec is not None else None


def uses_drivers(item: pytest.Item) -> bool:
    """Tell whether a test runs with the drivers of a server."""
    return (target_of(item) or SQLITE) != SQLITE
