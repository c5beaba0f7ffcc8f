"""The migrations and the models agree."""

import pytest
from alembic import command
from sqlalchemy import make_url

from sessionscope.migrations.running import configuration


@pytest.mark.every_database(but=["mysql"])
def test_migrations_go_up_down_and_up_to_the_models(empty_database_url: str) -> None:
    """After all migrations, a new one would be empty."""
    config = configuration(make_url(empty_database_url))
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)
