"""Add the key by which usernames are compared.

The column is nullable, because the running release does not fill it. A later migration will fill the missing keys and
make the column required.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from unicodedata import normalize

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

import sessionscope.database.types

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 1000
LONGEST = 255
# A copy of `app.users.names` at the time of this migration.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
USERS = sa.table("users", sa.column("id"), sa.column("username"), sa.column("username_key"))


def fold(name: str) -> str:
    return normalize("NFKC", INVISIBLE.sub("", normalize("NFKC", name).casefold()))


def upgrade() -> None:
    is_script = op.get_context().as_sql
    # Compute the keys before anything changes, because MariaDB and MySQL would not roll that back.
    keys = (
        {}
        if is_script
        else keys_of(op.get_bind().execute(sa.select(USERS.c.id, USERS.c.username).order_by(USERS.c.id)))
    )
    key: sa.Column[str | None] = sa.Column(
        "username_key", sessionscope.database.types.ExactString(length=LONGEST), nullable=True
    )
    op.add_column("users", key)
    if is_script:
        op.get_context().impl.static_output("-- Here set users.username_key to what app.users.names.fold_name returns.")
    fill(keys)
    op.create_index(op.f("ix_users_username_key"), "users", ["username_key"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_users_username_key"), table_name="users")
    op.drop_column("users", "username_key")


def keys_of(users: Iterable[tuple[int, str]]) -> dict[int, str]:
    named: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for user_id, name in users:
        named[fold(name)].append((user_id, name))
    problems = [told("they differ only by case or forms of letters", same) for same in named.values() if len(same) > 1]
    problems += [told("too long in simple letters", same) for key, same in named.items() if len(key) > LONGEST]
    if problems:
        raise CommandError(
            f"usernames collide or are too long: {'; '.join(problems[:10])}. Nothing was changed."
            " Rename users with PATCH /users/{id} or an UPDATE until each name is unique, and upgrade again"
        )
    return {same[0][0]: key for key, same in named.items()}


def told(what: str, users: list[tuple[int, str]]) -> str:
    names = ", ".join(f"{name!a} of user {user_id}" for user_id, name in users)
    return f"{names} ({what})"


def fill(keys: dict[int, str]) -> None:
    statement = USERS.update().where(USERS.c.id == sa.bindparam("user_id")).values(username_key=sa.bindparam("key"))
    rows = [{"user_id": user_id, "key": key} for user_id, key in keys.items()]
    for start in range(0, len(rows), BATCH):
        op.get_bind().execute(statement, rows[start : start + BATCH])
