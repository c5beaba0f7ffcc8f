"""Finds out, without waiting, whether another transaction works on the same thing."""

from typing import Any

from sqlalchemy import Boolean, Insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class try_lock(GenericFunction[bool]):  # noqa: N801 - it is called like a function
    """Takes the lock of a 64-bit number until the transaction ends; false if another transaction has it.

    Only PostgreSQL has such locks. On the other databases it is always true, and `insert_at_once` finds out.
    """

    type = Boolean()
    inherit_cache = True


@compiles(try_lock)
def _always(element: try_lock, compiler: SQLCompiler, **options: Any) -> str:
    # The argument must appear in the SQL, because the driver counts the arguments.
    return f"({compiler.process(element.clauses, **options)} IS NOT NULL)"


class insert_at_once(Insert):  # noqa: N801 - as `insert`
    """An INSERT that does not wait for another transaction that inserts the same key.

    MariaDB fails with a lock timeout at once; MySQL does so after the connection's own timeout. SQLite has one
    writer at a time, so no other transaction can do that.
    """

    inherit_cache = True
