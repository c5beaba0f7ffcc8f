"""PostgreSQL: libpq's words, as psycopg and psycopg2 take them, and what asyncpg makes of them.

Sources: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS,
https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect
"""

import logging
from functools import partial
from importlib import import_module
from math import ceil
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import URL, Connection, Engine, event

from app.database.drivers.connecting import first_of, translate_connect_errors
from app.database.drivers.hosts import Hosts, hosts_of
from app.database.drivers.words import (
    APPLICATION_NAME,
    Convert,
    Destination,
    Words,
    chosen,
    flag,
    one_of,
    read_words,
    seconds,
    whole,
)
from config import DatabaseSettings

logger = logging.getLogger(__name__)

_SSLMODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# The words that asyncpg reads as libpq does, though only from a DSN.
SHARED: Final[dict[str, Convert]] = {
    # As libpq has it: ssl=true, in JDBC's manner, is sslmode=require.
    "sslmode": one_of(*_SSLMODES, synonyms={"true": "require", "false": "disable"}),
    "sslrootcert": str,
    "sslcert": str,
    "sslkey": str,
    "sslpassword": str,
    "sslcrl": str,
    "sslnegotiation": one_of("postgres", "direct"),
    "ssl_min_protocol_version": one_of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "ssl_max_protocol_version": one_of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "target_session_attrs": one_of("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "passfile": str,
    "service": str,
    "krbsrvname": str,
    "gsslib": one_of("gssapi", "sspi"),
}
# The words that each kind of driver takes in its own way.
TRANSLATED: Final[dict[str, Convert]] = {"connect_timeout": seconds, "application_name": str, "options": str}
# What only libpq can do; asyncpg does without.
LIBPQ: Final[dict[str, Convert]] = {
    "channel_binding": one_of("disable", "prefer", "require"),
    "require_auth": str,
    "requirepeer": str,
    "gssencmode": one_of("disable", "prefer", "require"),
    "gssdelegation": flag,
    "fallback_application_name": str,
    "keepalives": flag,
    "keepalives_idle": whole,
    "keepalives_interval": whole,
    "keepalives_count": whole,
    "tcp_user_timeout": whole,
    "load_balance_hosts": one_of("disable", "random"),
    "sslcompression": flag,
    "sslcertmode": one_of("disable", "allow", "require"),
    "sslcrldir": str,
    "sslsni": flag,
}
# What a service may insist on for its safety, so that it should hear of it where it is not kept.
_SAFEGUARDS: Final = ("channel_binding", "require_auth", "requirepeer", "gssencmode", "sslcrldir")
PSYCOPG: Final[dict[str, Convert]] = {"prepare_threshold": lambda text: None if text == "None" else whole(text)}
ASYNCPG: Final[dict[str, Convert]] = {
    "statement_cache_size": whole,
    "max_cached_statement_lifetime": whole,
    "max_cacheable_statement_size": whole,
    "prepared_statement_cache_size": whole,
    "command_timeout": seconds,
}
KNOWN: Final = SHARED | TRANSLATED | LIBPQ | PSYCOPG | ASYNCPG
# What may stand in the query instead of its place in the URL, and the part that it is.
_PARTS: Final = {"user": "username", "password": "password", "dbname": "database"}
# asyncpg's names.
RENAMED: Final = {"ssl": "sslmode", "timeout": "connect_timeout"}


def destination(url: URL, settings: DatabaseSettings) -> Destination:
    """Return where the driver in *url* connects to, and how; errors as `read_words` and `hosts_of`."""
    parts: dict[str, Any] = {part: url.query[name] for name, part in _PARTS.items() if name in url.query}
    url = url.difference_update_query(_PARTS).set(**parts)
    hosts = hosts_of(url)
    words = read_words(url.difference_update_query(["host", "port"]), KNOWN, renamed=RENAMED)
    words.setdefault("application_name", APPLICATION_NAME)
    words["options"] = " ".join(filter(None, [_session_options(settings), words.get("options")]))
    is_asyncpg = url.drivername.endswith("+asyncpg")
    arguments = _asyncpg(words, settings, hosts) if is_asyncpg else _libpq(url, words, settings)
    return Destination(
        url.set(query=hosts.query),
        arguments,
        partial(_prepare, settings=settings),
    )


def _timeouts(settings: DatabaseSettings) -> dict[str, int]:
    """Return the server's settings for the longest waits, in milliseconds."""
    limits = {"lock_timeout": settings.lock_timeout, "statement_timeout": settings.statement_timeout}
    return {name: ceil(limit * 1000) for name, limit in limits.items() if limit is not None}


def _session_options(settings: DatabaseSettings) -> str:
    if settings.pgbouncer:
        # It refuses such options: its server connections are not this client's alone.
        return ""
    return " ".join(f"-c {name}={limit}" for name, limit in _timeouts(settings).items())


def _libpq(url: URL, words: Words, settings: DatabaseSettings) -> dict[str, Any]:
    arguments = chosen(words, SHARED.keys() | LIBPQ.keys() | {"application_name"})
    arguments |= {"options": words["options"]} if words["options"] else {}
    arguments["connect_timeout"] = ceil(words.get("connect_timeout", settings.connect_timeout))
    if url.drivername.endswith("+psycopg"):
        # Statements that are prepared on one server connection are missing on the next.
        arguments |= {"prepare_threshold": None} if settings.pgbouncer else chosen(words, PSYCOPG)
    return {name: int(value) if isinstance(value, bool) else value for name, value in arguments.items()}


def _asyncpg(words: Words, settings: DatabaseSettings, hosts: Hosts) -> dict[str, Any]:
    _warn_of_lost_safeguards(words)
    shared = chosen(words, SHARED)
    parameters = {"application_name": words["application_name"], "options": words["options"]}
    arguments: dict[str, Any] = {
        "timeout": words.get("connect_timeout", settings.connect_timeout),
        "server_settings": {name: value for name, value in parameters.items() if value},
        **chosen(words, ASYNCPG),
    }
    if shared.get("sslrootcert") == "system":
        # libpq's word for the system's own certificates, with which it checks the server's name as well.
        arguments["ssl"] = True
        shared = {name: value for name, value in shared.items() if name not in ("sslmode", "sslrootcert")}
    if hosts.are_several:
        arguments["async_creator_fn"] = _connect_to_first()
        arguments["target_session_attrs"] = shared.pop("target_session_attrs", "any")
    if shared:
        arguments["dsn"] = f"postgresql://?{urlencode(shared)}"
    if settings.pgbouncer:
        arguments["statement_cache_size"] = 0
    return arguments


def _connect_to_first() -> Any:
    driver: Any = import_module("asyncpg")
    return first_of(
        driver.connect,
        (
            OSError,
            driver.exceptions.CannotConnectNowError,
            driver.exceptions.ConnectionDoesNotExistError,
            driver.exceptions.TargetServerAttributeNotMatched,
        ),
    )


def _warn_of_lost_safeguards(words: Words) -> None:
    for name in _SAFEGUARDS:
        if words.get(name) not in (None, "disable", "prefer"):
            logger.warning("asyncpg can't keep %s: connect with postgresql+psycopg:// to have it kept", name)


def _prepare(engine: Engine, *, settings: DatabaseSettings) -> None:
    translate_connect_errors(engine)
    if settings.pgbouncer:
        event.listen(engine, "begin", partial(_limit_transaction, statement=transaction_limits(settings)))


def transaction_limits(settings: DatabaseSettings) -> str:
    """Return the statement that sets the longest waits until the transaction ends."""
    limits = (f"set_config('{name}', '{limit}', true)" for name, limit in _timeouts(settings).items())
    return f"SELECT {', '.join(limits)}"


def _limit_transaction(connection: Connection, *, statement: str) -> None:
    raw: Any = connection.connection.dbapi_connection
    # A statement that stands alone has no transaction to set them for.
    if not connection.dialect.detect_autocommit_setting(raw):
        connection.exec_driver_sql(statement)
