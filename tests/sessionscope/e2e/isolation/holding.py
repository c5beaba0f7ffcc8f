"""Statements that last until a test lets them end."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

from sqlalchemy import Engine, event, text

from tests.sessionscope.e2e.isolation.crowd import Crowd

# A lock of the server's own, which the test has and each statement waits for; of its database alone.
_LOCKS: Final = {
    "postgresql": ("SELECT pg_advisory_xact_lock({})", "SELECT pg_advisory_lock({})", "SELECT pg_advisory_unlock({})"),
    "mysql": (
        "SELECT GET_LOCK(CONCAT(DATABASE(), {}), 15)",
        "SELECT GET_LOCK(CONCAT(DATABASE(), {}), 15)",
        "SELECT RELEASE_LOCK(CONCAT(DATABASE(), {}))",
    ),
}


@contextmanager
def holding(engine: Engine, crowd: Crowd) -> Generator[None, None, None]:
    """Let the statement of each request of *crowd* last until the request may end."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.create_function("hold", 1, crowd.hold))
        # Connections that there are already don't know the function.
        engine.dispose()
        crowd.statement = "SELECT hold({})"
        yield
        return
    crowd.statement, take, give_back = _LOCKS[engine.dialect.name]
    one_at_a_time = Lock()
    with engine.connect() as connection:

        def send(statement: str, number: int) -> None:
            with one_at_a_time:
                connection.execute(text(statement.format(number)))

        for number in range(crowd.size):
            send(take, number)
            crowd.endings[number].when_open(_call(send, give_back, number))
        yield


def _call(function: Any, *arguments: Any) -> Any:
    return lambda _: function(*arguments)
