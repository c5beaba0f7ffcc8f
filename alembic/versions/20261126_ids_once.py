"""Never use an id again on SQLite.

Without AUTOINCREMENT, SQLite uses the id of the last row again once that row is deleted. Other databases never do.
"""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

import sessionscope.database.types
from sessionscope.migrations.connecting import refuse_cascades

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    make_anew(autoincrement=True)


def downgrade() -> None:
    make_anew(autoincrement=False)


def make_anew(*, autoincrement: bool) -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    if not op.get_context().as_sql:
        refuse_cascades(op.get_bind(), "users")
    for table in tables():
        # Copying the rows sets the counter to the highest id.
        kwargs = {"sqlite_autoincrement": autoincrement}
        with op.batch_alter_table(table.name, recreate="always", copy_from=table, table_kwargs=kwargs):
            pass


def tables() -> Iterator[sa.Table]:
    """Yield the tables as they are at this revision, so that a script can be made without a database."""
    metadata = sa.MetaData()
    yield sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sessionscope.database.types.ExactString(length=254), nullable=False),
        sa.Column("username", sessionscope.database.types.ExactString(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("role", sessionscope.database.types.ExactString(length=16), nullable=False),
        sa.Column("created_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('user', 'editor', 'admin')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
        sa.Index(op.f("ix_users_created_at_users_id"), "created_at", "id"),
        sa.Index(op.f("ix_users_role"), "role"),
    )
    yield sa.Table(
        "accounts",
        metadata,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("balance", sessionscope.database.types.Money(precision=18, scale=2), nullable=False),
        sa.Column("created_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_accounts_balance")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_accounts_owner_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.Index(op.f("ix_accounts_owner_id"), "owner_id"),
    )
    yield sa.Table(
        "posts",
        metadata,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sessionscope.database.types.ExactString(length=200), nullable=False),
        sa.Column("content", sessionscope.database.types.LongText(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_posts_author_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.Index(op.f("ix_posts_author_id"), "author_id"),
    )
    yield sa.Table(
        "transfers",
        metadata,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_account", sa.Integer(), nullable=False),
        sa.Column("to_account", sa.Integer(), nullable=False),
        sa.Column("amount", sessionscope.database.types.Money(precision=18, scale=2), nullable=False),
        sa.Column("created_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_amount")),
        sa.CheckConstraint("from_account <> to_account", name=op.f("ck_transfers_accounts")),
        sa.ForeignKeyConstraint(
            ["from_account"], ["accounts.id"], name=op.f("fk_transfers_from_account_accounts"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["to_account"], ["accounts.id"], name=op.f("fk_transfers_to_account_accounts"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.Index(op.f("ix_transfers_from_account"), "from_account"),
        sa.Index(op.f("ix_transfers_to_account"), "to_account"),
    )
