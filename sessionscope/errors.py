"""Errors that business rules raise, with texts that a client may read, and the problem type of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem (RFC 9457, section 3.1).

    Attributes:
        code: Stable name, the last part of the `type` of a response. Empty if the status says everything.
        status: HTTP status.
        title: The problem in a few words, the same each time it occurs.
        meaning: What it means for a client, and what to do about it.
        retry_after: Seconds after which the same request may succeed. None if repeating it is useless or harmful.
        retry_spread: Up to so many seconds are added at random, so that clients that were refused together don't
            all come back together.
    """

    code: str
    status: int
    title: str
    meaning: str
    retry_after: int | None = None
    retry_spread: int = 0

    @property
    def uri(self) -> str:
        """The `type` of a response: a URI reference, relative to the service."""
        return f"/problems/{self.code}" if self.code else "about:blank"


UNAUTHORIZED: Final = ProblemType(
    "unauthorized",
    401,
    "Unauthorized",
    "The request has no valid credentials. Send such as WWW-Authenticate asks for.",
)
FORBIDDEN: Final = ProblemType("forbidden", 403, "Forbidden", "The client may not do this, whatever it sends.")
NOT_FOUND: Final = ProblemType("not-found", 404, "Not found", "There is no such path or object.")
CONFLICT: Final = ProblemType("conflict", 409, "Conflict", "The request collides with what is stored.")
REQUEST_IN_FLIGHT: Final = ProblemType(
    "request-in-flight",
    409,
    "Request in flight",
    "The first request with this Idempotency-Key is still being answered. Repeat it after Retry-After seconds.",
    retry_after=1,
)
BUSY: Final = ProblemType(
    "busy",
    503,
    "Busy",
    "The service has too much work of this kind, and did nothing. Repeat the request after Retry-After seconds.",
    retry_after=1,
)
INVALID: Final = ProblemType("validation", 422, "Invalid request", "Values are wrong or missing. `errors` names them.")
KEY_REUSED: Final = ProblemType(
    "key-reused", 422, "Idempotency-Key reused", "The key belongs to a different request. Use a new one."
)


class ServiceError(Exception):
    """Base class of the errors that business rules raise. The client sees the error's text.

    If you write a subclass with its own constructor, take positional arguments, build the text in ``__str__``, and
    don't call the parent's constructor. Python stores the arguments in `args`, so the error can be pickled, and
    `IdempotentTransactions` can keep it.

    Attributes:
        kind: The problem type of the response.
    """

    kind: ClassVar[ProblemType]

    @property
    def headers(self) -> Mapping[str, str]:
        """Further headers of the response."""
        return {}


class UnauthorizedError(ServiceError):
    """Raised when a request has no valid credentials.

    Attributes:
        reason: What is wrong, without anything that helps to guess.
        challenge: The scheme to authenticate with, and its parameters, such as ``Bearer`` or ``Basic realm="shop"``.
    """

    kind: ClassVar[ProblemType] = UNAUTHORIZED

    def __init__(self, reason: str = "sign in first", challenge: str = "Bearer", /) -> None:
        self.reason, self.challenge = reason, challenge

    def __str__(self) -> str:
        return self.reason

    @property
    def headers(self) -> Mapping[str, str]:
        """The challenge, which RFC 9110 requires with a 401."""
        return {"WWW-Authenticate": self.challenge}


class ForbiddenError(ServiceError):
    """Raised when a client that is known may not do what it asks for."""

    kind: ClassVar[ProblemType] = FORBIDDEN


class NotFoundError(ServiceError):
    """Raised when the requested object doesn't exist."""

    kind: ClassVar[ProblemType] = NOT_FOUND

    def __init__(self, what: str, key: object, /) -> None:
        self.what, self.key = what, key

    def __str__(self) -> str:
        return f"there is no {self.what} {self.key}"


class ConflictError(ServiceError):
    """Raised when a request collides with stored data."""

    kind: ClassVar[ProblemType] = CONFLICT


class RequestInFlightError(ConflictError):
    """Raised when a request is repeated while the first one is still in flight."""

    kind: ClassVar[ProblemType] = REQUEST_IN_FLIGHT

    def __str__(self) -> str:
        return "the first request with this Idempotency-Key is still in flight: repeat it in a moment"


class BusyError(ServiceError):
    """Raised when the service has too much work of one kind. The same request may succeed in a moment."""

    kind: ClassVar[ProblemType] = BUSY


class InvalidError(ServiceError):
    """Raised when a request can never succeed, such as a transfer from an account to itself.

    Attributes:
        place: Where the input is, ``body`` or ``header``.
        field: Name of the wrong input.
        reason: What is wrong with the input.
    """

    kind: ClassVar[ProblemType] = INVALID

    place: ClassVar = "body"

    def __init__(self, field: str, reason: str, /) -> None:
        self.field, self.reason = field, reason

    def __str__(self) -> str:
        return self.reason


class KeyReusedError(InvalidError):
    """Raised when a request has the idempotency key of a different request."""

    kind: ClassVar[ProblemType] = KEY_REUSED

    place = "header"

    def __init__(self) -> None:
        super().__init__("idempotency-key", "this Idempotency-Key was used for another request: use a new one")


def found(value: T | None, what: str, key: object) -> T:
    """Return *value*, the result of a search by *key*.

    Raises:
        NotFoundError: *value* is None.
    """
    if value is None:
        raise NotFoundError(what, key)
    return value


class SetupError(Exception):
    """Base class of the errors in a service's setup, such as wrong settings or a missing driver.

    The text explains everything. `check_container` raises these errors unchanged.
    """
