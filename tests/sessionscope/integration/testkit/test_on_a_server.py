"""The kit on PostgreSQL and MariaDB, with a small service."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import NullPool, create_engine, event, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from sessionscope.testing.mariadb import MariaDB
from sessionscope.testing.postgresql import PostgreSQL
from sessionscope.testing.savepoints import OverlapError, Savepoints
from tests.sessionscope.service.models import User

USERS = select(func.count()).select_from(User)
DRIVERS = {"postgresql": "asyncpg", "mariadb": "aiomysql"}

COMMITTING = """
from sqlalchemy import func, select, text

from tests.sessionscope.service.models import User


def test_a_table(session):
    session.add(User(email="a@example.com", username="a"))
    session.flush()
    session.execute(text("CREATE TABLE more (id INTEGER)"))


def test_the_next_one_is_alone(session):
    assert session.scalar(select(func.count()).select_from(User)) == 0
    assert session.scalar(text("SELECT count(*) FROM information_schema.tables WHERE table_name = 'more'")) == 0
"""

COUNTING = """
import pytest
from sqlalchemy import text

from tests.sessionscope.service.models import Account, User

pytestmark = pytest.mark.isolation("database")


@pytest.mark.parametrize("attempt", range(3))
def test_ids_begin_at_one(session, attempt):
    session.add(User(id=None, email="a@example.com", username="a"))
    session.commit()
    assert session.scalar(text("SELECT max(id) FROM users")) == 1


@pytest.mark.parametrize("attempt", range(2))
@pytest.mark.parametrize("change", ["DROP TABLE posts", "ALTER TABLE users ADD COLUMN more INTEGER",
    "CREATE TABLE more (id INTEGER)", "CREATE INDEX more ON users (updated_at)", "DELETE FROM alembic_version",
    "CREATE VIEW more AS SELECT * FROM users"])
def test_a_change_of_the_schema_is_undone(session, change, attempt):
    session.execute(text(change))
    session.commit()


@pytest.mark.leaky
@pytest.mark.parametrize("attempt", range(2))
def test_what_is_left_open_holds_nobody_up(container, attempt):
    connection = container.database.engine().connect()
    connection.execute(text("INSERT INTO users (id, email, username, created_at, updated_at) "
        "VALUES (1, 'a', 'a', '2026-01-01', '2026-01-01')"))
    connection.detach()
    # For ever: nobody collects it.
    pytest.leaked = [*getattr(pytest, "leaked", []), connection]
"""


AFTER_A_TRANSACTION = """
import pytest

from tests.sessionscope.service.models import User


def test_a_rollback_takes_no_id_back(session):
    session.add(User(email="a@example.com", username="a"))
    session.flush()


@pytest.mark.isolation("database")
def test_ids_begin_at_one(session):
    user = User(email="a@example.com", username="a")
    session.add(user)
    session.flush()
    assert user.id == 1
"""

# A minute's work.
SLOW_TO_VACUUM = (
    "CREATE TABLE crowded (id INTEGER) WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)",
    "ALTER TABLE crowded SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)",
    "INSERT INTO crowded SELECT generate_series(1, 100000)",
    "UPDATE crowded SET id = id + 1",
)
VACUUMING = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND datname = 'app_dropped'"


@pytest.fixture(name="server_name", params=DRIVERS)
def _server_name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the tests of `run` on a server, as a service whose conftest.py knows of none does."""
    url = request.getfixturevalue(request.param).url(driver=DRIVERS[request.param])
    monkeypatch.setenv("APP_TEST_DATABASE", url.render_as_string(hide_password=False))
    return str(request.param)


class TestOtherServices:
    @pytest.mark.usefixtures("server_name")
    def test_one_variable_is_enough(self, run: Callable[..., pytest.RunResult]) -> None:
        """Between tests rows, ids, tables and what was left open go, whatever a test did to its database."""
        run(COUNTING, "-n", "2").assert_outcomes(passed=17)

    @pytest.mark.usefixtures("server_name")
    def test_ids_begin_at_one_after_transaction_mode(self, run: Callable[..., pytest.RunResult]) -> None:
        """After a rollback in transaction mode, the counters are unchanged."""
        run(AFTER_A_TRANSACTION, "-p", "no:randomly").assert_outcomes(passed=2)

    def test_a_commit_by_the_server_is_told(self, run: Callable[..., pytest.RunResult], server_name: str) -> None:
        """MariaDB commits at every CREATE: the test fails, with a remedy, and the next one sees nothing of it."""
        result = run(COMMITTING, "-p", "no:randomly")
        if server_name == "mariadb":
            result.assert_outcomes(passed=2, errors=1)
            result.stdout.fnmatch_lines(["*the test's transaction was committed on the way*"])
        else:
            result.assert_outcomes(passed=2)


