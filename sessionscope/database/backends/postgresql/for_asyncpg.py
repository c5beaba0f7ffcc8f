"""Translates libpq's arguments for asyncpg, and lets it try several hosts.

Source: https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from sessionscope.database.backends.postgresql.asyncpg_connection import limited_connection
from sessionscope.database.backends.postgresql.asyncpg_hosts import FirstHost
from sessionscope.database.backends.query import Arguments, Convert, arguments_of
from sessionscope.database.backends.silence import LIMITS

# Arguments that take objects, that are made from others, or that have a place of their own in the URL.
_NOT_GIVEN: Final = ("dsn", "loop", "connection_class", "record_class", "server_settings")
_PLACED: Final = ("host", "port", "user", "password", "database")
# Arguments that asyncpg reads as libpq does, but only from a DSN.
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl")
_IN_DSN: Final = ("sslmode", *_FILES, "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version")
_SERVER_SETTINGS: Final = ("application_name", "options")


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
        arguments["async_creator_fn"] = FirstHost().connect
        arguments.setdefault("target_session_attrs", "any")
    if pgbouncer:
        arguments["statement_cache_size"] = 0
    return arguments
