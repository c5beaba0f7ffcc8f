"""Engines that read from replicas, and from the primary while no replica answers."""

import logging
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.backends import backend_of
from sessionscope.database.engine import build_async_engine, build_engine, destination
from sessionscope.settings import DatabaseSettings, DatabaseUrl

logger = logging.getLogger(__name__)

# How long to leave out a replica that did not answer, and to use a connection to the primary in its place.
SECONDS_UNTIL_NEXT_TRY: Final = 5.0
# Key in the `info` of a connection to the primary: when to try the replicas again.
_INSTEAD_UNTIL: Final = "app_instead_until"


def build_replicas(settings: DatabaseSettings) -> Engine | None:
    """Return an engine for the replicas that the settings name, or None if they name none.

    The engine connects when it is first used. Errors are those of `build_engine`.
    """
    if not settings.replica_urls:
        return None
    engine = build_engine(settings_at(settings, settings.replica_urls[0]))
    _Choice(settings, engine, is_async=False)
    return engine


def build_async_replicas(settings: DatabaseSettings) -> AsyncEngine | None:
    """Return the async twin of `build_replicas`' engine."""
    if not settings.replica_urls:
        return None
    engine = build_async_engine(settings_at(settings, settings.replica_urls[0]))
    _Choice(settings, engine.sync_engine, is_async=True)
    return engine


def settings_at(settings: DatabaseSettings, url: DatabaseUrl) -> DatabaseSettings:
    """Return the settings for an engine of the replica at *url*."""
    # All connections of a pool use the same driver, which is the primary's.
    same_driver = url.get_secret_value().set(drivername=settings.url.get_secret_value().drivername)
    return settings.model_copy(update={"url": DatabaseUrl(same_driver)})


@dataclass(slots=True)
class _Server:
    """How to connect to one server, and how long to leave it out."""

    name: str
    # The arguments include the password.
    arguments: list[Any] = field(repr=False)
    keywords: dict[str, Any] = field(repr=False)
    down_until: float = 0.0


class _Choice:
    """Connects an engine to the replicas in turn, or to the primary."""

    def __init__(self, settings: DatabaseSettings, engine: Engine, *, is_async: bool) -> None:
        *self._replicas, self._primary = (
            _server(settings_at(settings, url), engine.dialect, is_async=is_async)
            for url in (*settings.replica_urls, settings.url)
        )
        self._turns = count()
        self._backend = backend_of(engine.dialect.name)
        if event.contains(engine, "do_connect", self._backend.connect):
            # SQLAlchemy stops at the first listener that connects, and always puts another one last.
            event.remove(engine, "do_connect", self._backend.connect)
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "checkout", self._give_up_primary)

    def _connect(self, dialect: Dialect, record: Any, *_: Any) -> Any:
        for replica in self._in_turn():
            try:
                return self._backend.connect(dialect, record, replica.arguments, replica.keywords)
            except dialect.loaded_dbapi.Error as error:
                logger.warning("the replica %s does not answer: %s", replica.name, type(error).__name__)
                replica.down_until = time.monotonic() + SECONDS_UNTIL_NEXT_TRY
        # An attempt that only finds out whether a server answers is for no entry of the pool.
        if record is not None:
            record.info[_INSTEAD_UNTIL] = time.monotonic() + SECONDS_UNTIL_NEXT_TRY
        return self._backend.connect(dialect, record, self._primary.arguments, self._primary.keywords)

    def _in_turn(self) -> list[_Server]:
        first = next(self._turns) % len(self._replicas)
        now = time.monotonic()
        return [each for each in self._replicas[first:] + self._replicas[:first] if each.down_until <= now]

    @staticmethod
    def _give_up_primary(_connection: object, record: Any, _proxy: object) -> None:
        if record.info.get(_INSTEAD_UNTIL, float("inf")) <= time.monotonic():
            raise DisconnectionError("closed a connection to the primary, because a replica may answer by now")


def _server(settings: DatabaseSettings, dialect: Dialect, *, is_async: bool) -> _Server:
    target = destination(settings.url.get_secret_value(), settings, is_async=is_async)
    arguments, keywords = dialect.create_connect_args(target.url)
    name = f"{target.url.host}:{target.url.port}" if target.url.port else str(target.url.host or target.url.database)
    return _Server(name, list(arguments), {**keywords, **target.arguments})