@pytest.mark.every_database
@pytest.mark.isolation("transaction")
class TestOneTransaction:
    # On SQLite it does, see docs/testing.md.
    @pytest.mark.every_database(but=["sqlite"])
    async def test_a_reader_that_ends_undoes_nothing(self, async_client: httpx2.AsyncClient, container: Any) -> None:
        """A session that only reads may be closed after others have written."""
        with container.database.session_factory()() as reader:
            assert reader.scalar(USERS) == 0
            await async_client.post("/users/", json={"email": "a@example.com", "username": "a"})
        with container.database.session_factory()() as reader:
            assert reader.scalar(USERS) == 1

    # On SQLite, the connection is closed.
    @pytest.mark.every_database(but=["sqlite"])
    async def test_disposing_of_an_engine_ends_nothing(self, container: Any, session: Session) -> None:
        """The engines share one connection, which the kit closes."""
        session.add(User(email="a@example.com", username="a"))
        session.flush()
        container.database.engine().dispose()
        await container.database.async_engine().dispose()
        assert session.scalar(USERS) == 1

    async def test_sessions_may_end_in_any_order(self, session: Session, async_session: AsyncSession) -> None:
        """Two that write, of which the first to begin is the first to commit."""
        session.add(User(email="a@example.com", username="a"))
        session.flush()
        async_session.add(User(email="b@example.com", username="b"))
        await async_session.flush()
        session.commit()
        await async_session.commit()
        assert (2, 2) == (session.scalar(USERS), await async_session.scalar(USERS))

    async def test_a_failed_read_is_forgotten(self, container: Any, session: Session) -> None:
        """A statement of a read session stands alone: its failure is nobody else's."""
        async with container.database.async_read_session_factory()() as reader:
            with pytest.raises(DBAPIError):
                await reader.execute(text("SELECT nonsense"))
        with container.database.read_session_factory()() as reader, pytest.raises(DBAPIError):
            reader.execute(text("SELECT nonsense"))
        assert session.scalar(USERS) == 0


class TestDropping:
    def test_a_connection_may_end_before_it_is_killed(self, mariadb: Any) -> None:
        """A listed connection may end by itself before the kit kills it."""
        database = MariaDB()
        engine = create_engine(mariadb.url(database=None, driver="pymysql", admin=True), poolclass=NullPool)
        with engine.connect() as connection, engine.connect() as other:
            database.create(connection, "app_dropped")
            other.exec_driver_sql("USE app_dropped")
            process = other.scalar(text("SELECT connection_id()"))
            alive = f"SELECT 1 FROM information_schema.processlist WHERE id = {process}"  # noqa: S608

            def end(_: Any, __: Any, statement: str, *___: Any) -> None:
                if statement.startswith("KILL"):
                    other.invalidate()
                    while mariadb.sql(alive):
                        pass

            event.listen(connection, "before_cursor_execute", end)
            database.drop(connection, "app_dropped")
            assert connection.scalar(text("SHOW DATABASES LIKE 'app_dropped'")) is None

    def test_database_is_dropped_during_autovacuum(self, own_postgresql: Callable[..., Any]) -> None:
        """A user who may create databases may not end autovacuum; the server itself does."""
        database = PostgreSQL()
        options: Any = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT"}
        with own_postgresql(settings={"autovacuum_naptime": "1s"}) as server:
            engine = create_engine(server.url(driver="psycopg"), **options)
            inside = create_engine(server.url("app_dropped", driver="psycopg"), **options)
            with engine.connect() as connection:
                database.create(connection, "app_dropped")
                with inside.connect() as other:
                    for statement in SLOW_TO_VACUUM:
                        other.exec_driver_sql(statement)
                    while not server.sql(VACUUMING):
                        pass
                    database.drop(connection, "app_dropped")
                    other.invalidate()
                assert connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = 'app_dropped'")) is None


class TestSavepoints:
    def test_what_is_undone_can_not_be_committed(self) -> None:
        """The rollback of the first session undoes the second one too, and the second one gets an error."""
        sent: list[str] = []
        savepoints = Savepoints(sent.append)
        savepoints.begin("first", "sp")
        savepoints.changed("first")
        savepoints.begin("second", "sp")
        savepoints.changed("second")
        savepoints.roll_back("first", "sp")
        with pytest.raises(OverlapError, match="isolation"):
            savepoints.release("second", "sp")
        assert ["SAVEPOINT kit_1", "SAVEPOINT kit_2", "ROLLBACK TO SAVEPOINT kit_1"] == sent
