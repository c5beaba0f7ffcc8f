"""Servers that follow the primary: reading from them, and from the primary while none of them answers."""

import logging
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from sessionscope.database.drivers import destination
from sessionscope.database.drivers.connecting import connect
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.database.url import translate_driver
from sessionscope.settings import DatabaseSettings, DatabaseUrl

logger = logging.getLogger(__name__)

# How long a replica that did not answer is left alone, and a connection to the primary is used in its place.
SECONDS_UNTIL_NEXT_TRY: Final = 5.0
# Kept with a connection to the primary: when to look for a replica again.
_INSTEAD_UNTIL: Final = "app_instead_until"


def build_replicas(settings: DatabaseSettings) -> Engine | None:
    """Return an engine of the replicas that the settings name, None where they name none; errors as `build_engine`.

    Nothing connects yet.
    """
    if not settings.replica_urls:
        return None
    engine = build_engine(_at(settings, settings.replica_urls[0]))
    _Choice(settings, engine, is_async=False)
    return engine


def build_async_replicas(settings: DatabaseSettings) -> AsyncEngine | None:
    """Return the async twin of `build_replicas`'."""
    if not settings.replica_urls:
        return None
    engine = build_async_engine(_at(settings, settings.replica_urls[0]))
    _Choice(settings, engine.sync_engine, is_async=True)
    return engine


def _at(settings: DatabaseSettings, url: DatabaseUrl) -> DatabaseSettings:
    # All of one pool are one driver's, the primary's.
    same_driver = url.get_secret_value().set(drivername=settings.url.get_secret_value().drivername)
    return settings.model_copy(update={"url": DatabaseUrl(same_driver)})


@dataclass(slots=True)
class _Server:
    """How to connect to one server, and until when not to try."""

    name: str
    # The password is among them.
    arguments: list[Any] = field(repr=False)
    keywords: dict[str, Any] = field(repr=False)
    down_until: float = 0.0


class _Choice:
    """Where a new connection of an engine goes: to the replicas in turn, or to the primary."""

    def __init__(self, settings: DatabaseSettings, engine: Engine, *, is_async: bool) -> None:
        *self._replicas, self._primary = (
            _server(_at(settings, url), engine.dialect, is_async=is_async)
            for url in (*settings.replica_urls, settings.url)
        )
        self._turns = count()
        if event.contains(engine, "do_connect", connect):
            # The first listener that connects is the last one that is asked.
            event.remove(engine, "do_connect", connect)
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "checkout", self._give_up_primary)

    def _connect(self, dialect: Dialect, record: Any, *_: Any) -> Any:
        for replica in self._in_turn():
            try:
                return connect(dialect, record, replica.arguments, replica.keywords)
            except dialect.loaded_dbapi.Error as error:
                logger.warning("the replica %s does not answer: %s", replica.name, type(error).__name__)
                replica.down_until = time.monotonic() + SECONDS_UNTIL_NEXT_TRY
        record.info[_INSTEAD_UNTIL] = time.monotonic() + SECONDS_UNTIL_NEXT_TRY
        return connect(dialect, record, self._primary.arguments, self._primary.keywords)

    def _in_turn(self) -> list[_Server]:
        first = next(self._turns) % len(self._replicas)
        now = time.monotonic()
        return [each for each in self._replicas[first:] + self._replicas[:first] if each.down_until <= now]

    @staticmethod
    def _give_up_primary(_connection: object, record: Any, _proxy: object) -> None:
        if record.info.get(_INSTEAD_UNTIL, float("inf")) <= time.monotonic():
            raise DisconnectionError("read from the primary for long enough: a replica may answer by now")


def _server(settings: DatabaseSettings, dialect: Dialect, *, is_async: bool) -> _Server:
    target = destination(translate_driver(settings.url.get_secret_value(), is_async=is_async), settings)
    arguments, keywords = dialect.create_connect_args(target.url)
    name = f"{target.url.host}:{target.url.port}" if target.url.port else str(target.url.host or target.url.database)
    return _Server(name, list(arguments), {**keywords, **target.arguments})
