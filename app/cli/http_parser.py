"""The HTTP parser of the server: httptools with a limit on headers, or h11 where httptools is not installed."""

import asyncio


def http_protocol() -> type[asyncio.Protocol] | str:
    """Return the `http` argument of `uvicorn.Config`."""
    try:
        from app.cli.httptools_protocol import LimitedHttpToolsProtocol
    except ImportError:
        return "h11"
    return LimitedHttpToolsProtocol
