"""The server's HTTP parser: httptools with a limit on headers, or h11, which has its own, if it is not installed."""

import asyncio
from typing import Any, Final, cast

from sessionscope._compat.uvicorn import EndingHTTPProtocol

# The size of a request without its body. uvicorn's h11 protocol has the same limit.
MOST_BYTES: Final = 65_536
# When the server begins to end, a body that is still arriving has this long to complete.
UPLOAD_SECONDS: Final = 1.0
_TOO_LONG: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    b"content-length: 25\r\n\r\nThe headers are too long."
)


class HttpProtocol(EndingHTTPProtocol):
    """Refuses a request whose headers or trailers are longer than `MOST_BYTES` plus one packet.

    Without a limit, endless headers would fill the memory. When the server ends, it gives up requests whose body is
    still incomplete after `UPLOAD_SECONDS`, for which uvicorn would wait. Both need httptools, whose callbacks are
    the methods ``on_...``.

    With uvicorn's own command: ``uvicorn --http sessionscope.fastapi.server.http_parser:HttpProtocol``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes_of_headers = 0
        self._is_arriving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection."""
        self._transport = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Parse the next packet, which calls the callbacks below."""
        # Parts of a body, which arrive below, set this back.
        self._bytes_of_headers += len(data)
        super().data_received(data)
        if self._is_arriving and self._bytes_of_headers > MOST_BYTES and not self._transport.is_closing():
            self._transport.write(_TOO_LONG)
            self._transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_arriving = True
        self._bytes_of_headers = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the application."""
        self._bytes_of_headers = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body. The application limits its size."""
        self._bytes_of_headers = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Let the application read the end of the body."""
        self._is_arriving = False
        super().on_message_complete()

    def begin_to_end(self) -> None:
        """Give up the request later, if its body is still incomplete then. The application sees a disconnect."""
        asyncio.get_running_loop().call_later(UPLOAD_SECONDS, self._give_up_upload)

    def _give_up_upload(self) -> None:
        if self._is_arriving:
            self._transport.close()


def http_protocol() -> type[asyncio.Protocol]:
    """Return the `http` argument of `uvicorn.Config`."""
    return HttpProtocol
