"""The application for HTTP servers: ``uvicorn app.asgi:app``, gunicorn, ``fastapi run`` and the command `serve`."""

from app.main import create_app
from sessionscope.cli.asgi import build_asgi_app

app = build_asgi_app(create_app)
