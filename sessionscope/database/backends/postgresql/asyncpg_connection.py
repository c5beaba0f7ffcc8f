"""asyncpg's connection with limits on its socket, for which asyncpg has no arguments."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sessionscope.database.backends.silence import Limits, set_limits

if TYPE_CHECKING:

    class _Connection:
        """The part of asyncpg's class that is extended here."""

        def __init__(self, *arguments: Any) -> None: ...
        async def close(self, *, timeout: float | None = None) -> None: ...  # noqa: ASYNC109 - asyncpg's own


def limited_connection(limits: Limits, *, close_seconds: float) -> type[Any]:
    """Return a class for the argument ``connection_class`` of asyncpg's ``connect``.

    Args:
        limits: As for `set_limits`.
        close_seconds: How long `close` may take. By default, it has no limit, and waits for the cancellation of a
            statement too, for which asyncpg opens another connection.

    Source: https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.connect
    """
    base: type[_Connection] = import_module("asyncpg").Connection

    class LimitedConnection(base):  # type: ignore[misc, valid-type]
        __slots__ = ("socket",)

        def __init__(self, protocol: Any, transport: Any, *others: Any) -> None:
            super().__init__(protocol, transport, *others)
            self.socket = transport.get_extra_info("socket")
            set_limits(self.socket, limits)

        async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own
            await super().close(timeout=close_seconds if timeout is None else timeout)

    return LimitedConnection
