"""Shows how a database would run a statement that the service has sent. The statement is not run."""

from typing import Any

from sqlalchemy import Engine, NullPool
from sqlalchemy.exc import SQLAlchemyError

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.plans import is_explainable, writes
from sessionscope.database.engine import build_engine
from sessionscope.database.errors import failure_of
from sessionscope.lifetimes.nesting import MAIN, databases_in
from sessionscope.observe.inspection.states import SlowStatementState
from sessionscope.settings import ConfigurationError
from sessionscope.transactions.options import TransactionOptions


class NoPlanError(Exception):
    """Raised when there is no plan for a statement. Its text is for the user."""


def explain(container: Any, slow: SlowStatementState) -> list[str]:
    """Return how the database would run a statement, as lines of text.

    The connection is not one of a pool, so this works while a pool is exhausted. It is closed afterwards.

    Raises:
        NoPlanError: The statement can't be explained, or the database doesn't answer.
    """
    if not is_explainable(slow.sql):
        raise NoPlanError("only a complete SELECT, INSERT, UPDATE or DELETE can be explained")
    databases = databases_in(container)
    try:
        engine = _engine_for(databases.get(slow.database, databases[MAIN]))
    except ConfigurationError:
        raise NoPlanError("the sync driver of this database is not installed") from None
    try:
        return _plan(engine, slow)
    except (SQLAlchemyError, OSError) as error:
        # The text of a driver may have values.
        failure = failure_of(error)
        why = f"{failure}: {failure.description}" if failure is not None else type(error).__name__
        raise NoPlanError(f"the database gives no plan ({why})") from None
    finally:
        engine.dispose()


def _engine_for(database: Any) -> Engine:
    location = getattr(database, "location", None)
    return build_engine(database.settings(), location() if location is not None else None, poolclass=NullPool)


def _plan(engine: Engine, slow: SlowStatementState) -> list[str]:
    diagnosis = backend_of(engine.dialect.name).diagnosis
    read_only = diagnosis.explains_writes_read_only or not writes(slow.sql)
    short = TransactionOptions(read_only=read_only, statement_timeout=3, lock_timeout=1)
    with engine.connect().execution_options(**short.execution_options(engine.dialect.name)) as connection:
        try:
            short.begin(connection)
            return diagnosis.explain(connection, slow.sql, slow.paramstyle)
        finally:
            connection.rollback()
            short.end(connection)
