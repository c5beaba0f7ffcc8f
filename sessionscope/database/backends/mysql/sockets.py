"""The sockets of connections to MySQL: their options, and how long the server may take until pymysql is connected.

pymysql's own limit ends when the server accepts the connection, or applies to statements too. But it takes a socket.
"""

import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import Timer
from time import monotonic
from typing import Any, Final

from sessionscope._compat import aiomysql, asyncmy, pymysql
from sessionscope.database.backends.silence import Limits, set_limits

# What pymysql sets on its own sockets.
OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
)


_SOCKET_OF: Final[dict[str, Callable[[Any], Any]]] = {
    "pymysql": pymysql.socket_of,
    "aiomysql": aiomysql.socket_of,
    "asyncmy": asyncmy.socket_of,
}


def socket_of(driver: str, connection: Any) -> socket.socket | None:
    """Return the TCP socket of a driver's *connection*, or None if it is closed or can't be found."""
    found: socket.socket | None = _SOCKET_OF[driver](connection)
    return found


def limit_socket(driver: str, connection: Any, limits: Limits) -> None:
    """Set *limits* on the socket of a driver's new *connection*."""
    opened = socket_of(driver, connection)
    if opened is not None:
        set_limits(opened, limits)


def connect_pymysql(driver: Any, *, limits: Limits, **keywords: Any) -> Any:
    """Return a new connection, made within ``connect_timeout``.

    Args:
        driver: The module ``pymysql``.
        limits: The limits of the connection's socket, as for `set_limits`.
        keywords: The arguments of its ``connect``.

    Raises:
        OSError: The server doesn't accept a connection in time.
        pymysql.Error: The server hangs up or refuses, or it doesn't answer in time.
    """
    if keywords.keys() & {"unix_socket", "read_default_file"}:
        # The server is on this machine, or only the driver knows where it is.
        connection = driver.connect(**keywords)
        limit_socket("pymysql", connection, limits)
        return connection
    limit, begin = keywords["connect_timeout"], monotonic()
    connection = driver.connect(**keywords, defer_connect=True)
    opened = _open_socket(keywords, limit)
    with _cut_off_after(limit - (monotonic() - begin), opened):
        connection.connect(sock=opened)
    limit_socket("pymysql", connection, limits)
    return connection


def _open_socket(keywords: dict[str, Any], limit: float) -> socket.socket:
    address = (keywords.get("host") or "localhost", keywords.get("port") or 3306)
    source = (keywords["bind_address"], 0) if keywords.get("bind_address") else None
    opened = socket.create_connection(address, limit, source)
    for option in OPTIONS:
        opened.setsockopt(*option)
    return opened


@contextmanager
def _cut_off_after(limit: float, opened: socket.socket) -> Generator[None, None, None]:
    """End the connection of *opened* if the block takes longer than *limit* seconds; reading from it then fails."""
    # TLS takes the file descriptor away from the given object, but not from a duplicate.
    with opened.dup() as duplicate:
        watch = Timer(limit, _cut_off, (duplicate,))
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            watch.join()


def _cut_off(opened: socket.socket) -> None:
    with suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)
