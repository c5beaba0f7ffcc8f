"""aiomysql's `Connection._writer`, through which its socket is reached. aiomysql documents no way to the socket."""

import logging
from typing import Any

logger = logging.getLogger(__name__)


def socket_of(connection: Any) -> Any:
    """Return the socket of aiomysql's *connection*, or None if it is closed or can't be found."""
    if not hasattr(connection, "_writer"):
        logger.warning("this version of aiomysql hides its socket: network_timeout has no effect")
        return None
    writer = connection._writer  # noqa: SLF001
    return writer.transport.get_extra_info("socket") if writer is not None else None
