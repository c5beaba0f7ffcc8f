"""A browser without a window, and a service that has some trouble."""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import insert, select, text

from sessionscope.fastapi.sessions import AsyncSessionDep
from sessionscope.observe.console import build_console_router
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers.plugin import needs
from sessionscope.testing.servers.programs import find
from sessionscope.testing.serving import Server, serving
from tests.sessionscope.service.app import create_app
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Base, User
from tests.sessionscope.service.settings import Settings

# Nothing is asked of any other server.
OPTIONS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)
LOOP: Final = 12
SLOW: Final = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 400000) SELECT max(x) FROM n"


@pytest.fixture(scope="module")
def browser() -> Generator[Browser, None, None]:
    """Give a browser. Its event loop would be in the way of other modules' async tests, so it ends with the module."""
    with needs("chromium"):
        path = find("chromium", "chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=OPTIONS)


@pytest.fixture(name="release")
def _release() -> threading.Event:
    """Give the event that ends the requests which hold connections."""
    return threading.Event()


@pytest.fixture(name="app")
def _app(tmp_path: Path, alembic_project: Path, release: threading.Event) -> FastAPI:
    """Give an application with a pool of two connections, whose endpoints do what the console warns of."""
    settings = DatabaseSettings.model_validate(
        {"url": f"sqlite:///{tmp_path}/app.db", "pool_size": 1, "max_overflow": 1, "slow_statement": 0.02}
    )
    container = ApplicationContainer(settings=Settings(database=settings))
    _fill(container)
    app = create_app(container)
    app.include_router(build_console_router(project=alembic_project))

    @app.get("/names")
    async def names(session: AsyncSessionDep) -> None:
        for number in range(LOOP):
            await session.scalar(select(User.username).where(User.id == number))

    @app.get("/slow")
    async def slow(session: AsyncSessionDep) -> None:
        await session.execute(text(SLOW))

    @app.get("/held")
    async def held(session: AsyncSessionDep) -> None:
        await session.execute(select(User.id))
        await asyncio.to_thread(release.wait, 20)

    return app


def _fill(container: Any) -> None:
    engine = container.database.engine()
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(User).values(username="a", email="a@example.org"))


@pytest.fixture(name="server")
def _server(app: FastAPI, release: threading.Event) -> Generator[Server, None, None]:
    """Serve the application."""
    with serving(app) as server:
        yield server
        release.set()


@pytest.fixture(name="exhausted")
def _exhausted(server: Server, release: threading.Event) -> Generator[Callable[[], None], None, None]:
    """Give a function that lets two requests hold all connections, and a third one wait."""
    with ThreadPoolExecutor(3) as pool, httpx2.Client(base_url=server.url, timeout=30) as client:

        def exhaust() -> None:
            for _ in range(3):
                pool.submit(client.get, "/held")

        yield exhaust
        release.set()


@contextmanager
def opened(browser: Browser, server: Server) -> Generator[Page, None, None]:
    """Open the console in a window of its own. A problem in the browser's console fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    problems: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{server.url}/console")
    page.wait_for_selector(".figure")
    yield page
    context.close()
    assert [] == problems
