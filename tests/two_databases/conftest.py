"""Tell the test kit to test the example with two databases, and give tests empty databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import URL, make_url
from typer.testing import CliRunner, Result

from examples.two_databases.__main__ import cli
from examples.two_databases.shop import PROJECT, ShopContainer, ShopSettings, create_app
from sessionscope.testing.targets import Target
from sessionscope.testing.template import MEMORY
from tests.app.migrations.places import on_server


@pytest.fixture(scope="session")
def make_container() -> Callable[[], ShopContainer]:
    """Give the function that makes the container. The kit replaces both databases for each test."""
    return lambda: ShopContainer(settings=ShopSettings(database=MEMORY, journal=MEMORY))


@pytest.fixture(scope="session")
def make_app() -> Callable[[ShopContainer], FastAPI]:
    """Give the function that makes the application."""
    return create_app


@pytest.fixture(scope="session")
def alembic_project() -> Path:
    """Give the folder of the example."""
    return PROJECT


@pytest.fixture(name="urls")
def _urls(target: Target, tmp_path: Path) -> Iterator[tuple[URL, URL]]:
    """Give the URLs of two databases without tables, for the shop and for the journal."""
    if target.url is None:
        yield make_url(f"sqlite:///{tmp_path}/shop.db"), make_url(f"sqlite:///{tmp_path}/journal.db")
        return
    with on_server(target.url) as shop, on_server(target.url) as journal:
        yield shop, journal


@pytest.fixture(name="invoke")
def _invoke(urls: tuple[URL, URL], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Give a function that runs a command of the example in this process, on the two databases."""
    for name, url in zip(("DATABASE", "JOURNAL"), urls, strict=True):
        monkeypatch.setenv(f"APP_{name}__URL", url.render_as_string(hide_password=False))
    return lambda *arguments: CliRunner().invoke(cli, arguments)
