"""What the endpoints of the matrix have in common."""

from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from tests.sessionscope.e2e.isolation.crowd import Visitor

# Between two pieces of a stream that only its reader ends.
PAUSE_SECONDS: Final = 0.005


class OutOfOrderError(RuntimeError):
    """Raised by endpoints that are to fail."""


async def get_visitor(connection: HTTPConnection, number: int) -> Visitor:
    """Return the place in the crowd of the request with ``?number=``."""
    return Visitor(connection.app.state.crowd, number)


VisitorDep = Annotated[Visitor, Depends(get_visitor)]
