"""Connects to MySQL within a time limit, with TLS or without, and with one type of error on failure."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Final

from sqlalchemy.engine.interfaces import Dialect

from sessionscope.database.backends.mysql.sockets import connect_pymysql, limit_socket
from sessionscope.database.backends.mysql.tls import PreferredTLS, without_tls
from sessionscope.database.backends.silence import Limits

# Numbers of MySQL's clients: the first argument of the drivers' errors, if they have one.
_CANNOT_CONNECT: Final = 2003
# "The server doesn't support SSL", before anything is sent to it.
_HAS_NO_TLS: Final = (2026,)
# "Server has gone away" and "lost connection", also if the server hangs up on a new client.
_HUNG_UP: Final = ((2006,), (2013,))


def connect(dialect: Dialect, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """See `Backend.connect`."""
    errors: Any = dialect.loaded_dbapi
    try:
        if dialect.driver == "pymysql":
            return connect_pymysql(errors, **keywords)
        return dialect.connect(*arguments, **keywords)
    except (OSError, errors.Error) as error:
        if isinstance(keywords.get("ssl"), PreferredTLS) and _has_no_tls(error):
            return connect(dialect, arguments, keywords | without_tls(dialect.driver))
        # After a hang-up, there is no connection yet that could be lost.
        if isinstance(error, errors.OperationalError) and error.args[:1] not in _HUNG_UP:
            raise
        # A TimeoutError has no text.
        reason = error.args[-1] if error.args else "no answer in time"
        raise errors.OperationalError(_CANNOT_CONNECT, f"can't connect: {reason}") from error


def _has_no_tls(error: Exception) -> bool:
    # asyncmy begins with TLS without asking the server.
    return error.args[:1] == _HAS_NO_TLS or isinstance(error.__cause__, ssl.SSLError)


def opener(driver: str, limit: float, context: ssl.SSLContext | None, limits: Limits) -> Callable[..., Awaitable[Any]]:
    """Return a version of an async driver's ``connect`` with a time limit, in seconds, for the whole of it.

    The drivers limit only the time until the server accepts the connection, and then wait for its greeting forever.
    The returned function raises `TimeoutError`.

    Args:
        driver: The name of the driver's module.
        limit: The time limit.
        context: The context for TLS. aiomysql uses none if the server has no TLS, which only `PreferredTLS` allows.
        limits: The limits of the connection's socket, as for `set_limits`.
    """
    open_connection = import_module(driver).connect
    insists_on_tls = context is not None and not isinstance(context, PreferredTLS)

    async def connect_in_time(**keywords: Any) -> Any:
        async with asyncio.timeout(limit):
            connection = await open_connection(**keywords)
            limit_socket(driver, connection, limits)
            if insists_on_tls:
                await _refuse_without_tls(connection)
            return connection

    return connect_in_time


async def _refuse_without_tls(connection: Any) -> None:
    cipher = ""
    try:
        async with connection.cursor() as cursor:
            await cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            _, cipher = await cursor.fetchone()
    finally:
        if not cipher:
            connection.close()
    if not cipher:
        raise ConnectionRefusedError("TLS is required, and the server has none")
