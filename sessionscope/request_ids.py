"""The identifiers of the request that the running code serves, for every line that it logs."""

import os
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final, NamedTuple

# The logger of the line that each request gets.
REQUEST_LOGGER: Final = "sessionscope.requests"
HEADER: Final = b"x-request-id"

LONGEST_ID: Final = 128
_PLAIN: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
_HEX: Final = b"0123456789abcdef"
# A traceparent of version 00, such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.
# Source: https://www.w3.org/TR/trace-context/#traceparent-header
_LENGTH: Final = 55
_DIGITS: Final = 52


class RequestIds(NamedTuple):
    """The identifiers of a request.

    Attributes:
        request_id: The client's X-Request-ID if it is short and plain, otherwise a new one.
        trace_id: The trace that the client has begun, 32 hexadecimal digits; empty without a valid traceparent.
        span_id: The client's span in that trace, 16 hexadecimal digits; empty without a valid traceparent.
    """

    request_id: str
    trace_id: str = ""
    span_id: str = ""


# Threads and tasks of the request see it too. None outside of requests.
current_ids: ContextVar[RequestIds | None] = ContextVar("current_ids", default=None)


def ids_of(headers: Iterable[tuple[bytes, bytes]]) -> RequestIds:
    """Return the identifiers for a request with these headers, whose names are in lower case."""
    given = traceparent = None
    for name, value in headers:
        if name == HEADER:
            given = value
        elif name == b"traceparent":
            # Two of them are as good as none.
            traceparent = value if traceparent is None else b""
    request_id = given.decode() if given is not None and _is_plain(given) else os.urandom(8).hex()
    return RequestIds(request_id, *(_trace_of(traceparent) if traceparent else ()))


def _is_plain(value: bytes) -> bool:
    return 0 < len(value) <= LONGEST_ID and not value.translate(None, _PLAIN)


def _trace_of(traceparent: bytes) -> tuple[str, ...]:
    """Return the trace and the span in a traceparent, or nothing if it is not valid."""
    version, trace_id, span_id, flags = traceparent[:2], traceparent[3:35], traceparent[36:52], traceparent[53:_LENGTH]
    digits = version + trace_id + span_id + flags
    is_valid = (
        traceparent[:_LENGTH] == b"-".join((version, trace_id, span_id, flags))
        and len(digits) == _DIGITS
        and not digits.translate(None, _HEX)
        and _may_end_with(traceparent[_LENGTH:], version)
        and trace_id.strip(b"0")
        and span_id.strip(b"0")
    )
    return (trace_id.decode(), span_id.decode()) if is_valid else ()


def _may_end_with(rest: bytes, version: bytes) -> bool:
    """Tell whether *rest* may follow the flags: later versions may add fields, and there will be no version ff."""
    return version != b"ff" and (not rest or (version != b"00" and rest.startswith(b"-")))
