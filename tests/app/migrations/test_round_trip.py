"""Upgrade, downgrade and upgrade again on each kind of database, and compare the schemas."""

from typing import Any, Final

import pytest
from alembic import command
from sqlalchemy import URL, Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from sessionscope.database.errors import Violation, violation_of
from sessionscope.migrations.running import configuration
from tests.app.migrations.places import HEAD, TABLES, Migrations, revisions, tables

THINGS: Final = """op.create_table(
    "things",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("name", sa.String(20), nullable=False, server_default="o'clock 100%"),
    sa.Column("amount", sa.Integer(), nullable=False, server_default="7"),
    sa.Column("is_new", sa.Boolean(), nullable=False, server_default=sa.true()),
    sa.Column("made_at", sa.DateTime(), nullable=False, server_default=sa.func.now()),
    sa.Column("owner_id", sa.Integer(), nullable=True),
    sa.Column(
        "kind",
        sa.Enum("low", "high", name="kind", native_enum=False, create_constraint=True),
        nullable=False,
        server_default="low",
    ),
    sa.CheckConstraint("amount >= 0", name=op.f("ck_things_amount")),
    sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_things_owner_id_users"), ondelete="SET NULL"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_things")),
    sa.UniqueConstraint("name", "kind", name=op.f("uq_things_name_kind")),
)
with op.batch_alter_table("things") as batch:
    batch.create_index("ix_things_amount_name", ["amount", "name"])
    batch.create_index("ix_things_made_at", ["made_at"], unique=True)"""
# This recreates the table on SQLite, and uses ALTER elsewhere.
CHANGE: Final = """with op.batch_alter_table("things") as batch:
    batch.alter_column("amount", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False,
        existing_server_default="7")
    batch.add_column(sa.Column("note", sa.String(5), nullable=False, server_default="none"))"""
CHANGE_BACK: Final = """with op.batch_alter_table("things") as batch:
    batch.drop_column("note")
    batch.alter_column("amount", existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False,
        existing_server_default="7")"""
BREAKS: Final = {
    "kind = 'none'": Violation.CHECK,
    "amount = -1": Violation.CHECK,
    "name = NULL": Violation.NOT_NULL,
    "owner_id = 99": Violation.FOREIGN_KEY,
    "name = 'two'": Violation.UNIQUE,
}


@pytest.fixture(name="migrations")
def _migrations(migrations: Migrations) -> Migrations:
    """Add two migrations that use all kinds of objects."""
    migrations.add("things", THINGS, 'op.drop_table("things")')
    migrations.add("change", CHANGE, CHANGE_BACK)
    return migrations


def schema_of(engine: Engine) -> dict[str, Any]:
    """Return everything that the database knows of its tables."""
    found = inspect(engine)
    return {
        name: [
            [column | {"type": repr(column["type"])} for column in found.get_columns(name)],
            found.get_pk_constraint(name),
            *(
                sorted(look(name), key=lambda part: str(part["name"]))
                for look in (
                    found.get_foreign_keys,
                    found.get_unique_constraints,
                    found.get_check_constraints,
                    found.get_indexes,
                )
            ),
        ]
        for name in sorted(tables(engine) - {"alembic_version"})
    }


def names_of(engine: Engine) -> set[str]:
    """Return the names of the constraints and indexes of the table things."""
    return {str(part["name"]) for parts in schema_of(engine)["things"][2:] for part in parts}


class TestService:
    def test_service_schema_survives_downgrade_and_upgrade(
        self, url: URL, engine: Engine, migrations: Migrations
    ) -> None:
        """Everything can be undone and applied again, and matches the models."""
        migrations.up(HEAD)
        first = schema_of(engine)
        assert first.keys() == TABLES - {"alembic_version"}
        command.check(configuration(url))
        migrations.down("base")
        assert ({"alembic_version"}, []) == (tables(engine), revisions(engine))
        migrations.up(HEAD)
        assert first == schema_of(engine)
        command.check(configuration(url))


class TestEverything:
    def test_every_kind_of_object_survives_a_round_trip(self, engine: Engine, migrations: Migrations) -> None:
        """Defaults, checks, keys and indexes are as before after each step down and up."""
        seen: list[dict[str, Any]] = []
        for _ in range(2):
            for revision in ("things", "change"):
                migrations.up(revision)
                seen.append(schema_of(engine))
            migrations.down("things")
            seen.append(schema_of(engine))
            migrations.down(HEAD)
        assert seen[:3] == seen[3:]
        assert seen[0] == seen[2]

    def test_table_change_keeps_constraints_and_rows(self, engine: Engine, migrations: Migrations) -> None:
        """Constraints and indexes keep their names, and rows their values."""
        migrations.up("things")
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO things (id) VALUES (1)"))
        before = names_of(engine)
        assert before >= {"ck_things_kind", "ck_things_amount", "uq_things_name_kind", "ix_things_amount_name"}
        migrations.up("change")
        assert before == names_of(engine)
        with engine.connect() as connection:
            row = connection.execute(text("SELECT name, amount, is_new, kind, note FROM things")).one()
        assert ("o'clock 100%", 7, 1, "low", "none") == row

    @pytest.mark.parametrize("revision", ["things", "change"])
    def test_constraints_are_in_force(self, engine: Engine, migrations: Migrations, revision: str) -> None:
        """Rows violate each constraint before and after the change, and are refused."""
        migrations.up(revision)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO things (id, made_at) VALUES (1, '2026-01-01')"))
            connection.execute(text("INSERT INTO things (id, name) VALUES (2, 'two')"))
        with engine.connect() as connection:
            found = {change: broken_by(connection, f"UPDATE things SET {change} WHERE id = 1") for change in BREAKS}  # noqa: S608 - ours
        assert found == BREAKS


def broken_by(connection: Connection, statement: str) -> Violation | None:
    """Return the kind of constraint that a statement violates."""
    with pytest.raises(DBAPIError) as failure, connection.begin():
        connection.execute(text(statement))
    return violation_of(failure.value) if isinstance(failure.value, IntegrityError) else by_code(failure.value)


def by_code(error: DBAPIError) -> Violation | None:
    """Recognize MariaDB's check violation by its code, whichever class the driver raises."""
    return Violation.CHECK if error.orig is not None and error.orig.args[0] == 4025 else None
