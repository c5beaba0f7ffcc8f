"""MySQL and MariaDB: the arguments of their clients, translated for each driver.

Arguments that a driver has under the same name are passed on: the signature of its ``connect`` lists them.

Source: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html
"""

from functools import partial
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from typing import Any, Final

from sqlalchemy import URL, Engine, event

from sessionscope.database.drivers.connecting import PreferredTLS, translate_connect_errors, within
from sessionscope.database.drivers.tls import TLS, tls_connect, tls_context, tls_mode
from sessionscope.database.drivers.words import (
    APPLICATION_NAME,
    Convert,
    Destination,
    Words,
    arguments_of,
    chosen,
    flag,
    read_words,
    seconds,
    tell_of_lost,
    whole,
)
from sessionscope.settings import DatabaseSettings

# Arguments whose type a driver's default doesn't show, and those that sync and async drivers take differently.
KINDS: Final[dict[str, Convert]] = {
    "connect_timeout": seconds,
    "read_timeout": seconds,
    "write_timeout": seconds,
    "stmt_cache_size": whole,
    "use_unicode": flag,
    "server_public_key": lambda text: text.encode(),
    **TLS,
}
# Arguments that take objects, that have a place of their own in the URL, or that SQLAlchemy sets or doesn't support.
_OBJECTS: Final = ("conv", "cursorclass", "cursor_cls", "auth_plugin_map", "loop", "sock", "password_creator", "ssl")
_PLACED: Final = ("host", "port", "user", "password", "passwd", "database", "db")
_REFUSED: Final = ("query_callback", "autocommit", "client_flag", "defer_connect", "echo", "compress", "named_pipe")


def destination(url: URL, settings: DatabaseSettings) -> Destination:
    """Return where the driver in *url* connects to, and how.

    Raises:
        ConfigurationError: As for `read_words` and `tls_context`.
    """
    driver = url.drivername.partition("+")[2]
    # The clients' options have hyphens; the drivers' arguments have underscores.
    renamed = {name: name.replace("-", "_") for name in url.query} | {"ssl": "ssl_mode"}
    taken = _taken(driver)
    known = _taken("pymysql") | _taken("aiomysql") | _taken("asyncmy") | KINDS
    words = read_words(url, known, renamed=renamed)
    tell_of_lost(driver, words.keys() - taken.keys() - TLS.keys())
    arguments: dict[str, Any] = {"charset": "utf8mb4", "program_name": APPLICATION_NAME}
    arguments |= chosen(words, taken.keys() - TLS.keys()) | _password(url)
    limit = arguments.setdefault("connect_timeout", settings.connect_timeout)
    arguments |= _sync(words, limit) if driver == "pymysql" else _async(driver, words, limit)
    prepare = partial(_prepare, settings=settings, read_timeout=words.get("read_timeout"))
    return Destination(url.set(query={}), arguments, prepare)


def _taken(driver: str) -> dict[str, Convert]:
    """Return the arguments of *driver*, or none if it isn't installed."""
    return arguments_of(import_module(driver).connect, _OBJECTS + _PLACED + _REFUSED) if find_spec(driver) else {}


def _password(url: URL) -> dict[str, str]:
    """Return the password in a form that reaches the server as UTF-8, although the drivers encode it as Latin-1."""
    password = url.password or ""
    return {} if password.isascii() else {"password": password.encode().decode("latin-1")}


def _sync(words: Words, limit: float) -> dict[str, Any]:
    mode, context = tls_mode(words), tls_context(words)
    # Without this limit the driver waits for the server's greeting forever. `_prepare` resets it.
    arguments: dict[str, Any] = {"read_timeout": limit}
    if mode == "DISABLED":
        return arguments | {"ssl_disabled": True}
    return arguments | {"ssl": PreferredTLS() if mode == "PREFERRED" else context}


def _async(driver: str, words: Words, limit: float) -> dict[str, Any]:
    connect = tls_connect(tls_mode(words), tls_context(words), import_module(driver).connect)
    # asyncmy's own limit is at least one second, so ours comes first.
    return {"connect_timeout": ceil(limit), "async_creator_fn": within(limit, connect)}


def _prepare(engine: Engine, *, settings: DatabaseSettings, read_timeout: float | None) -> None:
    """Set the timeouts of each new connection, and the strict mode, without which the server truncates values."""
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
            # The pool doesn't know the connection yet.
            dbapi_connection.close()
            raise
        cursor.close()


def _session_settings(settings: DatabaseSettings) -> str:
    # Whole seconds, at least one: the servers take 0 for no wait at all, or refuse it.
    lock_timeout = ceil(settings.lock_timeout)
    strict = (
        "IF(@@SESSION.sql_mode LIKE '%STRICT\\_%', @@SESSION.sql_mode,"
        " CONCAT(@@SESSION.sql_mode, ',STRICT_TRANS_TABLES'))"
    )
    assignments = f"innodb_lock_wait_timeout = {lock_timeout}, lock_wait_timeout = {lock_timeout}, sql_mode = {strict}"
    limit = settings.statement_timeout
    if limit is not None:
        # Each server ignores the other's limit as a comment. MySQL's is in milliseconds, and for queries only.
        assignments += (
            f" /*M! , max_statement_time = {limit} */ /*!50708 , max_execution_time = {ceil(limit * 1000)} */"
        )
    return f"SET SESSION {assignments}"
