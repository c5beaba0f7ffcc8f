"""Limits with which the kernel ends a connection whose server is silent, because its network is cut or it has no power.

Keepalives ask an idle connection, and one that waits for the result of a statement. TCP_USER_TIMEOUT limits the wait
for the acknowledgement of what was sent. A living server's kernel answers both, however long its statements take.

Source: https://man7.org/linux/man-pages/man7/tcp.7.html
"""

import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

# By libpq's names of the limits, and PostgreSQL's with "tcp_" in front. Some systems don't have all of the options.
_OPTIONS: Final = {
    "keepalives": (socket.SOL_SOCKET, "SO_KEEPALIVE"),
    "keepalives_idle": (socket.IPPROTO_TCP, "TCP_KEEPIDLE"),
    "keepalives_interval": (socket.IPPROTO_TCP, "TCP_KEEPINTVL"),
    "keepalives_count": (socket.IPPROTO_TCP, "TCP_KEEPCNT"),
    "tcp_user_timeout": (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT"),
}
LIMITS: Final = tuple(_OPTIONS)
_PROBES: Final = 3
_ON_OFF_OR_MILLISECONDS: Final = ("keepalives", "tcp_user_timeout")

Limits = Mapping[str, int]


class HasFileDescriptor(Protocol):
    """A socket, or a driver's connection that has one."""

    def fileno(self) -> int:
        """Return the socket's file descriptor, or -1 if it is closed."""
        ...


def limits_within(seconds: float) -> dict[str, int]:
    """Return the limits with which a connection ends within *seconds* of silence, by libpq's names.

    Linux ends an idle connection at the first probe that is due after TCP_USER_TIMEOUT, and then doesn't count probes.
    So that limit lies between the last two probes. Other systems count.
    """
    return {
        "keepalives": 1,
        "keepalives_idle": max(1, int(seconds / 3)),
        "keepalives_interval": max(1, int(seconds / 5)),
        "keepalives_count": _PROBES,
        "tcp_user_timeout": int(seconds * 1000 * 13 / 15),
    }


def set_limits(opened: Any, limits: Limits) -> None:
    """Set *limits* on a TCP socket, which may be asyncio's or uvloop's. 0 means the system's default, as in libpq."""
    if opened.family not in (socket.AF_INET, socket.AF_INET6):
        return
    for name, value in limits.items():
        level, option = _OPTIONS[name]
        number = getattr(socket, option, None)
        if number is not None and (value or name in _ON_OFF_OR_MILLISECONDS):
            opened.setsockopt(level, number, value)


@contextmanager
def answered_within(seconds: float, connected: HasFileDescriptor | None) -> Generator[None, None, None]:
    """In this block, end the connection if what is sent is not acknowledged within *seconds*.

    Unlike a timeout around the block, this cancels nothing: to cancel a statement, drivers connect to the server again.

    Args:
        seconds: The limit.
        connected: The socket. None means that there is none, and no limit.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    descriptor = connected.fileno() if connected is not None else -1
    if option is None or descriptor < 0:
        yield
        return
    usual = _exchange(descriptor, option, int(seconds * 1000))
    yield
    # If the block fails, the connection is not used again.
    _exchange(descriptor, option, usual)


def _exchange(descriptor: int, option: int, milliseconds: int | None) -> int | None:
    """Set an option of a TCP socket and return its former value, or None if the socket is of another kind."""
    opened = socket.socket(fileno=descriptor)
    try:
        if milliseconds is None or opened.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        former = opened.getsockopt(socket.IPPROTO_TCP, option)
        opened.setsockopt(socket.IPPROTO_TCP, option, milliseconds)
    finally:
        # The connection keeps its descriptor.
        opened.detach()
    return former
