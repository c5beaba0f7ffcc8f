"""The commands of ``python -m app``: those of every service, and this service's own.

A command imports slow modules only when it runs, so that ``--help`` is fast.
"""

from typing import Annotated

import typer

from sessionscope.cli import build_cli

cli = build_cli(
    help="Serve users, posts, accounts and transfers, and manage their database.",
    settings="config:Settings",
    container="containers:ApplicationContainer",
    create_app="app.main:create_app",
    app="app.asgi:app",
)


@cli.db.command()
def seed(
    users: Annotated[int, typer.Option(help="The total number of made-up users.", min=0)] = 100,
    posts: Annotated[int, typer.Option(help="The total number of made-up posts.", min=0)] = 1000,
) -> None:
    """Fill the database with made-up users, accounts and posts. Existing rows are kept."""
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
    batch: Annotated[int, typer.Option(help="The number of keys to delete in one transaction.", min=1)] = 1000,
) -> None:
    """Delete the idempotency keys that are older than `idempotency.keep_seconds`. Run this every day."""
    with cli.container() as container:
        from app.models import IdempotencyKey
        from containers import scope
        from sessionscope.transactions.idempotency import forget_keys

        keep_seconds = container.settings().idempotency.keep_seconds
        with scope():
            deleted = sum(forget_keys(container.database.transactions(), IdempotencyKey, keep_seconds, batch))
        typer.echo(f"Deleted {deleted} expired keys.")
