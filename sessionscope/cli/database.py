"""The ``db`` commands, which maintain the database."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, NamedTuple

import typer

from sessionscope.cli.locks import locks
from sessionscope.cli.pools import pool
from sessionscope.cli.reporting import FAILED, confirm, reported, reported_at
from sessionscope.cli.service import MAIN, Service
from sessionscope.cli.slow import slow

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]
LockTimeout = Annotated[
    float | None,
    typer.Option(min=0.001, metavar="SECONDS", help="Longest wait for a lock. By default, the value in the settings."),
]
StatementTimeout = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Longest run of a statement. 0 means no limit.")
]
Wait = Annotated[
    float,
    typer.Option(min=0, metavar="SECONDS", help="Longest wait for another process that is migrating the database."),
]


def build_database_commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(help="Migrate, fill, empty and watch the database.", no_args_is_help=True)
    group.callback()(choose)
    group.command()(upgrade)
    # Makes -1 an argument rather than an option.
    group.command(context_settings={"ignore_unknown_options": True})(downgrade)
    for command in (stamp, current, revision, check, init, drop, pool, locks, slow):
        group.command()(command)
    return group


def choose(
    context: typer.Context,
    database: Annotated[str, typer.Option(metavar="NAME", help="The database, by its name in the container.")] = MAIN,
) -> None:
    """Apply the options that come before the command."""
    service: Service = context.obj
    service.database = database
    # A program may run several commands, as tests do.
    context.call_on_close(lambda: setattr(service, "database", MAIN))


def upgrade(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help="The revision to upgrade to. head is the newest.")] = "head",
    lock_timeout: LockTimeout = None,
    statement_timeout: StatementTimeout = 0,
    wait: Wait = 300,
) -> None:
    """Apply the migrations up to a revision. Several processes may run this at once."""
    limits = {"lock_timeout": lock_timeout, "statement_timeout": statement_timeout, "patience": wait}
    with _alembic(context, limits, must_exist=False) as alembic:
        alembic.command.upgrade(alembic.config, revision)
        typer.echo(f"The database is at {revision}.")


def downgrade(
    context: typer.Context,
    revision: Annotated[
        str, typer.Argument(help="The revision to go back to. -1 is one back, base is before the first.")
    ] = "-1",
    yes: Yes = False,
    lock_timeout: LockTimeout = None,
    statement_timeout: StatementTimeout = 0,
    wait: Wait = 300,
) -> None:
    """Undo migrations, and delete the data in the tables and columns that they added."""
    limits = {"lock_timeout": lock_timeout, "statement_timeout": statement_timeout, "patience": wait}
    with _alembic(context, limits) as alembic:
        confirm(f"undo migrations down to {revision}, and delete the data in what they added", yes=yes)
        alembic.command.downgrade(alembic.config, revision)


def stamp(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help="The revision that the tables match. head is the newest.")] = "head",
) -> None:
    """Record that the database is at a revision, without changing a table."""
    with _alembic(context) as alembic:
        alembic.command.stamp(alembic.config, revision)
        typer.echo(f"The database is stamped at {revision}.")


def current(context: typer.Context) -> None:
    """Show the database's revision."""
    with _alembic(context) as alembic:
        alembic.command.current(alembic.config)


def revision(
    context: typer.Context,
    message: Annotated[str, typer.Option("--message", "-m", help="What the migration does, in a few words.")],
    autogenerate: Annotated[
        bool, typer.Option("--autogenerate/--empty", help="Write the differences between the models and the database.")
    ] = True,
) -> None:
    """Write a new migration."""
    with _alembic(context, must_exist=False) as alembic:
        alembic.command.revision(alembic.config, message=message, autogenerate=autogenerate)


def check(context: typer.Context) -> None:
    """Check that the database matches the models. If it doesn't, exit with 1."""
    with _alembic(context) as alembic:
        alembic.command.check(alembic.config)
        typer.echo("The database matches the models.")


def init(context: typer.Context) -> None:
    """Create the tables without migrations, to try things out. Use `upgrade` for a database that you keep."""
    service: Service = context.obj
    with service.opened(must_exist=False) as container, _told():
        from sessionscope.migrations.running import create_everything

        create_everything(service.database_in(container).engine(), **_where(service))
        typer.echo("The tables are created.")


def drop(context: typer.Context, yes: Yes = False) -> None:
    """Delete every table of the service with all its rows."""
    service: Service = context.obj
    with service.opened() as container, _told():
        from sessionscope.migrations.running import drop_everything

        engine = service.database_in(container).engine()
        confirm(f"delete every table in {engine.url.render_as_string()} with all its rows", yes=yes)
        drop_everything(engine, **_where(service))
        typer.echo("The tables are deleted.")


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

        settings = service.read_database_settings()
        with reported_at(settings.url, service.upgrade_command), _told():
            config = configuration(settings=settings, limits=Limits(**limits or {}), **_where(service))
            config.attributes["must_exist"] = must_exist
            yield _Alembic(command, config)


def _where(service: Service) -> dict[str, Any]:
    """Return the arguments that name the migrations of the command's database."""
    return {"project": service.project, "database": service.database}


@contextmanager
def _told() -> Generator[None, None, None]:
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:
        typer.echo(error, err=True)
        raise typer.Exit(FAILED) from None
