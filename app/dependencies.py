"""What endpoints may ask for."""

from typing import Annotated, Final

from fastapi import Depends, Header, Path, Request

from app.accounts.service import AccountService
from app.posts.service import PostService
from app.reports.service import ReportService
from app.transfers.service import TransferService
from app.users.service import UserService
from containers import ApplicationContainer, Provide
from sessionscope.fastapi.problem_types import AMBIGUOUS_REQUEST, UNSUPPORTED_MEDIA_TYPE
from sessionscope.fastapi.problems import ProblemError
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep, get_async_db, get_db
from sessionscope.reading.fields import KeyInText

__all__ = [
    "JSON_ONLY",
    "AccountsDep",
    "AsyncSessionDep",
    "IdempotencyKeyDep",
    "KeyInPath",
    "PostsDep",
    "ReportsDep",
    "SessionDep",
    "TransfersDep",
    "UsersDep",
    "get_async_db",
    "get_db",
]

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
