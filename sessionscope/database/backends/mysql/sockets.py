"""The socket of a sync connection to MySQL: its options, and how long the server may take until it is connected.

pymysql's own limit ends when the server accepts the connection, or applies to statements too. But it takes a socket.
"""

import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Timer
from time import monotonic
from typing import Any, Final

# What pymysql sets on its own sockets.
OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
)


def connect_pymysql(driver: Any, **keywords: Any) -> Any:
    """Return a new connection, made within ``connect_timeout``.

    Args:
        driver: The module ``pymysql``.
        keywords: The arguments of its ``connect``.

    Raises:
        OSError: The server doesn't accept a connection in time.
        pymysql.Error: The server hangs up or refuses, or it doesn't answer in time.
    """
    if keywords.keys() & {"unix_socket", "read_default_file"}:
        # The server is on this machine, or only the driver knows where it is.
        return driver.connect(**keywords)
    limit, begin = keywords["connect_timeout"], monotonic()
    connection = driver.connect(**keywords, defer_connect=True)
    opened = _open_socket(keywords, limit)
    with _cut_off_after(limit - (monotonic() - begin), opened):
        connection.connect(sock=opened)
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
