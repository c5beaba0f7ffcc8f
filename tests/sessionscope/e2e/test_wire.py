"""Unusual requests over plain sockets, to the server's default parser and to its fallback."""

import json
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from sessionscope.fastapi.server.http_parser import http_protocol
from sessionscope.settings import DatabaseSettings, ServerSettings
from sessionscope.testing.serving import Server, serving
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

# A server's requests are in transactions of their own.
pytestmark = pytest.mark.isolation("database")

PATIENCE_SECONDS = 10
LIMIT = ServerSettings().max_body_size
ANN = b'{"email": "ann@example.com", "username": "ann"}'
JSON = {"content-type": "application/json"}
HEADERS = b"Host: test\r\nContent-Type: application/json\r\n"


@pytest.fixture(name="http", params=["h11", "httptools"])
def _http(request: pytest.FixtureRequest) -> Any:
    """Give each of uvicorn's parsers; the second is what `python -m app serve` takes."""
    if request.param == "h11":
        return "h11"
    assert "HttpToolsProtocol" in [each.__name__ for each in http_protocol().__mro__]
    return http_protocol()


@pytest.fixture(name="server")
def _server(app: FastAPI, http: Any) -> Generator[Server, None, None]:
    with serving(app, http) as server:
        yield server


@contextmanager
def connected(server: Server) -> Generator[socket.socket, None, None]:
    """Give a connection."""
    with socket.create_connection((server.host, server.port), timeout=PATIENCE_SECONDS) as client:
        yield client


def read_to_end(client: socket.socket) -> bytes:
    """Return all that comes until the server closes, in an orderly way: a reset connection is an error."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


def answer(server: Server, *parts: bytes) -> bytes:
    """Send *parts*; return everything up to the end of the connection, which the server closes."""
    with connected(server) as client:
        for part in parts:
            client.sendall(part)
        return read_to_end(client)


def users(server: Server) -> int:
    """Return the number of users."""
    total: int = httpx2.get(f"{server.url}/users/").json()["total"]
    return total


def chunk(data: bytes) -> bytes:
    """Return one chunk of a body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def send_until_closed(client: socket.socket, piece: bytes, most: int) -> int:
    """Send *piece* again and again; return how many bytes went out until the server had closed, or *most*."""
    sent = 0
    try:
        while sent < most:
            client.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent


class TestBodyLimit:
    def test_a_declared_length_is_enough_to_refuse(self, server: Server) -> None:
        """The server doesn't wait for any part of the body."""
        response = answer(server, b"POST /users/ HTTP/1.1\r\n" + HEADERS + b"Content-Length: 1000000000\r\n\r\n")
        assert response.startswith(b"HTTP/1.1 413 ")
        assert b"content-type: application/problem+json\r\n" in response.lower()
        assert b"connection: close\r\n" in response.lower()
        assert "/problems/body-too-large" == json.loads(response.partition(b"\r\n\r\n")[2])["type"]

    def test_a_client_that_sends_first_gets_the_response(self, server: Server) -> None:
        """Most clients send their body before they read, so a reset connection would lose the response."""
        body = b"x" * (5 * LIMIT)
        head = b"POST /users/ HTTP/1.1\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(body)
        assert answer(server, head, body).startswith(b"HTTP/1.1 413 ")
        assert 413 == httpx2.post(f"{server.url}/users/", content=body).status_code

    def test_a_chunked_body_is_counted(self, server: Server) -> None:
        """A body without a declared length is refused when it becomes too long, and nothing of it is stored."""
        head = b"POST /users/ HTTP/1.1\r\n" + HEADERS + b"Transfer-Encoding: chunked\r\n\r\n"
        response = answer(server, head, chunk(ANN), *[chunk(b" " * 100_000)] * 20, b"0\r\n\r\n")
        assert response.startswith(b"HTTP/1.1 413 ")
        assert b"/problems/body-too-large" in response
        assert 1 == response.count(b"HTTP/1.1")
        assert 0 == users(server)

    def test_a_body_that_is_not_read_is_refused_before_the_work(self, server: Server) -> None:
        """An operation without a body is not done and refused afterwards."""
        assert 201 == httpx2.post(f"{server.url}/users/", content=ANN, headers=JSON).status_code
        head = b"DELETE /users/1 HTTP/1.1\r\n" + HEADERS + b"Content-Length: 1000000000\r\n\r\n"
        assert answer(server, head).startswith(b"HTTP/1.1 413 ")
        assert 1 == users(server)

    @pytest.mark.parametrize("path", [b"/users/", b"/health/live", b"/nothing"])
    @pytest.mark.parametrize("method", [b"GET", b"POST"])
    def test_an_endless_body_is_not_read_for_ever(self, server: Server, method: bytes, path: bytes) -> None:
        """The connection ends, whatever happens to the request."""
        with connected(server) as client:
            client.sendall(method + b" " + path + b" HTTP/1.1\r\n" + HEADERS + b"Transfer-Encoding: chunked\r\n\r\n")
            before = time.monotonic()
            assert send_until_closed(client, chunk(b" " * 100_000), 200_000_000) < 100_000_000
        assert time.monotonic() - before < PATIENCE_SECONDS

    def test_a_body_at_the_limit_is_read(self, server: Server) -> None:
        """The longest body is accepted like a short one, with a declared length or in chunks."""
        body = ANN + b" " * (LIMIT - len(ANN))
        assert 201 == httpx2.post(f"{server.url}/users/", content=body, headers=JSON).status_code
        assert 409 == httpx2.post(f"{server.url}/users/", content=iter([body]), headers=JSON).status_code
        assert 413 == httpx2.post(f"{server.url}/users/", content=body + b" ", headers=JSON).status_code
        assert 413 == httpx2.post(f"{server.url}/users/", content=iter([body, b" "]), headers=JSON).status_code

    def test_the_longest_post_fits(self, server: Server) -> None:
        """The schema allows 100,000 characters, and JSON can write each as twelve bytes."""
        httpx2.post(f"{server.url}/users/", content=ANN, headers=JSON)
        post = json.dumps({"title": "😀" * 200, "content": "😀" * 100_000, "author_id": 1})
        assert 201 == httpx2.post(f"{server.url}/posts/", content=post, headers=JSON).status_code

    def test_the_limit_is_a_setting(self, http: Any, database_url: str) -> None:
        """A service that accepts longer texts can raise the limit."""
        settings = Settings(database=DatabaseSettings(url=database_url), server=ServerSettings(max_body_size=50))
        container = ApplicationContainer(settings=settings)
        with serving(create_app(container), http) as server:
            assert 201 == httpx2.post(f"{server.url}/users/", content=ANN, headers=JSON).status_code
            response = httpx2.post(f"{server.url}/users/", content=ANN + b"    ", headers=JSON)
        assert (413, "a body may have at most 50 bytes") == (response.status_code, response.json()["detail"])


