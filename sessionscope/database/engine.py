"""Build engines from settings."""

import os
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import Pool, QueuePool

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.backend import Destination
from sessionscope.database.idle import ping_after
from sessionscope.database.location import DatabaseLocation
from sessionscope.database.long_holds import report_long_holds
from sessionscope.database.pools import AsyncWatchedPool, WatchedPool
from sessionscope.database.recorded_pool import RecordedNullPool, RecordedPool
from sessionscope.database.signals import PoolName
from sessionscope.database.slow_statements import watch_statements
from sessionscope.database.url import translate_driver
from sessionscope.settings import DatabaseSettings

# Which pool a setting means, for sync and async engines.
POOLS: Final[dict[str, tuple[type[Pool], type[Pool]]]] = {
    "queue": (WatchedPool, AsyncWatchedPool),
    "null": (RecordedNullPool, RecordedNullPool),
}


def build_engine(
    settings: DatabaseSettings,
    location: DatabaseLocation | None = None,
    *,
    poolclass: type[Pool] | None = None,
) -> Engine:
    """Return a sync engine, which connects when it is first used.

    Args:
        settings: The settings of the database. A pool without a size ignores the sizes.
        location: Where the database is. The engines of a container share it.
        poolclass: Any SQLAlchemy pool, to replace the one that the settings name.

    Raises:
        MissingDriverError: The URL's driver is not installed.
        ConfigurationError: The URL's query has an argument that the driver doesn't take.
    """
    location = location or DatabaseLocation(settings)
    poolclass = poolclass or POOLS[settings.pool_class][0]
    target = destination(location.url, settings, is_async=False)
    engine = create_engine(target.url, poolclass=poolclass, **_options(settings, target, poolclass))
    _prepare(engine, settings, location)
    return engine


def build_async_engine(
    settings: DatabaseSettings,
    location: DatabaseLocation | None = None,
    *,
    poolclass: type[Pool] | None = None,
) -> AsyncEngine:
    """Return an async engine; arguments and errors are those of `build_engine`."""
    location = location or DatabaseLocation(settings)
    poolclass = poolclass or POOLS[settings.pool_class][1]
    target = destination(location.url, settings, is_async=True)
    engine = create_async_engine(target.url, poolclass=poolclass, **_options(settings, target, poolclass))
    _prepare(engine.sync_engine, settings, location)
    return engine


def destination(url: URL, settings: DatabaseSettings, *, is_async: bool) -> Destination:
    """Return where the sync or the async driver for *url* connects to, and how.

    Raises:
        MissingDriverError: The driver is not installed.
        ConfigurationError: The URL's query has an argument that the driver doesn't take.
    """
    url = translate_driver(url, is_async=is_async)
    return backend_of(url.get_backend_name()).destination(url, settings)


def _options(settings: DatabaseSettings, target: Destination, poolclass: type[Pool]) -> dict[str, Any]:
    # The values of a statement may be secret, and errors would show them as well as the echo.
    options: dict[str, Any] = {"echo": settings.echo, "hide_parameters": not settings.echo_parameters}
    options |= {"connect_args": target.arguments} if target.arguments else {}
    return options | target.options | pool_options(settings, poolclass)


def pool_options(settings: DatabaseSettings, poolclass: type[Pool]) -> dict[str, Any]:
    """Return the options that *poolclass* takes; only a queue takes sizes and a timeout."""
    options: dict[str, Any] = {"pool_recycle": settings.pool_recycle}
    if issubclass(poolclass, QueuePool):
        options |= {
            "pool_size": settings.pool_size,
            "max_overflow": settings.max_overflow,
            "pool_timeout": settings.pool_timeout,
        }
    return options


def _prepare(engine: Engine, settings: DatabaseSettings, location: DatabaseLocation) -> None:
    backend_of(engine.dialect.name).prepare(engine, settings, location)
    if settings.pool_pre_ping:
        # The network gets a tenth of the time for connecting, which is due if the test fails.
        ping_after(engine, settings.pool_ping_idle, answer_seconds=settings.connect_timeout / 10)
    if isinstance(engine.pool, RecordedPool):
        name = PoolName.of(settings.url.get_secret_value(), engine.dialect.driver)
        engine.pool.describe(name, settings.long_hold, WeakSet())
        if settings.long_hold:
            report_long_holds(engine)
    if settings.slow_statement:
        watch_statements(engine, settings.slow_statement)
    location.engines.add(engine)
    _engines.add(engine)


# All engines of the process, held weakly: a forked child must not use its parent's sockets.
# Source: https://docs.sqlalchemy.org/en/21/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork
_engines: WeakSet[Engine] = WeakSet()


def _forget_connections() -> None:
    for engine in list(_engines):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)
