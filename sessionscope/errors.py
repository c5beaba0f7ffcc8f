"""What the rules of a business refuse, in words that a client may read, and the type of problem that each is."""

from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem (RFC 9457, section 3.1).

    Attributes:
        code: Stable name, the last part of the `type` of a response; empty where the status says it all.
        status: HTTP status.
        title: The problem in a few words, equal for all its occurrences.
        meaning: What it means for a client, and what to do about it.
        retry_after: Seconds after which the same request may succeed, None where it won't or may do harm.
    """

    code: str
    status: int
    title: str
    meaning: str
    retry_after: int | None = None

    @property
    def uri(self) -> str:
        """The `type` of a response: a URI reference, relative to the service."""
        return f"/problems/{self.code}" if self.code else "about:blank"


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
    "Too much of the kind is being done, and nothing was done. Repeat the request after Retry-After seconds.",
    retry_after=1,
)
INVALID: Final = ProblemType("validation", 422, "Invalid request", "Values are wrong or missing; `errors` names them.")
KEY_REUSED: Final = ProblemType(
    "key-reused", 422, "Idempotency-Key reused", "The key belongs to a different request. Use a new one."
)


class ServiceError(Exception):
    """Parent of the refusals; its text is shown to the client.

    A subclass with a constructor of its own takes positional arguments, makes its text in ``__str__``, and does not
    call the parent's constructor. Python keeps the arguments in `args`, so the error can be pickled, and
    `IdempotentTransactions` can keep it.

    Attributes:
        kind: The type of problem that it is answered with.
    """

    kind: ClassVar[ProblemType]


class NotFoundError(ServiceError):
    """Raised when something is asked for that isn't there."""

    kind: ClassVar[ProblemType] = NOT_FOUND

    def __init__(self, what: str, key: int, /) -> None:
        self.what, self.key = what, key

    def __str__(self) -> str:
        return f"there is no {self.what} {self.key}"


class ConflictError(ServiceError):
    """Raised when what is asked for collides with what is there."""

    kind: ClassVar[ProblemType] = CONFLICT


class RequestInFlightError(ConflictError):
    """Raised when a request comes again while its first one is still being answered."""

    kind: ClassVar[ProblemType] = REQUEST_IN_FLIGHT

    def __str__(self) -> str:
        return "a request with this Idempotency-Key is being answered: ask again in a moment"


class BusyError(ServiceError):
    """Raised when too much of the kind is being done; the same request may succeed in a moment."""

    kind: ClassVar[ProblemType] = BUSY


class InvalidError(ServiceError):
    """Raised when what is asked for can't be done at all, as a transfer of an account to itself.

    Attributes:
        place: Where the input is, ``body`` or ``header``.
        field: Name of the input that is wrong.
        reason: What is wrong with it.
    """

    kind: ClassVar[ProblemType] = INVALID

    place: ClassVar = "body"

    def __init__(self, field: str, reason: str, /) -> None:
        self.field, self.reason = field, reason

    def __str__(self) -> str:
        return self.reason


class KeyReusedError(InvalidError):
    """Raised when the key of one request comes with another one."""

    kind: ClassVar[ProblemType] = KEY_REUSED

    place = "header"

    def __init__(self) -> None:
        super().__init__("idempotency-key", "this Idempotency-Key was used for another request: take a new one")


def found(value: T | None, what: str, key: int) -> T:
    """Return *value*, which was looked for by *key*.

    Raises:
        NotFoundError: It is None.
    """
    if value is None:
        raise NotFoundError(what, key)
    return value


class SetupError(Exception):
    """Parent of the errors in what somebody has set up: settings, a missing driver. The text says all there is to say.

    `check_container` raises them as they are.
    """
