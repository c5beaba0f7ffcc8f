"""What the rules of the business refuse, in words that a client may read."""

from typing import ClassVar


class ServiceError(Exception):
    """Parent of the refusals; its text is shown to the client."""


class NotFoundError(ServiceError):
    """Raised when something is asked for that isn't there."""

    def __init__(self, kind: str, key: int) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"there is no {kind} {key}")


class ConflictError(ServiceError):
    """Raised when what is asked for collides with what is there."""


class RequestInFlightError(ConflictError):
    """Raised when a request comes again while its first one is still being answered."""

    def __init__(self) -> None:
        super().__init__("a request with this Idempotency-Key is being answered: ask again in a moment")


class BusyError(ServiceError):
    """Raised when too much of the kind is being done; the same request may succeed in a moment."""


class InvalidError(ServiceError):
    """Raised when what is asked for can't be done at all, as a transfer of an account to itself.

    Attributes:
        place: Where the input is, ``body`` or ``header``.
        field: Name of the input that is wrong.
    """

    place: ClassVar = "body"

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(reason)


class KeyReusedError(InvalidError):
    """Raised when the key of one request comes with another one."""

    place = "header"

    def __init__(self) -> None:
        super().__init__("idempotency-key", "this Idempotency-Key was used for another request: take a new one")


class InsufficientFundsError(ConflictError):
    """Raised when an account holds less than is to be taken from it."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        super().__init__(f"account {account_id} holds less than the amount")
