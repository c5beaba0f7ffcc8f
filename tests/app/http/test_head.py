"""HEAD gets the same response as GET, without the body."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from sessionscope.fastapi.head import HeadMiddleware
from sessionscope.testing.serving import serving
from tests.app.http.making import make_accounts, make_post

DOCS = Path(__file__).parents[3] / "docs"
Json = dict[str, Any]

# These headers depend neither on the client nor on the time.
SAME = ("content-type", "content-length", "location", "etag")


async def same_headers(client: httpx2.AsyncClient, path: str) -> int:
    """Check that HEAD has the headers of GET and an empty body, and return its status."""
    head, get = await client.head(path), await client.get(path)
    assert get.status_code == head.status_code
    assert {name: get.headers.get(name) for name in SAME} == {name: head.headers.get(name) for name in SAME}
    assert b"" == head.content
    return head.status_code


class TestHead:
    async def test_every_get_has_a_head(self, async_client: httpx2.AsyncClient, app: FastAPI) -> None:
        """Health and documentation have one too. Content-Length is the length of the body that GET has."""
        await make_accounts(async_client, "5.00", "5.00")
        await make_post(async_client, 1)
        body = {"from_account": 1, "to_account": 2, "amount": "1.00"}
        assert 201 == (await async_client.post("/transfers/", json=body)).status_code
        for path, item in app.openapi()["paths"].items():
            if "get" in item:
                one = path.replace("{", "").replace("}", "")
                for name in ("user_id", "post_id", "account_id", "transfer_id"):
                    one = one.replace(name, "1")
                assert 200 == await same_headers(async_client, one), path
        for path in ("/docs", "/openapi.json"):
            assert 200 == await same_headers(async_client, path)

    @pytest.mark.parametrize(
        ("path", "status"), [("/users/99", 404), ("/users/?limit=0", 422), ("/nothing", 404), ("/users", 307)]
    )
    async def test_errors_are_those_of_get(self, async_client: httpx2.AsyncClient, path: str, status: int) -> None:
        """A HEAD for an unknown object gets the same status as GET."""
        assert status == await same_headers(async_client, path)


class TestOtherApplications:
    """Other kinds of routes, in an application of their own."""

    @pytest.fixture
    def app(self) -> FastAPI:
        """Give the application."""
        app = FastAPI()
        app.add_middleware(HeadMiddleware)
        return app

    def test_a_path_without_get_has_no_head(self, app: FastAPI) -> None:
        """If a path has no GET, HEAD is refused like any other method."""

        @app.post("/write-only")
        async def write() -> None:
            raise AssertionError

        assert 405 == TestClient(app).head("/write-only").status_code

    def test_a_head_of_the_applications_own_is_used(self, app: FastAPI) -> None:
        """FastAPI's `app.head` and mounted applications still work."""

        @app.get("/own")
        async def get() -> str:
            raise AssertionError

        @app.head("/own")
        async def head() -> Response:
            return Response(headers={"x-own": "yes"})

        app.mount("/docs", StaticFiles(directory=DOCS))
        client = TestClient(app)
        assert "yes" == client.head("/own").headers["x-own"]
        file, whole = client.head("/docs/testing.md"), client.get("/docs/testing.md")
        assert (200, b"") == (file.status_code, file.content)
        assert whole.headers["content-length"] == file.headers["content-length"]

    def test_an_endless_stream_ends(self, app: FastAPI) -> None:
        """After the headers, the endpoint that streams the body learns that the client has gone."""

        @app.get("/stream")
        async def stream() -> StreamingResponse:
            async def body() -> AsyncIterator[bytes]:
                while True:
                    yield b"x"
                    await asyncio.sleep(0.001)

            return StreamingResponse(body(), headers={"x-stream": "yes"})

        with serving(app) as server:
            response = httpx2.head(f"{server.url}/stream", timeout=5)
            assert ("yes", b"") == (response.headers["x-stream"], response.content)
            # A stream that went on would delay the server's shutdown.
            before = time.monotonic()
        assert time.monotonic() - before < 1
