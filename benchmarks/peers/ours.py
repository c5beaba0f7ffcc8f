"""This service itself, with one endpoint more that takes a service and touches no database."""

from fastapi import APIRouter, FastAPI

from app.dependencies import UsersDep
from app.main import create_app
from benchmarks.peers.settings import ENGINE, NOTHING
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, check_container
from sessionscope.fastapi.server.memory import settle

router = APIRouter()


@router.get("/nothing")
async def nothing(users: UsersDep) -> dict[str, str]:  # noqa: ARG001
    return NOTHING


def make_settings(url: str) -> Settings:
    return Settings(database=DatabaseSettings(url=url, **ENGINE))


def build(url: str) -> FastAPI:
    container = ApplicationContainer(settings=make_settings(url))
    app = create_app(container)
    app.include_router(router)
    # Where the peers have it, and not behind the two dozen routes that they lack.
    app.router.routes.insert(0, app.router.routes.pop())
    check_container(container, app)
    # As `app serve` does.
    settle()
    return app
