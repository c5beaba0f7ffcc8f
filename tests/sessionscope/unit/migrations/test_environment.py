"""`alembic/env.py` by the library: which database it takes, and what it tells Alembic."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import make_url

from sessionscope.settings import DatabaseSettings
from sessionscope.settings.errors import ConfigurationError, Problem

ENVIRONMENT = """
from alembic import context
from sqlalchemy import MetaData

from sessionscope.migrations import environment

environment.run(MetaData(), context.config.attributes["read"])
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "1", None


def upgrade():
    op.create_table("books", sa.Column("id", sa.Integer(), primary_key=True))
"""


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    """Give the configuration of a project with one migration."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "first.py").write_text(MIGRATION)
    (tmp_path / "env.py").write_text(ENVIRONMENT)
    config = Config(output_buffer=StringIO())
    config.set_main_option("script_location", str(tmp_path))
    return config


def settings_of(url: str) -> Callable[[], object]:
    """Return what reads the settings of a service."""
    return lambda: SimpleNamespace(database=DatabaseSettings(url=url))


def sql(config: Config) -> str:
    """Return the SQL of the migration."""
    command.upgrade(config, "head", sql=True)
    assert isinstance(config.output_buffer, StringIO)
    return config.output_buffer.getvalue()


class TestOffline:
    @pytest.mark.parametrize(
        ("url", "words"),
        [("postgres://h/n", "id SERIAL NOT NULL"), ("mysql://h/n", "id INTEGER NOT NULL AUTO_INCREMENT")],
    )
    def test_sql_is_that_of_the_settings_database(self, config: Config, url: str, words: str) -> None:
        """No server is asked, and no driver of it is needed."""
        config.attributes["read"] = settings_of(url)
        assert words in sql(config)

    def test_given_url_comes_before_the_settings(self, config: Config) -> None:
        """They are not even read."""
        config.attributes["read"] = lambda: pytest.fail("the settings were read")
        config.attributes["url"] = make_url("postgresql://h/n")
        assert "SERIAL" in sql(config)

    def test_given_settings_come_before_those_of_the_sources(self, config: Config) -> None:
        """A command has read them already."""
        config.attributes["read"] = lambda: pytest.fail("the settings were read")
        config.attributes["settings"] = DatabaseSettings(url="postgresql://h/n")
        assert "SERIAL" in sql(config)


class TestSettings:
    def test_bad_settings_are_an_error_of_alembic(self, config: Config) -> None:
        """Its command reports no other one without a traceback."""

        def read() -> object:
            raise ConfigurationError([Problem("APP_X", "x", "is bad")])

        config.attributes["read"] = read
        with pytest.raises(CommandError, match=r"^APP_X: x: is bad$"):
            sql(config)
