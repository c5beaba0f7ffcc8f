"""The commands: ``python -m examples.two_databases``."""

from typing import Annotated

import typer

from examples.two_databases.shop import PROJECT, Entry, Sale
from sessionscope.cli import build_cli

cli = build_cli(
    help="Sell items, and keep a journal of what was asked for.",
    settings="examples.two_databases.shop:ShopSettings",
    container="examples.two_databases.shop:ShopContainer",
    create_app="examples.two_databases.shop:create_app",
    app="examples.two_databases.asgi:app",
    project=PROJECT,
)


@cli.db.command()
def seed(rows: Annotated[int, typer.Option(help="The number of made-up rows to add.", min=0)] = 100) -> None:
    """Add made-up rows to the database."""
    with cli.database() as (name, database):
        with database.session_factory().begin() as session:
            session.add_all(Sale(item="tea") if name == "database" else Entry(text="tea") for _ in range(rows))
        typer.echo(f"Added {rows} rows.")


if __name__ == "__main__":
    cli()
