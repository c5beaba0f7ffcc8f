"""Connecting: in time, to the first server that will do, and with one kind of error when it fails."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import Dialect

# Opens a driver's own connection.
Open = Callable[..., Awaitable[Any]]


def translate_connect_errors(engine: Engine) -> None:
    """Let every failure to connect be an `OperationalError`, with the server's code where it gave one.

    The async drivers let the system's errors through, and asyncpg the server's as well: an
    application that expects SQLAlchemy's would miss them. Cancellation goes through untouched.
    """
    event.listen(engine, "do_connect", connect)


def connect(dialect: Dialect, _record: object, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """Return a new connection of the driver; errors as `translate_connect_errors` says."""
    errors: Any = dialect.loaded_dbapi
    try:
        return dialect.connect(*arguments, **keywords)
    except errors.OperationalError as error:
        if isinstance(keywords.get("ssl"), PreferredTLS) and error.args[0] == _NO_TLS:
            return connect(dialect, _record, arguments, {**keywords, "ssl": None, "ssl_disabled": True})
        if dialect.driver in _MYSQL and error.args and error.args[0] in _HUNG_UP:
            # There was nothing to lose yet.
            raise _operational(errors, dialect.driver, str(error.args[-1]), error) from error
        raise
    except (OSError, errors.Error) as error:
        # A timeout is an OSError, too.
        reason = str(error) or "no answer in time"
        raise _operational(errors, dialect.driver, reason, error) from error


class PreferredTLS(ssl.SSLContext):
    """TLS with whoever answers, where the server has any: pymysql would take the system's certificates in each time.

    That is what it does by itself, and it takes longer than all the rest of connecting.
    """

    def __new__(cls) -> Self:
        """Return the context; nobody's certificate is looked at."""
        context = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


# MySQL's "can't connect to server", which its drivers give first.
_CANNOT_CONNECT: Final = 2003
# "The server doesn't have it", before anything is said to it.
_NO_TLS: Final = 2026
# "Server has gone away", "lost connection": also said of a server that hangs up on a caller.
_HUNG_UP: Final = (2006, 2013)
_MYSQL: Final = ("pymysql", "aiomysql", "asyncmy")


def _operational(errors: Any, driver: str, reason: str, error: Exception) -> Exception:
    arguments: dict[str, tuple[Any, ...]] = {
        # From it, SQLAlchemy's own class for asyncpg takes the SQLSTATE.
        "asyncpg": (reason, error),
        **dict.fromkeys(_MYSQL, (_CANNOT_CONNECT, f"can't connect: {reason}")),
    }
    made: Exception = errors.OperationalError(*arguments.get(driver, (reason,)))
    return made


def within(limit: float, connect: Open) -> Open:
    """Return *connect* with a limit, in seconds, for all of it.

    Some drivers limit only the time until the server takes the call, and then wait for its
    greeting without end.

    Raises:
        TimeoutError: From what is returned.
    """

    async def connect_in_time(*arguments: Any, **keywords: Any) -> Any:
        async with asyncio.timeout(limit):
            return await connect(*arguments, **keywords)

    return connect_in_time


def first_of(connect: Open, next_after: tuple[type[Exception], ...]) -> Open:
    """Return asyncpg's *connect* trying the hosts one after the other, each with all the time there is.

    asyncpg counts the time for all of them together: a first host that doesn't answer would use it up.

    Args:
        connect: Is called with one ``host`` and ``port``, of the lists that come from the URL.
        next_after: Errors which the next host may not have.
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
