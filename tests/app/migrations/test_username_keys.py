"""Migration 0004 gives every user a key, or changes nothing and says what to do."""

from typing import Final

import pytest
from sqlalchemy import Engine, inspect, text

from app.users.names import fold_name
from tests.app.migrations.places import Command, Migrations, revisions

INSERT: Final = text(
    "INSERT INTO users (email, username, is_active, role, created_at, updated_at)"
    " VALUES (:email, :name, true, 'user', '2026-01-31 12:00:00', '2026-01-31 12:00:00')"
)
NAMES: Final = ["Ann", "\uff22ob", "Stra\xdfe", "two words", "\u540d\u524d", *(f"u{number}" for number in range(1500))]


def fill(engine: Engine, *names: str) -> None:
    """Insert users with these names."""
    rows = [{"email": f"{number}@example.com", "name": name} for number, name in enumerate(names)]
    with engine.begin() as connection:
        connection.execute(INSERT, rows)


def users(engine: Engine, columns: str) -> list[tuple[str, ...]]:
    """Return columns of every user, by id."""
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM users ORDER BY id"))  # noqa: S608 - ours
        return [tuple(row) for row in found]


def test_rows_stay_and_get_their_keys(engine: Engine, migrations: Migrations) -> None:
    """After upgrade, downgrade and upgrade, names are spelled as before."""
    migrations.up("0003")
    fill(engine, *NAMES)
    before = users(engine, "id, email, username")
    for _ in range(2):
        migrations.up("0004")
        assert [(name, fold_name(name)) for name in NAMES] == users(engine, "username, username_key")
        assert before == users(engine, "id, email, username")
        migrations.down("0003")
        assert before == users(engine, "id, email, username")


def test_the_release_before_can_still_write(engine: Engine, migrations: Migrations) -> None:
    """The previous release doesn't know the column."""
    migrations.up("0004")
    fill(engine, "Ann", "Bob")
    assert [("Ann",), ("Bob",)] == users(engine, "username")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["Ann", "bob", "ANN", "\uff41nn"], "'Ann' of user 1, 'ANN' of user 3, '\\uff41nn' of user 4"),
        (["\ufdfa" * 15], "of user 1 (too long in simple letters)"),
    ],
    ids=["alike", "too long"],
)
def test_what_collides_is_told_and_nothing_is_changed(
    engine: Engine, migrations: Migrations, db: Command, names: list[str], reason: str
) -> None:
    """The message names the users and says what to do; after that the migration succeeds."""
    migrations.up("0003")
    fill(engine, *names)
    told = db("upgrade", "0004")
    assert (1, True) == (told.exit_code, reason in told.stderr), told.stderr
    assert "Rename users" in told.stderr
    assert ["0003"] == revisions(engine)
    assert "username_key" not in {column["name"] for column in inspect(engine).get_columns("users")}
    assert [(name,) for name in names] == users(engine, "username")
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET username = email"))
    assert 0 == db("upgrade", "0004").exit_code
