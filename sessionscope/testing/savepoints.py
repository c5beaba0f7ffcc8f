"""Savepoints for several sessions in one transaction, which can end in any order."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any


class OverlapError(Exception):
    """Raised when a session commits changes that the rollback of an earlier session has undone."""

    def __init__(self) -> None:
        super().__init__(
            "the transactions of two sessions overlapped: the rollback of the first one undid the changes that the "
            "second one commits, because both are in one transaction. Mark the test with isolation('database')"
        )


@dataclass(eq=False)
class _Savepoint:
    owner: Any
    key: str
    name: str
    is_changed: bool = False
    is_gone: bool = False
    is_lost: bool = False


class Savepoints:
    """Gives each savepoint a unique name, and never releases one while later savepoints are open.

    Args:
        execute: Sends a statement.
    """

    def __init__(self, execute: Callable[[str], object]) -> None:
        self._execute = execute
        self._open: list[_Savepoint] = []
        self._numbers = count(1)

    def changed(self, owner: Any) -> None:
        """Record that *owner* sent a statement that may change data, or that one failed."""
        if (latest := self._latest(owner)) is not None:
            latest.is_changed = True

    def begin(self, owner: Any, key: str) -> None:
        """Set a savepoint that *owner* calls *key*."""
        savepoint = _Savepoint(owner, key, f"kit_{next(self._numbers)}")
        self._execute(f"SAVEPOINT {savepoint.name}")
        self._open.append(savepoint)

    def release(self, owner: Any, key: str) -> None:
        """Keep the changes since the savepoint.

        Raises:
            OverlapError: The changes were undone already.
        """
        savepoint, later = self._end(owner, key)
        if savepoint.is_lost:
            raise OverlapError
        if savepoint.is_changed:
            self.changed(owner)
        if not later and not savepoint.is_gone:
            self._execute(f"RELEASE SAVEPOINT {savepoint.name}")

    def roll_back(self, owner: Any, key: str) -> None:
        """Undo the changes since the savepoint, including those of others. Do nothing if *owner* changed nothing."""
        savepoint, later = self._end(owner, key)
        if savepoint.is_gone or not savepoint.is_changed:
            return
        for each in later:
            each.is_gone, each.is_lost = True, each.is_changed
        self._execute(f"ROLLBACK TO SAVEPOINT {savepoint.name}")

    def forget(self) -> None:
        """Forget all savepoints, because the transaction has ended."""
        self._open.clear()

    def _latest(self, owner: Any) -> _Savepoint | None:
        return next((each for each in reversed(self._open) if each.owner is owner), None)

    def _end(self, owner: Any, key: str) -> tuple[_Savepoint, list[_Savepoint]]:
        savepoint = next(each for each in reversed(self._open) if each.owner is owner and each.key == key)
        place = self._open.index(savepoint)
        self._open.remove(savepoint)
        return savepoint, self._open[place:]
