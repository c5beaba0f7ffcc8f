"""``db``: looking after the database."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from sessionscope.cli.reporting import FAILED, confirm, reported, reported_at
from sessionscope.cli.service import Service, database_in

if TYPE_CHECKING:
    from sqlalchemy import Engine

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
LockTimeout = Annotated[
    float | None,
    typer.Option(
        min=0.001, metavar="SECONDS", help="Longest wait of a statement for a lock; by default the settings'."
    ),
]
StatementTimeout = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Longest run of a statement; 0: no limit.")
]
Wait = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Longest wait for another process that migrates the database.")
]


def build_database_commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(help="Migrate, fill and empty the database.", no_args_is_help=True)
    group.command()(upgrade)
    # So that -1 is a revision.
    group.command(context_settings={"ignore_unknown_options": True})(downgrade)
    for command in (stamp, current, revision, check, init, drop):
        group.command()(command)
    return group


def upgrade(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help="Where to go; head is the newest.")] = "head",
    lock_timeout: LockTimeout = None,
    statement_timeout: StatementTimeout = 0,
    wait: Wait = 300,
) -> None:
    """Apply the migrations up to a revision; several processes may say so at once."""
    limits = {"lock_timeout": lock_timeout, "statement_timeout": statement_timeout, "patience": wait}
    with _alembic(context, limits, must_exist=False) as alembic:
        alembic.command.upgrade(alembic.config, revision)
        typer.echo(f"The database is at {revision}.")


def downgrade(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help="Where to go; -1 is one back, base is before the first.")] = "-1",
    yes: Yes = False,
    lock_timeout: LockTimeout = None,
    statement_timeout: StatementTimeout = 0,
    wait: Wait = 300,
) -> None:
    """Undo migrations, with the data that they brought."""
    limits = {"lock_timeout": lock_timeout, "statement_timeout": statement_timeout, "patience": wait}
    with _alembic(context, limits) as alembic:
        confirm(f"undo migrations down to {revision}, and delete what they keep", yes=yes)
        alembic.command.downgrade(alembic.config, revision)


def stamp(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help="What the tables are like; head is the newest.")] = "head",
) -> None:
    """Note that the database is at a revision, without changing a table."""
    with _alembic(context) as alembic:
        alembic.command.stamp(alembic.config, revision)
        typer.echo(f"The database is noted to be at {revision}.")


def current(context: typer.Context) -> None:
    """Show the revision that the database is at."""
    with _alembic(context) as alembic:
        alembic.command.current(alembic.config)


def revision(
    context: typer.Context,
    message: Annotated[str, typer.Option("--message", "-m", help="What it does, in a few words.")],
    autogenerate: Annotated[
        bool, typer.Option("--autogenerate/--empty", help="Write down how the models differ from the database.")
    ] = True,
) -> None:
    """Write a new migration."""
    with _alembic(context, must_exist=False) as alembic:
        alembic.command.revision(alembic.config, message=message, autogenerate=autogenerate)


def check(context: typer.Context) -> None:
    """Check that the database is what the models say; exits with 1 when it isn't."""
    with _alembic(context) as alembic:
        alembic.command.check(alembic.config)
        typer.echo("The database is what the models say.")


def init(context: typer.Context) -> None:
    """Create the tables without migrations, for a try; `upgrade` is for a database that stays."""
    with _engine(context, must_exist=False) as engine, _told():
        from sessionscope.migrations.running import create_everything

        create_everything(engine)
        typer.echo("The tables are there.")


def drop(context: typer.Context, yes: Yes = False) -> None:
    """Delete every table of the service, with all rows."""
    with _engine(context) as engine:
        from sessionscope.migrations.running import drop_everything

        confirm(f"delete every table in {engine.url.render_as_string()}, with all rows", yes=yes)
        drop_everything(engine)
        typer.echo("The tables are gone.")


@contextmanager
def _engine(context: typer.Context, *, must_exist: bool = True) -> "Generator[Engine, None, None]":
    service: Service = context.obj
    with service.opened(must_exist=must_exist) as container:
        yield database_in(container).engine()


class _Alembic(NamedTuple):
    command: Any
    config: Any


@contextmanager
def _alembic(
    context: typer.Context, limits: dict[str, Any] | None = None, *, must_exist: bool = True
) -> Generator[_Alembic, None, None]:
    service: Service = context.obj
    with reported():
        from alembic import command

        from sessionscope.migrations.connecting import Limits
        from sessionscope.migrations.running import configuration

        settings: Any = service.read_settings()
        with reported_at(settings.database.url), _told():
            config = configuration(settings=settings.database, limits=Limits(**limits or {}))
            config.attributes["must_exist"] = must_exist
            yield _Alembic(command, config)


@contextmanager
def _told() -> Generator[None, None, None]:
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:
        typer.echo(error, err=True)
        raise typer.Exit(FAILED) from None
