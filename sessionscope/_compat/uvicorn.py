"""uvicorn's HTTP protocol: the class, and its method `shutdown`, which the server calls when it ends.

uvicorn documents the argument ``http``, which takes a class, and no class to start from.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:

    class _Base(asyncio.Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def shutdown(self) -> None: ...

        # httptools documents these callbacks.
        def on_message_begin(self) -> None: ...
        def on_headers_complete(self) -> None: ...
        def on_body(self, body: bytes) -> None: ...
        def on_message_complete(self) -> None: ...

else:
    # With httptools if that is installed, otherwise with h11.
    _Base = AutoHTTPProtocol


class EndingHTTPProtocol(_Base):
    """uvicorn's protocol with a hook. If uvicorn ever calls another method, the hook is never called."""

    def shutdown(self) -> None:
        """End the connection: at once if it is idle, otherwise after its request."""
        super().shutdown()
        self.begin_to_end()

    def begin_to_end(self) -> None:
        """Do what is to be done when the server ends."""