class TestContinue:
    HEAD = b"POST /users/ HTTP/1.1\r\n" + HEADERS + b"Expect: 100-continue\r\n"

    def test_a_client_that_asks_first_is_told_to_go_on(self, server: Server) -> None:
        """The body is asked for, then answered."""
        with connected(server) as client:
            client.sendall(self.HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(ANN))
            assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
            client.sendall(ANN)
            assert read_to_end(client).startswith(b"HTTP/1.1 201 ")

    def test_a_body_that_is_too_long_is_not_asked_for(self, server: Server) -> None:
        """The client gets the refusal instead of a 100, and the connection ends at once."""
        before = time.monotonic()
        response = answer(server, self.HEAD + b"Content-Length: 1000000000\r\n\r\n")
        assert response.startswith(b"HTTP/1.1 413 ")
        assert time.monotonic() - before < 1


class TestTwoLengths:
    @pytest.mark.parametrize(
        "lengths",
        [
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        ],
        ids=["content-length first", "transfer-encoding first"],
    )
    def test_a_request_with_two_lengths_is_refused(self, server: Server, lengths: bytes) -> None:
        """With one of the two lengths, the rest would be a second request that a proxy did not see."""
        hidden = b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n"
        response = answer(server, b"POST /users/ HTTP/1.1\r\n" + HEADERS + lengths + b"\r\n0\r\n\r\n" + hidden)
        assert response.startswith(b"HTTP/1.1 400 ")
        assert 1 == response.count(b"HTTP/1.1")


class TestEndlessHeaders:
    """The server itself refuses these requests, before the application sees them."""

    MOST = 5_000_000

    @pytest.mark.parametrize("piece", [b"x" * 10_000, b"name: value\r\n" * 800], ids=["one header", "many headers"])
    def test_endless_headers_are_refused(self, server: Server, piece: bytes) -> None:
        """Headers are kept in memory, so a client must not be able to fill it."""
        with connected(server) as client:
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: test\r\nX: ")
            assert send_until_closed(client, piece, self.MOST) < self.MOST

    def test_endless_trailers_are_refused(self, server: Server) -> None:
        """The headers after a chunked body are headers as well."""
        with connected(server) as client:
            client.sendall(b"POST /users/ HTTP/1.1\r\n" + HEADERS + b"Transfer-Encoding: chunked\r\n\r\n")
            client.sendall(chunk(ANN) + b"0\r\nX: ")
            assert send_until_closed(client, b"x" * 10_000, self.MOST) < self.MOST

    def test_long_ones_are_read(self, server: Server) -> None:
        """Cookies and tokens of about 10 kB are accepted, and so is the next request on the same connection."""
        with httpx2.Client(base_url=server.url) as client:
            for _ in range(20):
                assert 200 == client.get("/health/live", headers={"cookie": "x" * 20_000}).status_code


class TestHead:
    def test_the_connection_goes_on(self, server: Server) -> None:
        """The client would take an unexpected body for the next response."""
        request = b"%b /health/live HTTP/1.1\r\nHost: test\r\n%b\r\n"
        response = answer(server, request % (b"HEAD", b"") + request % (b"GET", b"Connection: close\r\n"))
        head, get = (part for part in response.split(b"HTTP/1.1 200 OK\r\n") if part)
        assert b"content-length: 18\r\n" in head.lower()
        assert head.endswith(b"\r\n\r\n")
        assert get.endswith(b'{"status":"alive"}')


class TestHost:
    def test_two_hosts_are_refused(self, server: Server) -> None:
        """A proxy may route by the one and a service build links with the other."""
        response = answer(server, b"GET /health/live HTTP/1.1\r\nHost: test\r\nHost: evil.example\r\n\r\n")
        assert response.startswith(b"HTTP/1.1 400 ")

    @pytest.mark.parametrize("query", [b"limit=1", b"\xff"])
    def test_a_redirect_names_no_host(self, server: Server, query: bytes) -> None:
        """The Host header comes from the client, or from an attacker who wants to poison a cache."""
        head = b" HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        response = answer(server, b"GET /users?" + query + head)
        assert b"evil" not in response
        if response.startswith(b"HTTP/1.1 307 "):
            assert b"location: /users/?" in response.lower()
        else:
            # Bytes that no URL has: a parser may refuse them.
            assert response.startswith(b"HTTP/1.1 400 ")
            assert b"\xff" == query
