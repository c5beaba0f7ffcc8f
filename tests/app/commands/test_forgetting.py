"""`db forget-keys` deletes the idempotency keys that have expired."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, insert, make_url, select
from typer.testing import Result

from app.models import IdempotencyKey
from sessionscope.migrations.running import upgrade
from tests.app.commands.commands import run, told

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def _keys(url: str) -> None:
    """Store three keys, which are two hours, two days and three days old."""
    upgrade(make_url(url))
    engine = create_engine(url)
    with engine.begin() as connection:
        for hours in (2, 48, 72):
            created_at = datetime.now(UTC) - timedelta(hours=hours)
            values = {"key": str(hours), "request": "r", "answer": "{}", "created_at": created_at}
            connection.execute(insert(IdempotencyKey).values(values))
    engine.dispose()


def kept(url: str) -> list[str]:
    """Return the stored keys, oldest first."""
    engine = create_engine(url)
    with engine.connect() as connection:
        keys = list(connection.scalars(select(IdempotencyKey.key).order_by(IdempotencyKey.created_at)))
    engine.dispose()
    return keys


def test_forgetting_deletes_the_expired_keys(url: str) -> None:
    """The command prints the number of deleted keys, and deletes nothing the second time."""
    command = run("db", "forget-keys", "--batch", "1", url=url)
    assert ((0, 0), "Deleted 2 expired keys.\n") == (told(command), command.stdout)
    assert ["2"] == kept(url)
    assert "Deleted 0 expired keys.\n" == run("db", "forget-keys", url=url).stdout


def test_the_setting_says_which(invoke: Invoke, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the service keeps keys only for an hour, more are deleted."""
    monkeypatch.setenv("APP_IDEMPOTENCY__KEEP_SECONDS", "216000")
    assert "Deleted 1 expired keys." in invoke("db", "forget-keys").stdout
    monkeypatch.setenv("APP_IDEMPOTENCY__KEEP_SECONDS", "3600")
    assert "Deleted 2 expired keys." in invoke("db", "forget-keys").stdout
    assert [] == kept(url)


def test_a_batch_has_something(invoke: Invoke) -> None:
    """With batches of 0, the command would never end."""
    assert 2 == invoke("db", "forget-keys", "--batch", "0").exit_code
