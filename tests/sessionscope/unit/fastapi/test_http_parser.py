"""The event loop and the parser that the server uses."""

import sys

import pytest
import uvicorn

from sessionscope.fastapi.server.http_parser import http_protocol


async def app(*_: object) -> None:
    """Do nothing; the server is only configured."""


class TestServerAsShipped:
    def test_server_parses_with_httptools(self) -> None:
        """The parser httptools is one of the pinned packages."""
        assert "LimitedHttpToolsProtocol" == http_protocol().__name__

    @pytest.mark.skipif(sys.platform == "win32", reason="uvloop has no Windows build")
    def test_server_runs_on_uvloop(self) -> None:
        """The server takes it by itself where it is installed."""
        make_loop = uvicorn.Config(app).get_loop_factory()
        assert make_loop is not None
        loop = make_loop()
        loop.close()
        assert "uvloop" == type(loop).__module__

    def test_without_httptools_it_parses_with_h11(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A platform without a build of it serves all the same."""
        for name in ("sessionscope.fastapi.server.httptools_protocol", "uvicorn.protocols.http.httptools_impl"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, "httptools", None)
        assert "EndingH11Protocol" == http_protocol().__name__

    def test_without_uvloop_it_runs_on_asyncio(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A platform without uvloop works too."""
        monkeypatch.setitem(sys.modules, "uvloop", None)
        make_loop = uvicorn.Config(app).get_loop_factory()
        assert make_loop is not None
        loop = make_loop()
        loop.close()
        assert type(loop).__module__.startswith("asyncio.")
