"""The arguments in a MySQL URL, which have the names of MySQL's clients, for each driver.

Arguments that a driver has under the same name are passed on: the signature of its ``connect`` lists them.

Source: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html
"""

from importlib import import_module
from importlib.util import find_spec
from math import ceil
from typing import Any, Final

from sqlalchemy import URL

from sessionscope.database.backends.backend import Destination
from sessionscope.database.backends.mysql.connecting import opener
from sessionscope.database.backends.mysql.tls import TLS, tls_context, without_tls
from sessionscope.database.backends.query import (
    APPLICATION_NAME,
    Convert,
    arguments_of,
    flag,
    log_left_out,
    read_query,
    seconds,
    whole,
)
from sessionscope.database.backends.silence import limits_within
from sessionscope.settings import DatabaseSettings

# Arguments whose type a driver's default doesn't show, and those that sync and async drivers take differently.
_CONVERTERS: Final[dict[str, Convert]] = {
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
    """See `Backend.destination`. It also raises the errors of `tls_context`."""
    driver = url.get_driver_name()
    # The clients' options have hyphens; the drivers' arguments have underscores.
    renamed = {name: name.replace("-", "_") for name in url.query} | {"ssl": "ssl_mode"}
    known = _taken_by("pymysql") | _taken_by("aiomysql") | _taken_by("asyncmy") | _CONVERTERS
    given = read_query(url, known, renamed=renamed)
    taken = _taken_by(driver).keys() - TLS.keys()
    log_left_out(driver, given.keys() - taken - TLS.keys())
    context = tls_context(given)
    arguments: dict[str, Any] = {
        "charset": "utf8mb4",
        "program_name": APPLICATION_NAME,
        "connect_timeout": settings.connect_timeout,
        **{name: value for name, value in given.items() if name in taken},
        "limits": limits_within(settings.network_timeout),
        **_password(url),
        **({"ssl": context} if context is not None else without_tls(driver)),
    }
    if driver != "pymysql":
        limit = arguments["connect_timeout"]
        arguments["async_creator_fn"] = opener(driver, limit, context, arguments.pop("limits"))
        # asyncmy's own limit is at least one second, so ours comes first.
        arguments["connect_timeout"] = ceil(limit)
    return Destination(url.set(query={}), arguments, {})


def _taken_by(driver: str) -> dict[str, Convert]:
    """Return the arguments of *driver*, or none if it isn't installed."""
    return arguments_of(import_module(driver).connect, _OBJECTS + _PLACED + _REFUSED) if find_spec(driver) else {}


def _password(url: URL) -> dict[str, str]:
    """Return the password in a form that reaches the server as UTF-8, although the drivers encode it as Latin-1."""
    password = url.password or ""
    return {} if password.isascii() else {"password": password.encode().decode("latin-1")}
