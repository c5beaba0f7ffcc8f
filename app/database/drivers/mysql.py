"""MySQL and MariaDB: the words of their clients, and what each driver makes of them.

Sources: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html, and the constructors of the
drivers' connections: pymysql 1.2, aiomysql 0.3, asyncmy 0.2.
"""

from functools import partial
from importlib import import_module
from math import ceil
from typing import Any, Final

from sqlalchemy import URL, Engine, event

from app.database.drivers.connecting import PreferredTLS, translate_connect_errors, within
from app.database.drivers.tls import TLS, connecting, tls_context, tls_mode
from app.database.drivers.words import (
    APPLICATION_NAME,
    Convert,
    Destination,
    Words,
    chosen,
    flag,
    read_words,
    seconds,
    whole,
)
from config import DatabaseSettings

# What every driver takes, by the same names.
SHARED: Final[dict[str, Convert]] = {
    "charset": str,
    "connect_timeout": seconds,
    "init_command": str,
    "local_infile": flag,
    "program_name": str,
    "read_default_file": str,
    "read_default_group": str,
    "server_public_key": lambda text: text.encode(),
    "sql_mode": str,
    "unix_socket": str,
    "use_unicode": flag,
}
# What only some take; the others do without.
PARTICULAR: Final[dict[str, dict[str, Convert]]] = {
    "pymysql": {
        "bind_address": str,
        "max_allowed_packet": whole,
        "read_timeout": seconds,
        "write_timeout": seconds,
    },
    "aiomysql": {"auth_plugin": str},
    "asyncmy": {"max_allowed_packet": whole, "read_timeout": seconds, "stmt_cache_size": whole},
}
KNOWN: Final = SHARED | TLS | {name: kind for words in PARTICULAR.values() for name, kind in words.items()}


def destination(url: URL, settings: DatabaseSettings) -> Destination:
    """Return where the driver in *url* connects to, and how.

    Raises:
        ConfigurationError: As `read_words` and `tls_context`.
    """
    driver = url.drivername.partition("+")[2]
    # The clients' options have hyphens, the drivers' arguments underscores.
    renamed = {name: name.replace("-", "_") for name in url.query} | {"ssl": "ssl_mode"}
    words = read_words(url, KNOWN, renamed=renamed)
    arguments: dict[str, Any] = {"charset": "utf8mb4", "program_name": APPLICATION_NAME}
    arguments |= chosen(words, SHARED.keys() | PARTICULAR[driver].keys()) | _password(url)
    limit = arguments.setdefault("connect_timeout", settings.connect_timeout)
    arguments |= _sync(words, limit) if driver == "pymysql" else _async(driver, words, limit)
    prepare = partial(_prepare, settings=settings, read_timeout=words.get("read_timeout"))
    return Destination(url.set(query={}), arguments, prepare)


def _password(url: URL) -> dict[str, str]:
    """Return the password so that the server gets it in UTF-8: the drivers encode it as Latin-1."""
    password = url.password or ""
    return {} if password.isascii() else {"password": password.encode().decode("latin-1")}


def _sync(words: Words, limit: float) -> dict[str, Any]:
    mode, context = tls_mode(words), tls_context(words)
    # Without its own limit the driver waits for the server's greeting without end; `_prepare` takes it back.
    arguments: dict[str, Any] = {"read_timeout": limit}
    if mode == "DISABLED":
        return arguments | {"ssl_disabled": True}
    return arguments | {"ssl": PreferredTLS() if mode == "PREFERRED" else context}


def _async(driver: str, words: Words, limit: float) -> dict[str, Any]:
    connect = connecting(tls_mode(words), tls_context(words), import_module(driver).connect)
    # asyncmy's own limit is at least a second; ours comes first.
    return {"connect_timeout": ceil(limit), "async_creator_fn": within(limit, connect)}


def _prepare(engine: Engine, *, settings: DatabaseSettings, read_timeout: float | None) -> None:
    """Set the longest waits of each new connection, and a strictness without which values are cut to fit."""
    translate_connect_errors(engine)
    statement = _session_settings(settings)

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _record: object) -> None:
        if engine.dialect.driver == "pymysql":
            dbapi_connection._read_timeout = read_timeout  # noqa: SLF001 - there is no other way
        cursor = dbapi_connection.cursor()
        try:
            cursor.execute(statement)
        except BaseException:
            # The pool doesn't know of it yet.
            dbapi_connection.close()
            raise
        cursor.close()


def _session_settings(settings: DatabaseSettings) -> str:
    # Whole seconds, at least one: less is no wait at all, or refused.
    lock_timeout = ceil(settings.lock_timeout)
    strict = (
        "IF(@@SESSION.sql_mode LIKE '%STRICT\\_%', @@SESSION.sql_mode,"
        " CONCAT(@@SESSION.sql_mode, ',STRICT_TRANS_TABLES'))"
    )
    assignments = f"innodb_lock_wait_timeout = {lock_timeout}, lock_wait_timeout = {lock_timeout}, sql_mode = {strict}"
    limit = settings.statement_timeout
    if limit is not None:
        # Each server takes the other's for a comment; MySQL's limits queries alone, in milliseconds.
        assignments += (
            f" /*M! , max_statement_time = {limit} */ /*!50708 , max_execution_time = {ceil(limit * 1000)} */"
        )
    return f"SET SESSION {assignments}"
