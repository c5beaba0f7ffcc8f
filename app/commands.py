"""The command line, ``python -m app``: the commands that every service has, and below them this service's own.

A command imports what it needs when it runs, so that ``--help`` answers at once.
"""

from typing import Annotated

import typer

from sessionscope.cli import build_cli

cli = build_cli(
    help="Serve users, posts, accounts and transfers, and look after their database.",
    settings="config:Settings",
    container="containers:ApplicationContainer",
    create_app="app.main:create_app",
    app="app.asgi:app",
)


@cli.db.command()
def seed(
    users: Annotated[int, typer.Option(help="How many users there shall be.", min=0)] = 100,
    posts: Annotated[int, typer.Option(help="How many posts there shall be.", min=0)] = 1000,
) -> None:
    """Fill the database with made-up users, accounts and posts; what is there already is kept."""
    with cli.container() as container:
        from rich.progress import Progress

        from app.seeding import seed_posts, seed_users

        engine = container.database.engine()
        with Progress() as progress:
            for what, count, fill in (("users", users, seed_users), ("posts", posts, seed_posts)):
                task = progress.add_task(what, total=count)
                for there in fill(engine, count):
                    progress.update(task, completed=there)


@cli.db.command()
def forget_keys(
    batch: Annotated[int, typer.Option(help="How many to delete in one transaction.", min=1)] = 1000,
) -> None:
    """Delete the idempotency keys that have expired, as `idempotency.keep_seconds` says; run it every day, say."""
    with cli.container() as container:
        from app.models import IdempotencyKey
        from containers import scope
        from sessionscope.transactions.idempotency import forget_keys

        keep_seconds = container.settings().idempotency.keep_seconds
        with scope():
            deleted = sum(forget_keys(container.database.transactions(), IdempotencyKey, keep_seconds, batch))
        typer.echo(f"Deleted {deleted} expired keys.")
