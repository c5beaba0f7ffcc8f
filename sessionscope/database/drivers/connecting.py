"""Connecting: within a time limit, to the first suitable server, and with one type of error on failure."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import Dialect

# A function that opens a driver's own connection.
Open = Callable[..., Awaitable[Any]]


def translate_connect_errors(engine: Engine) -> None:
    """Make every failure to connect an `OperationalError`, with the server's error code if it gave one.

    The async drivers raise errors of the operating system, and asyncpg also raises errors of the server, which
    an application that expects SQLAlchemy's errors would not catch. Cancellation is not changed.
    """
    event.listen(engine, "do_connect", connect)


def connect(dialect: Dialect, _record: object, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """Return a new connection of the driver. Its errors are those that `translate_connect_errors` describes."""
    errors: Any = dialect.loaded_dbapi
    try:
        return dialect.connect(*arguments, **keywords)
    except errors.OperationalError as error:
        if isinstance(keywords.get("ssl"), PreferredTLS) and error.args[0] == _NO_TLS:
            return connect(dialect, _record, arguments, {**keywords, "ssl": None, "ssl_disabled": True})
        if dialect.driver in _MYSQL and error.args and error.args[0] in _HUNG_UP:
            # There is no connection yet that could be lost.
            raise _operational(errors, dialect.driver, str(error.args[-1]), error) from error
        raise
    except (OSError, errors.Error) as error:
        # A TimeoutError is an OSError too.
        reason = str(error) or "no answer in time"
        raise _operational(errors, dialect.driver, reason, error) from error


class PreferredTLS(ssl.SSLContext):
    """A context for TLS if the server has it, without a check of its certificate.

    With its own context, pymysql loads the system's certificates for each connection, which takes longer than
    the rest of connecting.
    """

    def __new__(cls) -> Self:
        """Return a context that checks no certificate."""
        context = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


# MySQL's number for "can't connect to server", the first argument of its drivers' errors.
_CANNOT_CONNECT: Final = 2003
# "The server doesn't support SSL", before anything is sent to it.
_NO_TLS: Final = 2026
# "Server has gone away" and "lost connection", also if the server hangs up on a new client.
_HUNG_UP: Final = (2006, 2013)
_MYSQL: Final = ("pymysql", "aiomysql", "asyncmy")


def _operational(errors: Any, driver: str, reason: str, error: Exception) -> Exception:
    arguments: dict[str, tuple[Any, ...]] = {
        # SQLAlchemy's class for asyncpg takes the SQLSTATE from the second argument.
        "asyncpg": (reason, error),
        **dict.fromkeys(_MYSQL, (_CANNOT_CONNECT, f"can't connect: {reason}")),
    }
    made: Exception = errors.OperationalError(*arguments.get(driver, (reason,)))
    return made


def within(limit: float, connect: Open) -> Open:
    """Return *connect* with a time limit, in seconds, for the whole of it.

    Some drivers limit only the time until the server accepts the connection, and then wait for its
    greeting forever. The returned function raises `TimeoutError`.
    """

    async def connect_in_time(*arguments: Any, **keywords: Any) -> Any:
        async with asyncio.timeout(limit):
            return await connect(*arguments, **keywords)

    return connect_in_time


def first_of(connect: Open, next_after: tuple[type[Exception], ...]) -> Open:
    """Return a version of asyncpg's *connect* that tries one host after the other, each with the full timeout.

    asyncpg's timeout is for all hosts together: a first host that doesn't answer would use it up.

    Args:
        connect: Called with one ``host`` and one ``port`` from the lists in the URL.
        next_after: Errors after which the next host is tried.
    """

    async def connect_to_first(
        *, host: list[str], port: list[int], target_session_attrs: str = "any", **keywords: Any
    ) -> Any:
        failure: Exception | None = None
        for attribute in _PREFERENCES.get(target_session_attrs, (target_session_attrs,)):
            for address in zip(host, port, strict=True):
                try:
                    return await connect(host=address[0], port=address[1], target_session_attrs=attribute, **keywords)
                except next_after as error:
                    failure = error
        raise failure or TimeoutError

    return connect_to_first


_PREFERENCES: Final = {"prefer-standby": ("standby", "any")}
