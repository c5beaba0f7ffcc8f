"""uvicorn's httptools protocol with a limit on headers. Without one, endless headers would fill the memory."""

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sessionscope.fastapi.server.ending import GivesUpUploads

# The size of a request without its body. uvicorn's h11 protocol has the same limit.
MOST_BYTES: Final = 65_536


class LimitedHttpToolsProtocol(GivesUpUploads, HttpToolsProtocol):
    """Refuses a request whose headers or trailers are longer than `MOST_BYTES` plus one packet.

    When the server ends, it gives up incomplete uploads.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes_of_headers = 0

    def data_received(self, data: bytes) -> None:
        """Parse the next packet, which calls the callbacks below."""
        self._bytes_of_headers += len(data)
        super().data_received(data)
        if self._bytes_of_headers > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too long.")

    def on_headers_complete(self) -> None:
        """Start the request."""
        self._bytes_of_headers = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body. The application limits its size."""
        self._bytes_of_headers = 0
        super().on_body(body)
