"""FastAPI without a database and without injection: what the framework itself costs."""

from fastapi import FastAPI

from benchmarks.peers.settings import NOTHING


def build(url: str) -> FastAPI:  # noqa: ARG001
    app = FastAPI()

    @app.get("/nothing")
    async def nothing() -> dict[str, str]:
        return NOTHING

    return app
