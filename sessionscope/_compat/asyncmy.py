"""asyncmy's `Connection._transport`, through which its socket is reached. asyncmy documents no way to the socket."""

import logging
from typing import Any

logger = logging.getLogger(__name__)


def socket_of(connection: Any) -> Any:
    """Return the socket of asyncmy's *connection*, or None if it is closed or can't be found."""
    if not hasattr(connection, "_transport"):
        logger.warning("this version of asyncmy hides its socket: network_timeout has no effect")
        return None
    transport = connection._transport  # noqa: SLF001
    return transport.get_extra_info("socket") if transport is not None else None
