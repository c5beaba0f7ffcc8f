"""What the rules of the business refuse, in words that a client may read."""


class ServiceError(Exception):
    """Parent of the refusals; its text is shown to the client."""


class NotFoundError(ServiceError):
    """Raised when something is asked for that isn't there."""

    def __init__(self, kind: str, key: int) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"there is no {kind} {key}")


class ConflictError(ServiceError):
    """Raised when what is asked for collides with what is there."""


class InvalidError(ServiceError):
    """Raised when what is asked for can't be done at all, as a transfer of an account to itself.

    Attributes:
        field: Name of the input that is wrong.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(reason)


class InsufficientFundsError(ConflictError):
    """Raised when an account holds less than is to be taken from it."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        super().__init__(f"account {account_id} holds less than the amount")
