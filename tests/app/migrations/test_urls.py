"""Each form of a URL works for migrations with the sync driver, and for their SQL without a database."""

from collections.abc import Generator
from contextlib import contextmanager
from io import StringIO
from typing import Final

import pytest
from alembic import command
from sqlalchemy import URL, NullPool

from sessionscope.database.engine import build_engine
from sessionscope.database.url import DRIVERS
from sessionscope.migrations.running import configuration, upgrade
from sessionscope.testing.server_database import settings_of
from sessionscope.testing.servers import RunningServer
from tests.app.migrations.places import HEAD, on_server, revisions, start

ODD: Final = "p%(x)s@/:#?&+ 100%25é"
BACKENDS: Final = {
    "postgresql": [name for name in DRIVERS if name.startswith("postgres")],
    "mariadb": [name for name in DRIVERS if name.startswith(("mysql", "mariadb"))],
}
# The statements that create a user with all rights in a database, and that drop the user.
USERS: Final = {
    "postgresql": (
        "CREATE ROLE app_odd LOGIN PASSWORD '{password}'",
        'ALTER DATABASE "{database}" OWNER TO app_odd',
        # This drops the tables too. Otherwise, the role can't be dropped.
        'DROP DATABASE "{database}" WITH (FORCE)',
        "DROP ROLE app_odd",
    ),
    "mysql": (
        "CREATE USER app_odd@'127.0.0.1' IDENTIFIED BY '{password}'",
        "GRANT ALL ON `{database}`.* TO app_odd@'127.0.0.1'",
        "DROP USER app_odd@'127.0.0.1'",
    ),
}


@pytest.mark.parametrize("server", BACKENDS)
class TestOnline:
    def test_every_name_migrates(self, request: pytest.FixtureRequest, server: str) -> None:
        """With the first URL, the migration creates the tables. With the others, it finds them."""
        with on_server(request.getfixturevalue(server).url()) as url:
            for name in BACKENDS[server]:
                upgrade(url.set(drivername=name))
                assert [HEAD] == revisions(build_engine(settings_of(url), poolclass=NullPool))

    def test_any_password_will_do(self, request: pytest.FixtureRequest, server: str) -> None:
        """A password may have characters with a meaning in URLs, configuration files and format strings."""
        given = request.getfixturevalue(server)
        if isinstance(given, RunningServer):
            pytest.skip("there is no administrator who could make a user")
        with on_server(given.url()) as url, user_with_odd_password(given.url(admin=True), str(url.database)) as name:
            odd = url.set(username=name, password=ODD)
            ended = start(odd, "upgrade")
            told = ended.communicate(timeout=60)
            assert (0, "") == (ended.returncode, told[1])
            engine = build_engine(settings_of(odd), poolclass=NullPool)
            assert [HEAD] == revisions(engine)


@contextmanager
def user_with_odd_password(admin: URL, database: str) -> Generator[str, None, None]:
    """Create a user who has all rights in a database."""
    words = USERS[admin.get_backend_name()]
    engine = build_engine(settings_of(admin), poolclass=NullPool).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # The driver's own connection, so that nothing else interprets the characters.
        cursor = connection.connection.cursor()
        for statement in words[:2]:
            cursor.execute(statement.format(password=ODD, database=database))
        try:
            yield "app_odd"
        finally:
            for statement in words[2:]:
                cursor.execute(statement.format(database=database))


class TestOffline:
    @pytest.mark.parametrize("name", [*BACKENDS["postgresql"], *BACKENDS["mariadb"]])
    def test_every_name_has_sql(self, name: str) -> None:
        """The SQL needs no server, and any password works."""
        config = configuration(URL.create(name, "user", ODD, "nowhere.invalid", database="app"))
        config.output_buffer = output = StringIO()
        command.upgrade(config, "head", sql=True)
        assert "CREATE TABLE users " in output.getvalue()
        assert f"'{HEAD}'" in output.getvalue()
