"""``db``: looking after the database."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sessionscope.cli.reporting import confirm, reported, reported_at

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from containers import ApplicationContainer

database = typer.Typer(help="Migrate, fill and empty the database.", no_args_is_help=True)

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


@database.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Where to go; head is the newest.")] = "head",
    lock_timeout: LockTimeout = None,
    statement_timeout: StatementTimeout = 0,
    wait: Wait = 300,
) -> None:
    """Apply the migrations up to a revision; several processes may say so at once."""
    with _alembic(lock_timeout=lock_timeout, statement_timeout=statement_timeout, patience=wait) as (command, config):
        command.upgrade(config, revision)
        typer.echo(f"The database is at {revision}.")


@database.command(context_settings={"ignore_unknown_options": True})
def downgrade(
    revision: Annotated[str, typer.Argument(help="Where to go; -1 is one back, base is before the first.")] = "-1",
    yes: Yes = False,
    lock_timeout: LockTimeout = None,
    statement_timeout: StatementTimeout = 0,
    wait: Wait = 300,
) -> None:
    """Undo migrations, with the data that they brought."""
    with _alembic(lock_timeout=lock_timeout, statement_timeout=statement_timeout, patience=wait) as (command, config):
        confirm(f"undo migrations down to {revision}, and delete what they keep", yes=yes)
        command.downgrade(config, revision)


@database.command()
def stamp(
    revision: Annotated[str, typer.Argument(help="What the tables are like; head is the newest.")] = "head",
) -> None:
    """Note that the database is at a revision, without changing a table."""
    with _alembic() as (command, config):
        command.stamp(config, revision)
        typer.echo(f"The database is noted to be at {revision}.")


@database.command()
def current() -> None:
    """Show the revision that the database is at."""
    with _alembic() as (command, config):
        command.current(config)


@database.command()
def revision(
    message: Annotated[str, typer.Option("--message", "-m", help="What it does, in a few words.")],
    autogenerate: Annotated[
        bool, typer.Option("--autogenerate/--empty", help="Write down how the models differ from the database.")
    ] = True,
) -> None:
    """Write a new migration."""
    with _alembic() as (command, config):
        command.revision(config, message=message, autogenerate=autogenerate)


@database.command()
def check() -> None:
    """Check that the database is what the models say; exits with 1 when it isn't."""
    with _alembic() as (command, config):
        command.check(config)
        typer.echo("The database is what the models say.")


@database.command()
def init() -> None:
    """Create the tables without migrations, for a try; `upgrade` is for a database that stays."""
    with _engine(must_exist=False) as engine, _told():
        from sessionscope.migrations.running import create_everything

        create_everything(engine)
        typer.echo("The tables are there.")


@database.command()
def drop(yes: Yes = False) -> None:
    """Delete every table of the service, with all rows."""
    with _engine() as engine:
        from sessionscope.migrations.running import drop_everything

        confirm(f"delete every table in {engine.url.render_as_string()}, with all rows", yes=yes)
        drop_everything(engine)
        typer.echo("The tables are gone.")


@database.command()
def seed(
    users: Annotated[int, typer.Option(help="How many users there shall be.", min=0)] = 100,
    posts: Annotated[int, typer.Option(help="How many posts there shall be.", min=0)] = 1000,
) -> None:
    """Fill the database with made-up users, accounts and posts; what is there already is kept."""
    with _engine() as engine:
        from rich.progress import Progress

        from app.cli.seeding import seed_posts, seed_users

        with Progress() as progress:
            for what, count, fill in (("users", users, seed_users), ("posts", posts, seed_posts)):
                task = progress.add_task(what, total=count)
                for there in fill(engine, count):
                    progress.update(task, completed=there)


@database.command()
def forget_keys(
    batch: Annotated[int, typer.Option(help="How many to delete in one transaction.", min=1)] = 1000,
) -> None:
    """Delete the idempotency keys that have expired, as `idempotency.keep_seconds` says; run it every day, say."""
    with _container() as container:
        from app.idempotency.service import forget_keys
        from containers import scope

        keep_seconds = container.settings().idempotency.keep_seconds
        with scope():
            deleted = sum(forget_keys(container.database.transactions(), keep_seconds, batch))
        typer.echo(f"Deleted {deleted} expired keys.")


@contextmanager
def _engine(*, must_exist: bool = True) -> "Generator[Engine, None, None]":
    with _container(must_exist=must_exist) as container:
        yield container.database.engine()


@contextmanager
def _container(*, must_exist: bool = True) -> "Generator[ApplicationContainer, None, None]":
    import asyncio

    with reported():
        from containers import ApplicationContainer, close_container

        container = ApplicationContainer()
        container.database.location().must_exist = must_exist
        try:
            with reported_at(container.settings().database.url):
                yield container
        finally:
            asyncio.run(close_container(container))


@contextmanager
def _alembic(**limits: Any) -> Generator[tuple[Any, Any], None, None]:
    with reported():
        from alembic import command

        from config import Settings
        from sessionscope.migrations.connecting import Limits
        from sessionscope.migrations.running import configuration

        settings = Settings().database
        with reported_at(settings.url), _told():
            yield command, configuration(settings=settings, limits=Limits(**limits))


@contextmanager
def _told() -> Generator[None, None, None]:
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
