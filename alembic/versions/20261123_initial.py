"""Add users, posts, accounts and transfers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import sessionscope.database.types

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "users",
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
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_users_created_at_users_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_users_role"), ["role"], unique=False)

    op.create_table(
        "accounts",
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
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sessionscope.database.types.ExactString(length=200), nullable=False),
        sa.Column("content", sessionscope.database.types.LongText(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_posts_author_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
    )
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posts_author_id"), ["author_id"], unique=False)

    op.create_table(
        "transfers",
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
    )
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfers_from_account"), ["from_account"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfers_to_account"), ["to_account"], unique=False)


def downgrade() -> None:
    # Indexes are dropped with their tables. MySQL refuses to drop an index that a foreign key needs.
    for table in ("transfers", "posts", "accounts", "users"):
        op.drop_table(table)
