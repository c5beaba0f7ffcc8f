"""Tells listeners what happens to connections and units of work, for metrics. Without listeners, nothing is done."""

from typing import Final, NamedTuple

from sqlalchemy import URL

from sessionscope.database.error_kinds import Failure
from sessionscope.signals import Signal


class PoolName(NamedTuple):
    """What to call a pool in metrics and reports.

    Attributes:
        database: The URL without user, password, driver and options, such as ``postgresql://db1/shop``.
        driver: The driver, such as ``asyncpg``.
    """

    database: str
    driver: str

    @classmethod
    def of(cls, url: URL, driver: str) -> "PoolName":
        """Return the name of a pool for *url*."""
        return cls(database_name(url), driver)

    def __str__(self) -> str:
        return f"{self.database} ({self.driver})"


def database_name(url: URL) -> str:
    """Return *url* without anything secret, and without what its drivers do differently."""
    bare = URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()


# The pool, and for how many seconds its user waited at a gate in front of it.
admitted: Final[Signal[[PoolName, float]]] = Signal()
# The pool, and for how many seconds the connection was waited for, and then held.
connection_released: Final[Signal[[PoolName, float, float]]] = Signal()
# The pool, and the text of what has held a connection or a session for longer than `database.long_hold`.
held_long: Final[Signal[[PoolName, str]]] = Signal()
# The name of the database, and the failure that was the cause.
unit_committed: Final[Signal[[str]]] = Signal()
unit_retried: Final[Signal[[str, Failure]]] = Signal()
unit_given_up: Final[Signal[[str, Failure]]] = Signal()
# The text of a statement that is about to be sent, without values. Only engines with `database.slow_statement` tell.
statement_sent: Final[Signal[[str]]] = Signal()
