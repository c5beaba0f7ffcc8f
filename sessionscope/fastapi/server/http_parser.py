"""The server's HTTP parser: httptools with a limit on headers, or h11 if httptools is not installed."""

import asyncio


def http_protocol() -> type[asyncio.Protocol]:
    """Return the `http` argument of `uvicorn.Config`."""
    try:
        from sessionscope.fastapi.server.httptools_protocol import LimitedHttpToolsProtocol
    except ImportError:
        from sessionscope.fastapi.server.h11_protocol import EndingH11Protocol

        return EndingH11Protocol
    return LimitedHttpToolsProtocol


# For uvicorn's own command: `uvicorn --http sessionscope.fastapi.server.http_parser:HttpProtocol`.
HttpProtocol = http_protocol()
