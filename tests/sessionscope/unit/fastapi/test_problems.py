"""Errors of a service's own, credentials, and other formats of error responses."""

import logging
from typing import Annotated, Any, ClassVar, Final

import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.security import HTTPBearer
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.testclient import WebSocketDenialResponse

from sessionscope.errors import (
    FORBIDDEN,
    NOT_FOUND,
    UNAUTHORIZED,
    ConflictError,
    NotFoundError,
    ProblemType,
    UnauthorizedError,
)
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.fastapi.problem_schemas import Problem, ProblemFormat
from sessionscope.fastapi.problems import problems

pytestmark = pytest.mark.isolation("none")

SOLD_OUT: Final = ProblemType("sold-out", 409, "Sold out", "There are none left.")
DOWN: Final = PoolTimeoutError("no connection is free")
LATE: Final = ProblemType("late", 504, "Late", "Another service is late. Repeat the request.", retry_after=5)


class SoldOutError(ConflictError):
    """An error of the service's own."""

    kind: ClassVar[ProblemType] = SOLD_OUT


class LibraryError(Exception):
    """An error of another library."""


class Fault(BaseModel):
    """Another format."""

    code: str
    message: str


def fault(problem: Problem) -> Fault:
    """Return *problem* in the other format."""
    return Fault(code=problem.type.rpartition("/")[2], message=problem.detail)


def client_of(error: Exception, **options: Any) -> TestClient:
    """Return a client of an application whose one endpoint raises *error*."""
    app = FastAPI()
    install_problems(app, **options)

    @app.get("/", responses=problems(UNAUTHORIZED, FORBIDDEN, NOT_FOUND, SOLD_OUT, LATE))
    async def fail() -> None:
        raise error

    return TestClient(app, raise_server_exceptions=False)


class TestOwnErrors:
    def test_subclass_has_its_status_and_type(self) -> None:
        """The class says all: nothing has to be registered."""
        response = client_of(SoldOutError("there is no tea left")).get("/")
        assert 409 == response.status_code
        expected = {"type": "/problems/sold-out", "title": "Sold out", "detail": "there is no tea left"}
        assert expected == {name: response.json()[name] for name in expected}

    def test_error_of_another_library_has_a_type(self, caplog: pytest.LogCaptureFixture) -> None:
        """The client sees what the type means; the text of the exception, which may be a secret, is logged."""
        client = client_of(LibraryError("hunter2"), errors={LibraryError: LATE})
        with caplog.at_level(logging.ERROR):
            response = client.get("/")
        assert (504, "5", LATE.meaning) == (
            response.status_code,
            response.headers["retry-after"],
            response.json()["detail"],
        )
        assert ("hunter2" in response.text, "hunter2" in caplog.text) == (False, True)

    def test_other_errors_of_that_library_are_internal(self) -> None:
        """Only the listed classes have a type."""
        assert 500 == client_of(RuntimeError(), errors={LibraryError: LATE}).get("/").status_code


class TestWebSocket:
    @pytest.mark.parametrize(
        ("error", "status", "logged"),
        [
            (UnauthorizedError(), 401, None),
            (DOWN, 503, "WebSocket /: the database is not available: pool_exhausted"),
            (ProgrammingError("SELECT", None, Exception("no such table")), 500, "WebSocket / failed"),
            (LibraryError("secret"), 504, "WebSocket / failed"),
        ],
        ids=["refused", "database is down", "database fails", "another library fails"],
    )
    def test_error_refuses_the_handshake(
        self, caplog: pytest.LogCaptureFixture, error: Exception, status: int, logged: str | None
    ) -> None:
        """The response is the same as to a request. A handshake has no method, so the log says what it was."""
        app = FastAPI()
        install_problems(app, {LibraryError: LATE})

        @app.websocket("/")
        async def fail(_socket: WebSocket) -> None:
            raise error

        with pytest.raises(WebSocketDenialResponse) as refused, TestClient(app).websocket_connect("/"):
            pass
        assert status == refused.value.status_code
        assert [logged] * (logged is not None) == [record.getMessage() for record in caplog.records]


class TestUnauthorized:
    def test_response_has_a_challenge(self) -> None:
        """RFC 9110 requires one with each 401."""
        response = client_of(UnauthorizedError("the token is too old", 'Bearer error="invalid_token"')).get("/")
        assert (401, 'Bearer error="invalid_token"') == (response.status_code, response.headers["www-authenticate"])
        assert ("/problems/unauthorized", "the token is too old") == (
            response.json()["type"],
            response.json()["detail"],
        )
        assert "Bearer" == client_of(UnauthorizedError()).get("/").headers["www-authenticate"]

    def test_security_of_fastapi_has_the_same_type(self) -> None:
        """FastAPI's own classes raise its HTTPException, with a challenge."""
        app = FastAPI()
        install_problems(app)

        @app.get("/")
        async def show(credentials: Annotated[Any, Depends(HTTPBearer())]) -> str:
            return str(credentials)

        response = TestClient(app).get("/")
        assert (401, "Bearer", "/problems/unauthorized") == (
            response.status_code,
            response.headers["www-authenticate"],
            response.json()["type"],
        )

    def test_openapi_document_has_the_challenge(self) -> None:
        """Only of a 401."""
        document: Any = client_of(UnauthorizedError()).get("/openapi.json").json()
        responses = document["paths"]["/"]["get"]["responses"]
        assert ["WWW-Authenticate"] == list(responses["401"]["headers"])
        assert "headers" not in responses["403"]
        assert ["Retry-After"] == list(responses["504"]["headers"])


class TestOtherFormat:
    def test_every_error_has_the_other_format(self) -> None:
        """Status and headers stay as they are."""
        chosen = ProblemFormat(Fault, fault)
        client = client_of(NotFoundError("tea", 7), problem_format=chosen)
        response = client.get("/")
        assert (404, "application/json") == (response.status_code, response.headers["content-type"])
        assert {"code": "not-found", "message": "there is no tea 7"} == response.json()
        assert {"code": "not-found", "message": "Not Found"} == client.get("/nothing").json()
        assert "Bearer" == client_of(UnauthorizedError(), problem_format=chosen).get("/").headers["www-authenticate"]

    def test_openapi_document_has_the_other_format(self) -> None:
        """Two applications of the same routes may have two formats."""
        for options, name, media_type in (
            ({"problem_format": ProblemFormat(Fault, fault)}, "Fault", "application/json"),
            ({}, "Problem", "application/problem+json"),
        ):
            document: Any = client_of(NotFoundError("tea", 7), **options).get("/openapi.json").json()
            content = document["paths"]["/"]["get"]["responses"]["404"]["content"]
            assert {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}} == content
            assert name in document["components"]["schemas"]
