"""Add notes."""

import sqlalchemy as sa
from alembic import op

import sessionscope.database.types

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sessionscope.database.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("notes") as batch_op:
        batch_op.create_index(batch_op.f("ix_notes_title"), ["title"])


def downgrade() -> None:
    op.drop_table("notes")
