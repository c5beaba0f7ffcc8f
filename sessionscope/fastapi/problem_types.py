"""The problem types of every service, in one table for the code, the schema and the tests.

`docs/http.md` describes the same types for clients. Clients should branch on `type`: several types share a status.
"""

from http.client import responses
from typing import Final

from sessionscope.errors import (
    BUSY,
    CONFLICT,
    FORBIDDEN,
    INVALID,
    KEY_REUSED,
    NOT_FOUND,
    REQUEST_IN_FLIGHT,
    UNAUTHORIZED,
    ProblemType,
)

MALFORMED: Final = ProblemType(
    "malformed-request", 400, "Malformed request", "The request can't be read: its body is not JSON in UTF-8."
)
AMBIGUOUS_REQUEST: Final = ProblemType(
    "ambiguous-request",
    400,
    "Ambiguous request",
    "Headers contradict each other: Content-Length beside Transfer-Encoding, two Hosts, or two Idempotency-Keys.",
)
METHOD_NOT_ALLOWED: Final = ProblemType(
    "method-not-allowed", 405, "Method not allowed", "The path does not have this method. Allow lists its methods."
)
BODY_TOO_LARGE: Final = ProblemType(
    "body-too-large", 413, "Body too large", "The body is longer than the limit. The connection is closed."
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    "unsupported-media-type", 415, "Unsupported media type", "The Content-Type of the body is not application/json."
)
INTERNAL: Final = ProblemType("internal", 500, "Internal error", "The service failed, and logged why.")
OUTCOME_UNKNOWN: Final = ProblemType(
    "outcome-unknown",
    500,
    "Outcome unknown",
    "The database was lost while saving. Find out whether the work was done before you repeat the request.",
)
UNCONFIRMED: Final = ProblemType(
    "unconfirmed",
    503,
    "Unconfirmed",
    "The database was lost while saving the work. Repeat the request, with the same Idempotency-Key, after Retry-After"
    " seconds: the work is then done only once.",
    retry_after=1,
    retry_spread=2,
)
DATABASE_UNAVAILABLE: Final = ProblemType(
    "database-unavailable",
    503,
    "Database unavailable",
    "The database is not available now, and nothing was done. Repeat the request after Retry-After seconds.",
    retry_after=1,
    retry_spread=2,
)

ALL: Final = (
    MALFORMED,
    AMBIGUOUS_REQUEST,
    UNAUTHORIZED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONFLICT,
    REQUEST_IN_FLIGHT,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    INVALID,
    KEY_REUSED,
    INTERNAL,
    OUTCOME_UNKNOWN,
    UNCONFIRMED,
    DATABASE_UNAVAILABLE,
    BUSY,
)

# The types of the errors that FastAPI raises itself.
_OF_STATUS: Final = {
    each.status: each
    for each in (
        MALFORMED,
        UNAUTHORIZED,
        FORBIDDEN,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        BODY_TOO_LARGE,
        UNSUPPORTED_MEDIA_TYPE,
    )
}


def type_of_status(status: int) -> ProblemType:
    """Return the type of an error that was raised with a *status*, or ``about:blank`` if the table has none."""
    return _OF_STATUS.get(status) or ProblemType("", status, responses.get(status, "Error"), "")
