"""Two databases that can be told apart, and the ways to reach them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx2
from sqlalchemy import select

from sessionscope import scope
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.template import Template
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import User
from tests.sessionscope.service.schemas import PostIn, UserIn
from tests.sessionscope.service.settings import Settings

SEED: Final = """
    INSERT INTO users (id, email, username, created_at, updated_at)
    VALUES (1, 'a@example.com', '{name}', '2026-01-01', '2026-01-01');
    INSERT INTO posts (id, title, content, author_id, created_at, updated_at)
    VALUES (1, '{name}', '', 1, '2026-01-01', '2026-01-01');
"""
NAMES: Final = ("own", "other")
# What a service reads through its async reads.
READS: Final = frozenset({"users", "posts"})
WRITES: Final = frozenset({"users write", "posts write"})
ASYNC: Final = READS | WRITES
SYNC: Final = frozenset({"sync read", "sync visit", "reports", "sync write"})


class Places:
    """Two migrated files, ``own`` and ``other``, whose rows tell which of them was read, and a container on each."""

    def __init__(self, template: Template, directory: Path) -> None:
        self.files = {name: template.copy_to(directory / f"{name}.db") for name in NAMES}
        for name in NAMES:
            with closing(sqlite3.connect(self.files[name])) as connection:
                connection.executescript(SEED.format(name=name))
        self.own, self.other = self._container("own"), self._container("other")

    def settings(self, name: str) -> DatabaseSettings:
        """Return the settings of one of the databases."""
        return DatabaseSettings(url=f"sqlite:///{self.files[name]}")

    def _container(self, name: str) -> ApplicationContainer:
        return ApplicationContainer(settings=Settings(database=self.settings(name)))

    def written(self, table: str) -> str:
        """Return the name of the database that has a new row in *table*, and remove the row."""
        found: list[str] = []
        for name, file in self.files.items():
            with closing(sqlite3.connect(file)) as connection, connection:
                deleted = connection.execute(f"DELETE FROM {table} WHERE id > 1").rowcount  # noqa: S608 - our own
                found += [name] * deleted
        [name] = found
        return name


async def reached_in_process(container: ApplicationContainer, places: Places) -> dict[str, str]:
    """Return the name of the database that each way leads to, without HTTP."""
    async with scope():
        reached = {
            "users": (await container.users().get(1)).username,
            "posts": (await container.posts().get(1)).title,
        }
        await container.users().create(UserIn(email="new@example.com", username="new"))
        reached["users write"] = places.written("users")
        await container.posts().create(PostIn(title="new", content="", author_id=1))
        reached["posts write"] = places.written("posts")
    with scope():
        reached["sync read"] = str(container.database.read_session().scalar(select(User.username).where(User.id == 1)))
    with scope():
        name = select(User.username).where(User.id == 1)
        reached["sync visit"] = str(container.database.reads().read(lambda connection: connection.scalar(name)))
    with scope():
        reached["reports"] = str(container.reports().first_username())
    with scope():
        new = {"email": "new@example.com", "username": "new"}
        container.database.transactions().run(lambda session: session.add(User(**new)))
        reached["sync write"] = places.written("users")
    return reached


async def reached_over_http(client: httpx2.AsyncClient, places: Places) -> dict[str, str]:
    """Return the name of the database that each way leads to which endpoints go."""

    async def get(path: str) -> Any:
        response = await client.get(path)
        assert 200 == response.status_code, response.text
        return response.json()

    reached = {
        "users": (await get("/users/1"))["username"],
        "posts": (await get("/posts/1"))["title"],
        "reports": await get("/reports/users/first"),
    }
    created = await client.post("/users/", json={"email": "new@example.com", "username": "new"})
    assert 201 == created.status_code, created.text
    reached["users write"] = places.written("users")
    created = await client.post("/posts/", json={"title": "new", "content": "", "author_id": 1})
    assert 201 == created.status_code, created.text
    return {**reached, "posts write": places.written("posts")}
