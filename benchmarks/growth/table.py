"""A table of users that has as many rows as are wanted, while others are connected."""

from typing import Final, Self

from sqlalchemy import text

from benchmarks.requests.field import USERS
from config import DatabaseSettings
from sessionscope.database.engine import build_engine

# Others run on the same database later, so accounts come back with their users.
_KEEP: Final = (
    "DROP TABLE IF EXISTS all_users, all_accounts",
    "CREATE TABLE all_users AS TABLE users",
    "CREATE TABLE all_accounts AS TABLE accounts",
)
_RESIZE: Final = (
    "TRUNCATE users CASCADE",
    "INSERT INTO users SELECT * FROM all_users WHERE id <= :users",
    "INSERT INTO accounts SELECT * FROM all_accounts WHERE owner_id <= :users",
)


class UserTable:
    """The first so many of the users; all of them again at the end.

    Args:
        url: A PostgreSQL database with all of them.
    """

    def __init__(self, url: str) -> None:
        self._engine = build_engine(DatabaseSettings(url=url))
        self._users = USERS

    def __enter__(self) -> Self:
        self._run(*_KEEP)
        return self

    def __exit__(self, *_: object) -> None:
        self.resize(USERS)
        self._run(_KEEP[0])
        self._engine.dispose()

    def resize(self, users: int) -> None:
        """Leave *users* in the table, and the server's knowledge of it up to date."""
        if users == self._users:
            return
        self._run(*_RESIZE, users=users)
        self._users = users
        # Can't be part of a transaction.
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE users, accounts"))

    def _run(self, *statements: str, **values: int) -> None:
        with self._engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values if ":" in statement else {})
