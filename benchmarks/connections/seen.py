"""What clients tell."""

from dataclasses import dataclass, field


@dataclass
class Seen:
    """What clients saw.

    Attributes:
        duration: How long they were there, in seconds.
        waits: How long each response took, in seconds; for those that were waited for at the end, so long.
        unanswered: How many of the waits ended without a response, because it was the end.
        errors: Responses that were no success, and connections that broke.
    """

    duration: float = 0
    waits: list[float] = field(default_factory=list)
    unanswered: int = 0
    errors: int = 0

    @property
    def rate(self) -> float:
        """Responses per second."""
        return (len(self.waits) - self.unanswered) / self.duration
