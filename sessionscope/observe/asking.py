"""Asks a server for what it knows, in a transaction that is short and changes nothing."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from sessionscope.transactions.options import TransactionOptions

# The longest time for each statement, in seconds.
_SHORT: Final = TransactionOptions(statement_timeout=10, lock_timeout=3)


@contextmanager
def asking(connection: Connection) -> Generator[Connection, None, None]:
    """Limit the statements on *connection* in this block, and roll back at its end."""
    try:
        _SHORT.begin(connection)
        yield connection
    finally:
        connection.rollback()
        _SHORT.end(connection)
