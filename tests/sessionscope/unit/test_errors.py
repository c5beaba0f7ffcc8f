"""Refusals keep what they were made of: they can be pickled, and kept with an idempotency key."""

import pickle
from typing import ClassVar

import pytest

from sessionscope.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    KeyReusedError,
    NotFoundError,
    ProblemType,
    RequestInFlightError,
    ServiceError,
    UnauthorizedError,
    found,
)

KEYED = "request with this Idempotency-Key"


class OverdrawnError(ConflictError):
    """Has a constructor of its own, as an error of a service."""

    kind: ClassVar[ProblemType] = ProblemType("overdrawn", 409, "Overdrawn", "The account holds too little.")

    def __init__(self, account_id: int, /) -> None:
        self.account_id = account_id

    def __str__(self) -> str:
        return f"account {self.account_id} holds too little"


class TestServiceErrors:
    @pytest.mark.parametrize(
        ("error", "arguments", "text"),
        [
            (NotFoundError("user", 1), ("user", 1), "there is no user 1"),
            (ConflictError("email already taken"), ("email already taken",), "email already taken"),
            (
                UnauthorizedError("the token is too old", "Basic"),
                ("the token is too old", "Basic"),
                "the token is too old",
            ),
            (ForbiddenError("not yours"), ("not yours",), "not yours"),
            (BusyError("ask again"), ("ask again",), "ask again"),
            (InvalidError("amount", "too much"), ("amount", "too much"), "too much"),
            (RequestInFlightError(), (), f"the first {KEYED} is still in flight: repeat it in a moment"),
            (KeyReusedError(), (), "this Idempotency-Key was used for another request: use a new one"),
            (OverdrawnError(7), (7,), "account 7 holds too little"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_service_error_survives_pickling(
        self, error: ServiceError, arguments: tuple[object, ...], text: str
    ) -> None:
        """A worker of another process may raise it: its class, attributes and text arrive."""
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made two brackets further in
        assert type(error) is type(copy)
        assert (arguments, text) == (copy.args, str(copy))
        assert vars(error) == vars(copy)


class TestFound:
    def test_found_returns_what_is_there(self) -> None:
        """Whatever it is, a false value too."""
        assert 0 == found(0, "figure", 1)

    def test_found_refuses_none(self) -> None:
        """The error names what is missing."""
        with pytest.raises(NotFoundError, match="there is no user 7"):
            found(None, "user", 7)
