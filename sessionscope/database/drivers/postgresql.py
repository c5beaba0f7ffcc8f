"""PostgreSQL: libpq's arguments for psycopg and psycopg2, and their translation for asyncpg.

The installed drivers tell which arguments exist: libpq lists them, and asyncpg's are in the signature of ``connect``.

Sources: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS,
https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect
"""

import logging
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import URL, Connection, Engine, event

from sessionscope.database.drivers.connecting import first_of, translate_connect_errors
from sessionscope.database.drivers.hosts import Hosts, hosts_of
from sessionscope.database.drivers.words import (
    APPLICATION_NAME,
    Convert,
    Destination,
    Words,
    arguments_of,
    chosen,
    flag,
    one_of,
    read_words,
    seconds,
    tell_of_lost,
    whole,
)
from sessionscope.settings import DatabaseSettings

logger = logging.getLogger(__name__)

_SSLMODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# Arguments that are not texts, and those that libpq and asyncpg take differently. All others are passed on as they
# are to the drivers that know them.
KINDS: Final[dict[str, Convert]] = {
    "application_name": str,
    "options": str,
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
RENAMED: Final = {"ssl": "sslmode", "timeout": "connect_timeout", "direct_tls": "sslnegotiation"}
# Arguments that asyncpg reads as libpq does, but only from a DSN.
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl")
_IN_DSN: Final = ("sslmode", *_FILES, "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version")
# Arguments that may be in the query instead of in their usual place in the URL, and the part that each one sets.
_PARTS: Final = {"user": "username", "password": "password", "dbname": "database", "database": "database"}
# asyncpg's arguments that take objects, or that are made from others.
_NO_WORDS: Final = ("dsn", "loop", "connection_class", "record_class", "server_settings", "host", "port", *_PARTS)
_TRANSLATED: Final = ("application_name", "options", "connect_timeout")
# Security options that a service may rely on: if a driver can't keep one, a warning says so.
_SAFEGUARDS: Final = (
    "channel_binding",
    "require_auth",
    "requirepeer",
    "gssencmode",
    "sslcrldir",
    "min_protocol_version",
)


def destination(url: URL, settings: DatabaseSettings) -> Destination:
    """Return where the driver in *url* connects to, and how. Raises the errors of `read_words` and `hosts_of`."""
    # An argument that is given twice stays in the query, where `read_words` reports it.
    placed = [name for name in _PARTS if isinstance(url.query.get(name), str)]
    parts: dict[str, Any] = {_PARTS[name]: url.query[name] for name in placed}
    url = _with_address(url.difference_update_query(placed).set(**parts))
    driver = url.drivername.partition("+")[2]
    hosts = hosts_of(url)
    url = url.difference_update_query(["host", "port"])
    taken, known = _taken(driver, url.query), KINDS
    for each in (driver, *(("psycopg", "psycopg2") if driver == "asyncpg" else ("asyncpg",))):
        known = _taken(each, url.query) | known
    words = read_words(url, known, renamed=RENAMED)
    _tell_of_lost(driver, {name: words[name] for name in words.keys() - taken.keys() - {*_TRANSLATED}})
    words.setdefault("application_name", APPLICATION_NAME)
    words["options"] = " ".join(filter(None, [_session_options(settings), words.get("options")]))
    build = _asyncpg if driver == "asyncpg" else partial(_libpq, is_psycopg=driver == "psycopg")
    return Destination(
        url.set(query=hosts.query),
        build(chosen(words, {*taken, *_TRANSLATED}), settings, hosts),
        partial(_prepare, settings=settings),
    )


def _with_address(url: URL) -> URL:
    """Return *url* with ``hostaddr`` as its host if it has no other, because asyncpg doesn't know ``hostaddr``."""
    if url.host or "host" in url.query or "hostaddr" not in url.query:
        return url
    return url.difference_update_query(["hostaddr"]).update_query_dict({"host": url.query["hostaddr"]})


def _taken(driver: str, written: Iterable[str]) -> dict[str, Convert]:
    """Return the arguments that *driver* knows, or none if it isn't installed; *written* ones are tried too."""
    if find_spec(driver) is None:
        return {}
    module: Any = import_module(driver)
    if driver == "asyncpg":
        # The last one belongs to SQLAlchemy.
        others = (*_IN_DSN, "prepared_statement_cache_size")
        return arguments_of(module.connect, _NO_WORDS) | dict.fromkeys(others, str)
    if driver == "psycopg":
        options = [option.keyword.decode() for option in module.pq.Conninfo.get_defaults()]
        return dict.fromkeys([*options, "prepare_threshold"], str)
    # psycopg2 can't list its arguments, but can try them. psycopg's are tried too, for hints about misspelt names.
    names = {*(RENAMED.get(name, name) for name in written), *_taken("psycopg", ())}
    return {name: str for name in names if _is_parsed(module, name)}


def _is_parsed(psycopg2: Any, name: str) -> bool:
    try:
        return bool(psycopg2.extensions.parse_dsn(f"{name}=1").keys() == {name})
    except psycopg2.Error:
        return False


def _tell_of_lost(driver: str, words: Words) -> None:
    insisted = {name for name in _SAFEGUARDS if words.get(name) not in (None, "disable", "prefer")}
    for name in insisted:
        logger.warning("%s does not support %s: use postgresql+psycopg:// if you rely on it", driver, name)
    tell_of_lost(driver, words.keys() - insisted)


def _timeouts(settings: DatabaseSettings) -> dict[str, int]:
    """Return the server's timeouts, in milliseconds."""
    limits = {"lock_timeout": settings.lock_timeout, "statement_timeout": settings.statement_timeout}
    return {name: ceil(limit * 1000) for name, limit in limits.items() if limit is not None}


def _session_options(settings: DatabaseSettings) -> str:
    if settings.pgbouncer:
        # PgBouncer refuses such options, because clients share its server connections.
        return ""
    return " ".join(f"-c {name}={limit}" for name, limit in _timeouts(settings).items())


def _libpq(words: Words, settings: DatabaseSettings, _hosts: Hosts, *, is_psycopg: bool) -> dict[str, Any]:
    arguments = words | {"connect_timeout": ceil(words.get("connect_timeout", settings.connect_timeout))}
    if not words["options"]:
        del arguments["options"]
    if is_psycopg and settings.pgbouncer:
        # A statement that is prepared on one server connection is missing on the next.
        arguments["prepare_threshold"] = None
    return {name: int(value) if isinstance(value, bool) else value for name, value in arguments.items()}


def _asyncpg(words: Words, settings: DatabaseSettings, hosts: Hosts) -> dict[str, Any]:
    in_dsn = chosen(words, _IN_DSN)
    parameters = {"application_name": words["application_name"], "options": words["options"]}
    arguments: dict[str, Any] = {
        "timeout": words.get("connect_timeout", settings.connect_timeout),
        "server_settings": {name: value for name, value in parameters.items() if value},
        **{name: value for name, value in words.items() if name not in (*_IN_DSN, *_TRANSLATED)},
    }
    if in_dsn.get("sslrootcert") == "system":
        # In libpq, "system" means the system's certificates, together with a check of the server's name.
        arguments["ssl"] = True
        in_dsn = {name: value for name, value in in_dsn.items() if name not in ("sslmode", "sslrootcert")}
    if hosts.are_several:
        arguments["async_creator_fn"] = _connect_to_first()
        arguments.setdefault("target_session_attrs", "any")
    if in_dsn:
        arguments["dsn"] = f"postgresql://?{urlencode(in_dsn)}"
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


def _prepare(engine: Engine, *, settings: DatabaseSettings) -> None:
    translate_connect_errors(engine)
    if settings.pgbouncer:
        event.listen(engine, "begin", partial(_limit_transaction, statement=transaction_limits(settings)))


def transaction_limits(settings: DatabaseSettings) -> str:
    """Return the statement that sets the timeouts for the current transaction."""
    limits = (f"set_config('{name}', '{limit}', true)" for name, limit in _timeouts(settings).items())
    return f"SELECT {', '.join(limits)}"


def _limit_transaction(connection: Connection, *, statement: str) -> None:
    raw: Any = connection.connection.dbapi_connection
    # In autocommit there is no transaction to set them for.
    if not connection.dialect.detect_autocommit_setting(raw):
        connection.exec_driver_sql(statement)
