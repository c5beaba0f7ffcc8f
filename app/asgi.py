"""The application for HTTP servers: ``uvicorn app.asgi:app``, gunicorn and ``fastapi run``; `serve` uses it too."""

from app.main import create_app
from sessionscope.cli.asgi import build_asgi_app

app = build_asgi_app(create_app)
