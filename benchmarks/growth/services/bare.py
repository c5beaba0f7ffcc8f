"""FastAPI alone: the same paths, and nothing to take."""

from fastapi import FastAPI

from benchmarks.growth.services.endpoint import COUNTS, path, taking


def build(url: str) -> FastAPI:  # noqa: ARG001
    app = FastAPI()
    for count in COUNTS:
        app.get(path(count))(taking([]))
    return app
