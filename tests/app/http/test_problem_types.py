"""Clients branch on the type of a problem, so each type is distinct, documented, and used in responses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from starlette.testclient import TestClient

from app.transfers.errors import INSUFFICIENT_FUNDS
from sessionscope.database.errors import CommitOutcomeUnknownError
from sessionscope.errors import (
    CONFLICT,
    FORBIDDEN,
    UNAUTHORIZED,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RequestInFlightError,
    ServiceError,
    UnauthorizedError,
)
from sessionscope.fastapi import problem_types
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.testing.overrides import Override
from tests.app.http.making import make_accounts, problem_of

Json = dict[str, Any]
ALL = (*problem_types.ALL, INSUFFICIENT_FUNDS)
DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def with_children(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    """Yield every class below *kind* that the library or the service defines."""
    for child in kind.__subclasses__():
        if child.__module__.startswith(("app.", "sessionscope.")):
            yield child
            yield from with_children(child)


class TestTable:
    def test_every_refusal_has_a_type_of_its_own(self) -> None:
        """Without its own type, an error would have its parent's, and clients could not tell it from others."""
        kinds = [each.kind for each in with_children(ServiceError)]
        assert len(kinds) > 5
        assert len(kinds) == len(set(kinds))

    def test_a_class_without_a_type_has_its_parents(self) -> None:
        """A service may add an error without describing it for HTTP."""

        class TakenError(ConflictError):
            pass

        assert CONFLICT is TakenError("taken").kind

    def test_codes_are_distinct(self) -> None:
        """Two types with the same code would be one type to clients."""
        assert len(ALL) == len({each.code for each in ALL})

    def test_every_type_is_in_the_docs(self) -> None:
        """The page for clients has each type with its status."""
        lines = DOCS.read_text().splitlines()
        missing = [
            each.uri for each in ALL if not any(line.startswith(f"| `{each.uri}` | {each.status} |") for line in lines)
        ]
        assert [] == missing

    def test_every_type_is_in_the_openapi_document(self, app: FastAPI) -> None:
        """Each type is documented where it can occur. A wrong method isn't one, and nobody signs in here."""
        document = str(app.openapi()["paths"])
        missing = [each for each in ALL if f"`{each.uri}`" not in document]
        assert [UNAUTHORIZED, FORBIDDEN, problem_types.METHOD_NOT_ALLOWED] == missing


class TransfersInFlight:
    """A replacement for the service of transfers, while another request with the key is in flight."""

    async def create(self, *_: Any) -> None:
        """Refuse."""
        raise RequestInFlightError


class TestConflicts:
    async def test_a_final_refusal_and_a_request_in_flight_are_told_apart(
        self, async_client: httpx2.AsyncClient, override: Override
    ) -> None:
        """Both are a 409, but one is final, and the other says when to try again."""
        accounts = await make_accounts(async_client, "1.00", "0.00")
        body = {"from_account": accounts[0], "to_account": accounts[1], "amount": "2.00"}
        final = await async_client.post("/transfers/", json=body)
        override("transfers", TransfersInFlight())
        again = await async_client.post("/transfers/", json=body)
        assert "/problems/insufficient-funds" == problem_of(final, 409)["type"]
        assert "/problems/request-in-flight" == problem_of(again, 409)["type"]
        assert (None, "1") == (final.headers.get("retry-after"), again.headers.get("retry-after"))

    async def test_a_refusal_is_repeated_with_its_type(self, async_client: httpx2.AsyncClient) -> None:
        """A repeated Idempotency-Key gets the same answer with the same type."""
        accounts = await make_accounts(async_client, "1.00", "0.00")
        body = {"from_account": accounts[0], "to_account": accounts[1], "amount": "2.00"}
        headers = {"idempotency-key": "k-1"}
        first = problem_of(await async_client.post("/transfers/", json=body, headers=headers), 409)
        assert "/problems/insufficient-funds" == first["type"]
        assert first == problem_of(await async_client.post("/transfers/", json=body, headers=headers), 409)


