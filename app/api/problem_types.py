"""Every type of problem that the service answers with: one table for the code, the schema and the tests.

`docs/http.md` describes the same types for clients. A client branches on `type`: statuses are shared by several.
"""

from dataclasses import dataclass
from http.client import responses
from typing import Final

from app.errors import (
    BusyError,
    ConflictError,
    InsufficientFundsError,
    InvalidError,
    KeyReusedError,
    NotFoundError,
    RequestInFlightError,
    ServiceError,
)


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


MALFORMED: Final = ProblemType(
    "malformed-request", 400, "Malformed request", "The request can't be read: its body is not JSON in UTF-8."
)
AMBIGUOUS_REQUEST: Final = ProblemType(
    "ambiguous-request",
    400,
    "Ambiguous request",
    "Headers contradict each other: Content-Length beside Transfer-Encoding, two Hosts, or two Idempotency-Keys.",
)
NOT_FOUND: Final = ProblemType("not-found", 404, "Not found", "There is no such path or object.")
METHOD_NOT_ALLOWED: Final = ProblemType(
    "method-not-allowed", 405, "Method not allowed", "The path does not have this method; Allow names those it has."
)
CONFLICT: Final = ProblemType("conflict", 409, "Conflict", "The request collides with what is stored.")
INSUFFICIENT_FUNDS: Final = ProblemType(
    "insufficient-funds", 409, "Insufficient funds", "The account holds less than the amount. This answer is final."
)
REQUEST_IN_FLIGHT: Final = ProblemType(
    "request-in-flight",
    409,
    "Request in flight",
    "The first request with this Idempotency-Key is still being answered. Repeat it after Retry-After seconds.",
    retry_after=1,
)
BODY_TOO_LARGE: Final = ProblemType(
    "body-too-large", 413, "Body too large", "The body is longer than the service reads. The connection is closed."
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    "unsupported-media-type", 415, "Unsupported media type", "The Content-Type of the body is not application/json."
)
INVALID: Final = ProblemType("validation", 422, "Invalid request", "Values are wrong or missing; `errors` names them.")
KEY_REUSED: Final = ProblemType(
    "key-reused", 422, "Idempotency-Key reused", "The key belongs to a different request. Use a new one."
)
INTERNAL: Final = ProblemType("internal", 500, "Internal error", "The service failed, and logged why.")
OUTCOME_UNKNOWN: Final = ProblemType(
    "outcome-unknown",
    500,
    "Outcome unknown",
    "The database was lost while it saved. Find out whether the work was done before you repeat the request.",
)
DATABASE_UNAVAILABLE: Final = ProblemType(
    "database-unavailable",
    503,
    "Database unavailable",
    "The database can't serve now, and nothing was done. Repeat the request after Retry-After seconds.",
    retry_after=1,
)
BUSY: Final = ProblemType(
    "busy",
    503,
    "Busy",
    "Too many passwords are being hashed, and nothing was done. Repeat the request after Retry-After seconds.",
    retry_after=1,
)

ALL: Final = (
    MALFORMED,
    AMBIGUOUS_REQUEST,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONFLICT,
    INSUFFICIENT_FUNDS,
    REQUEST_IN_FLIGHT,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    INVALID,
    KEY_REUSED,
    INTERNAL,
    OUTCOME_UNKNOWN,
    DATABASE_UNAVAILABLE,
    BUSY,
)

OF_ERROR: Final[dict[type[ServiceError], ProblemType]] = {
    NotFoundError: NOT_FOUND,
    ConflictError: CONFLICT,
    InsufficientFundsError: INSUFFICIENT_FUNDS,
    RequestInFlightError: REQUEST_IN_FLIGHT,
    InvalidError: INVALID,
    KeyReusedError: KEY_REUSED,
    BusyError: BUSY,
}
# Of the errors that FastAPI raises itself.
_OF_STATUS: Final = {
    each.status: each for each in (MALFORMED, NOT_FOUND, METHOD_NOT_ALLOWED, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
}


def type_of_error(error: ServiceError) -> ProblemType:
    """Return the type of the error's class, or else that of its nearest parent."""
    return next(OF_ERROR[kind] for kind in type(error).__mro__ if kind in OF_ERROR)


def type_of_status(status: int) -> ProblemType:
    """Return the type of an error that is raised as a status; ``about:blank`` where the table has none."""
    return _OF_STATUS.get(status) or ProblemType("", status, responses.get(status, "Error"), "")
