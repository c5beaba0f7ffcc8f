"""The plan of a statement is shown for each database and driver, without running the statement."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import delete, insert, select, text, update

from sessionscope.observe.console.plans import NoPlanError, explain
from sessionscope.observe.inspection.states import SlowStatementState
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User

pytestmark = pytest.mark.isolation("database")

STATEMENTS: Final[list[Any]] = [
    select(User).where(User.username == "a%b?", User.id > 3).limit(5).offset(2),
    select(User.id).where(User.username.like("%?'x")).order_by(User.id),
    update(User).where(User.id == 1).values(username="other"),
    delete(User),
    insert(User).values(username="new"),
]


def slow(engine: Any, sql: str) -> SlowStatementState:
    """Return *sql* as one that *engine* has sent."""
    return SlowStatementState(
        id="1-1",
        engine="database.engine",
        sql=sql,
        paramstyle=engine.dialect.paramstyle,
        seconds=1,
        at=datetime.now(UTC),
        line="",
        task="a test",
    )


def sent(engine: Any, statement: Any) -> str:
    """Return the text of *statement* as *engine* sends it."""
    return str(statement.compile(dialect=engine.dialect, compile_kwargs={"render_postcompile": True}))


@pytest.mark.every_database
def test_statements_of_each_driver_have_a_plan_and_are_not_run(container: ApplicationContainer) -> None:
    """Neither a driver's placeholders nor the missing values matter. What would delete or insert does not."""
    with container.database.engine().begin() as connection:
        connection.execute(insert(User).values(username="kept", email="kept@example.org"))
    for kind in ("engine", "async_engine"):
        engine = getattr(container.database, kind)()
        for statement in STATEMENTS:
            assert [] != explain(container, slow(engine, sent(engine, statement))), (kind, str(statement))
    with container.database.engine().connect() as connection:
        assert ["kept"] == list(connection.scalars(select(User.username)))


@pytest.mark.parametrize("sql", ["DROP TABLE users", "SELECT 1; DELETE FROM users", "BEGIN", "SET x = 1"])
def test_other_statements_are_refused(container: ApplicationContainer, sql: str) -> None:
    """They have no plan, and running them could do harm."""
    with pytest.raises(NoPlanError, match="only a complete SELECT"):
        explain(container, slow(container.database.engine(), sql))


def test_a_refusal_of_the_database_is_told_without_its_text(container: ApplicationContainer) -> None:
    """A driver's message may have values, or the address of the server."""
    with pytest.raises(NoPlanError, match=r"the database gives no plan \(\w+") as raised:
        explain(container, slow(container.database.engine(), "SELECT * FROM gone WHERE x = 'secret'"))
    assert "secret" not in str(raised.value)


def test_no_connection_of_a_pool_is_used(container: ApplicationContainer) -> None:
    """So the plan can be seen while the pool is exhausted by the slow statement."""
    engine = container.database.engine()
    before = engine.pool.status()
    explain(container, slow(engine, sent(engine, text("SELECT 1"))))
    assert before == engine.pool.status()
