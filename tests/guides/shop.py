"""Serve the shop of docs/guides/from_db_py.md, with a warehouse that can be slow, and send it the requests."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

from tests.new.running import serving

PEN = {"sku": "pen", "name": "Blue pen", "price": 150, "stock": 5}
PATIENCE_SECONDS = 30


class Warehouse(ThreadingHTTPServer):
    """A server that answers when it is told to.

    Attributes:
        is_asked: Set by the first request.
        may_answer: Set it to let the server answer.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer, as soon as that is allowed."""
        assert isinstance(self.server, Warehouse)
        self.server.is_asked.set()
        self.server.may_answer.wait(PATIENCE_SECONDS)
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"shelf 3")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
        """Print nothing."""


@contextmanager
def warehouse() -> Generator[Warehouse, None, None]:
    """Run a warehouse."""
    with Warehouse() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.may_answer.set()
            server.shutdown()
            thread.join()


@contextmanager
def shop(folder: Path, url: str, *, pool_size: int, warehouse_port: int = 1) -> Generator[httpx2.Client, None, None]:
    """Serve the shop in *folder*, which has one product; yield a client."""
    python = str(folder / ".venv" / "bin" / "python")
    with serving(
        *(python, "-m", "uvicorn", "app.main:app", "--port", "0"),
        cwd=folder,
        DATABASE_URL=url.replace("sqlite:", "sqlite+aiosqlite:"),
        POOL_SIZE=str(pool_size),
        POOL_TIMEOUT="0.5",
        WAREHOUSE_URL=f"http://127.0.0.1:{warehouse_port}",
    ) as client:
        assert 201 == client.post("/products/", json=PEN).status_code
        yield client


def order(client: httpx2.Client, *skus: str) -> int:
    """Order one of each; return the status."""
    body = {"email": "ann@example.com", "lines": [{"sku": sku, "quantity": 1} for sku in skus]}
    return client.post("/orders/", json=body).status_code


def get(client: httpx2.Client, path: str) -> httpx2.Response:
    """Ask for *path* on a connection of its own."""
    return httpx2.get(f"{client.base_url}{path}", timeout=PATIENCE_SECONDS)
