"""Sets up connections to SQLite so that they behave like those to other databases."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from sqlite3 import Error
from typing import Any, Final

from anyio import CancelScope
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolResetState
from sqlalchemy.util import greenlet_spawn

from sessionscope._compat.sqlalchemy import await_in_greenlet
from sessionscope.database.backends.backend import Location
from sessionscope.database.backends.sqlite.file import guard_file
from sessionscope.database.options import WRITES, stands_alone
from sessionscope.settings import DatabaseSettings

# Execution option: how long the transaction waits for locks, in seconds, in place of the setting.
LOCK_TIMEOUT: Final = "app_lock_timeout"
# Key in a connection's `info`: its usual lock timeout, while another one is set.
_USUAL_TIMEOUT: Final = "app_usual_lock_timeout"


def prepare_sqlite(engine: Engine, settings: DatabaseSettings, location: Location) -> None:
    """Turn on foreign keys, write-ahead logging, waiting for locks, and real transactions.

    Args:
        engine: A sync engine, or the one inside an async engine.
        settings: The settings, with the longest wait for a lock.
        location: Says whether the file may be created. The engine keeps it alive, so that a private database
            lasts as long as the engine.

    Source: https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
    """
    pragmas = [
        "PRAGMA foreign_keys = ON",
        f"PRAGMA busy_timeout = {int(settings.lock_timeout * 1000)}",
        "PRAGMA journal_mode = WAL",
    ]

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _record: object) -> None:
        # The driver begins transactions late, and not before every statement: savepoints and reads would be
        # outside the transaction. So `_begin` does it.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        if location.private:
            # The database ends with the process, so there is no need to wait for the disk.
            cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()

    if engine.dialect.is_async:
        # Not with the event "do_connect": other listeners would not be called any more.
        dialect: Any = engine.dialect
        dialect.connect = partial(_connect, dialect.connect)
    guard_file(engine, location)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "reset", _end_what_is_left)
    _keep_values_out_of_logs()


def _keep_values_out_of_logs() -> None:
    # At DEBUG, aiosqlite logs each statement with its values. If you set its level yourself, it is kept.
    driver = logging.getLogger("aiosqlite")
    if driver.level == logging.NOTSET:
        driver.setLevel(logging.INFO)


def _connect(connect: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return await_in_greenlet(_open(partial(connect, *arguments, **options)))


async def _open(connect: Callable[[], Any]) -> Any:
    """Open a connection; close it if the task is cancelled meanwhile, because aiosqlite would leave it open."""
    opening = asyncio.ensure_future(greenlet_spawn(connect))
    try:
        connection: Any = await asyncio.shield(opening)
    except asyncio.CancelledError:
        # Opening a file is quick, so the task waits for it: the event loop may end with the task.
        closing = asyncio.ensure_future(_close(opening))
        with CancelScope(shield=True):
            while not closing.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([closing])
        closing.result()
        raise
    _stop_once(connection.driver_connection)
    return connection


def _stop_once(driver: Any) -> None:
    """Make each stop of aiosqlite's thread wait for the first stop. The thread answers only that one.

    If a task is cancelled a second time, as happens at the end of a server, SQLAlchemy stops the thread while a
    close is already in progress. That second stop would wait forever.
    """
    stop, stopped = driver.stop, list[Any]()

    def stop_once() -> Any:
        if not stopped:
            stopped.append(stop())
        return stopped[0]

    driver.stop = stop_once


async def _close(opening: asyncio.Future[Any]) -> None:
    with suppress(Error):
        connection = await opening
        await greenlet_spawn(connection.close)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if stands_alone(options):
        return
    if LOCK_TIMEOUT in options:
        connection.info.setdefault(_USUAL_TIMEOUT, connection.exec_driver_sql("PRAGMA busy_timeout").scalar())
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(options[LOCK_TIMEOUT] * 1000)}")
    # A transaction that reads first and writes later fails at once if another one has committed in between.
    # If it takes the write lock at the start, it waits instead.
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")
    except DBAPIError:
        # There is no transaction whose end would do this.
        _restore_lock_timeout(connection)
        raise


def _restore_lock_timeout(connection: Connection) -> None:
    usual = take_usual_lock_timeout(connection)
    if usual is not None:
        # Directly on the driver: SQLAlchemy would begin the transaction first, again.
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {usual}")
        cursor.close()


def _end_what_is_left(dbapi_connection: Any, _record: object, state: PoolResetState) -> None:
    # After a failed COMMIT, SQLAlchemy considers the transaction ended, but SQLite doesn't.
    raw = getattr(dbapi_connection, "driver_connection", dbapi_connection)
    if state.asyncio_safe and raw.in_transaction:
        dbapi_connection.rollback()


def take_usual_lock_timeout(connection: Connection) -> int | None:
    """Return the usual lock timeout in milliseconds, and forget it; None if the transaction had the usual one."""
    usual: int | None = connection.info.pop(_USUAL_TIMEOUT, None)
    return usual
