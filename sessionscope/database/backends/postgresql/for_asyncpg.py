"""Translates libpq's arguments for asyncpg, and lets it try several hosts.

Source: https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlencode

from sessionscope.database.backends.postgresql.asyncpg_connection import limited_connection
from sessionscope.database.backends.query import Arguments, Convert, arguments_of
from sessionscope.database.backends.silence import LIMITS

# Arguments that take objects, that are made from others, or that have a place of their own in the URL.
_NOT_GIVEN: Final = ("dsn", "loop", "connection_class", "record_class", "server_settings")
_PLACED: Final = ("host", "port", "user", "password", "database")
# Arguments that asyncpg reads as libpq does, but only from a DSN.
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl")
_IN_DSN: Final = ("sslmode", *_FILES, "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version")
_SERVER_SETTINGS: Final = ("application_name", "options")
# Which kinds of server to look for, one after the other.
_PREFERENCES: Final = {"prefer-standby": ("standby", "any")}


def taken(connect: Callable[..., Any]) -> dict[str, Convert]:
    """Return the arguments of asyncpg's *connect* that a URL can give, by the names of libpq."""
    # The last one belongs to SQLAlchemy.
    translated = (*_IN_DSN, *_SERVER_SETTINGS, *LIMITS, "connect_timeout", "prepared_statement_cache_size")
    return arguments_of(connect, (*_NOT_GIVEN, *_PLACED)) | dict.fromkeys(translated, str)


def translate(arguments: Arguments, *, has_several_hosts: bool, pgbouncer: bool) -> Arguments:
    """Return the keywords for asyncpg's ``connect``."""
    tls: Arguments = {name: arguments.pop(name) for name in _IN_DSN if name in arguments}
    arguments["server_settings"] = {name: arguments.pop(name) for name in _SERVER_SETTINGS if name in arguments}
    arguments["timeout"] = arguments.pop("connect_timeout")
    limits = {name: int(arguments.pop(name)) for name in LIMITS}
    arguments["connection_class"] = limited_connection(limits, close_seconds=arguments["timeout"])
    if tls.get("sslrootcert") == "system":
        # In libpq, "system" means the system's certificates, together with a check of the server's name.
        arguments["ssl"] = True
        del tls["sslrootcert"]
        tls.pop("sslmode", None)
    if tls:
        arguments["dsn"] = f"postgresql://?{urlencode(tls)}"
    if has_several_hosts:
        arguments["async_creator_fn"] = connect_to_first
        arguments.setdefault("target_session_attrs", "any")
    if pgbouncer:
        arguments["statement_cache_size"] = 0
    return arguments


async def connect_to_first(*, host: list[str], port: list[int], target_session_attrs: str, **keywords: Any) -> Any:
    """Connect to the first host that fits, each with the full timeout.

    asyncpg's timeout is for all hosts together: a first host that doesn't answer would use it up.

    Raises:
        Exception: The last host's error.
    """
    driver: Any = import_module("asyncpg")
    errors = driver.exceptions
    next_after = (
        OSError,
        errors.CannotConnectNowError,
        errors.ConnectionDoesNotExistError,
        errors.TargetServerAttributeNotMatched,
    )
    failure: Exception | None = None
    for kind in _PREFERENCES.get(target_session_attrs, (target_session_attrs,)):
        for name, number in zip(host, port, strict=True):
            try:
                return await driver.connect(host=name, port=number, target_session_attrs=kind, **keywords)
            except next_after as error:
                failure = error
    raise failure or TimeoutError
