"""Says in words for clients which constraint of the database a unit of work broke."""

from types import TracebackType

from sqlalchemy.exc import DBAPIError

from sessionscope.database.error_kinds import Violation
from sessionscope.database.failures import violation_of
from sessionscope.errors import ConflictError


class Conflicts:
    """A context manager that raises a `ConflictError` with one of its texts if the block breaks a constraint.

    Put the block around a unit of work, not inside it: after the error, PostgreSQL takes no further statement in the
    same transaction. Any number of blocks may use one object, at the same time too. The error of a constraint without
    a text is raised as it is; its response is a conflict as well, but doesn't say which.

    Args:
        unique: What to say about a primary key or a unique constraint.
        foreign_key: What to say about a row that doesn't exist, or that other rows refer to.
        check: What to say about a check constraint.

    Raises:
        ConflictError: The block broke a constraint that has a text.
    """

    def __init__(self, *, unique: str | None = None, foreign_key: str | None = None, check: str | None = None) -> None:
        self._texts = {Violation.UNIQUE: unique, Violation.FOREIGN_KEY: foreign_key, Violation.CHECK: check}

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        """Explain the *error* that ends the block."""
        if not isinstance(error, DBAPIError):
            return
        violation = violation_of(error)
        text = self._texts.get(violation) if violation else None
        if text is not None:
            raise ConflictError(text) from error
