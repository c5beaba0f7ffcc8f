"""${message}

A migration must not break the running release: add first, and remove one release later.
Write one step per migration, because MariaDB and MySQL don't roll back the steps before a failed one.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import sessionscope.database.types
% if imports:
${imports}
% endif

revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
