"""Parameters and checks that any endpoint can use."""

from typing import Annotated, Final

from fastapi import Depends, Header, Path, Request

from sessionscope.fastapi.problem_types import AMBIGUOUS_REQUEST, UNSUPPORTED_MEDIA_TYPE
from sessionscope.fastapi.problems import ProblemError
from sessionscope.reading.fields import KeyInText, UuidKey

KeyInPath = Annotated[KeyInText, Path()]
UuidKeyInPath = Annotated[UuidKey, Path()]
IdempotencyKeyInHeader = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="a key of your choice, such as a UUID, which makes it safe to repeat this request",
        examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ),
]


async def get_idempotency_key(request: Request, idempotency_key: IdempotencyKeyInHeader = None) -> str | None:
    """Return the request's Idempotency-Key, or None if it has none.

    Raises:
        ProblemError: The request has two different keys.
    """
    if len(set(request.headers.getlist("idempotency-key"))) > 1:
        raise ProblemError(AMBIGUOUS_REQUEST, "the request has several Idempotency-Key headers: send one")
    return idempotency_key


IdempotencyKeyDep = Annotated[str | None, Depends(get_idempotency_key)]


async def refuse_other_media_types(request: Request) -> None:
    """Refuse a body that FastAPI would not read as JSON because of its media type.

    Raises:
        ProblemError: There is a body, and its Content-Type is missing or not JSON.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind, _, subtype = media_type.partition("/")
    is_json = kind == "application" and (subtype == "json" or subtype.endswith("+json"))
    if not is_json and await request.body():
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, "send JSON, with the header Content-Type: application/json")


# Pass this as `dependencies=` of an operation that takes a body.
JSON_ONLY: Final = [Depends(refuse_other_media_types)]
