"""The arguments in a PostgreSQL URL, for each driver. They have libpq's names; asyncpg's names are taken too.

The installed drivers tell which arguments exist: libpq lists them, and asyncpg's are in the signature of ``connect``.

Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

import logging
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from typing import Any, Final

from sqlalchemy import URL

from sessionscope.database.backends.backend import Destination
from sessionscope.database.backends.postgresql import for_asyncpg
from sessionscope.database.backends.postgresql.hosts import hosts_in
from sessionscope.database.backends.query import (
    APPLICATION_NAME,
    Arguments,
    Convert,
    flag,
    log_left_out,
    one_of,
    read_query,
    seconds,
    whole,
)
from sessionscope.database.backends.silence import limits_within
from sessionscope.settings import DatabaseSettings

logger = logging.getLogger(__name__)

_SSLMODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# Arguments that are not texts, and those that libpq and asyncpg take differently.
_CONVERTERS: Final[dict[str, Convert]] = {
    "connect_timeout": seconds,
    # As in libpq, JDBC's ssl=true means sslmode=require.
    "sslmode": one_of(*_SSLMODES, synonyms={"true": "require", "false": "disable"}),
    "sslnegotiation": one_of("postgres", "direct", synonyms={"true": "direct", "false": "postgres"}),
    **dict.fromkeys(("keepalives", "gssdelegation", "sslcompression", "sslsni"), flag),
    **dict.fromkeys(("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"), whole),
    "prepare_threshold": lambda text: None if text == "None" else whole(text),
    "prepared_statement_cache_size": whole,
    "command_timeout": seconds,
}
# asyncpg's names.
_RENAMED: Final = {"ssl": "sslmode", "timeout": "connect_timeout", "direct_tls": "sslnegotiation"}
# Arguments that may be in the query instead of in their usual place in the URL, and the part that each one sets.
_PARTS: Final = {"user": "username", "password": "password", "dbname": "database", "database": "database"}
# Security options that a service may rely on: if a driver can't keep one, a warning says so.
_SAFEGUARDS: Final = (
    *("channel_binding", "require_auth", "requirepeer", "gssencmode", "sslcrldir", "min_protocol_version"),
)


def destination(url: URL, settings: DatabaseSettings) -> Destination:
    """See `Backend.destination`. It also raises the errors of `hosts_in`."""
    url = _with_parts(url)
    hosts = hosts_in(url)
    url = url.difference_update_query(["host", "port"])
    driver = url.get_driver_name()
    taken = _taken_by(driver, url.query)
    known = _taken_by("asyncpg", ()) | _taken_by("psycopg", ()) | _taken_by("psycopg2", url.query) | _CONVERTERS
    arguments = read_query(url, known, renamed=_RENAMED)
    _log_left_out(driver, {name: value for name, value in arguments.items() if name not in taken})
    arguments = {name: value for name, value in arguments.items() if name in taken}
    arguments.setdefault("application_name", APPLICATION_NAME)
    arguments.setdefault("connect_timeout", settings.connect_timeout)
    for name, limit in limits_within(settings.network_timeout).items():
        arguments.setdefault(name, limit)
    if options := " ".join(filter(None, [_server_options(settings), arguments.pop("options", "")])):
        arguments["options"] = options
    if driver == "asyncpg":
        arguments = for_asyncpg.translate(
            arguments, has_several_hosts="," in hosts.get("host", ""), pgbouncer=settings.pgbouncer
        )
    else:
        arguments = _for_libpq(arguments, is_pooled=driver == "psycopg" and settings.pgbouncer)
    level = {"isolation_level": settings.isolation_level} if settings.isolation_level else {}
    return Destination(url.set(query=hosts), arguments, level)


def _with_parts(url: URL) -> URL:
    """Return *url* with the user, the password, the database and the address from its query in their places."""
    # An argument that is given twice stays in the query, where `read_query` reports it.
    placed = [name for name in _PARTS if isinstance(url.query.get(name), str)]
    parts: dict[str, Any] = {_PARTS[name]: url.query[name] for name in placed}
    url = url.difference_update_query(placed).set(**parts)
    if url.host or "host" in url.query or "hostaddr" not in url.query:
        return url
    # asyncpg doesn't know hostaddr.
    return url.difference_update_query(["hostaddr"]).update_query_dict({"host": url.query["hostaddr"]})


def _taken_by(driver: str, written: Iterable[str]) -> dict[str, Convert]:
    """Return the arguments that *driver* takes, or none if it isn't installed; *written* ones are tried too."""
    if find_spec(driver) is None:
        return {}
    module: Any = import_module(driver)
    if driver == "asyncpg":
        return for_asyncpg.taken(module.connect)
    if driver == "psycopg":
        options = [option.keyword.decode() for option in module.pq.Conninfo.get_defaults()]
        return dict.fromkeys([*options, "prepare_threshold"], str)
    # psycopg2 can't list its arguments, but can try them. psycopg's are tried too, for hints about misspelt names.
    names = {*(_RENAMED.get(name, name) for name in written), *_taken_by("psycopg", ())}
    return {name: str for name in names if _is_parsed(module, name)}


def _is_parsed(psycopg2: Any, name: str) -> bool:
    try:
        return bool(psycopg2.extensions.parse_dsn(f"{name}=1").keys() == {name})
    except psycopg2.Error:
        return False


def _log_left_out(driver: str, arguments: Arguments) -> None:
    insisted = {name for name in _SAFEGUARDS if arguments.get(name) not in (None, "disable", "prefer")}
    for name in insisted:
        logger.warning("%s does not support %s: use postgresql+psycopg:// if you rely on it", driver, name)
    log_left_out(driver, arguments.keys() - insisted)


def _server_options(settings: DatabaseSettings) -> str:
    # PgBouncer refuses such options, because clients share its server connections.
    limits = {} if settings.pgbouncer else server_timeouts(settings) | _server_limits(settings)
    return " ".join(f"-c {name}={limit}" for name, limit in limits.items())


def server_timeouts(settings: DatabaseSettings) -> dict[str, int]:
    """Return the server's timeouts, in milliseconds."""
    limits = {"lock_timeout": settings.lock_timeout, "statement_timeout": settings.statement_timeout}
    return {name: ceil(limit * 1000) for name, limit in limits.items() if limit is not None}


def _server_limits(settings: DatabaseSettings) -> dict[str, int]:
    """Return the limits with which the server ends the transaction of a client that is silent, and frees its locks."""
    limits = limits_within(settings.network_timeout)
    del limits["keepalives"]
    return {name if name.startswith("tcp_") else f"tcp_{name}": limit for name, limit in limits.items()}


def _for_libpq(arguments: Arguments, *, is_pooled: bool) -> Arguments:
    arguments["connect_timeout"] = ceil(arguments["connect_timeout"])
    if is_pooled:
        # A statement that is prepared on one server connection is missing on the next.
        arguments["prepare_threshold"] = None
    return {name: int(value) if isinstance(value, bool) else value for name, value in arguments.items()}
