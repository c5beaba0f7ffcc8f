"""Savepoints of several sessions in one transaction, which end in any order."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any


class OverlapError(Exception):
    """Raised when a session commits what the rollback of another one, which began earlier, has undone."""

    def __init__(self) -> None:
        super().__init__(
            "two sessions' transactions overlapped: the rollback of the one that began first has undone what the other "
            "one commits, for both are in one transaction. Mark the test with isolation('database')"
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
    """Gives each savepoint a name of its own, and ends none that others were set within.

    Args:
        execute: Sends a statement.
    """

    def __init__(self, execute: Callable[[str], object]) -> None:
        self._execute = execute
        self._open: list[_Savepoint] = []
        self._numbers = count(1)

    def changed(self, owner: Any) -> None:
        """Note that *owner* sends what may change something, or has failed."""
        if (latest := self._latest(owner)) is not None:
            latest.is_changed = True

    def begin(self, owner: Any, key: str) -> None:
        """Set what *owner* calls *key*."""
        savepoint = _Savepoint(owner, key, f"kit_{next(self._numbers)}")
        self._execute(f"SAVEPOINT {savepoint.name}")
        self._open.append(savepoint)

    def release(self, owner: Any, key: str) -> None:
        """Keep what was done since.

        Raises:
            OverlapError: It is undone already.
        """
        savepoint, later = self._end(owner, key)
        if savepoint.is_lost:
            raise OverlapError
        if savepoint.is_changed:
            self.changed(owner)
        if not later and not savepoint.is_gone:
            self._execute(f"RELEASE SAVEPOINT {savepoint.name}")

    def roll_back(self, owner: Any, key: str) -> None:
        """Undo what was done since, by others too; where the owner has changed nothing, so does this."""
        savepoint, later = self._end(owner, key)
        if savepoint.is_gone or not savepoint.is_changed:
            return
        for each in later:
            each.is_gone, each.is_lost = True, each.is_changed
        self._execute(f"ROLLBACK TO SAVEPOINT {savepoint.name}")

    def forget(self) -> None:
        """Begin anew: the transaction has ended."""
        self._open.clear()

    def _latest(self, owner: Any) -> _Savepoint | None:
        return next((each for each in reversed(self._open) if each.owner is owner), None)

    def _end(self, owner: Any, key: str) -> tuple[_Savepoint, list[_Savepoint]]:
        savepoint = next(each for each in reversed(self._open) if each.owner is owner and each.key == key)
        place = self._open.index(savepoint)
        self._open.remove(savepoint)
        return savepoint, self._open[place:]
