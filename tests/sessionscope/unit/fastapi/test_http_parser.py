"""The event loop and the parser that the server uses."""

import sys
from importlib import import_module

import pytest
import uvicorn

from sessionscope.fastapi.server.http_parser import http_protocol


async def app(*_: object) -> None:
    """Do nothing; the server is only configured."""


def names_of(protocol: type) -> list[str]:
    """Return the names of the classes that *protocol* is built from."""
    return [each.__name__ for each in protocol.__mro__]


class TestServerAsShipped:
    def test_server_parses_with_httptools(self) -> None:
        """The parser httptools is one of the pinned packages."""
        assert "HttpToolsProtocol" in names_of(http_protocol())

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
        ours = [
            name for name in sys.modules if name.startswith(("sessionscope._compat", "sessionscope.fastapi.server"))
        ]
        for name in (*ours, "uvicorn.protocols.http.auto"):
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "httptools", None)
        protocol = import_module("sessionscope.fastapi.server.http_parser").http_protocol()
        assert "H11Protocol" in names_of(protocol)

    def test_without_uvloop_it_runs_on_asyncio(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A platform without uvloop works too."""
        monkeypatch.setitem(sys.modules, "uvloop", None)
        make_loop = uvicorn.Config(app).get_loop_factory()
        assert make_loop is not None
        loop = make_loop()
        loop.close()
        assert type(loop).__module__.startswith("asyncio.")
