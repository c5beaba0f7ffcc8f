"""The clients that disturb, and the clients that are disturbed."""

from dataclasses import dataclass
from typing import Final

from benchmarks.connections.other_service import SECONDS

READERS: Final = 200
CALLERS: Final = 20
PAGE: Final = "/users/?limit=500"
# Pages that are asked for before the first is read: more than the buffers of the system and of the server hold.
AHEAD: Final = 6


@dataclass(frozen=True)
class Kind:
    """What some clients do.

    Attributes:
        title: For the table.
        path: What they ask for; may have an id in it.
        count: How many clients there are.
        requests: How many requests each sends before it reads.
        is_slow: They read slowly, and begin again when they have read everything.
    """

    title: str
    path: str
    count: int
    requests: int = 1
    is_slow: bool = False

    def request(self, user_id: int = 0, *, is_last: bool = False) -> bytes:
        """Return the bytes of a request; after the last one the server closes the connection."""
        end = "Connection: close\r\n" if is_last else ""
        return f"GET {self.path.format(user_id=user_id)} HTTP/1.1\r\nHost: bench\r\n{end}\r\n".encode()


FAST: Final = Kind("clients of a user", "/users/{user_id}", 4)
KINDS: Final = {
    "page": Kind(f"{READERS} slow readers of a page of 500 users", PAGE, READERS, is_slow=True),
    "ahead": Kind(f"{READERS} slow readers that request {AHEAD} pages ahead", PAGE, READERS, AHEAD, is_slow=True),
    "export": Kind(f"{READERS} slow readers of a stream of all users", "/export", READERS, is_slow=True),
    "checked": Kind(
        f"{CALLERS} clients of an endpoint that asks another service, for {SECONDS} s", "/checked/{user_id}", CALLERS
    ),
}
CLIENTS: Final = {"fast": FAST, **KINDS}
