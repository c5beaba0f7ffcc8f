"""pymysql's `Connection._sock`. pymysql takes a socket, but replaces it when it begins TLS."""

import logging
from typing import Any

logger = logging.getLogger(__name__)


def socket_of(connection: Any) -> Any:
    """Return the socket of pymysql's *connection*, or None if it is closed or can't be found."""
    if not hasattr(connection, "_sock"):
        logger.warning("this version of pymysql hides its socket: network_timeout has no effect")
        return None
    return connection._sock  # noqa: SLF001
