"""Only this machine sees the console, unless the service has a rule of its own."""

from typing import Any

import httpx2
import pytest
from fastapi import Depends, FastAPI

from sessionscope.errors import UnauthorizedError
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.observe.console import build_console_router
from tests.sessionscope.service.containers import ApplicationContainer

pytestmark = pytest.mark.isolation("none")

HERE = "127.0.0.1"


async def refuse() -> None:
    """Refuse everybody, as a rule for administrators refuses a client without credentials."""
    raise UnauthorizedError("log in")


async def accept() -> None:
    """Let everybody in."""


def app_with(**options: Any) -> FastAPI:
    """Return an application with a console."""
    app = FastAPI()
    app.state.container = ApplicationContainer()
    install_problems(app)
    app.include_router(build_console_router(**options))
    return app


async def ask(
    path: str = "/console",
    *,
    app: FastAPI | None = None,
    client: str = HERE,
    host: str = "localhost:8000",
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    """Send a request from the address *client* to the name *host*."""
    transport = httpx2.ASGITransport(app or app_with(), client=(client, 1))
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{host}") as http:
        return await http.get(path, headers=headers)


async def post(path: str, headers: dict[str, str]) -> httpx2.Response:
    """Send a POST from this machine."""
    transport = httpx2.ASGITransport(app_with(), client=(HERE, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        return await http.post(path, headers=headers, json={})


class TestThisMachine:
    @pytest.mark.parametrize("client", [HERE, "127.0.0.9", "::1"])
    @pytest.mark.parametrize("host", ["localhost", "localhost:8000", HERE, f"{HERE}:8000", "[::1]:8000"])
    async def test_a_local_client_sees_the_page(self, client: str, host: str) -> None:
        """Both the address and the name are this machine's."""
        assert 200 == (await ask(client=client, host=host)).status_code

    @pytest.mark.parametrize("client", ["10.0.0.5", "::ffff:10.0.0.5", "testclient"])
    async def test_another_machine_is_refused(self, client: str) -> None:
        """The service may listen on all addresses."""
        response = await ask(client=client)
        assert (403, "/problems/forbidden") == (response.status_code, response.json()["type"])

    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"])
    async def test_another_name_is_refused(self, host: str) -> None:
        """Otherwise a page on the internet could lead its own name here, and read what its scripts get."""
        assert 403 == (await ask(host=host)).status_code

    @pytest.mark.parametrize("name", ["Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto"])
    async def test_a_proxy_is_refused(self, name: str) -> None:
        """A proxy on this machine would make every client look local."""
        assert 403 == (await ask(headers={name: HERE})).status_code

    @pytest.mark.parametrize("path", ["/console/state", "/console/service", "/console/assets/console.js"])
    async def test_the_rule_is_for_each_path(self, path: str) -> None:
        """The data is what has to be protected."""
        assert (403, 200) == ((await ask(path, client="10.0.0.5")).status_code, (await ask(path)).status_code)


class TestOwnRule:
    async def test_it_refuses(self) -> None:
        """FastAPI solves the dependency, so it may take whatever an endpoint takes."""
        assert 401 == (await ask(app=app_with(allow=Depends(refuse)))).status_code

    async def test_it_lets_others_in(self) -> None:
        """It replaces the rule for this machine."""
        app = app_with(allow=Depends(accept))
        assert 200 == (await ask(app=app, client="10.0.0.5", host="console.example")).status_code


class TestOrigins:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8000"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8000"},
        ],
        ids=["no origin", "another", "null", "cross-site", "same-site"],
    )
    @pytest.mark.parametrize("path", ["/console/checks", "/console/plans"])
    async def test_other_origins_are_refused(self, path: str, headers: dict[str, str]) -> None:
        """What costs something is only done for the page itself."""
        assert 403 == (await post(path, headers)).status_code

    @pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost:8000"}])
    async def test_the_page_itself_may_ask(self, headers: dict[str, str]) -> None:
        """The body without a statement is then what is wrong."""
        assert 422 == (await post("/console/plans", headers)).status_code

    @pytest.mark.parametrize("path", ["/console/checks", "/console/plans"])
    async def test_a_link_does_nothing(self, path: str) -> None:
        """Only a POST costs something."""
        assert 405 == (await ask(path)).status_code


class TestFiles:
    async def test_nothing_may_be_fetched_from_elsewhere(self) -> None:
        """The policy is strict: no inline script and no inline style."""
        assert (await ask()).headers["content-security-policy"].startswith("default-src 'self';")

    @pytest.mark.parametrize("name", ["../router.py", "..%2Frouter.py", "none.js"])
    async def test_other_files_are_not_served(self, name: str) -> None:
        """Only the files of the page are."""
        assert 404 == (await ask(f"/console/assets/{name}")).status_code

    def test_the_console_is_not_in_the_openapi_document(self) -> None:
        """It is for people, and it may change."""
        assert {} == app_with().openapi()["paths"]
