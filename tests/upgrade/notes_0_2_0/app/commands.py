"""The commands of ``python -m app``. Add your own with ``@cli.command()`` or ``@cli.db.command()``."""

from sessionscope.cli import build_cli

cli = build_cli(
    help="Serve notes, and manage their database.",
    settings="config:Settings",
    container="containers:ApplicationContainer",
    create_app="app.main:create_app",
    app="app.asgi:app",
)
