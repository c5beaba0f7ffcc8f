"""Errors that the rules for transfers raise."""

from typing import ClassVar, Final

from sessionscope.errors import ConflictError, ProblemType

INSUFFICIENT_FUNDS: Final = ProblemType(
    "insufficient-funds", 409, "Insufficient funds", "The account holds less than the amount. This answer is final."
)


class InsufficientFundsError(ConflictError):
    """Raised when an account holds less than the amount of a transfer."""

    kind: ClassVar[ProblemType] = INSUFFICIENT_FUNDS

    def __init__(self, account_id: int, /) -> None:
        self.account_id = account_id

    def __str__(self) -> str:
        return f"account {self.account_id} holds less than the amount"
