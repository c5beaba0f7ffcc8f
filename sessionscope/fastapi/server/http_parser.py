"""The HTTP parser of the server: httptools with a limit on headers, or h11 where httptools is not installed."""

import asyncio


def http_protocol() -> type[asyncio.Protocol]:
    """Return the `http` argument of `uvicorn.Config`."""
    try:
        from sessionscope.fastapi.server.httptools_protocol import LimitedHttpToolsProtocol
    except ImportError:
        from sessionscope.fastapi.server.h11_protocol import EndingH11Protocol

        return EndingH11Protocol
    return LimitedHttpToolsProtocol


# By this name for uvicorn's own command: `uvicorn --http sessionscope.fastapi.server.http_parser:HttpProtocol`.
HttpProtocol = http_protocol()
