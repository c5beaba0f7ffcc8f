"""Every table of the models, which never change here."""

from alembic import op

from tests.sessionscope.service.models import Base

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    Base.metadata.create_all(op.get_bind())


def downgrade() -> None:
    Base.metadata.drop_all(op.get_bind())
