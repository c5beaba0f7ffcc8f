"""The databases that tests run on, each by a name that says its drivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import URL

from sessionscope.database.url import DRIVERS

SQLITE: Final = "sqlite"
# In place of a name, where a test runs on none of the databases that are wanted.
NOWHERE: Final = "nowhere"
# What the application is tested on; both drivers of each pair follow from the name.
NAMES: Final = (
    SQLITE,
    "postgresql+asyncpg",
    "postgresql+psycopg",
    "postgresql+psycopg2",
    "mysql+aiomysql",
    "mysql+asyncmy",
)
# The fixture that gives the server, by what a target's name begins with.
SERVERS: Final = {"postgresql": "postgresql", "mysql": "mariadb"}
_ALIASES: Final = {"mariadb": "mysql", "postgres": "postgresql"}


@dataclass(frozen=True)
class Target:
    """A database to test on.

    Attributes:
        name: As in `NAMES`.
        url: A database on the server, of a user who may make others beside it; None for SQLite.
    """

    name: str = SQLITE
    url: URL | None = None

    @property
    def server(self) -> URL:
        """The URL of a target that has one."""
        assert self.url is not None, f"{self.name} has no server"
        return self.url


def drivers_of(name: str) -> str:
    """Return the sync and the async driver that a target uses, for people to read."""
    pair = DRIVERS[name]
    return ", ".join(dict.fromkeys(driver.partition("+")[2] for driver in pair))


def matching(prefixes: Sequence[str]) -> list[str]:
    """Return the names that begin with one of *prefixes*; all without any.

    Raises:
        LookupError: One of them fits none.
    """
    found: set[str] = set() if prefixes else set(NAMES)
    for prefix in (_ALIASES.get(each, each) for each in prefixes):
        # A name that others begin with, as psycopg2's with psycopg's, means itself.
        fitting = {prefix} & set(NAMES) or {name for name in NAMES if name.startswith(prefix)}
        if not fitting:
            raise LookupError(f"no database {prefix!r}: there are {', '.join(NAMES)}")
        found |= fitting
    return [name for name in NAMES if name in found]


def target_of(item: pytest.Item) -> str | None:
    """Return the name of the target that a test is one run of; None for a test that has no such runs."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("target") if callspec is not None else None


def uses_drivers(item: pytest.Item) -> bool:
    """Tell whether a test is there to show what the drivers of a server do."""
    return (target_of(item) or SQLITE) != SQLITE