class TestRaised:
    """Exceptions of an endpoint, in an application that only has the handlers."""

    @pytest.mark.parametrize(
        ("error", "status", "kind"),
        [
            (NotFoundError("user", 1), 404, "/problems/not-found"),
            (InvalidError("amount", "too much"), 422, "/problems/validation"),
            (CommitOutcomeUnknownError(), 500, "/problems/outcome-unknown"),
            (CommitOutcomeUnknownError(idempotent=True), 503, "/problems/unconfirmed"),
            (RuntimeError("secret"), 500, "/problems/internal"),
            (HTTPException(404), 404, "/problems/not-found"),
            (UnauthorizedError(), 401, "/problems/unauthorized"),
            (ForbiddenError("not yours"), 403, "/problems/forbidden"),
            (HTTPException(401), 401, "/problems/unauthorized"),
            (HTTPException(403, "not yours"), 403, "/problems/forbidden"),
            (HTTPException(418), 418, "about:blank"),
            (HTTPException(599, "odd"), 599, "about:blank"),
            (HTTPException(400, {"reasons": [1]}), 400, "/problems/malformed-request"),
        ],
        ids=repr,
    )
    def test_http_exception_has_a_problem_type(self, error: Exception, status: int, kind: str) -> None:
        """FastAPI's own exception takes any status and any detail."""
        app = FastAPI()
        install_problems(app)

        @app.get("/")
        async def fail() -> None:
            raise error

        response = TestClient(app, raise_server_exceptions=False).get("/")
        assert (status, status, kind) == (response.status_code, response.json()["status"], response.json()["type"])
        assert isinstance(response.json()["detail"], str)

    def test_not_modified_has_no_body(self) -> None:
        """A 304 must not have a body."""
        app = FastAPI()
        install_problems(app)

        @app.get("/")
        async def fail() -> None:
            raise HTTPException(304, headers={"etag": '"1"'})

        response = TestClient(app).get("/")
        assert (304, b"", '"1"') == (response.status_code, response.content, response.headers["etag"])


class TestHost:
    @pytest.mark.parametrize("host", ["evil.example", "evil.example/x", "x/y?z", "user@evil.example"])
    async def test_a_problem_says_nothing_of_the_host_header(self, async_client: httpx2.AsyncClient, host: str) -> None:
        """The instance is the path of the request, whatever its Host header says."""
        response = await async_client.get("/users/99", headers={"host": host})
        assert "/users/99" == response.json()["instance"]
        assert "evil" not in response.text

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:1", "user@evil.example", "x/y"])
    @pytest.mark.parametrize(
        ("path", "location"),
        [
            ("/users", "/users/"),
            ("/users?limit=1&sort=-id", "/users/?limit=1&sort=-id"),
            ("/users/1/", "/users/1"),
            ("/reports/users/count/", "/reports/users/count"),
        ],
    )
    async def test_a_redirect_stays_on_the_host(
        self, async_client: httpx2.AsyncClient, host: str, path: str, location: str
    ) -> None:
        """The redirect for a missing slash contains only a path, so it can't send a client to another host."""
        response = await async_client.get(path, headers={"host": host})
        assert (307, location) == (response.status_code, response.headers["location"])

    @pytest.mark.parametrize("path", ["//users", "//evil.example", "//evil.example/", "/nothing", "/nothing/"])
    async def test_what_has_no_neighbour_is_not_found(self, async_client: httpx2.AsyncClient, path: str) -> None:
        """A path that doesn't exist with a slash either is a 404."""
        response = await async_client.get(f"http://testserver{path}")
        assert "/problems/not-found" == problem_of(response, 404)["type"]

    def test_no_path_is_taken_for_a_host(self) -> None:
        """In a Location, ``//evil.example`` would be a host, so the second slash is encoded."""
        app = FastAPI(redirect_slashes=False)
        install_problems(app)

        @app.get("/{path:path}/end/")
        async def anything(path: str) -> str:
            return path

        response = TestClient(app, follow_redirects=False).get("http://testserver//evil.example/end")
        assert (307, "/%2Fevil.example/end/") == (response.status_code, response.headers["location"])
