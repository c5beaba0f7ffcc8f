"""Records when each HTTP request was sent, and when and how it was answered."""

from dataclasses import dataclass, field
from time import monotonic

import httpx2


@dataclass
class Exchange:
    """A request and its response; times are by the monotonic clock.

    Attributes:
        path: The path of the URL.
        outcome: The status, or the name of the error if there was no response.
        ended: When the head of the response came; infinity while the request is in flight.
    """

    path: str
    begun: float = field(default_factory=monotonic)
    ended: float = float("inf")
    outcome: str = "in flight"

    @property
    def seconds(self) -> float:
        """How long the response took."""
        return self.ended - self.begun

    @property
    def is_good(self) -> bool:
        """Whether the request was done."""
        return self.outcome in ("200", "201")

    @property
    def is_answered(self) -> bool:
        """Whether there was a response."""
        return self.outcome.isdecimal()

    def end(self, outcome: str) -> None:
        """Record the outcome, now."""
        self.ended, self.outcome = monotonic(), outcome


class Recorder(httpx2.AsyncBaseTransport):
    """A transport of an HTTP client that records all `exchanges`. It has no limit on connections."""

    def __init__(self) -> None:
        # Shorter than the service keeps idle connections, so that no request meets the end of one.
        limits = httpx2.Limits(max_connections=None, keepalive_expiry=2)
        self._transport = httpx2.AsyncHTTPTransport(limits=limits)
        self.exchanges: list[Exchange] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send *request*, and record it."""
        exchange = Exchange(request.url.path)
        self.exchanges.append(exchange)
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as error:
            exchange.end(type(error).__name__)
            raise
        exchange.end(str(response.status_code))
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
