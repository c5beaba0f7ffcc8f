"""The application for HTTP servers: ``uvicorn examples.two_databases.asgi:app``."""

from examples.two_databases.shop import PROJECT, create_app
from sessionscope.cli.asgi import build_asgi_app

app = build_asgi_app(create_app, project=PROJECT)
