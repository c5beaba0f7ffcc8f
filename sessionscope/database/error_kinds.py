"""The kinds of errors that a database raises."""

from enum import StrEnum
from typing import Final


class Failure(StrEnum):
    """The reason why a database operation failed. Each value is a stable code for logs and counters."""

    CONFLICT = "conflict"
    SERIALIZATION = "serialization"
    DEADLOCK = "deadlock"
    LOCK_TIMEOUT = "lock_timeout"
    STATEMENT_TIMEOUT = "statement_timeout"
    CONNECTION_LOST = "connection_lost"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    READ_ONLY = "read_only"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    POOL_EXHAUSTED = "pool_exhausted"
    COMMIT_UNKNOWN = "commit_unknown"
    RESOURCES = "resources"
    STORAGE = "storage"
    CORRUPT = "corrupt"
    NOT_A_DATABASE = "not_a_database"

    @property
    def description(self) -> str:
        """What happened, in words for people. No part of the text comes from the driver."""
        return _DESCRIPTIONS[self]

    @property
    def is_transient(self) -> bool:
        """Whether it makes sense to run the whole unit of work again at once, after the rollback.

        It doesn't if no connection could be made: the unit has already waited for one, and another try at once
        only adds to the load. The client is told to come back later.
        """
        return self in _TRANSIENT

    @property
    def is_unavailable(self) -> bool:
        """Whether the database can't serve now, although the request may be right."""
        return self not in (Failure.CONFLICT, Failure.COMMIT_UNKNOWN)

    @property
    def is_rolled_back(self) -> bool:
        """Whether a COMMIT with this failure has surely changed nothing."""
        return self in _ROLLED_BACK


_DESCRIPTIONS: Final = {
    Failure.CONFLICT: "a constraint was broken",
    Failure.SERIALIZATION: "another transaction changed what this one had read",
    Failure.DEADLOCK: "transactions waited for each other",
    Failure.LOCK_TIMEOUT: "another transaction held a lock for too long",
    Failure.STATEMENT_TIMEOUT: "a statement took too long, or was cancelled",
    Failure.CONNECTION_LOST: "the connection was lost",
    Failure.UNREACHABLE: "no connection could be made",
    Failure.DENIED: "the server refuses this user, or has no such database",
    Failure.READ_ONLY: "the server only reads, as a standby does",
    Failure.TOO_MANY_CONNECTIONS: "the server takes no more connections",
    Failure.POOL_EXHAUSTED: "the pool had no free connection in time",
    Failure.COMMIT_UNKNOWN: "it is not known whether the commit was done",
    Failure.RESOURCES: "the disk or the memory is full, or the disk can't be written",
    Failure.STORAGE: "the file system failed",
    Failure.CORRUPT: "the database is damaged",
    Failure.NOT_A_DATABASE: "the file is not a database",
}
_TRANSIENT: Final = frozenset({Failure.SERIALIZATION, Failure.DEADLOCK, Failure.LOCK_TIMEOUT, Failure.CONNECTION_LOST})
# STORAGE is not among them: after a failed fsync, the commit may or may not be on the disk.
_ROLLED_BACK: Final = frozenset(
    {Failure.CONFLICT, Failure.SERIALIZATION, Failure.DEADLOCK, Failure.LOCK_TIMEOUT, Failure.RESOURCES}
)


class Violation(StrEnum):
    """The kind of constraint that a statement broke."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    CHECK = "check"
    NOT_NULL = "not null"
