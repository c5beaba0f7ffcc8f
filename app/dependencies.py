"""What endpoints may ask for."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path, Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from app.accounts.service import AccountService
from app.posts.service import PostService
from app.reports.service import ReportService
from app.transfers.service import TransferService
from app.users.service import UserService
from containers import ApplicationContainer, Provide
from sessionscope import current_scope
from sessionscope.database import SessionFactory
from sessionscope.fastapi.problem_types import AMBIGUOUS_REQUEST, UNSUPPORTED_MEDIA_TYPE
from sessionscope.fastapi.problems import ProblemError
from sessionscope.reading.fields import KeyInText

UsersDep = Annotated[UserService, Depends(Provide[ApplicationContainer.users])]
PostsDep = Annotated[PostService, Depends(Provide[ApplicationContainer.posts])]
AccountsDep = Annotated[AccountService, Depends(Provide[ApplicationContainer.accounts])]
TransfersDep = Annotated[TransferService, Depends(Provide[ApplicationContainer.transfers])]
ReportsDep = Annotated[ReportService, Depends(Provide[ApplicationContainer.reports])]

IdempotencyKeyInHeader = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="your own name for this request, as a UUID; the same request may be sent again with it",
        examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ),
]
KeyInPath = Annotated[KeyInText, Path()]


async def get_idempotency_key(request: Request, idempotency_key: IdempotencyKeyInHeader = None) -> str | None:
    """Return the request's Idempotency-Key, None if it has none.

    Raises:
        ProblemError: It has two different ones, of which one would be ignored.
    """
    if len(set(request.headers.getlist("idempotency-key"))) > 1:
        raise ProblemError(AMBIGUOUS_REQUEST, "the request has several Idempotency-Key headers: send one")
    return idempotency_key


IdempotencyKeyDep = Annotated[str | None, Depends(get_idempotency_key)]


async def refuse_other_media_types(request: Request) -> None:
    """Refuse a body that FastAPI does not read as JSON, for a reason that it does not give.

    Raises:
        ProblemError: There is a body, and its Content-Type is missing or another one.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind, _, subtype = media_type.partition("/")
    is_json = kind == "application" and (subtype == "json" or subtype.endswith("+json"))
    if not is_json and await request.body():
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, "send JSON, with the header Content-Type: application/json")


# `dependencies=` of an operation that takes a body.
JSON_ONLY: Final = [Depends(refuse_other_media_types)]


async def get_db(connection: HTTPConnection) -> AsyncIterator[Session]:
    """Yield the request's sync session, for plain ``Depends(get_db)``.

    The scope closes it before the reply leaves; commit what is to stay. Needs
    ``app.state.container`` and `ScopeMiddleware`, which `app.main.create_app` sets up.

    Raises:
        ScopeError: No scope is open, as in a WebSocket.
        sqlalchemy.exc.TimeoutError: As many requests as the pool has connections kept theirs for too long.
    """
    database = _container(connection).database
    # Here, in the loop, and not in one of the threads that others need to finish.
    factory = database.session_factory()
    if isinstance(factory, SessionFactory):
        await factory.gate.admit(current_scope())
    yield database.session()


async def get_async_db(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Yield the request's async session; otherwise as `get_db`."""
    yield _container(connection).database.async_session()


SessionDep = Annotated[Session, Depends(get_db)]
AsyncSessionDep = Annotated[AsyncSession, Depends(get_async_db)]


def _container(connection: HTTPConnection) -> Any:
    container = getattr(connection.app.state, "container", None)
    if container is None:
        raise RuntimeError("the app has no container: set `app.state.container` where the app is made")
    return container
