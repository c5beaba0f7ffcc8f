"""How a database stores the column types in `sessionscope.database.types`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import DateTime, Dialect, Numeric, Text
from sqlalchemy.types import TypeEngine

_TIMESTAMP: Final = DateTime(timezone=True)
_LONG_TEXT: Final = Text()
_MONEY: Final = Numeric(18, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTypes:
    """The types of one database. The defaults are those of standard SQL, so a backend only states what differs.

    Attributes:
        timestamp: The type of a timestamp with microseconds.
        keeps_offset: Whether a timestamp is bound with its offset from UTC. Otherwise, it is bound without one, in UTC.
        exact_collation: Returns the name of the collation that compares code points, or None if it is the default.
        long_text: The type of a text of up to 16 MB.
        money: The type of an amount with two decimals.
        counts_cents: Whether an amount is stored as whole cents.
    """

    timestamp: TypeEngine[Any] = _TIMESTAMP
    keeps_offset: bool = False
    exact_collation: Callable[[Dialect], str | None] = lambda _: None
    long_text: TypeEngine[Any] = _LONG_TEXT
    money: TypeEngine[Any] = _MONEY
    counts_cents: bool = False
