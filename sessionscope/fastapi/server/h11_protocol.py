"""uvicorn's h11 protocol, which is used if httptools is not installed. h11 limits headers itself."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from sessionscope.fastapi.server.ending import GivesUpUploads


class EndingH11Protocol(GivesUpUploads, H11Protocol):
    """Gives up incomplete uploads when the server ends."""
